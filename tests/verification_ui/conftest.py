"""A tiny made-up run, and one real server and browser for all tests that need them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.commands.review.app import review_app
from pipeline.commands.review.links import ANNOTATOR
from pipeline.commands.review.session import client_of
from pipeline.runs.commit import write_unit
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables
from schemas.localizations import Clicks, Localization
from schemas.masks import Mask, encode_rle
from schemas.points import PointCandidate
from schemas.videos import Video
from tests.verification_ui.person import Person
from verification_ui.gate.access import Access, Page
from verification_ui.gate.serving import Queue, gate_open, link
from verification_ui.server.accounts import add_account
from verification_ui.server.server import Server, ServerProblem, find_executable, started

HEIGHT, WIDTH = 120, 200
VIDEO = "clips/Träume & <dogs>"
FRAMES = (0, 7)


@dataclass(frozen=True)
class TinyRun:
    """One video of two frames with two objects; object 2 is the more doubtful one."""

    path: Path
    run_id: str
    candidates: dict[str, PointCandidate]
    masks: dict[tuple[str, int], Mask]


def _mask(object_id: str, frame_idx: int) -> Mask:
    disc = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    cv2.circle(disc, (50 if object_id == "1" else 150, 60 + frame_idx), 30, 1, -1)
    quality = 0.9 if object_id == "1" else 0.4 + frame_idx / 100
    return Mask(VIDEO, object_id, frame_idx, HEIGHT, WIDTH, encode_rle(disc > 0), "propagator", "embedded", quality)


def _candidates(mask: Mask, per_kind: int = 6) -> list[PointCandidate]:
    inside = mask.decode()
    made = []
    for is_fg in (False, True):
        ys, xs = np.nonzero(inside == is_fg)
        for i in np.linspace(0, len(ys) - 1, per_kind).astype(int):
            candidate_id = f"o{mask.object_id}-f{mask.frame_idx}-{'fg' if is_fg else 'bg'}-{len(made)}"
            place = (int(xs[i]), int(ys[i]), is_fg, "interior" if is_fg else "elsewhere", 0.1, 2.0, mask.quality, 0, 0)
            made.append(PointCandidate(candidate_id, VIDEO, mask.object_id, mask.frame_idx, *place))
    return made


def make_run(path: Path, run_id: str = "tiny0000run1") -> TinyRun:
    """Write a run folder as the annotation leaves it."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "run.yaml").write_text(f"run_id: {run_id}\nconfig_hash: c0ffee\n", encoding="utf-8")
    masks = {(o, f): _mask(o, f) for o in ("1", "2") for f in FRAMES}
    candidates = {c.candidate_id: c for mask in masks.values() for c in _candidates(mask)}
    hints = [Localization(VIDEO, "1", 0, Clicks(((50.0, 60.0),), (1,)), "dog", "the dog <on the left>")]
    hints += [Localization(VIDEO, "2", 7, Clicks(((150.0, 67.0),), (1,)), "cat")]
    video = Video(VIDEO, "x.mp4", 9, HEIGHT, WIDTH, 9.0, 1.0, "h264", 0, 2, unit="0123", times_s=tuple(range(9)))
    parts = [
        (tables.LOCALIZATIONS, hints), (tables.MASKS, list(masks.values())),
        (tables.CANDIDATES, list(candidates.values())), (tables.VIDEOS, [video]),
    ]  # fmt: skip
    write_unit(RunFolder(path), unit_name(VIDEO, video.unit), parts)
    for frame_idx in FRAMES:
        file = RunFolder(path).frame_file(VIDEO, frame_idx)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(".jpg", _picture(masks, frame_idx))[1].tobytes())
    return TinyRun(path, run_id, candidates, masks)


def _picture(masks: dict[tuple[str, int], Mask], frame_idx: int) -> Any:
    ramp = np.linspace(40, 180, WIDTH, dtype=np.uint8)
    image = np.repeat(np.repeat(ramp[None, :, None], HEIGHT, axis=0), 3, axis=2)
    image[masks["1", frame_idx].decode()] = (60, 90, 220)
    image[masks["2", frame_idx].decode()] = (220, 140, 40)
    return image


@pytest.fixture
def make_tiny_run() -> Callable[[Path, str], TinyRun]:
    return make_run


@pytest.fixture
def tiny_run(tmp_path: Path) -> TinyRun:
    return make_run(tmp_path / "run")


class AnyRun:
    """The titles of all runs: tests of one session share a server."""

    def __contains__(self, title: object) -> bool:
        return str(title).startswith("pointvos ")


@dataclass(frozen=True)
class ServedRun:
    """A tiny run whose own server is up, with its page."""

    run: TinyRun
    server: Server
    page: Page

    @property
    def folder(self) -> Path:
        """The private folder of the review."""
        return self.run.path / "review"

    def link(self, email: str) -> str:
        """A link for an account, which is made when there is none."""
        with client_of(self.server) as client:
            add_account(client, self.folder, email)
        return link(self.page, email, Access(self.folder).make_link(email))


@pytest.fixture(scope="session")
def served_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRun]:
    """One real Label Studio for the whole session; its first start takes 20 to 40 seconds."""
    try:
        find_executable()
    except ServerProblem as problem:
        pytest.skip(str(problem))
    run = make_run(tmp_path_factory.mktemp("served") / "run")
    (run.path / "media/queue").mkdir(parents=True)
    queue = Queue(run.path / "review", run.path / "media", AnyRun())
    with (
        started(queue.folder, queue.media) as server,
        gate_open(server, queue, Access(queue.folder).page(port=0)) as page,
    ):
        yield ServedRun(run, server, page)


@pytest.fixture
def run_id(request: pytest.FixtureRequest) -> str:
    """Of a run of the test's own: other tests of the session have other queues on the same server."""
    return hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


@pytest.fixture
def own_run(served_run: ServedRun, run_id: str, request: pytest.FixtureRequest) -> TinyRun:
    """A run of the test's own whose pictures the session's server may show."""
    return make_run(served_run.run.path / "media" / request.node.name, run_id)


@pytest.fixture
def review(served_run: ServedRun, tmp_path: Path) -> Callable[..., str]:
    """``pointvos review COMMAND`` against the session's server, by address and key file; its words."""
    key = tmp_path / "key"
    key.write_text(served_run.server.credentials.token)

    def run_command(command: str, run: Path, *more: str, code: int = 0) -> str:
        where = ["--run", str(run), "--url", served_run.server.url, "--api-key-file", str(key)]
        result = CliRunner().invoke(review_app, [command, *where, *more], catch_exceptions=False)
        print(result.output)  # shown when the test fails
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    return run_command


@pytest.fixture
def person(served_run: ServedRun, browser: Any) -> Iterator[Person]:
    """Somebody at work on the session's server."""
    made = Person(browser, served_run.link(ANNOTATOR), ANNOTATOR)
    yield made
    made.page.context.close()
