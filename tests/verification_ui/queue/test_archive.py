from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from verification_ui.queue import archive
from verification_ui.queue.archive import Archive, ArchiveProblem, read_archive, write_archive
from verification_ui.queue.backup import QueueCopy

QUEUE = QueueCopy(
    "t",
    "1@2026",
    "<View/>",
    "",
    2,
    [{"data": {"task_key": "Träume\u2028\ud800"}, "predictions": [], "annotations": []}],
)
ARCHIVE = Archive("run1", (QUEUE,), {"verdicts/a.parquet": b"PAR1"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_archive(tmp_path / "queue.zip", ARCHIVE)
    return tmp_path / "queue.zip"


def test_what_was_written_is_read(file: Path) -> None:
    assert read_archive(file) == ARCHIVE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_changed_member_is_found(file: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"PAR1", b"PAR2"))
    with pytest.raises(ArchiveProblem, match=r"changed\.zip is damaged: tables/verdicts/a\.parquet"):
        read_archive(changed)


def test_an_added_member_is_found(file: Path) -> None:
    with zipfile.ZipFile(file, "a") as added:
        added.writestr("tables/../../x", b"")
    with pytest.raises(ArchiveProblem, match="holds files that it does not list"):
        read_archive(file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello"])
def test_something_else_is_no_backup(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    with pytest.raises(ArchiveProblem, match="is not a backup of a review, or it is damaged"):
        read_archive(file)


@pytest.mark.parametrize(
    "manifest",
    [
        b"[1]",
        b"[" * 100_000,
        b'{"format": 1, "sha256": {}}',
        b'{"format": 1, "sha256": [], "queues": []}',
        b'{"format": 1, "sha256": {}, "queues": []}',
        b'{"format": 1, "sha256": {}, "queues": [{"title": "t"}], "run_id": "r"}',
        b'{"format": 1, "sha256": {}, "queues": 1, "run_id": "r"}',
    ],
)
def test_a_manifest_of_another_kind_is_no_backup(tmp_path: Path, manifest: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("manifest.json", manifest)
    with pytest.raises(ArchiveProblem, match="is not a backup of a review, or it is damaged"):
        read_archive(tmp_path / "other.zip")


def test_an_encrypted_file_is_no_backup(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # bit 0 of each member's flags: encrypted
        at = content.find(start)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(start, at + 1)
    file.write_bytes(content)
    with pytest.raises(ArchiveProblem, match=r"is not a backup of a review, or it is damaged: .*encrypted"):
        read_archive(file)


def test_a_backup_that_could_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MOST_BYTES", 100)
    with pytest.raises(ArchiveProblem, match=r"the queues take \d+ bytes, and a backup file holds up to 100;"):
        write_archive(tmp_path / "queue.zip", ARCHIVE)
    assert list(tmp_path.iterdir()) == []


def test_half_a_backup_is_no_backup(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ArchiveProblem, match="is not a backup of a review, or it is damaged"):
        read_archive(file)
