import fcntl
import hashlib
import json
import os
import shutil
import threading
from dataclasses import replace

import pytest

from stages.backends.checkpoints.cache import cache_folder, require_checkpoint, verify
from stages.backends.checkpoints.catalog import CHECKPOINTS
from stages.backends.checkpoints.checksums import Record
from stages.backends.checkpoints.disk import require_space
from stages.backends.checkpoints.download import Retry
from stages.backends.checkpoints.errors import (
    CheckpointError,
    DamagedCheckpointError,
    DownloadError,
    MissingCheckpointError,
)
from stages.backends.checkpoints.fetching import Fetch

QUICK = Retry(attempts=3, wait_s=0.001, timeout_s=2.0)


def fetch(checkpoint, **options):
    return Fetch(retry=QUICK, **options)(checkpoint)


def test_a_checkpoint_is_fetched_once_and_then_found(pinned, shelf, cache):
    with pytest.raises(MissingCheckpointError, match="fetch it with: pointvos models fetch toy"):
        require_checkpoint("toy")
    assert fetch(pinned).sha256 == pinned.sha256
    assert require_checkpoint("toy") == cache / "weights.pth"
    fetch(pinned)
    assert shelf.asked == [""]
    assert sorted(p.name for p in cache.iterdir()) == [".weights.pth.lock", "weights.pth", "weights.pth.json"]


def test_a_wrong_checksum_leaves_nothing_behind(pinned, shelf, cache):
    shelf.content = shelf.content[::-1]
    with pytest.raises(DamagedCheckpointError, match=r"is not weights.pth: .* has the SHA-256 \w{64} instead of"):
        fetch(pinned)
    assert [p.name for p in cache.iterdir()] == [".weights.pth.lock"]


def test_a_beginning_that_was_spoilt_is_begun_anew_once(pinned, shelf, cache, answer):
    shelf.script = [answer(cut=1_500_000), answer(status=404)]
    with pytest.raises(DownloadError):
        fetch(pinned)
    part = cache / ".weights.pth.part"
    part.write_bytes(bytes(1_500_000))
    assert fetch(pinned).sha256 == pinned.sha256
    assert shelf.asked[-2:] == ["bytes=1500000-", ""]


def test_a_file_that_was_damaged_in_the_cache_is_refused_and_fetched_again(pinned, shelf, cache):
    fetch(pinned)
    path = cache / "weights.pth"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedCheckpointError, match="fetch it again with: pointvos models fetch toy"):
        require_checkpoint("toy")
    fetch(pinned)
    assert path.read_bytes() == shelf.content


def test_a_whole_file_is_read_again_only_when_it_changed_or_when_asked(pinned, cache):
    fetch(pinned)
    path = cache / "weights.pth"
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert require_checkpoint("toy") == path
    with pytest.raises(DamagedCheckpointError):
        verify(pinned, again=True)


def test_a_file_put_there_by_hand_is_checked(pinned, shelf, cache):
    cache.mkdir(parents=True)
    (cache / "weights.pth").write_bytes(shelf.content)
    assert require_checkpoint("toy") == cache / "weights.pth"
    assert shelf.asked == []


def test_a_file_or_a_mirror_may_stand_in_for_the_official_address(pinned, shelf, cache, tmp_path):
    (tmp_path / "usb.pth").write_bytes(shelf.content)
    offline = replace(pinned, url="http://127.0.0.1:9/weights.pth")
    assert fetch(offline, source=str(tmp_path / "usb.pth")).source == str(tmp_path / "usb.pth")
    (cache / "weights.pth").unlink()
    assert fetch(offline, source=shelf.url).source == shelf.url
    (tmp_path / "usb.pth").write_bytes(b"something else")
    (cache / "weights.pth").unlink()
    with pytest.raises(DamagedCheckpointError, match=r"usb.pth is not weights.pth"):
        fetch(offline, source=str(tmp_path / "usb.pth"))
    with pytest.raises(DownloadError, match=r"no file /nowhere/x\.pth; give --from the path"):
        fetch(offline, source="/nowhere/x.pth")


def test_where_only_an_md5_is_published_the_first_sha256_holds_from_then_on(pinned, shelf, cache):
    loose = replace(pinned, sha256="", md5=hashlib.md5(shelf.content).hexdigest())
    record = fetch(loose)
    assert record.sha256 == pinned.sha256
    assert json.loads((cache / "weights.pth.json").read_text())["sha256"] == pinned.sha256
    shelf.content, shelf.etag = shelf.content[::-1], '"v2"'
    (cache / "weights.pth").unlink()
    with pytest.raises(DamagedCheckpointError, match=f"instead of {pinned.sha256}"):
        fetch(loose)
    (cache / "weights.pth.json").unlink()
    with pytest.raises(DamagedCheckpointError, match="has the MD5"):
        fetch(loose)


def test_where_nothing_is_published_the_first_fetch_is_recorded(pinned, cache):
    bare = replace(pinned, sha256="", n_bytes=None)
    assert fetch(bare).sha256 == pinned.sha256
    (cache / "weights.pth").write_bytes(b"changed")
    with pytest.raises(DamagedCheckpointError, match=f"instead of {pinned.sha256}"):
        verify(bare)


def test_weights_of_ones_own_are_accepted_by_their_digest_and_replaced_by_the_official_ones(pinned, shelf, tmp_path):
    own = tmp_path / "own.pth"
    own.write_bytes(b"my weights")
    digest = hashlib.sha256(b"my weights").hexdigest()
    with pytest.raises(DamagedCheckpointError, match=f"instead of {'0' * 64}"):
        fetch(pinned, source=str(own), sha256="0" * 64)
    assert fetch(pinned, source=str(own), sha256=digest).own
    assert require_checkpoint("toy").read_bytes() == b"my weights"
    assert not fetch(pinned).own
    assert require_checkpoint("toy").read_bytes() == shelf.content


def test_two_fetches_of_one_file_wait_for_each_other(pinned, shelf, cache):
    cache.mkdir(parents=True)
    descriptor = os.open(cache / ".weights.pth.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    waiting, records = threading.Event(), []
    thread = threading.Thread(target=lambda: records.append(fetch(pinned, on_wait=waiting.set)))
    thread.start()
    assert waiting.wait(5)
    assert shelf.asked == []
    os.close(descriptor)
    thread.join()
    assert records[0].sha256 == pinned.sha256


def test_a_disk_that_is_too_small_is_told_before_the_download(tmp_path):
    need = shutil.disk_usage(tmp_path).total + 1
    with pytest.raises(DownloadError, match="are needed; free some space, or set POINTVOS_CACHE"):
        require_space(tmp_path, need)


def test_a_cache_that_cannot_be_made_is_named(pinned, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("POINTVOS_CACHE", str(tmp_path / "file"))
    with pytest.raises(CheckpointError, match=r"Not a directory; .* POINTVOS_CACHE names another cache folder"):
        fetch(pinned)


def test_an_unreadable_record_is_made_anew(pinned, cache):
    fetch(pinned)
    (cache / "weights.pth.json").write_text('{"sha256": 1, "unknown": 2}')
    assert Record.read(cache / "weights.pth") is None
    assert require_checkpoint("toy") == cache / "weights.pth"
    assert Record.read(cache / "weights.pth").sha256 == pinned.sha256


def test_the_cache_follows_the_usual_variables(monkeypatch, tmp_path):
    monkeypatch.setenv("POINTVOS_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    monkeypatch.setenv("HOME", "/c")
    found = [str(cache_folder())]
    for name in ("POINTVOS_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name)
        found.append(str(cache_folder()))
    assert found == ["/a", "/b/pointvos", "/c/.cache/pointvos"]


def test_every_official_checkpoint_belongs_to_a_backend_and_has_a_plausible_pin():
    from stages.backends.propagators import PROPAGATORS
    from stages.backends.segmenters import SEGMENTERS

    for name, checkpoint in CHECKPOINTS.items():
        assert all(name in {"segmenter": SEGMENTERS, "propagator": PROPAGATORS}[task] for task in checkpoint.tasks)
        assert checkpoint.url.startswith("https://")
        assert len(checkpoint.sha256) in (0, 64)
        assert len(checkpoint.md5) in (0, 32)
