"""Random streams and names that depend on what is asked, never on who works or in which order."""

from __future__ import annotations

import numpy as np

from schemas.digests import name_of


def generator(video_id: str, object_id: str, frame_idx: int, round_: int, seed: int) -> np.random.Generator:
    """The random stream of one object on one frame."""
    return np.random.default_rng(int(name_of("draw", video_id, object_id, frame_idx, round_, seed), 16))


def candidate_id(video_id: str, object_id: str, frame_idx: int, round_: int, x: int, y: int) -> str:
    """32 hex digits that name the question "is this pixel on this object?"; the same in every run."""
    return name_of("candidate", video_id, object_id, frame_idx, round_, x, y)
