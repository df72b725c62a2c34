"""``python -m tests.bench.cluster_costs``: what a corpus like that of Point-VOS takes, for ``docs/cluster.md``.

Numbers come from ``pipeline/capacity/costs.json``, for cores with bfloat16; run it when those change.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from pipeline.capacity.cluster import Cluster, Replay, corpus_seconds, replay
from pipeline.capacity.costs import load_costs
from pipeline.capacity.footage import Footage
from pipeline.capacity.time_left import duration
from pipeline.config import RunConfig, load_config
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile
from tests.bench.pages import table

PAGE = Path(__file__).parents[2] / "docs/cluster.md"
BEGIN, END = "<!-- measured costs: python -m tests.bench.cluster_costs -->\n", "<!-- end of measured costs -->\n"
N_VIDEOS, MEAN_OBJECTS = 32_000, 133_000 / 32_000
_FPS, _HEIGHT, _WIDTH = 30, 720, 1280
_MEDIAN_S, _SPREAD, _SHORTEST_S, _LONGEST_S = 9.0, 0.3, 2.0, 60.0
_SAMPLE = 4_000
PRICE, SPOT_PRICE, SPOT_LOSSES = 0.05, 0.015, 0.02
"""Of an hour of a vCPU with 4 GB, in dollars, and the share of spot machines that is taken away in an hour."""
_HEAD = ("workers", "on demand", "waiting", "dollars", "spot", "restarts", "dollars")
SIZES = (16, 96, 256, 1024)
_MODELS = ("embedded", "grabcut and flow")


def block() -> str:
    """The part of the page that is made from measured costs."""
    costs = [[name, *(_minute(n_objects, _settings(name)) for n_objects in (1, 4, 20))] for name in _MODELS]
    head = ["models", "1 object", "4 objects", "20 objects"]
    seconds = corpus_seconds(videos(_SAMPLE), _settings("embedded"), N_VIDEOS, load_costs())
    rows = [_row(f"{size:,}", seconds, size) for size in SIZES]
    small = corpus_seconds(videos(_SAMPLE), _settings(_MODELS[1]), N_VIDEOS, load_costs())
    rows.append(_row(f"256, {_MODELS[1]}", small, 256))
    longest = replay(seconds, Cluster(1)).longest_s
    return (
        f"Core-minutes for a minute of video, {_HEIGHT}p at {_FPS} frames a second, hints on one frame:\n\n"
        f"{table(head, costs)}\n"
        f"{N_VIDEOS:,} videos take {math.fsum(seconds) / 3600:,.0f} core hours; the longest one, "
        f"or batch of objects of one, takes {duration(longest)}.\n\n"
        f"{table(_HEAD, rows)}"
    )


def _settings(models: str) -> RunConfig:
    segmenter, _, propagator = models.partition(" and ")
    chosen = {"models.segmenter": segmenter, "models.propagator": propagator or segmenter, "compute.device": "cpu"}
    return load_config(None, {"videos": "v", "localizations": "l", **chosen})


def videos(count: int) -> list[Footage]:
    """A sample of the corpus: lengths log-normal, numbers of objects geometric, all localized on the middle frame."""
    rng = np.random.default_rng(0)
    lengths_s = np.clip(rng.lognormal(np.log(_MEDIAN_S), _SPREAD, count), _SHORTEST_S, _LONGEST_S)
    evenly = rng.permutation((np.arange(count) + 0.5) / count)
    n_objects = np.ceil(np.log(1 - evenly) / np.log(1 - 1 / MEAN_OBJECTS)).astype(int)
    facts = zip(lengths_s.tolist(), n_objects.tolist(), strict=True)
    return [_footage(str(number), length_s, objects) for number, (length_s, objects) in enumerate(facts)]


def _footage(name: str, length_s: float, n_objects: int) -> Footage:
    n_frames = round(length_s * _FPS)
    clicks = Clicks(((5.0, 5.0),), (1,))
    places = tuple(Localization(name, str(number), n_frames // 2, clicks) for number in range(n_objects))
    return Footage(VideoJob(VideoFile(name, f"{name}.mp4"), places, "0"), n_frames, _HEIGHT, _WIDTH)


def _minute(n_objects: int, config: RunConfig) -> str:
    (seconds,) = corpus_seconds([_footage("minute", 60.0, n_objects)], config, 1, load_costs())
    return f"{seconds / 60:.1f}"


def _row(name: str, seconds: list[float], n_workers: int) -> list[str]:
    steady = replay(seconds, Cluster(n_workers, PRICE))
    spot = replay(seconds, Cluster(n_workers, SPOT_PRICE, SPOT_LOSSES))
    waiting, restarts = f"{steady.waiting:.0%}", f"{spot.lost:.0%}"
    return [name, _hours(steady), waiting, f"{steady.money:,.0f}", _hours(spot), restarts, f"{spot.money:,.0f}"]


def _hours(found: Replay) -> str:
    return duration(3600 * found.hours)


def with_block(page: str) -> str:
    """The page with its part of measured costs made anew."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{block()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_block(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
