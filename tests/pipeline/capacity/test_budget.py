import json
from types import SimpleNamespace

import pytest

from pipeline.capacity.budget import changes, fit, parse_size, with_workers
from pipeline.capacity.estimate import estimate
from pipeline.capacity.footage import Footage
from pipeline.config import load_config, with_compute
from pipeline.terminal.console import UsageProblem
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile


def film(name, n_objects):
    rows = tuple(Localization(name, str(i), 0, Clicks(((5.0, 5.0),), (1,))) for i in range(n_objects))
    return Footage(VideoJob(VideoFile(name, f"{name}.mp4"), rows, name), 200, 480, 854)


OVERLAY_VIDEOS = [film(name, 20) for name in "abcd"]


def settings(**models):
    dotted = {f"models.{name}": value for name, value in models.items()}
    return load_config(
        None,
        {
            "videos": "v",
            "localizations": "l",
            "compute.device": "cpu",
            "compute.workers": 3,
            "compute.threads": 2,
            **dotted,
        },
    )


def needed(config):
    return estimate(OVERLAY_VIDEOS, config).main_bytes


def test_what_fits_is_left_alone():
    assert fit(OVERLAY_VIDEOS, settings(), needed(settings())) == settings()


def test_every_limit_that_can_be_held_is_held_and_less_memory_gives_more_up():
    steps = []
    limit = needed(settings())
    while True:
        try:
            fitted = fit(OVERLAY_VIDEOS, settings(), limit)
        except UsageProblem:
            break
        assert needed(fitted) <= limit
        steps.append(fitted)
        limit = needed(fitted) - 1
    assert (steps[1].compute.threads, steps[1].compute.workers) == (1, 3)
    assert steps[-1].compute.workers == 1
    assert steps[-1].models.propagator == "embedded_fast"
    assert steps[-1].models.objects_a_pass == 1
    workers = [step.compute.workers for step in steps if step.models.propagator == "embedded"]
    assert workers[0] == 3


def test_cutie_looks_at_smaller_frames_and_remembers_fewer():
    config = settings(propagator="cutie_base", segmenter="grabcut", objects_a_pass=1)
    least = min(
        needed(load_config(None, {"videos": "v", "localizations": "l", "models.propagator": "cutie_base",
                                  "models.segmenter": "grabcut", "models.objects_a_pass": 1, "compute.threads": 1,
                                  "compute.device": "cpu",
                                  "models.limits": {"short_side_px": side, "memory_frames": 4}}))
        for side in (192, 288)
    )  # fmt: skip
    assert fit(OVERLAY_VIDEOS, config, least).models.limits.short_side_px == 192


def test_a_limit_that_nothing_holds_is_refused_with_the_least():
    with pytest.raises(UsageProblem, match=r"no setting fits into 0.10 GB: these videos need at least \d\.\d\d GB"):
        fit(OVERLAY_VIDEOS, settings(), 1e8)


def test_what_was_changed_is_named():
    before = settings()
    after = load_config(
        None,
        {
            "videos": "v",
            "localizations": "l",
            "compute.device": "cpu",
            "compute.workers": 1,
            "compute.threads": 1,
            "models.objects_a_pass": 5,
        },
    )
    assert changes(before, after) == "objects_a_pass 5, workers 1, threads 1"


def test_a_crowded_video_gives_up_objects_from_those_that_are_carried_at_once():
    crowd, alone = [film("a", 60)], with_compute(settings(), workers=1, threads=1)
    least = estimate(crowd, alone).main_bytes
    assert fit(crowd, settings(), least) == alone
    assert fit(crowd, settings(), least - 1).models.objects_a_pass == 12


def chosen(n_films, monkeypatch, cores, free_gb=100, n_objects=1, **compute):
    """Workers and threads that are chosen on a machine."""
    monkeypatch.setattr("pipeline.capacity.budget.n_cores", lambda: cores)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free_gb * 1e9))
    places = {"videos": "v", "localizations": "l", "compute.device": "cpu"}
    config = load_config(None, {**places, **{f"compute.{name}": value for name, value in compute.items()}})
    found = with_workers([film(str(i), n_objects) for i in range(n_films)], config)
    return found.compute.workers, found.compute.threads


def test_there_is_one_worker_of_one_thread_a_core_where_videos_and_memory_allow(monkeypatch):
    assert chosen(20, monkeypatch, cores=8) == (8, 1)
    assert chosen(5, monkeypatch, cores=8) == (5, 1)
    assert chosen(20, monkeypatch, cores=8, free_gb=4.5) == (2, 2)
    assert chosen(20, monkeypatch, cores=8, free_gb=0.5) == (1, 2)
    assert chosen(1, monkeypatch, cores=2) == (1, 2)
    assert chosen(1, monkeypatch, cores=1) == (1, 1)
    assert chosen(1, monkeypatch, cores=4, n_objects=24) == (1, 2)
    assert chosen(1, monkeypatch, cores=4, n_objects=60) == (3, 1)


def test_what_is_asked_for_is_kept(monkeypatch):
    assert chosen(20, monkeypatch, cores=8, workers=3) == (3, 2)
    assert chosen(20, monkeypatch, cores=8, threads=2) == (4, 2)
    assert chosen(20, monkeypatch, cores=2, workers=5, threads=4) == (5, 4)


@pytest.mark.parametrize("text", ["", "4", "GB", "-1GB", "4 elephants"])
def test_a_text_that_is_not_a_size_is_refused(text):
    with pytest.raises(ValueError, match=r"invalid size .*; expected e[.]g[.] 4GB"):
        parse_size(text)


def test_annotate_and_plan_choose_alike_and_say_what(pointvos, corpus, fast, tmp_path):
    hints = ("--localizations", corpus.parent / "clicks.json")
    asked = ("--workers", "3", "--device", "cpu", *fast)
    whole = json.loads(pointvos("plan", corpus, *hints, *asked, "--json").stdout)
    limit = f"{(whole['memory_bytes'] - whole['worker_memory_bytes'] / 2) / 1e6:.0f}MB"
    plan = pointvos("plan", corpus, *hints, *asked, "--max-memory", limit, "--json")
    chosen = json.loads(plan.stdout)["compute"]
    assert (chosen["workers"], chosen["max_memory"]) == (2, limit)
    assert f"Settings for {limit} of memory: workers 2" in plan.stderr
    answer = pointvos("annotate", corpus, *hints, *asked, "--max-memory", limit, "--run", tmp_path / "run")
    assert answer.returncode == 0, answer.stderr
    assert "with 2 workers" in answer.stdout
    refused = pointvos("annotate", corpus, *hints, *asked, "--max-memory", "100MB", "--run", tmp_path / "none")
    assert refused.returncode == 2
    assert "no setting fits into 0.10 GB" in refused.stderr
