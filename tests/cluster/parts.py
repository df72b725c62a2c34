"""What a Flink cluster for Beam pipelines is made of: Flink's jars from PyPI, Beam's runner from Maven Central."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
_POM, _REQUIREMENT = HERE / "pom.xml", HERE / "flink-libraries.txt"
_FETCH_S = 600
_FLINK_JARS = ("flink-dist-", "log4j-")


class Unavailable(Exception):
    """A part cannot be had here; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Folders of jars.

    Attributes:
        flink: the JobManager and TaskManagers.
        beam: Beam's Flink runner with its job server.
    """

    flink: Path
    beam: Path


def fetch(cache: Path) -> Parts:
    """The parts, from ``cache`` where they are there already; Maven and pip check what they download.

    Raises:
        Unavailable: Java or Maven is missing, or a download failed.
    """
    cache = cache.resolve()
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise Unavailable(f"there is no {program} on this machine")
    wanted = hashlib.sha256(_POM.read_bytes() + _REQUIREMENT.read_bytes()).hexdigest()[:16]
    folder = cache / wanted
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            new = Path(scratch, "parts")
            _fetch_beam(new / "beam")
            _fetch_flink(new / "flink", Path(scratch))
            new.rename(folder)
    return Parts(folder / "flink", folder / "beam")


def _fetch_beam(target: Path) -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    _run(["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(_POM), *goal])


def _fetch_flink(target: Path, scratch: Path) -> None:
    packages = scratch / "packages"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    _run([*pip, "--requirement", str(_REQUIREMENT), "--dest", str(packages)])
    (package,) = packages.iterdir()
    target.mkdir()
    with tarfile.open(package) as archive:
        for member in archive:
            if member.name.endswith(".jar") and Path(member.name).name.startswith(_FLINK_JARS):
                (target / Path(member.name).name).write_bytes(archive.extractfile(member).read())


def _run(command: list[str]) -> None:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_S, check=False)
    except subprocess.TimeoutExpired as problem:
        raise Unavailable(f"{command[0]} did not finish within {_FETCH_S} s") from problem
    if answer.returncode:
        lines = (answer.stdout + answer.stderr).strip().splitlines()
        raise Unavailable(f"{' '.join(command[:5])} … failed: {lines[0] if lines else 'no message'}")
