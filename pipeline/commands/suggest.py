"""``pointvos suggest``: what to look at next."""

from __future__ import annotations

import heapq
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from pipeline.commands import options
from pipeline.refining.suggestions import Suggestion, suggestions
from pipeline.runs.ranges import video_keys
from pipeline.runs.units import video_of
from pipeline.terminal.console import UsageProblem, console, quoted


def suggest(
    run: options.Run,
    top: Annotated[int, typer.Option(min=1, help="Number of frames to list.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the frames most worth checking, and how: **points**, **click** or **absent**.

    Frames are ranked by the expected error of the mask, times the surrounding frames that a correction would reach. The
    error is estimated from the quality of the mask and, if points were verified, from those that contradict it. Frames
    that `pointvos refine` flagged come first.

    Example: `pointvos suggest --run runs/demo --top 5`
    """
    folder = run.require()
    keys = video_keys(folder)
    if not keys:
        raise UsageProblem(f"run {folder.path} has no videos; make some with: pointvos annotate VIDEOS … --run DIR")
    every = (one for key in keys for one in suggestions(folder, video_of(folder, key)))
    best = heapq.nsmallest(top, every, key=_order)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in best], ensure_ascii=False, indent=2))
        return
    if not best:
        console.print("Nothing left to check: people have seen every frame of every object.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("video", "object", "frame", "how", "gain", "why"):
        table.add_column(name, justify="right" if name in ("frame", "gain") else "left")
    for one in best:
        table.add_row(one.video_id, one.object_id, str(one.frame_idx), one.how, f"{one.gain:.2f}", one.reason)
    console.print(table)
    console.print(f"Correct masks with: pointvos studio --run {quoted(run)}")


def _order(one: Suggestion) -> tuple[bool, float, int, str, str, int]:
    """Flagged ones first, then the largest gain, then the largest reach."""
    return (not one.is_flagged, -one.gain, -one.n_frames, one.video_id, one.object_id, one.frame_idx)
