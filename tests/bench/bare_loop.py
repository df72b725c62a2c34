"""The bare loop that ``annotate`` is measured against: decode, segment the first frame, step; nothing is written."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

import cv2
import torch

from pipeline.runs.filesystems import find_videos
from stages.backends.propagators import load_propagator
from stages.backends.segmenters import load_segmenter
from stages.ingest.registry import read_localizations
from stages.segment.segment_frame import segment_frame
from stages.video import open_video


def main(folder: str, clicks: str, note: str, threads: str, *names: str) -> None:
    """Run over the videos of ``folder``, or those of ``names``; writes frames, seconds and peak memory to ``note``."""
    torch.set_num_threads(int(threads))
    cv2.setNumThreads(int(threads))
    start = time.monotonic()
    segmenter, propagator = load_segmenter("embedded"), load_propagator("embedded")
    localizations, _ = read_localizations(clicks, "clicks")
    n_frames = 0
    for file in find_videos(folder)[0]:
        if names and file.video_id not in names:
            continue
        own = [loc for loc in localizations if loc.video_id == file.video_id]
        with open_video(file) as reader:
            session = None
            for frame in reader:
                encoding = propagator.encode(frame.image)
                if session is None:
                    session = propagator.open(*frame.image.shape[:2])
                    found, _ = segment_frame(segmenter, frame.image, own)
                    session.start(encoding, {key: s.mask for key, s in found.items()})
                else:
                    session.step(encoding)
                n_frames += 1
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    Path(note).write_text(json.dumps({"frames": n_frames, "seconds": seconds, "peak_gb": peak}))
