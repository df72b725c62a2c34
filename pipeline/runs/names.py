"""Names of files and folders of a run that are made from the ids of its videos."""

from __future__ import annotations

import re

from schemas.digests import digest

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]*")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows their first dot."""


def unit_name(video_id: str, unit: str) -> str:
    """File stem of one video's unit: a readable part of the id, then the hash that makes it unique.

    It never begins with ``_``, ``.`` or ``-``: pyarrow, pandas and others pass over such files.

    >>> unit_name("DAVIS 2017/Träume", "0123456789abcdef"), unit_name("視频_1", "0123456789abcdef")
    ('DAVIS_2017_Tr_ume.0123456789abcdef', '1.0123456789abcdef')
    """
    return f"{_readable(video_id)}.{unit}"


def frame_folder_name(video_id: str) -> str:
    """Folder of a video's frames: the id where every file system keeps it as it is, else a readable part and a hash.

    Distinct ids have distinct folders, also where capitals or Unicode forms make no difference: an id that is kept
    has neither capitals nor dots, and every other name has a dot before its hash.

    >>> frame_folder_name("clips/bear-2"), frame_folder_name("Été/a")
    ('clips/bear-2', 't_a.e47c7c2a24e607ba')
    """
    parts = video_id.split("/")
    if all(_PLAIN.fullmatch(p) and len(p) <= 200 and not _RESERVED.fullmatch(p) for p in parts) and len(parts) <= 20:
        return video_id
    return f"{_readable(video_id)}.{digest(video_id)}"


def _readable(video_id: str) -> str:
    """The ASCII letters and digits of an id, as a part of a file name."""
    name = re.sub(r"[^A-Za-z0-9-]+", "_", video_id)[:60].lstrip("_-") or "video"
    return f"{name}_" if _RESERVED.fullmatch(name) else name
