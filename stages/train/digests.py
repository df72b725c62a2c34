"""One name for all that a training reads, so that it is not continued with something else."""

from __future__ import annotations

import hashlib

from stages.train.dataset import PointVOSDataset
from stages.train.points import points_of


def digest_of(*datasets: PointVOSDataset) -> str:
    """32 hex digits of the points of datasets, and of the masks on their frames where they have some."""
    state = hashlib.blake2b(digest_size=16)
    for dataset in datasets:
        for video in dataset.videos:
            for object_id, frames in points_of(video).items():
                for frame_idx, here in frames.items():
                    state.update(f"{len(video.video_id)}:{video.video_id}/{object_id}/{frame_idx};".encode())
                    state.update(here.xy.tobytes() + here.labels.tobytes())
                    if (mask := dataset.mask(video.video_id, object_id, frame_idx)) is not None:
                        state.update(mask.tobytes())
        state.update(b"|")
    return state.hexdigest()
