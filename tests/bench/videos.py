"""Videos and localizations to measure with."""

from __future__ import annotations

import json
from pathlib import Path

import av
import cv2
import numpy as np

_COLUMNS = 5


def corpus(sequences: Path, target: Path, names: list[str], times: int = 1) -> Path:
    """Frame folders of links to frames, ``times`` for each sequence; links to one folder would be one video."""
    for name in names:
        for number in range(times):
            folder = target / (f"{name}-{number}" if number else name)
            folder.mkdir(parents=True)
            for frame in (sequences / name).resolve().iterdir():
                (folder / frame.name).symlink_to(frame)
    return target


def clicks_in_the_middle(folder: Path, file: Path, size: tuple[int, int] = (854, 480)) -> Path:
    """One click in the middle of frame 0 of every video of a folder: speed does not depend on where it is."""
    point = {"object_id": "1", "x": size[0] / 2, "y": size[1] / 2, "label": 1}
    names = sorted({p.name if p.is_dir() else p.stem for p in folder.iterdir()})
    file.write_text(json.dumps({name: {"frame": 0, "points": [point]} for name in names}))
    return file


def long_video(source: Path, target: Path, n_frames: int, size: tuple[int, int] = (854, 480)) -> None:
    """A video of ``n_frames`` frames that plays the frames of ``source`` (a folder) to and fro."""
    frames = sorted(source.glob("*.jpg"))
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for i in range(n_frames):
            with av.open(str(frames[order[i % len(order)]])) as picture:
                decoded = next(picture.decode(video=0))
            image = decoded.reformat(*size, format="yuv420p")
            image.pts = i
            container.mux(stream.encode(image))
        container.mux(stream.encode())


def ellipses(count: int, height: int = 480, width: int = 854) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(H, W) uint8 labels 1..count: ellipses of many sizes in rows of five, spread over the frame."""
    labels = np.zeros((height, width), dtype=np.uint8)
    rows = -(-count // _COLUMNS)
    for i in range(count):
        row, column = divmod(i, _COLUMNS)
        centre = (round(width * (column + 0.5) / _COLUMNS), round(height * (row + 0.5) / rows))
        cv2.ellipse(labels, centre, (50 + 5 * column, 35 + 5 * row), 0, 0, 360, i + 1, -1)
    return labels
