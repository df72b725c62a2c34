"""The lock files, and their installation with checked hashes."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.install_locked import read_lock

REPOSITORY = Path(__file__).resolve().parents[2]
LOCKS = {"requirements.lock": 100, "verification_ui/requirements-review.lock": 100, "docs/requirements-docs.lock": 20}
"""Lock file → fewer packages than it has."""


def make_wheel(folder: Path) -> str:
    """A wheel of a package ``tiny`` 1.0; its sha256."""
    files = {
        "tiny.py": b"VALUE = 7\n",
        "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in {**files, "tiny-1.0.dist-info/RECORD": record.encode()}.items():
            archive.writestr(name, data)
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """The interpreter of an environment that has pip and nothing else."""
    place = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    return place / "bin" / "python"


def install(python: Path, lock: Path, disk_mb: int = 1) -> subprocess.CompletedProcess[str]:
    """The command of ``make setup``, without any index."""
    command = [
        str(python),
        "-P",
        "pipeline/install_locked.py",
        str(lock),
        "--download-mb",
        "1",
        "--disk-mb",
        str(disk_mb),
    ]
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(lock.parent)}
    return subprocess.run(
        [*command, "--minutes", "1 to 2"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )


def has_tiny(python: Path) -> bool:
    return subprocess.run([str(python), "-c", "import tiny"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_hashes(lock):
    pins = list(read_lock((REPOSITORY / lock).read_text()))
    assert len(pins) > LOCKS[lock]
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", pin.lines) for pin in pins)


def test_torch_stays_at_its_version():
    versions = {pin.name: pin.version for pin in read_lock((REPOSITORY / "requirements.lock").read_text())}
    assert (versions["torch"], versions["torchvision"]) == ("2.14.1", "0.29.1")


def test_a_missing_and_a_wrong_hash_stop_the_installation_and_the_right_one_installs_once(bare_python, tmp_path):
    right, lock = make_wheel(tmp_path), tmp_path / "tiny.lock"
    lock.write_text("tiny==1.0\n")
    bare = install(bare_python, lock)
    assert bare.returncode == 1
    assert "Hashes are required in --require-hashes mode" in bare.stderr
    lock.write_text(f"tiny==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    wrong = install(bare_python, lock)
    assert wrong.returncode == 1
    assert "DO NOT MATCH THE HASHES" in wrong.stderr
    assert not has_tiny(bare_python)
    lock.write_text(f"# a comment\ntiny==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{right}\n")
    good = install(bare_python, lock)
    assert good.returncode == 0, good.stderr
    assert "1 of 1 packages to install" in good.stdout
    assert "0.0 GB of disk, 1 to 2 minutes" in good.stdout
    assert list(bare_python.parents[1].glob("lib/*/site-packages/__pycache__/tiny.*.pyc"))
    assert has_tiny(bare_python)
    assert "0 of 1 packages to install" in install(bare_python, lock).stdout


def test_too_little_disk_is_refused_with_figures(bare_python, tmp_path):
    lock = tmp_path / "big.lock"
    lock.write_text("big==1.0\n")
    answer = install(bare_python, lock, disk_mb=10**9)
    assert answer.returncode == 2
    assert re.search(r"has [\d,]+ MB free, about 1,000,001,500 MB are needed", answer.stdout)
