import json

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
    assert {"time", "memory", "disk", "worker 1, 2 threads", "worker 2, 2 threads"} <= lines.keys()


@pytest.mark.parametrize("options", [("--segmenter", "sm"), ("--workers", "0")])
def test_a_plan_refuses_what_annotate_refuses(pointvos, corpus, options):
    assert plan(pointvos, corpus, *options).returncode == 2


def test_costs_that_nobody_measured_are_named(pointvos, corpus):
    found = facts(plan(pointvos, corpus, "--propagator", "cutie_base", "--device", "cpu", "--json"))
    assert found["not_measured"] == ["cutie_base"]
