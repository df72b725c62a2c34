"""The pictures of a queue to the bucket from which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.runs.storage import remote_path, require_packages
from pipeline.terminal.console import UsageProblem
from verification_ui.media.location import MediaPlace


def is_uploaded(place: MediaPlace) -> bool:
    """Whether pictures are copied to where they are shown."""
    return place.scheme in ("s3", "gs") and not place.is_copied


def upload(place: MediaPlace, media: Path, files: Sequence[Path], done: Callable[[int], None] = lambda _: None) -> int:
    """Copy files of one folder that the bucket does not have yet; how many were copied.

    A file is never changed under its name, so that its size tells whether it is there.

    Args:
        place: an ``s3://`` or ``gs://`` place; others have nothing to copy to.
        media: the media folder.
        files: of one folder below it.
        done: called with the number of files that are there now.

    Raises:
        UsageProblem: the bucket cannot be written from here.
    """
    if not files or not is_uploaded(place):
        return 0
    require_packages(place.scheme, f"review_media {place.place}")
    root = remote_path(place.address("").rstrip("/"))
    addresses = {str(root / path.relative_to(media).as_posix()): path for path in files}
    try:
        folder = root / files[0].parent.relative_to(media).as_posix()
        there = {found.address: found.st_size for found in root.store.below(f"{folder}/")}
        missing = [address for address, path in addresses.items() if there.get(address) != path.stat().st_size]
        done(len(addresses) - len(missing))
        for address in missing:
            with addresses[address].open("rb") as file:
                root.store.put(address, file)
            done(1)
    except OSError as problem:
        raise UsageProblem(
            f"cannot copy pictures to {place.place} ({problem.strerror}); check who may write there, or copy "
            f"{media}/queue to {place.address('queue')} yourself and set review_media.is_copied: true in run.yaml"
        ) from None
    return len(missing)
