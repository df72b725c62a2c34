"""``refine`` in several worker processes: the same bytes as in one."""

from __future__ import annotations

import importlib
import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from pipeline.commands.refine import refine
from pipeline.config import load_config
from pipeline.refining.answers import AnswersInRun
from pipeline.refining.candidates import Redrawing
from pipeline.refining.correction_round import load_round_models
from pipeline.refining.task import RefinedVideo, RefineTask
from pipeline.refining.work import RefineWork, refine_with_workers
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.rounds import VideoRounds, write_corrections
from pipeline.runs.units import videos_of
from schemas.corrections import Correction
from tests.kills import contents

DEADLY = """
import os, signal
from pipeline.refining.correction_round import RoundModels
from stages.backends.flow import FlowPropagator
from stages.backends.grabcut import GrabCutSegmenter

class Deadly(GrabCutSegmenter):
    def segment(self, image, prompts):
        os.kill(os.getpid(), signal.SIGKILL)

def load():
    return RoundModels(Deadly(), FlowPropagator())
"""


def test_two_workers_write_the_same_bytes_as_one(annotated: Path, tmp_path: Path) -> None:
    clicks = tmp_path / "clicks.json"
    point = {"object_id": "1", "x": 5, "y": 5, "label": 0}
    names = [video.video_id for video in videos_of(RunFolder(annotated))]
    clicks.write_text(json.dumps({name: [{"frame": 3, "points": [point]}] for name in names}))
    runs = [RunFolder(Path(shutil.copytree(annotated, tmp_path / str(n)))) for n in (1, 2)]
    for n, run in enumerate(runs, 1):
        refine(run, clicks=[str(clicks)], workers=n)
    assert len(names) > 1
    assert [VideoRounds.read(runs[1], video).number for video in videos_of(runs[1])] == [1] * len(names)
    assert contents(runs[0].local) == contents(runs[1].local)


def test_a_video_that_is_given_up_is_settled_and_says_why(annotated: Path, tmp_path: Path) -> None:
    run = RunFolder(annotated)
    config = load_config(Path(str(run.config_file)), {})
    redrawing = Redrawing(config.sampling, config.jpeg_quality, AnswersInRun(run))
    work = RefineWork(run, 2, config.models, partial(load_round_models, config.models, "cpu"), redrawing, tmp_path)
    first, *others = [RefineTask(key) for key in video_keys(run)]
    work.give_up(first, "the worker process died 2 times on this video")
    assert [work.is_finished(task) for task in (first, *others)] == [True] + [False] * len(others)
    problem = "the worker process died 2 times on this video. To continue, run the same command with --workers 1"
    assert work.result_of(first) == RefinedVideo(first.video_id, problem=problem)


@pytest.mark.slow
def test_a_video_whose_worker_dies_in_its_second_round_keeps_the_first_and_goes_on_from_there(
    annotated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deadly.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    deadly = importlib.import_module("deadly").load
    whole, cut = (RunFolder(Path(shutil.copytree(annotated, tmp_path / name))) for name in ("whole", "cut"))
    video = videos_of(whole)[0]
    clicks = Correction(video.video_id, "1", 5, "clicks", 2, (40.0,), (56.0,), (1,))
    for run in (whole, cut):
        write_corrections(run, video, [Correction(video.video_id, "1", 9, "absent", 1), clicks])
    config = load_config(Path(str(whole.config_file)), {})
    good = partial(load_round_models, config.models, "cpu")
    rounds = []
    for number, (run, load) in enumerate(((whole, good), (cut, deadly), (cut, good))):
        (results := tmp_path / f"results-{number}").mkdir()
        redrawing = Redrawing(config.sampling, config.jpeg_quality, AnswersInRun(run))
        with run.lock() as lock, run.tidied():
            work = RefineWork(run, 2, config.models, load, redrawing, results)
            (found,) = refine_with_workers(work, lock, [RefineTask(video_keys(run)[0])], lambda n: None)
        rounds.append((VideoRounds.read(run, video).number, bool(found.problem)))
    assert rounds == [(2, False), (1, True), (2, False)]
    assert contents(cut.local) == contents(whole.local)
