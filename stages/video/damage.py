"""What of a video could not be decoded, as rejects: one for the video, one for every hint on a lost frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from schemas.localizations import Localization
from schemas.rejects import Reject
from schemas.videos import Video

_MOST_RANGES = 20


def damage_rejects(video: Video, lost: Sequence[range], localizations: Iterable[Localization]) -> Iterator[Reject]:
    """Rejects for what is missing of a decoded video.

    Args:
        video: as it was decoded.
        lost: frames that could not be decoded, in ascending ranges.
        localizations: all hints of the video.
    """
    if lost:
        n_lost = sum(map(len, lost))
        detail = (
            f"{n_lost:,} of {video.n_frames:,} frames of {video.uri!r} could not be decoded because its data is "
            f"damaged: frames {ranges_text(lost)}; they have no masks, all other frames are annotated"
        )
        yield Reject("decode", video.video_id, "damaged", detail, video.uri)
    if video.truncated:
        detail = (
            f"{video.uri!r} is cut off after frame {video.n_frames - 1}; the {video.n_frames:,} frames before are "
            "annotated, get a complete copy for the rest"
        )
        yield Reject("decode", video.video_id, "truncated", detail, video.uri)
    for loc in localizations:
        if loc.frame_idx >= video.n_frames:
            detail = f"frame {loc.frame_idx} is beyond the end: the video has frames 0 to {video.n_frames - 1}"
            yield _reject(loc, "unknown_frame", detail)
        elif any(loc.frame_idx in part for part in lost):
            detail = f"frame {loc.frame_idx} could not be decoded because its data is damaged; localize on another one"
            yield _reject(loc, "damaged", detail)


def ranges_text(ranges: Sequence[range]) -> str:
    """Ranges of frames for a message; many are cut short.

    >>> ranges_text([range(3, 4), range(7, 12)])
    '3, 7-11'
    """
    shown = [str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in ranges[:_MOST_RANGES]]
    more = len(ranges) - len(shown)
    return ", ".join(shown) + (f" and {more} more ranges" if more else "")


def _reject(loc: Localization, error: str, detail: str) -> Reject:
    return Reject("segment", f"{loc.video_id}/{loc.object_id}@{loc.frame_idx}", error, detail, loc.input_uri)
