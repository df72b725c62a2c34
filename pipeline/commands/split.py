"""``pointvos split``: which videos are for training, for validation and for the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.runs.fingerprints import Fingerprinted, drop_others, open_keys
from pipeline.runs.folder import RunFolder
from pipeline.runs.provenance import provenance_of, same_page
from pipeline.runs.ranges import video_keys
from pipeline.runs.split_lists import listed_splits, ratios_of
from pipeline.runs.splits import rules_of, split_rows, write_splits
from pipeline.runs.spool import VideoOpener
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, show_problems, summary
from schemas import tables
from schemas.ranges import VideoKey
from schemas.splits import SPLITS, VideoSplit
from schemas.wording import many
from stages.progress import counted_by
from stages.split.assignment import assign, divided_groups
from stages.split.similarity import alike_pairs


def split(
    run: Run,
    ratios: Annotated[str, typer.Option(help="Shares of train, val and test.", metavar="TRAIN/VAL/TEST")] = "80/10/10",
    seed: Annotated[int, typer.Option(help="Seed of the assignment.")] = 0,
    given: Annotated[
        Path | None,
        typer.Option("--list", help="CSV with the columns video and split: an official list.", metavar="FILE"),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare/--no-compare",
            help="Find near-duplicates by comparing the pictures of all videos.",
            show_default="--compare",
        ),
    ] = True,
) -> None:
    """Divide the videos of a run into train, val and test; near-duplicates stay together.

    All objects of a video are in one split. The pictures of all videos are compared, and videos with the same content
    are kept together: copies under other names, also re-encoded, scaled, trimmed, mirrored or cropped ones. The split
    of a video depends on a hash of its id, so the shares are met on average, and it stays the same when videos are
    added. An official `--list` takes precedence.

    Writes the table `splits/` and updates existing points. `merge`, `export` and the PyTorch dataset use the splits.

    Example: `pointvos split --run runs/demo --ratios 80/10/10`
    """
    folder, shares = run.require(), ratios_of(ratios)
    with folder.lock():
        keys = video_keys(folder)
        if not keys:
            raise UsageProblem(f"run {run} has no videos; make some with: pointvos annotate VIDEOS … --run DIR")
        video_ids = [key.video_id for key in keys]
        listed, notes = listed_splits(given, set(video_ids)) if given else ({}, [])
        blind = _fingerprint(folder, keys) if compare else []
        rules = {"split.ratios": "/".join(f"{share:g}" for share in shares), "split.seed": str(seed)}
        is_same = rules.items() <= rules_of(folder).items()
        before = split_rows(folder) if is_same else {}
        pairs = [*same_page(provenance_of(folder)), *(_alike(folder) if compare else [])]
        there = set(video_ids)
        pairs = [pair for pair in pairs if there.issuperset(pair)]
        found = assign(video_ids, pairs, shares, seed, listed, before)
        n_changed = write_splits(folder, found, {**rules, "split.compared": "yes" if compare else "no"})
    _show(folder, found, before, n_changed, compare)
    problems = [*notes, *(f"{one.video_id}: compared by the frames in the run: {one.problem}" for one in blind)]
    show_problems("note:", problems)
    leaks = [_leak(own) for own in divided_groups(found).values()]
    show_problems("leak:", leaks)
    if leaks or blind:
        raise typer.Exit(REJECTED)


def _fingerprint(folder: RunFolder, keys: list[VideoKey]) -> list[Fingerprinted]:
    """Look at the videos that were not looked at yet; returns those whose source cannot be read."""
    from pipeline.runners.table_runner import results, run_table_graph, work_folder
    from pipeline.table_graphs.fingerprint import FingerprintRun

    drop_others(folder, keys)
    folder.remove_leftovers()
    left = open_keys(folder, keys)
    if not left:
        return []
    with work_folder(folder, "split") as work, bar("Comparing", len(left)) as advance, counted_by(advance):
        out = work / "fingerprints.json"
        run_table_graph(folder, FingerprintRun(folder.absolute(), left, VideoOpener(), out), "FingerprintRun")
        made = results(out, Fingerprinted)
    return sorted((one for one in made if one.problem), key=lambda one: one.video_id)


def _alike(folder: RunFolder) -> list[tuple[str, str]]:
    found = sorted(tables.FINGERPRINTS.records(tables.FINGERPRINTS.read(folder.path)), key=lambda one: one.video_id)
    return [(found[i].video_id, found[j].video_id) for i, j in alike_pairs(found)]


def _show(
    folder: RunFolder, found: Sequence[VideoSplit], before: dict[str, VideoSplit], n_changed: int, compare: bool
) -> None:
    counts = Counter(one.split for one in found)
    members = Counter(one.group for one in found)
    groups = {group: n for group, n in members.items() if n > 1}
    moved = sum(before[one.video_id].split != one.split for one in found if one.video_id in before)
    rows: list[tuple[str, object]] = [(f"videos in {name}", counts[name]) for name in SPLITS]
    together = f"{many(sum(groups.values()), 'video')} in {many(len(groups), 'group')}" if groups else "none"
    rows.append(("kept together", together if compare or groups else "not compared"))
    rows += [("moved to the split of their group", moved)] if moved else []
    rows += [("videos whose points changed", n_changed)] if n_changed else []
    summary(f"Splits of {folder.path}", [*rows, ("written to", folder.path / tables.SPLITS.name)])
    alike = [f"{', '.join(one.video_id for one in found if one.group == group)}" for group in sorted(groups)]
    show_problems("near-duplicates:", alike)


def _leak(own: Sequence[VideoSplit]) -> str:
    parts = "; ".join(f"{name}: {', '.join(v.video_id for v in own if v.split == name)}" for name in SPLITS)
    return f"the list separates near-duplicate videos ({parts})"
