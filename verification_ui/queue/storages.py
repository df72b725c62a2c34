"""Telling a project where its pictures are: Label Studio's storages, of which only the addresses are used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from verification_ui.media.location import LOCAL, MediaPlace
from verification_ui.queue.client import ONCE, LabelStudioQueue, as_queue_problems
from verification_ui.queue.review_queue import OutcomeUnknown, Refused

_TITLE = "pointvos pictures"
_NOTHING = "^$"
"""Filter of file names: whoever presses "Sync" on the storage's card makes no task of a picture."""


def serve(queue: LabelStudioQueue, place: MediaPlace, folder: Path) -> None:
    """Let the server show the pictures at ``place``; may be asked again.

    Args:
        queue: the project.
        place: where they are.
        folder: the local folder, a strict subfolder of the server's document root.

    Raises:
        Refused: the server cannot see them.
    """
    if place.scheme == LOCAL:
        queue.serve_media(folder)
    elif place.scheme in ("s3", "gs"):
        _serve_bucket(queue, place)


def _serve_bucket(queue: LabelStudioQueue, place: MediaPlace) -> None:
    storages: Any = queue.sdk.import_storage.s3 if place.scheme == "s3" else queue.sdk.import_storage.gcs
    settings = {
        "project": queue.project_id, "title": _TITLE, "bucket": place.bucket, "prefix": place.prefix,
        "regex_filter": _NOTHING, "use_blob_urls": True, "presign": True, "presign_ttl": place.signed_minutes,
        **place.secrets(),
    }  # fmt: skip
    if place.scheme == "s3":
        settings |= {"region_name": place.region or "", "s3endpoint": place.endpoint or ""}
    with _seeing(place), as_queue_problems(f"let the server show {place.place}"):
        known: list[Any] = list(storages.list(project=queue.project_id, request_options=ONCE))
        mine = next((storage for storage in known if storage.title == _TITLE), None)
        if mine is None:
            storages.create(**settings, request_options=ONCE)
        else:
            storages.update(mine.id, **settings, request_options=ONCE)


@contextmanager
def _seeing(place: MediaPlace) -> Iterator[None]:
    """The server answers a bucket that it cannot see with a failure of its own (HTTP 500), which no retry helps."""
    try:
        yield
    except OutcomeUnknown as problem:
        raise Refused(
            f"the server cannot see {place.place} ({problem}); check that pictures are there, the region, the endpoint "
            "and the credentials with: pointvos review doctor"
        ) from None
