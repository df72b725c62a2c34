"""What more objects cost: one video, 1, 5 and 20 objects from masks on its first frame, whole command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tests.bench.commands import pointvos
from tests.bench.pages import table
from tests.bench.speed import long_video

_COUNTS = (1, 5, 20)
_COLUMNS = 5
_FRAMES = 100


def measure(sequences: Path, work: Path) -> dict[str, Any]:
    """Wall seconds and peak memory by number of objects; ``times`` is against one object."""
    videos = work / "videos"
    videos.mkdir()
    long_video(sequences / "blackswan", videos / "video.mp4", _FRAMES)
    results: dict[str, Any] = {}
    for count in _COUNTS:
        masks = work / f"masks-{count}" / "video"
        masks.mkdir(parents=True)
        Image.fromarray(ellipses(count)).save(masks / "00000.png")
        options = ("--format", "masks", "--run", work / f"run-{count}")
        cost = pointvos("annotate", videos, "--localizations", masks.parent, *options, note=work / "note.json")
        results[str(count)] = {"seconds": cost.seconds, "peak_gb": cost.peak_gb}
    for result in results.values():
        result["times"] = result["seconds"] / results["1"]["seconds"]
    return results


def ellipses(count: int, height: int = 480, width: int = 854) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(H, W) uint8 labels 1..count: ellipses of many sizes in rows of five, spread over the frame."""
    labels = np.zeros((height, width), dtype=np.uint8)
    rows = -(-count // _COLUMNS)
    for i in range(count):
        row, column = divmod(i, _COLUMNS)
        centre = (round(width * (column + 0.5) / _COLUMNS), round(height * (row + 0.5) / rows))
        cv2.ellipse(labels, centre, (50 + 5 * column, 35 + 5 * row), 0, 0, 360, i + 1, -1)
    return labels


def page(results: dict[str, Any]) -> str:
    """Cost by number of objects."""
    rows = [[count, r["seconds"], r["times"], r["peak_gb"]] for count, r in results.items()]
    head = f"## Many objects: one video of {_FRAMES} frames, whole command\n\n"
    return head + table(["objects", "seconds", "times one object", "peak GB"], rows)
