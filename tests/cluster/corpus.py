"""Twelve short videos with clicks on their objects: two have many objects, one is broken."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np

CROWDED, BROKEN = ("crowd-1", "crowd-2"), "broken"
NAMES = (*(f"clip-{number}" for number in range(1, 10)), *CROWDED, BROKEN)
_WIDTH, _HEIGHT, _SIDE, _N_FRAMES = 320, 180, 36, 24
_MANY = 6


def make_corpus(folder: Path) -> tuple[Path, Path]:
    """Write the videos and the clicks; their folder and file."""
    videos, clicks = folder / "videos", {}
    videos.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        corners = _corners(_MANY if name in CROWDED else 1)
        _write_video(videos / f"{name}.mp4", corners, seed=number)
        rows = [_click(str(place), corner) for place, corner in enumerate(corners, 1)]
        clicks[name] = {"frame": 2, "points": rows}
    whole = (videos / f"{BROKEN}.mp4").read_bytes()
    (videos / f"{BROKEN}.mp4").write_bytes(whole[: len(whole) // 3])
    (folder / "clicks.json").write_text(json.dumps(clicks))
    return videos, folder / "clicks.json"


def _corners(n_objects: int) -> list[tuple[int, int]]:
    return [(20 + 90 * (place % 3), 30 + 80 * (place // 3)) for place in range(n_objects)]


def _click(object_id: str, corner: tuple[int, int]) -> dict[str, object]:
    x, y = (c + _SIDE // 2 for c in corner)
    return {"object_id": object_id, "x": x + 4, "y": y, "label": 1, "name": f"square {object_id}"}


def _write_video(path: Path, corners: list[tuple[int, int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    ground = random.integers(0, 60, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    square = random.integers(170, 255, (_SIDE, _SIDE, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        for idx in range(_N_FRAMES):
            image = ground.copy()
            for x, y in corners:
                image[y : y + _SIDE, x + 2 * idx : x + 2 * idx + _SIDE] = square
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
