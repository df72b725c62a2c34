"""The part of ``pointvos plan`` that plans a corpus on a cluster from a sample of its videos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from pipeline.capacity.cluster import Cluster, replay
from pipeline.capacity.time_left import duration
from pipeline.terminal.console import summary
from schemas.wording import many

ScaleTo = Annotated[
    int | None, typer.Option(help="Plan a corpus of this many videos like these on a cluster of --workers.", min=1)
]
Price = Annotated[float, typer.Option(help="With --scale-to: the price of one worker hour.", min=0)]
LossRate = Annotated[float, typer.Option(help="With --scale-to: the share of workers lost per hour.", min=0)]

CLUSTER_SIZES = (16, 64, 256, 1024)
"""Workers of the clusters that are shown when no number is asked for."""


def corpus_facts(
    n_videos: int, seconds: Sequence[float], n_workers: int | None, price: float = 0.0, loss_rate: float = 0.0
) -> dict[str, Any]:
    """A corpus whose jobs take ``seconds`` on a core, on the cluster that is asked for, or on several sizes."""
    sizes = [n_workers] if n_workers else CLUSTER_SIZES
    found = [asdict(replay(seconds, Cluster(size, price, loss_rate))) for size in sizes]
    endless = {"hours": None, "worker_hours": None, "money": None}
    replays = [one if math.isfinite(one["hours"]) else {**one, **endless} for one in found]
    return {"videos": n_videos, "core_hours": math.fsum(seconds) / 3600, "price": price, "replays": replays}


def show_corpus(corpus: Mapping[str, Any]) -> None:
    """Print what :func:`corpus_facts` found."""
    rows: list[tuple[str, object]] = [("work", f"{corpus['core_hours']:,.0f} core hours")]
    rows += [(many(one["workers"], "worker"), _sentence(one, corpus["price"])) for one in corpus["replays"]]
    summary(f"A corpus of {many(corpus['videos'], 'video')} like these on a cluster", rows)


def _sentence(one: Mapping[str, Any], price: float) -> str:
    if one["hours"] is None:
        return "never finished: workers are lost faster than they finish videos"
    money = f", cost {one['money']:,.0f} at {price:g} per hour" if price else ""
    return (
        f"about {duration(3600 * one['hours'])}, {one['worker_hours']:,.0f} worker hours{money}; "
        f"{one['waiting']:.0%} spent waiting for the slowest, {one['lost']:.0%} lost to restarts"
    )
