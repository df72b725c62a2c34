"""The work of ``annotate`` on many tiny videos as a plain loop over the stages: what it adds is the rest."""

from __future__ import annotations

import json
import time
from pathlib import Path

import cv2
import torch

from pipeline.config import RunConfig
from pipeline.runs.commit import commit_video
from pipeline.runs.filesystems import find_videos, open_binary
from pipeline.runs.folder import RunFolder
from schemas.elements import PlacedVideo
from schemas.jobs import VideoJob
from stages.backends.propagators import load_propagator
from stages.backends.segmenters import load_segmenter
from stages.ingest.registry import read_localizations
from stages.propagate.batches import Models, PropagateOptions, propagate_batch
from stages.propagate.joining.joined_video import join_batches
from stages.propagate.repair import RepairOptions
from stages.sample_points.videos import sample_points
from stages.segment.batches import segment_batch, split_objects


def main(folder: str, clicks: str, run: str, note: str) -> None:
    """Annotate all videos of ``folder``; writes CPU milliseconds an item to ``note``."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    models = Models(load_propagator("flow"), load_segmenter("grabcut"))
    options = PropagateOptions(RepairOptions(enabled=False), opener=open_binary)
    config, target = RunConfig(folder, clicks), RunFolder.parse(run)
    localizations, _ = read_localizations(clicks, "clicks")
    by_video = {loc.video_id: loc for loc in localizations}
    files = find_videos(folder)[0]
    start = time.process_time()
    for number, file in enumerate(files):
        placed = PlacedVideo(VideoJob(file, (by_video[file.video_id],), f"{number:016x}"), (), frozenset(), ())
        seeds = [segment_batch(batch, models.segmenter, open_binary) for batch in split_objects(placed, 0)]
        tracked = join_batches([propagate_batch(seed, models, options) for seed in seeds])
        commit_video(target, sample_points(tracked, config.sampling, open_binary), config.jpeg_quality, open_binary)
    cpu_ms = 1000 * (time.process_time() - start) / len(files)
    Path(note).write_text(json.dumps({"cpu_ms_an_item": cpu_ms}))
