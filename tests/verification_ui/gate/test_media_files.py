from __future__ import annotations

import os
from pathlib import Path

import pytest

from verification_ui.gate.media_files import MediaFiles
from verification_ui.gate.refusals import Refusal

CONTENT = bytes(range(100))


@pytest.fixture
def media(tmp_path: Path) -> MediaFiles:
    (tmp_path / "media/queue/ab").mkdir(parents=True)
    (tmp_path / "media/queue/ab/1-s.jpg").write_bytes(CONTENT)
    (tmp_path / "media/queue/clip.mp4").write_bytes(CONTENT)
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    (tmp_path / "folder/ab").mkdir(parents=True)
    (tmp_path / "folder/ab/1-s.jpg").write_bytes(b"secret")
    return MediaFiles(tmp_path / "media")


def test_a_picture_and_a_part_of_a_clip_are_served(media: MediaFiles) -> None:
    whole = media.respond("queue/ab/1-s.jpg", None)
    assert (whole.status_code, whole.body, whole.media_type) == (200, CONTENT, "image/jpeg")
    part = media.respond("queue/clip.mp4", "bytes=10-19")
    assert (part.status_code, part.body, part.media_type) == (206, CONTENT[10:20], "video/mp4")
    assert part.headers["content-range"] == "bytes 10-19/100"


@pytest.mark.parametrize(
    ("link", "target", "asked"),
    [
        ("queue/ab/2.jpg", "outside.jpg", "queue/ab/2.jpg"),
        ("queue/cd", "folder", "queue/cd/ab/1-s.jpg"),
        ("queue/ef", "folder/ab", "queue/ef/1-s.jpg"),
        ("queue/ab/3.jpg", "media/queue/ab/1-s.jpg", "queue/ab/3.jpg"),
    ],
)
def test_a_link_is_not_followed_whenever_it_was_put_there(
    media: MediaFiles, tmp_path: Path, link: str, target: str, asked: str
) -> None:
    (tmp_path / "media" / link).symlink_to(tmp_path / target)
    with pytest.raises(Refusal, match="is not there, or a symbolic link leads to it"):
        media.respond(asked, None)


def test_the_queue_itself_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/1.jpg").write_bytes(b"secret")
    (tmp_path / "media").mkdir()
    (tmp_path / "media/queue").symlink_to(tmp_path / "other")
    with pytest.raises(Refusal, match="is not there"):
        MediaFiles(tmp_path / "media").respond("queue/1.jpg", None)


@pytest.mark.parametrize(
    "name",
    [
        "", "queue", "outside.jpg", "../outside.jpg", "queue/../../outside.jpg", "/etc/passwd", "queue//ab/1-s.jpg",
        "queue/./ab/1-s.jpg", "queue/ab/1-s.jpg\0", "queue\\ab\\1-s.jpg", "queue/ab/.hidden.jpg", "queue/ab/1-s.jpg/",
        "queue/probe.txt", "queue/ab",
    ],
)  # fmt: skip
def test_nothing_but_pictures_and_clips_of_the_queue_is_served(media: MediaFiles, name: str) -> None:
    with pytest.raises(Refusal, match="is not a picture or a clip of the queue"):
        media.respond(name, None)


def test_a_pipe_is_refused_at_once(media: MediaFiles) -> None:
    os.mkfifo(media.folder / "queue/pipe.jpg")
    with pytest.raises(Refusal, match="is not a file"):
        media.respond("queue/pipe.jpg", None)
