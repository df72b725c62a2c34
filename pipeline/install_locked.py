"""Install the packages of a lock file with pip, each file checked against its hash, a few packages at a time.

Runs before anything is installed, so it uses the standard library only: ``PYTHON pipeline/install_locked.py LOCK …``
installs into the environment of PYTHON. What is installed already is left alone, so an interrupted installation
continues where it was.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

BATCH = 5
"""Packages a pip command: an interruption loses the downloads of one command."""
_ROOM_MB = 1500
"""For the downloads of one batch, beside what is installed."""


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One package of a lock: its name, its version, and its lines with the hashes of its files."""

    name: str
    version: str
    lines: str

    def is_installed(self) -> bool:
        """True when this version is installed as a whole: pip writes RECORD last."""
        try:
            found = distribution(self.name)
        except PackageNotFoundError:
            return False
        return found.version.partition("+")[0] == self.version and found.read_text("RECORD") is not None


def read_lock(text: str) -> Iterator[LockedPackage]:
    r"""The packages of a lock file.

    >>> pins = list(read_lock("# made by make lock\nav==18.1.0 \\\n    --hash=sha256:00\nsix==1.17.0\n"))
    >>> [(pin.name, pin.version, "--hash" in pin.lines) for pin in pins]
    [('av', '18.1.0', True), ('six', '1.17.0', False)]
    """
    for block in re.split(r"\n(?=\S)", text):
        if found := re.match(r"([A-Za-z0-9._-]+)(?:\[.*?\])?==([^\s;]+)", block):
            yield LockedPackage(found[1], found[2], block)


def install(pins: Sequence[LockedPackage]) -> int:
    """Install packages batch by batch; pip's exit code, 0 for success."""
    start, n_done = time.monotonic(), 0
    for batch in (pins[i : i + BATCH] for i in range(0, len(pins), BATCH)):
        print_now(f"[{n_done + 1}-{n_done + len(batch)} of {len(pins)}, {time.monotonic() - start:.0f} s] "
            + ", ".join(f"{pin.name} {pin.version}" for pin in batch))  # fmt: skip
        with TemporaryDirectory() as folder:
            part = Path(folder, "part.lock")
            part.write_text("\n".join(pin.lines for pin in batch) + "\n", encoding="utf-8")
            command = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--no-deps",
                "--require-hashes",
                "--no-input",
                "--no-compile",
                "-r",
                str(part),
            ]
            if code := subprocess.run(command, check=False).returncode:
                return code
        n_done += len(batch)
    return 0


def compile_packages() -> None:
    """Compile what is installed on all cores: pip would do it on one, which is most of its work."""
    print_now("Compiling the packages, so that commands start fast …")
    folder = sysconfig.get_paths()["purelib"]
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j", "0", folder], check=False)


def print_now(sentence: str) -> None:
    """Print at once, before what pip prints."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def main() -> int:
    """Say what will be installed, and install it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", type=Path)
    parser.add_argument("--download-mb", type=int, required=True, help="size of all downloads")
    parser.add_argument("--disk-mb", type=int, required=True, help="size of the installed packages")
    parser.add_argument("--minutes", required=True, help="how long it takes, e.g. '3 to 20'")
    asked = parser.parse_args()
    pins = list(read_lock(asked.lock.read_text(encoding="utf-8")))
    missing = [pin for pin in pins if not pin.is_installed()]
    place = Path(sys.prefix)
    print_now(f"{asked.lock}: {len(missing)} of {len(pins)} packages to install into {place}")
    if missing:
        print_now(
            f"A complete installation: {asked.download_mb / 1000:.1f} GB to download, {asked.disk_mb / 1000:.1f} GB of "
            f"disk, {asked.minutes} minutes (depends on the network). Ctrl-C is safe: the same command continues."
        )
    needed_mb, free_mb = _ROOM_MB + asked.disk_mb * len(missing) // max(len(pins), 1), _free_mb(place)
    if missing and free_mb < needed_mb:
        print_now(
            f"Error: {place} has {free_mb:,} MB free, about {needed_mb:,} MB are needed; free some space or clone the "
            "project onto another disk"
        )
        return 2
    try:
        code = install(missing)
        if missing and not code:
            compile_packages()
        return code
    except KeyboardInterrupt:
        print_now("\nInterrupted. What is installed is kept; the same command continues.")
        return 130


def _free_mb(place: Path) -> int:
    return shutil.disk_usage(place).free // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
