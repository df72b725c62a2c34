"""The real command on small real video files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.runs.folder import RunFolder
from schemas import tables

REPOSITORY = Path(__file__).resolve().parents[3]


def contents(run: Path) -> dict[str, list[bytes | str]]:
    """Name and bytes of every Parquet file of a run."""
    return {str(p.relative_to(run)): p.read_bytes() for p in sorted(run.rglob("*.parquet"))}


def annotate(pointvos, corpus, run, *options):
    return pointvos("annotate", corpus, "--localizations", corpus.parent / "clicks.json", "--run", run, *options)


@pytest.fixture
def copy(annotated, tmp_path):
    """The annotated run, to change."""
    return Path(shutil.copytree(annotated, tmp_path / "run"))


def test_every_video_gets_masks_candidates_and_frames_to_look_at(annotated):
    run = annotated
    videos = {v.video_id: v for v in tables.VIDEOS.records(tables.VIDEOS.read(run))}
    assert {k: v.n_frames for k, v in videos.items()} == {"a": 12, "b": 11, "sub/c": 10}
    masks = tables.MASKS.records(tables.MASKS.read(run))
    assert sum(m.video_id == "a" for m in masks) == 12
    middle = next(m for m in masks if (m.video_id, m.frame_idx) == ("a", 6)).decode()
    assert middle[46, 32 + 16]
    assert not middle[46, 110]
    assert 500 < middle.sum() < 2000
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(run))
    for c in candidates:
        assert RunFolder(run).frame_file(c.video_id, c.frame_idx).is_file()
    assert not (run / ".work").exists()


def test_one_and_two_workers_write_the_same_bytes(pointvos, corpus, annotated, tmp_path, fast):
    assert annotate(pointvos, corpus, tmp_path / "two", *fast, "--workers", "2").returncode == 0
    assert contents(tmp_path / "two") == contents(annotated)


def test_a_second_command_skips_what_is_done(pointvos, corpus, annotated, copy, fast):
    next((copy / "videos").glob("b.*")).unlink()
    answer = annotate(pointvos, corpus, copy, *fast)
    assert "Skipping 2 of 3 videos" in answer.stdout
    assert contents(copy) == contents(annotated)


def test_videos_whose_tables_were_removed_are_annotated_again(pointvos, corpus, annotated, copy, fast):
    shutil.rmtree(copy / "masks")
    next((copy / "candidates").glob("b.*")).unlink()
    answer = annotate(pointvos, corpus, copy, *fast)
    assert answer.returncode == 0, answer.stderr
    assert "Skipping" not in answer.stdout
    assert contents(copy) == contents(annotated)


def test_other_settings_in_the_same_folder_are_refused(pointvos, corpus, annotated, fast):
    answer = annotate(pointvos, corpus, annotated, *fast, "--seed", "5")
    assert answer.returncode == 2
    assert "sampling.seed: 0 → 5" in answer.stderr


def test_bad_videos_and_hints_become_rejects_and_the_rest_goes_on(pointvos, own_corpus, tmp_path, fast):
    corpus = own_corpus
    (corpus / "broken.mp4").write_bytes(b"")
    (corpus / "text.mp4").write_text("not a video")
    clicks = json.loads((corpus.parent / "clicks.json").read_text())
    first = clicks["a"]
    clicks |= {"broken": first, "text": first, "nowhere": first}
    clicks["b"] = {**first, "frame": 99}
    (corpus.parent / "clicks.json").write_text(json.dumps(clicks))
    answer = annotate(pointvos, corpus, tmp_path / "run", *fast)
    assert answer.returncode == 3, answer.stderr
    rows = list(tables.REJECTS.records(tables.REJECTS.read(tmp_path / "run")))
    rejects = {(r.stage, r.error) for r in rows}
    assert {("decode", "empty_file"), ("ingest", "unknown_video"), ("ingest", "unknown_frame")} <= rejects, rows
    assert len([r for r in rejects if r[0] == "decode"]) == 2
    assert {"a", "sub/c"} <= set(tables.VIDEOS.read(tmp_path / "run")["video_id"].to_pylist())


def test_a_video_whose_localizations_changed_is_done_again_and_its_old_result_goes(
    pointvos, own_corpus, tmp_path, fast
):
    run, clicks_file = tmp_path / "run", own_corpus.parent / "clicks.json"
    good = json.loads(clicks_file.read_text())
    clicks_file.write_text(json.dumps({**good, "b": {**good["b"], "frame": 1}}))
    broken = own_corpus / "broken.mp4"
    broken.write_bytes(b"")
    clicks_file.write_text(json.dumps({**json.loads(clicks_file.read_text()), "broken": good["a"]}))
    assert annotate(pointvos, own_corpus, run, *fast).returncode == 3
    shutil.copy(own_corpus / "a.mp4", broken)
    clicks_file.write_text(json.dumps({**good, "broken": good["a"]}))
    again = annotate(pointvos, own_corpus, run, *fast)
    assert again.returncode == 0, again.stdout
    assert "1 video is annotated again" in again.stdout
    run_id = RunFolder(run).metadata()["pointvos.run_id"]
    elsewhere = Path(shutil.copytree(own_corpus, tmp_path / "moved" / "corpus"))
    shutil.copy(clicks_file, elsewhere.parent)
    assert annotate(pointvos, elsewhere, run, *fast).returncode == 0
    assert RunFolder(run).metadata()["pointvos.run_id"] == run_id
    assert annotate(pointvos, own_corpus, tmp_path / "fresh", *fast).returncode == 0
    assert names(run) == names(tmp_path / "fresh")
    assert tables.MASKS.read(run).equals(tables.MASKS.read(tmp_path / "fresh"))


def names(run: Path) -> list[str]:
    """Of every Parquet file of a run."""
    return sorted(contents(run))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--segmenter", "sm"), "unknown segmenter 'sm'"),
        (("--colour", "red"), "No such option"),
        (("--", "--runner=DaskRunner"), "wrong results"),
        (("--", "--runner=MesosRunner"), "runner MesosRunner is not supported"),
        (("--", "--direct_num_workers=2"), "Beam options need a runner"),
        (("--format", "sketch"), "sketch"),
    ],
)
def test_wrong_usage_ends_with_two_and_says_why(pointvos, corpus, tmp_path, options, message):
    answer = annotate(pointvos, corpus, tmp_path / "run", *options)
    assert answer.returncode == 2
    assert message in answer.stderr


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ("gs://bucket/run", "gs:// needs a package that is not installed: pip install 'pointvos[gcp]'"),
        ("hdfs://host/run", "hdfs:// is not supported"),
        ("s3://bucket", "is not a folder of a bucket; give s3://BUCKET/DIR"),
    ],
)
def test_a_run_folder_that_cannot_be_used_is_refused_at_once(pointvos, corpus, tmp_path, run, why):
    answer = annotate(pointvos, corpus, run)
    assert answer.returncode == 2
    assert f"run folder '{run}'" in answer.stderr
    assert why in answer.stderr
    assert not Path(run.replace("//", "/")).exists()


def test_a_missing_corpus_is_wrong_usage(pointvos, corpus, tmp_path):
    clicks = corpus.parent / "clicks.json"
    answer = pointvos("annotate", corpus / "nothing", "--localizations", clicks, "--run", tmp_path / "run")
    assert answer.returncode == 2
    assert "nothing" in answer.stderr


def test_a_run_in_use_is_refused(pointvos, corpus, annotated, fast):
    with RunFolder(annotated).lock():
        answer = annotate(pointvos, corpus, annotated, *fast)
    assert answer.returncode == 2
    assert "in use by another pointvos command" in answer.stderr
    assert annotate(pointvos, corpus, annotated, *fast).returncode == 0


def test_a_full_disk_stops_with_a_sentence_and_keeps_what_is_done(pointvos, corpus, tmp_path, fast):
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        answer = annotate(pointvos, corpus, small / "run", *fast, "--frames", "12")
        assert answer.returncode == 1, answer.stderr
        assert f"Stopped: no space is left at {small}/run/" in answer.stderr
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_narratives_of_the_background_alone_are_skipped_and_nothing_is_wrong(pointvos, corpus, tmp_path, fast):
    narrative = {
        "dataset_id": "set",
        "video_id": "a",
        "keyframe_names": ["0"],
        "actor_narratives": [{"actor_name": "background", "caption": "A wall.", "traces": [], "noun_segments": []}],
    }
    (tmp_path / "narratives.jsonl").write_text(json.dumps(narrative) + "\n", encoding="utf-8")
    run = tmp_path / "run"
    answer = pointvos("annotate", corpus, "--localizations", tmp_path / "narratives.jsonl", "--run", run, *fast)
    assert answer.returncode == 0, answer.stderr
    assert "Nothing was annotated" in answer.stdout
    assert "1 background narrative" in answer.stdout
