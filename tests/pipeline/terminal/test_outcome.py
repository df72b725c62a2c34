"""What the commands say on the terminal when input is rejected, skipped or missing, and on Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline.capacity.disk_space import check_room, free_bytes
from pipeline.capacity.estimate import Estimate
from pipeline.runners.progress import Total
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import SHOWN_REJECTS, UsageProblem, show_problems, show_rejects
from schemas import tables
from schemas.rejects import Reject
from tests.stages.ingest.test_vidln import actor, line

REPOSITORY = Path(__file__).resolve().parents[3]


def misnamed(corpus: Path, **names: str) -> Path:
    """The clicks file with videos under other names."""
    file = corpus.parent / "clicks.json"
    clicks = json.loads(file.read_text())
    file.write_text(json.dumps({names.get(name.replace("/", "_"), name): entry for name, entry in clicks.items()}))
    return file


def test_when_nothing_was_annotated_the_headline_says_so_and_the_reasons_follow(pointvos, own_corpus, tmp_path, fast):
    clicks = misnamed(own_corpus, a="aa", b="elsewhere", sub_c="sub/d")
    answer = pointvos("annotate", own_corpus, "--localizations", clicks, "--run", tmp_path / "run", *fast)
    assert answer.returncode == 3
    lines = answer.stdout.splitlines()
    assert "Nothing was annotated" in lines
    assert "Rejected 3: 3 × unknown_video (ingest)" in lines
    assert any("there is no video 'sub/d'" in text and "'sub/c'" in text for text in lines)
    assert "verify it" not in answer.stdout
    assert "view it" not in answer.stdout


def test_some_rejects_are_told_beside_what_was_annotated(pointvos, own_corpus, tmp_path, fast):
    clicks = misnamed(own_corpus, a="aa")
    (own_corpus / "b.mp4").write_bytes(b"")
    answer = pointvos("annotate", own_corpus, "--localizations", clicks, "--run", tmp_path / "run", *fast)
    assert answer.returncode == 3
    assert re.search(r"^Rejected 2: 1 × \w+ \(\w+\), 1 × \w+ \(\w+\)$", answer.stdout, re.MULTILINE)
    assert "  b: empty_file: " in answer.stdout
    assert "empty_file: empty_file" not in answer.stdout
    assert "1 done, 1 rejected" in answer.stdout
    assert "verify it" in answer.stdout
    planned = pointvos("plan", own_corpus, "--localizations", clicks)
    assert planned.returncode == 3
    assert "  aa: unknown_video: there is no video 'aa'" in planned.stdout
    facts = json.loads(pointvos("plan", own_corpus, "--localizations", clicks, "--json").stdout)
    found = [(reject["key"], reject["error"]) for reject in facts["rejects"]]
    assert found == [("aa", "unknown_video"), ("b", "empty_file")]


def test_every_reason_has_an_example_among_those_that_are_shown(capsys):
    many = [Reject("ingest", f"v{i}", "unknown_video", "no such video", "x") for i in range(50)]
    show_rejects([*many, Reject("decode", "[/b]", "damaged", "frame 3 cannot be decoded", "x")], "all of them: here")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Rejected 51: 50 × unknown_video (ingest), 1 × damaged (decode)"
    assert lines[1:3] == ["  v0: unknown_video: no such video", "  v1: unknown_video: no such video"]
    assert lines[SHOWN_REJECTS] == "  [/b]: damaged: frame 3 cannot be decoded"
    assert lines[-1] == "  … and 41 more; all of them: here"
    show_rejects([], "here")
    assert not capsys.readouterr().out


def test_background_narratives_are_skipped_and_counted(pointvos, own_corpus, tmp_path, fast):
    narratives = tmp_path / "narratives.jsonl"
    narratives.write_text(
        line(actor(actor_name="background"), actor(), dataset_id="x", video_id="a", keyframe_names=["0", "5"]) + "\n"
    )
    answer = pointvos("annotate", own_corpus, "--localizations", narratives, "--run", tmp_path / "run", *fast)
    assert answer.returncode == 0, answer.stdout
    assert re.search(r"^skipped +1 background narrative *$", answer.stdout, re.MULTILINE)
    assert tables.REJECTS.read(tmp_path / "run").num_rows == 0
    planned = pointvos("plan", own_corpus, "--localizations", narratives)
    assert planned.returncode == 0
    assert "1 background narrative" in planned.stdout


def needing(n_bytes: float) -> Estimate:
    return Estimate(Total(1, 1, 1), (), 1.0, 1.0, 1.0, 0.0, 0.0, n_bytes)


def test_a_disk_that_is_surely_too_small_is_refused_and_one_that_may_be_is_told(tmp_path, capsys):
    free = free_bytes(tmp_path / "not" / "there")
    check_room(RunFolder(tmp_path), needing(free / 2))
    assert not capsys.readouterr().out
    check_room(RunFolder(tmp_path), needing(2 * free))
    assert "The disk may fill up: the run needs" in capsys.readouterr().out
    with pytest.raises(UsageProblem, match=r"needs up to .* GB of disk, and .* is free at .*; free some space"):
        check_room(RunFolder(tmp_path), needing(20 * free))


def test_a_review_of_nothing_starts_no_server(pointvos, finished_run):
    for file in (finished_run / "candidates").glob("*.parquet"):
        file.unlink()
    for command in (("up",), ("push",), ("push", "--url", "http://127.0.0.1:9", "--api-key-file", "key")):
        answer = pointvos("review", *command, "--run", finished_run)
        assert answer.returncode == 2
        assert "nothing to verify" in answer.stderr
        assert not (finished_run / "review").exists()


@pytest.mark.parametrize("moment", ["loading", "working"])
def test_ctrl_c_says_that_the_same_command_continues(pointvos, corpus, annotated, tmp_path, fast, moment):
    run = tmp_path / "run"
    arguments = ["annotate", str(corpus), "--localizations", str(corpus.parent / "clicks.json"), "--run", str(run)]
    command = [sys.executable, "-m", "pipeline", *arguments, *fast]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        children = []
        if moment == "loading":
            while "libarrow" not in Path(f"/proc/{process.pid}/maps").read_text():
                time.sleep(0.01)
        else:
            while not children:
                time.sleep(0.02)
                children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Interrupted." in said
    assert "the same command again to continue" in said
    assert "Traceback" not in said
    assert not psutil.wait_procs(children, timeout=2)[1]
    if moment == "working":
        assert pointvos(*arguments, *fast).returncode == 0
        assert {f.name for f in run.rglob("*.parquet")} == {f.name for f in annotated.rglob("*.parquet")}


def test_many_problems_are_cut_short_with_their_number(capsys):
    show_problems("rejected", [f"v{i}: no truth" for i in range(25)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "rejected v0: no truth"
    assert lines[20:] == ["… and 5 more"]


def test_a_refused_command_leaves_no_settings_behind(pointvos, own_corpus, tmp_path, fast):
    words = tmp_path / "words.jsonl"
    words.write_text(json.dumps({"video": "a", "object": "1", "expression": "the square"}))
    run = tmp_path / "run"
    refused = pointvos(
        "annotate", own_corpus, "--localizations", words, "--run", run, "--localizer", "owlv2:/no/such/folder", *fast
    )
    assert refused.returncode == 2, refused.stdout
    clicks = own_corpus.parent / "clicks.json"
    corrected = pointvos("annotate", own_corpus, "--localizations", clicks, "--run", run, *fast, "--seed", "3")
    assert corrected.returncode == 0, corrected.stderr


def test_what_a_push_could_not_show_is_no_reject_of_annotate(pointvos, corpus, annotated, tmp_path, fast):
    run = RunFolder(Path(shutil.copytree(annotated, tmp_path / "run")))
    reject = Reject("review", "task", "no_frame", "the frame is missing", "frames/a")
    tables.REJECTS.write(run.table_file(tables.REJECTS, "review"), [reject], run.metadata())
    clicks = corpus.parent / "clicks.json"
    answer = pointvos("annotate", corpus, "--localizations", clicks, "--run", run.path, *fast)
    assert answer.returncode == 0, answer.stdout
    assert "Rejected" not in answer.stdout
