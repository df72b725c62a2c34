import json

import av
import numpy as np
import pytest


def plan(pointvos, corpus, *options):
    return pointvos("plan", corpus, "--localizations", corpus.parent / "clicks.json", *options)


def facts(answer):
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_plan_counts_what_there_is_and_writes_nothing(pointvos, corpus, tmp_path):
    found = facts(plan(pointvos, corpus, "--workers", "2", "--device", "cpu", "--run", tmp_path / "run", "--json"))
    assert (found["videos"], found["frames"], found["objects"], found["skipped"]) == (3, 33, 3, 0)
    assert [worker["videos"] for worker in found["workers"]] in ([1, 2], [2, 1])
    assert (found["gpu"], found["gpu_memory_bytes"], found["not_measured"]) == (False, 0, [])
    assert found["seconds"] > 0
    assert 2 * found["worker_memory_bytes"] < found["memory_bytes"]
    assert not (tmp_path / "run").exists()


def test_what_is_done_in_the_run_folder_is_left_out(pointvos, corpus, annotated, fast):
    found = facts(plan(pointvos, corpus, *fast, "--run", annotated, "--json"))
    assert (found["videos"], found["skipped"]) == (0, 3)


def test_for_people_it_is_a_table_of_the_same(pointvos, corpus):
    answer = plan(pointvos, corpus, "--workers", "2")
    assert answer.returncode == 0
    lines = {line.split("  ")[0]: line for line in answer.stdout.splitlines()}
    assert lines["frames, objects"].split() == ["frames,", "objects", "33,", "3"]
    assert "embedded and embedded" in lines["models"]
    assert {"time", "memory", "disk", "worker 1, 1 thread", "worker 2, 1 thread"} <= lines.keys()


@pytest.mark.parametrize("options", [("--segmenter", "sm"), ("--workers", "0")])
def test_a_plan_refuses_what_annotate_refuses(pointvos, corpus, options):
    assert plan(pointvos, corpus, *options).returncode == 2


def test_costs_that_nobody_measured_are_named(pointvos, corpus):
    found = facts(plan(pointvos, corpus, "--propagator", "cutie_base", "--device", "cpu", "--json"))
    assert found["not_measured"] == ["cutie_base"]


def without_duration(path, n_frames=40):
    """A WebM as browsers record it: no length in its head, for it was not known yet."""
    with av.open(str(path), "w", format="webm", options={"live": "1"}) as container:
        stream = container.add_stream("libvpx", rate=25, width=64, height=48, pix_fmt="yuv420p")
        for idx in range(n_frames):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 4 * idx, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_an_unknown_length_is_planned_as_unknown_and_named(pointvos, tmp_path):
    (tmp_path / "v").mkdir()
    without_duration(tmp_path / "v" / "recorder.webm")
    hints = tmp_path / "clicks.json"
    hints.write_text(json.dumps({"recorder": {"frame": 5, "points": [{"object_id": 1, "x": 9, "y": 9}]}}))
    found = facts(pointvos("plan", tmp_path / "v", "--localizations", hints, "--json"))
    assert (found["unknown_length"], found["frames"]) == (["recorder"], 6)
    answer = pointvos("plan", tmp_path / "v", "--localizations", hints)
    rows = {line.split("  ")[0]: line.split() for line in answer.stdout.splitlines()}
    assert rows["frames, objects"][2:] == ["unknown,", "1"]
    assert "recorder: the file does not state its number of frames" in answer.stdout


def test_a_sample_is_scaled_to_a_corpus_on_a_cluster(pointvos, corpus):
    options = ("--scale-to", "3000", "--price", "0.5", "--device", "cpu")
    found = facts(plan(pointvos, corpus, *options, "--json"))["corpus"]
    assert (found["videos"], [one["workers"] for one in found["replays"]]) == (3000, [16, 64, 256, 1024])
    assert found["replays"][0]["money"] == pytest.approx(found["replays"][0]["hours"] * 16 * 0.5)
    answer = plan(pointvos, corpus, *options, "--workers", "100000", "--loss-rate", "0.1")
    assert "A corpus of 3,000 videos like these on a cluster" in answer.stdout
    assert "never finished: workers are lost faster than they finish videos" in answer.stdout
