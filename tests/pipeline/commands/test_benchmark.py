"""Simulated people in rounds, through the real commands, on a small video whose truth is known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.refining.feedback import contradicted
from pipeline.refining.state import state_of
from pipeline.refining.verified import Verified
from pipeline.runs.folder import RunFolder
from pipeline.runs.points import WrittenPoints, write_points
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.splits import SplitOf
from pipeline.runs.units import unit_records, videos_of
from pipeline.simulation import verdicts as verdict_rounds
from pipeline.simulation.rounds import STARTS, SimulatedUser
from pipeline.simulation.trial import Trial
from schemas import tables
from schemas.ranges import VideoRange
from stages.consensus.opinions import Opinion
from stages.evaluate.ground_truth import find_truth
from stages.segment.prompts import to_prompt

FAST = ("--segmenter", "grabcut", "--propagator", "flow", "--no-repair")
N = 8


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright square that moves, with a part apart that one click does not find, and a square that stands."""
    folder = tmp_path_factory.mktemp("rounds")
    random = np.random.default_rng(0)
    ground = random.integers(0, 60, (96, 160, 3), dtype=np.uint8)
    for name in ("clips", "masks"):
        (folder / name / "a").mkdir(parents=True)
    for i in range(N):
        image, labels = ground.copy(), np.zeros((96, 160), np.uint8)
        for number, (left, top) in enumerate(((20 + 3 * i, 30), (110, 40)), 1):
            image[top : top + 32, left : left + 32] = random.integers(150 + 40 * number, 255, (32, 32, 3))
            labels[top : top + 32, left : left + 32] = number
        image[72:90, 10 + 3 * i : 28 + 3 * i] = random.integers(190, 255, (18, 18, 3))
        labels[72:90, 10 + 3 * i : 28 + 3 * i] = 1
        Image.fromarray(image).save(folder / "clips" / "a" / f"{i:05d}.jpg", quality=95)
        picture = Image.fromarray(labels)
        picture.putpalette(bytes(range(256)) * 3)
        picture.save(folder / "masks" / "a" / f"{i:05d}.png")
    return folder


def run(*words: object) -> str:
    answer = CliRunner().invoke(app, [str(word) for word in words])
    assert answer.exit_code == 0, answer.output
    return answer.output


def size_of(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


@pytest.mark.parametrize("start", STARTS)
def test_a_robot_hints_at_every_object_once_and_always_alike(corpus, start):
    truth = find_truth(corpus / "masks", "a")
    hints = SimulatedUser(start=start).first_hints("a", truth)
    assert [(one.object_id, one.frame_idx) for one in hints] == [("1", 0), ("2", 0)]
    assert {one.hint.kind for one in hints} == {"clicks" if start == "click" else start}
    assert hints == SimulatedUser(start=start).first_hints("a", truth)
    frame = next(iter(truth.frames()))
    for one in hints:
        prompt = to_prompt([one], *frame.labels.shape)
        x, y = prompt.points_px[prompt.labels == 1].astype(int).T
        assert frame.mask(one.object_id)[y, x].all()
        if start == "box":
            y, x = np.nonzero(frame.mask(one.object_id))
            x0, y0, x1, y1 = prompt.box_xyxy_px
            assert x0 <= x.min() <= x.max() < x1
            assert y0 <= y.min() <= y.max() < y1


def test_a_robot_clicks_looks_and_corrects_and_a_cut_off_session_goes_on(corpus: Path, tmp_path: Path) -> None:
    given = ("benchmark", "rounds", corpus / "clips", "--ground-truth", corpus / "masks", *FAST)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    shown = run(*given, "--run", whole, "--rounds", 3, "--json", tmp_path / "whole.json")
    assert "J&F after each round, f3 clicks" in shown
    assert size_of(tmp_path / "whole.png") == (960, 600)
    run(*given, "--run", parts, "--rounds", 2)
    run(*given, "--run", parts, "--rounds", 3, "--json", tmp_path / "parts.json")
    assert json.loads((tmp_path / "whole.json").read_text()) == json.loads((tmp_path / "parts.json").read_text())
    report = json.loads((tmp_path / "whole.json").read_text())
    scores = [one["J&F"] for one in report["rounds"]]
    assert len(scores) == 2  # then nothing is left that is worth a click
    assert scores[0] + 0.05 < scores[1]
    first, second = report["videos"][0]["rounds"][:2]
    assert (report["videos"][0]["n_objects"], first["frames"], first["n_given"]) == (2, [0], 2)
    assert first["seconds"] == 3 + 2 * 1.5
    assert len(second["frames"]) == 1
    assert report["rounds"][1]["seconds"] == pytest.approx((first["seconds"] + second["seconds"]) / 2)
    assert report["videos"][0]["n_labels"] == report["videos"][0]["n_kept"] == second["n_given"]
    assert report["measures"]["points in mask"] == 1.0
    assert report["measures"]["seconds an answer"] == pytest.approx(second["seconds"] / second["n_given"])


def test_answers_alone_correct_masks_and_a_cut_off_session_goes_on(corpus: Path, tmp_path: Path) -> None:
    given = ("benchmark", "rounds", corpus / "clips", "--ground-truth", corpus / "masks", "--by", "verdicts", *FAST)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    shown = run(*given, "--run", whole, "--rounds", 3, "--json", tmp_path / "whole.json")
    assert "J&F after each round, verdicts" in shown
    assert "verdicts per object" in shown
    run(*given, "--run", parts, "--rounds", 2)
    run(*given, "--run", parts, "--rounds", 3, "--json", tmp_path / "parts.json")
    assert json.loads((tmp_path / "whole.json").read_text()) == json.loads((tmp_path / "parts.json").read_text())
    report = json.loads((tmp_path / "whole.json").read_text())
    first, second = report["videos"][0]["rounds"][:2]
    assert first["j_and_f"] + 0.01 < second["j_and_f"]
    folder = RunFolder(whole)
    (video,) = videos_of(folder)
    assert {one.kind for one in VideoRounds.read(folder, video).corrections} <= {"clicks", "absent"}
    state = state_of(video, VideoRounds.read(folder, video), {}, Verified.read(folder, video))
    flagged = {(one.object_id, one.frame_idx) for one in unit_records(folder, tables.FLAGS, video)}
    assert contradicted(state).keys() <= flagged
    verified = [one for one in unit_records(folder, tables.POINTS, video) if one.label is not None]
    masks = {(one.object_id, one.frame_idx): one.decode() for one in unit_records(folder, tables.MASKS, video)}
    kept = [masks.get((p.object_id, p.frame_idx), np.zeros((96, 160)))[p.y, p.x] == p.label for p in verified]
    assert report["measures"]["points in mask"] == np.mean(kept) > 0.95
    assert second["n_given"] == sum(len(points) for points in _answered(folder, 1))


def test_a_session_that_goes_on_holds_masks_to_the_answers_of_all_rounds(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, n_points = RunFolder(tmp_path / "run"), list[int]()
    given = ("benchmark", "rounds", corpus / "clips", "--ground-truth", corpus / "masks", "--by", "verdicts", *FAST)
    run(*given, "--run", folder.path, "--rounds", 2)
    (first,) = tables.VERDICTS.files(folder.path)
    rows = pq.read_table(first)
    half = len(rows) // 2  # as if they had been given in two rounds
    tables.VERDICTS.write_rows(first, rows.slice(0, half))
    second = f"{first.stem[:-2]}02"
    tables.VERDICTS.write_rows(folder.table_file(tables.VERDICTS, second), rows.slice(half))
    shutil.copy(folder.table_file(tables.TASKS, first.stem), folder.table_file(tables.TASKS, second))

    def counted(run: RunFolder, found: VideoRange, opinions: Mapping[str, Opinion], split_of: SplitOf) -> WrittenPoints:
        n_points.append(len(opinions))
        return write_points(run, found, opinions, split_of)

    monkeypatch.setattr(verdict_rounds, "write_points", counted)
    run(*given, "--run", folder.path, "--rounds", 3)
    assert n_points == [len(set(rows["candidate_id"].to_pylist()))]


def _answered(folder: RunFolder, number: int) -> list[list[str]]:
    """Ids of the candidates that were answered in a round of answers, a list a file."""
    files = [file for file in tables.VERDICTS.files(folder.path) if file.stem.endswith(f"-{number:02d}")]
    return [tables.VERDICTS.read_files([file])["candidate_id"].to_pylist() for file in files]


def test_the_run_of_a_robot_is_a_run_like_any_other(corpus: Path, tmp_path: Path) -> None:
    given = ("benchmark", "rounds", corpus / "clips", "--ground-truth", corpus / "masks", "--run", tmp_path, *FAST)
    run(*given, "--rounds", 2, "--clicks", "realistic")
    folder = RunFolder(tmp_path)
    (video,) = videos_of(folder)
    rounds = VideoRounds.read(folder, video)
    assert (rounds.number, rounds.pending) == (1, ())
    assert {one.object_id for one in rounds.corrections} == {"1", "2"}
    assert "a" in run("evaluate", "--run", tmp_path, "--ground-truth", corpus / "masks")


def test_a_video_that_cannot_be_measured_is_named_and_the_others_go_on(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "in")
    for name in ("clips", "masks"):
        shutil.copytree(tmp_path / "in" / name / "a", tmp_path / "in" / name / "b")
    for file in (tmp_path / "in" / "masks" / "b").iterdir():
        Image.new("L", (160, 96)).save(file)
    given = ("--ground-truth", tmp_path / "in" / "masks", "--run", tmp_path / "run", "--rounds", "1", *FAST)
    answer = CliRunner().invoke(app, ["benchmark", "rounds", str(tmp_path / "in" / "clips"), *map(str, given)])
    assert answer.exit_code == 3
    assert "rejected b: its ground truth shows no object that is large enough to be clicked" in answer.output


def test_one_click_in_the_first_frame_is_measured_over_all_frames(corpus: Path, tmp_path: Path) -> None:
    given = ("benchmark", "clickvos", corpus / "clips", "--ground-truth", corpus / "masks", "--run", tmp_path, *FAST)
    shown = run(*given, "--clicks", "random", "--seeds", 2, "--json", tmp_path / "found.json")
    report = json.loads((tmp_path / "found.json").read_text())
    assert [len(report["J by frame"]), report["draws"], len(report["objects"])] == [N, 2, 4]
    assert report["mean"]["J&F"] > 0.5
    assert "deviation" in shown
    assert size_of(tmp_path / "found.png") == (960, 600)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["random-0", "random-1"]


def test_clicks_of_people_are_read_from_a_file(corpus: Path, tmp_path: Path) -> None:
    points = [{"object_id": "1", "x": 36, "y": 46}, {"object_id": "2", "x": 126, "y": 56}]
    (tmp_path / "clicks.json").write_text(json.dumps({"a": {"frame": 0, "points": points}}))
    given = ("benchmark", "clickvos", corpus / "clips", "--ground-truth", corpus / "masks", "--run", tmp_path / "run")
    assert "From one human click per object" in run(
        *given, *FAST, "--clicks", "human", "--localizations", tmp_path / "clicks.json"
    )
    answer = CliRunner().invoke(app, [*map(str, given), *FAST, "--clicks", "human"])
    assert "--clicks human and --localizations FILE belong together" in str(answer.exception)


def test_what_is_asked_wrongly_is_named(corpus: Path, tmp_path: Path) -> None:
    given = ("benchmark", "rounds", corpus / "clips", "--run", tmp_path / "run", "--ground-truth")
    answer = CliRunner().invoke(app, [*map(str, (*given, corpus / "masks")), "--clicks", "f9"])
    assert "click strategy 'f9'; known: f1, f2, f3, realistic" in str(answer.exception).replace("unknown ", "")
    (tmp_path / "empty").mkdir()
    answer = CliRunner().invoke(app, [*map(str, (*given, tmp_path / "empty"))])
    assert "has ground truth below" in str(answer.exception)


def test_a_budget_is_planned_from_mixes_that_are_tried_and_kept(corpus: Path, tmp_path: Path) -> None:
    points = [{"object_id": "1", "x": 36, "y": 46}, {"object_id": "2", "x": 126, "y": 56}]
    (tmp_path / "clicks.json").write_text(json.dumps({"a": {"frame": 0, "points": points}}))
    given = ("plan", corpus / "clips", "--localizations", tmp_path / "clicks.json", "--budget", 0.1, *FAST)
    kept = ("--mixes", tmp_path / "tried.json")
    shown = run(*given, *kept, "--ground-truth", corpus / "masks", "--plot", tmp_path / "plot.png")
    assert "0.1 hours of human work on 2 objects, 180 s each" in shown
    assert size_of(tmp_path / "plot.png") == (960, 600)
    again = json.loads(run(*given, *kept, "--json"))["budget"]
    assert again["measured_on"] == "1 video (a), grabcut and flow"
    best, most = again["best_masks"], again["most_points"]
    assert best["objects"] == 2
    assert most["all_verified"] >= best["all_verified"] > 0
    assert best["j_and_f"] >= most["j_and_f"]
    assert all(one["seconds"] >= 4.5 for one in again["mixes"])


def test_a_budget_is_planned_from_stored_mixes_where_nothing_was_tried(corpus: Path, tmp_path: Path) -> None:
    points = [{"object_id": "1", "x": 36, "y": 46}]
    (tmp_path / "clicks.json").write_text(json.dumps({"a": {"frame": 0, "points": points}}))
    given = ("plan", corpus / "clips", "--localizations", tmp_path / "clicks.json", "--budget", 1, *FAST)
    shown = " ".join(run(*given, "--plot", tmp_path / "plot.png").split())
    stored = Trial.stored()
    assert "These mixes were tried on videos other than yours." in shown
    assert f"Tried on: {stored.measured_on}, {stored.date}." in shown
    assert size_of(tmp_path / "plot.png") == (960, 600)
    assert Trial.from_json(stored.to_json()) == stored
    bought = json.loads(run(*given, "--json"))["budget"]
    assert bought["is_stored"]
    assert {one["rounds"] for one in bought["mixes"]} <= {1, 2, 4, 8}
    assert bought["best_masks"]["j_and_f"] == max(mix.j_and_f for mix in stored.mixes)


def test_a_budget_that_pays_nothing_is_refused(corpus: Path, tmp_path: Path) -> None:
    point = {"object_id": "1", "x": 36, "y": 46}
    (tmp_path / "clicks.json").write_text(json.dumps({"a": {"frame": 0, "points": [point]}}))
    mix = {"rounds": 1, "frames": 3, "points": 5, "seconds": 25.5, "j_and_f": 0.8, "verified": 14.0, "right": 0.99}
    (tmp_path / "tried.json").write_text(json.dumps({"measured_on": "one video", "mixes": [mix]}))
    given = ("plan", corpus / "clips", "--localizations", tmp_path / "clicks.json", "--budget", 0.001, "--mixes")
    answer = CliRunner().invoke(app, [*map(str, given), str(tmp_path / "tried.json")])
    assert "0.001 hours are not enough for one object; it takes 26 seconds at least" in str(answer.exception)
    (tmp_path / "bad.json").write_text("{}")
    answer = CliRunner().invoke(app, [*map(str, given), str(tmp_path / "bad.json")])
    assert f"cannot use tried mixes of {tmp_path / 'bad.json'}: it holds no tried mixes" in str(answer.exception)
