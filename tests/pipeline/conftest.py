"""Small synthetic videos with known objects, and a way to run the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.runs.commit import write_unit
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables
from schemas.digests import digest
from schemas.frames import Frame
from schemas.localizations import Clicks, Localization
from schemas.masks import Mask, encode_rle
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.videos import Video
from stages.sample_points.options import SamplingOptions
from stages.sample_points.sampling import sample_video

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
            image[30:62, x : x + 32] = square[: max(0, height - 30), : max(0, width - x)]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def clicks_for(*names: str) -> str:
    """A clicks file that clicks the square of every named video on frame 0."""
    entry = {"frame": 0, "points": [{"object_id": "1", "x": 36, "y": 46, "label": 1, "name": "square"}]}
    return json.dumps(dict.fromkeys(names, entry))


def make_corpus(folder: Path) -> Path:
    """Three short videos in ``corpus/`` and their ``clicks.json``."""
    names = ["a", "b", "sub/c"]
    for i, name in enumerate(names):
        write_video(folder / "corpus" / f"{name}.mp4", n_frames=12 - i)
    (folder / "clicks.json").write_text(clicks_for(*names))
    return folder / "corpus"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus that no test changes."""
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def own_corpus(tmp_path: Path) -> Path:
    """A corpus of the test's own, to spoil."""
    return make_corpus(tmp_path)


@pytest.fixture(scope="session")
def truth_of_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The square of every video on every frame."""
    folder = tmp_path_factory.mktemp("truth")
    for video_id, n_frames in (("a", 12), ("b", 11), ("sub/c", 10)):
        (folder / video_id).mkdir(parents=True)
        for idx in range(n_frames):
            labels = np.zeros((96, 128), dtype=np.uint8)
            labels[30:62, 20 + 2 * idx : 52 + 2 * idx] = 1
            image = Image.fromarray(labels)
            image.putpalette(bytes(range(256)) * 3)
            image.save(folder / video_id / f"{idx:05d}.png")
    return folder


@pytest.fixture
def make_video() -> Callable[..., None]:
    """:func:`write_video`, for tests in other folders."""
    return write_video


@pytest.fixture(scope="session")
def annotated(corpus: Path, pointvos: Command, fast: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the corpus by one worker; tests that change it take a copy."""
    run = tmp_path_factory.mktemp("annotated") / "run"
    answer = pointvos("annotate", corpus, "--localizations", corpus.parent / "clicks.json", "--run", run, *fast)
    assert answer.returncode == 0, answer.stderr
    return run


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


def square(x: int, y: int, side: int = 20) -> np.ndarray:
    """A (60, 80) bool mask of a square."""
    mask = np.zeros((60, 80), dtype=bool)
    mask[y : y + side, x : x + side] = True
    return mask


@pytest.fixture
def finished_run(tmp_path: Path) -> Path:
    """A run of two tiny videos as ``annotate`` leaves it, with ``truth/`` beside it.

    Video ``a`` has objects 1 (right) and 2 (half of it right) that move over 12 frames; ``sub/b`` has object ``dog``.
    """
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.config_file.write_text("{run_id: '00ff', config_hash: beef, models: {segmenter: grabcut, propagator: flow}}")
    for video_id, object_ids in (("a", ("1", "2")), ("sub/b", ("dog",))):
        _write_video_unit(run, video_id, object_ids)
    for idx in range(12):
        labels = np.where(square(10 + idx, 20), 1, 0) + np.where(square(50, 10 + idx), 2, 0)
        file = tmp_path / "truth" / "a" / f"{idx:05d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(labels.astype(np.uint8))
        image.putpalette(bytes(range(256)) * 3)
        image.save(file)
    return run.path


@pytest.fixture
def merged_run(finished_run: Path, tmp_path: Path) -> Path:
    """The finished run with simulated answers, all right, merged into points."""
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.0)
    return finished_run


@pytest.fixture
def filmed_run(finished_run: Path) -> RunFolder:
    """The finished run, its videos where it says they are."""
    run = RunFolder(finished_run)
    for video in tables.VIDEOS.records(tables.VIDEOS.read(run.path)):
        uri = finished_run.parent / f"{video.video_id}.mp4"
        write_video(uri, 12, (80, 60))
        file = run.table_file(tables.VIDEOS, unit_name(video.video_id, video.unit))
        tables.VIDEOS.write(file, [replace(video, uri=str(uri))], run.metadata())
    return run


STEPPED_NAMES = tuple(f"frame_{5 * idx + 5:04d}.jpg" for idx in range(12))
"""Every fifth frame, from the fifth on, as in YouTube-VOS."""


@pytest.fixture
def run_of_a_folder(finished_run: Path) -> Path:
    """The finished run, with video ``a`` read from a folder of every fifth frame, and its truth named like that."""
    file = RunFolder(finished_run).table_file(tables.VIDEOS, unit_name("a", "0123"))
    (video,) = tables.VIDEOS.records(tables.VIDEOS.read_files([file]))
    tables.VIDEOS.write(file, [replace(video, uri="/gone/a", frame_names=STEPPED_NAMES)])
    truth = finished_run.parent / "truth" / "a"
    for idx, name in enumerate(STEPPED_NAMES):
        (truth / f"{idx:05d}.png").rename(truth / name.replace(".jpg", ".PNG"))
    return finished_run


@pytest.fixture
def add_video() -> Callable[[RunFolder, str, tuple[str, ...]], None]:
    """Give a run one more finished video with these objects."""
    return _write_video_unit


def _repairs(video_id: str, object_id: str) -> list[Repair]:
    """One of each outcome but ``unsure``."""
    return [
        Repair(video_id, object_id, 0, "start", "grabcut", 0.8, 0.5, 0.9, 0.7, 0.75, 0.08, "accepted"),
        Repair(video_id, object_id, 6, "track", "grabcut", 0.4, 0.6, 0.9, 0.61, 0.95, 0.01, "no_gain"),
        Repair(video_id, object_id, 11, "track", "grabcut", 0.3, 0.6, 0.9, 0.8, 0.25, 0.2, "unlike"),
    ]


def _unit(video_id: str) -> str:
    """As real units it tells videos apart, except for the two that every finished run has."""
    return "0123" if video_id in ("a", "sub/b") else digest(video_id)


def _grey_frames(indices: Collection[int]) -> list[Frame]:
    return [Frame(idx, 0.0, np.full((60, 80, 3), 90, dtype=np.uint8)) for idx in sorted(indices)]


def _write_video_unit(run: RunFolder, video_id: str, object_ids: tuple[str, ...]) -> None:
    masks, locs, references = [], [], {}
    for place, object_id in enumerate(object_ids):
        references[object_id] = 0
        locs.append(
            Localization(video_id, object_id, 0, Clicks(((20.0, 30.0),), (1,)), f"thing {object_id}", group="all")
        )
        for idx in range(12):
            mask = square(50, 10 + idx) & (np.arange(80) < 60) if place else square(10 + idx, 20)
            source, model = ("propagator", "flow") if idx else ("segmenter", "grabcut")
            masks.append(Mask(video_id, object_id, idx, 60, 80, encode_rle(mask), source, model, 0.9 - 0.02 * idx))
    options = SamplingOptions(frames=3, points=8)
    groups = dict.fromkeys(object_ids, "all")
    candidates = sample_video(video_id, masks, _grey_frames, references, groups, options)
    size, times = (12, 60, 80), tuple(i / 10 for i in range(12))
    video = Video(
        video_id, f"{video_id}.mp4", *size, 10.0, 1.2, "h264", 0, len(object_ids), times_s=times, unit=_unit(video_id)
    )
    frames = run.frames_of(video_id)
    frames.mkdir(parents=True, exist_ok=True)
    for idx in {c.frame_idx for c in candidates}:
        Image.new("RGB", (80, 60), (90, 110, 90)).save(frames / f"{idx:06d}.jpg")
    parts = [
        (tables.LOCALIZATIONS, locs), (tables.MASKS, masks), (tables.CANDIDATES, candidates),
        (tables.REPAIRS, _repairs(video_id, object_ids[0])),
        (tables.REJECTS, [Reject("ingest", "x", "unknown_video", "there is no video 'x'", "clicks.json")]),
        (tables.VIDEOS, [video]),
    ]  # fmt: skip
    write_unit(run, unit_name(video_id, video.unit), parts)
