"""Small synthetic videos with known objects, and a way to run the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

Command = Callable[..., subprocess.CompletedProcess[str]]


def write_video(path: Path, n_frames: int = 12, size: tuple[int, int] = (128, 96), shift_px: int = 2) -> None:
    """A bright textured square moving right over a dark textured ground."""
    width, height = size
    random = np.random.default_rng(len(path.stem))
    ground = random.integers(0, 60, (height, width, 3), dtype=np.uint8)
    square = random.integers(170, 255, (32, 32, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(n_frames):
            image = ground.copy()
            x = 20 + shift_px * i
            image[30:62, x : x + 32] = square[:, : max(0, width - x)]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def clicks_for(*names: str) -> str:
    """A clicks file that clicks the square of every named video on frame 0."""
    entry = {"frame": 0, "points": [{"object_id": "1", "x": 36, "y": 46, "label": 1, "name": "square"}]}
    return json.dumps(dict.fromkeys(names, entry))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three short videos in ``corpus/`` and their ``clicks.json``."""
    names = ["a", "b", "sub/c"]
    for i, name in enumerate(names):
        write_video(tmp_path / "corpus" / f"{name}.mp4", n_frames=12 - i)
    (tmp_path / "clicks.json").write_text(clicks_for(*names))
    return tmp_path / "corpus"


@pytest.fixture(scope="session")
def pointvos() -> Command:
    """Run ``pointvos …`` for real, in a process of its own."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=300, check=False)

    return run


@pytest.fixture(scope="session")
def fast() -> tuple[str, ...]:
    """Options for the small baselines, where the models are not what a test is about."""
    return ("--segmenter", "grabcut", "--propagator", "flow", "--frames", "3", "--points", "8")
