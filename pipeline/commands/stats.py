"""``pointvos stats``: what a run holds, counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from pipeline.commands.options import JsonFile, Run
from pipeline.runs.statuses import statuses_by_video
from pipeline.statistics.counts import UNANSWERED, RunCounts
from pipeline.statistics.distribution import Distribution
from pipeline.statistics.people import people_json
from pipeline.terminal.charts import show_bars, show_map
from pipeline.terminal.console import UsageProblem, console, styled, summary
from pipeline.terminal.json_files import write_json
from schemas import tables
from schemas.points import STATUSES
from stages.consensus.audit import AuditTally


def stats(
    run: Run,
    json_file: JsonFile = None,
) -> None:
    """Show statistics of a run: points, frames, answers, mask sizes, point positions, pace, agreement.

    Includes the counts of the official Point-VOS statistics: annotated frames, frames with accepted points, and
    accepted, rejected and ambiguous points, per object and in total. Points are those of `pointvos merge`; before it,
    those that the answers so far would give.

    Example: `pointvos stats --run runs/demo --json stats.json`
    """
    folder = run.require()
    tally = AuditTally(tables.GOLD.records(tables.GOLD.read(folder.path)))
    with statuses_by_video(folder, lambda part: tally.add(part.verdicts.votes())) as statuses_of:
        counts = RunCounts.of(folder, statuses_of)
    if not counts.videos:
        raise UsageProblem(f"run {folder.path} has no videos; make some with: pointvos annotate VIDEOS … --run DIR")
    people = people_json(tally.audit())
    if json_file:
        write_json(json_file.absolute(), counts.to_json() | people)
    _show_counts(str(run), counts)
    _show_objects(counts)
    _show_charts(counts)
    _show_people(people)


def _show_counts(run: str, counts: RunCounts) -> None:
    found = counts.by_status()
    n_confirmed = {fg: counts.foreground[fg, "ACCEPTED" if fg else "REJECTED"] for fg in (True, False)}
    n_decided = {fg: sum(counts.foreground[fg, s] for s in ("ACCEPTED", "REJECTED")) for fg in (True, False)}
    summary(
        f"Statistics of {run}",
        [
            ("videos", counts.videos),
            ("frames", counts.frames),
            ("objects", counts.objects),
            ("masks", counts.masks),
            ("candidates", f"{counts.candidates.total():,}, {counts.candidates[UNANSWERED]:,} of them unanswered"),
            ("points" if counts.is_merged else "points (not merged yet)", sum(found.values())),
            *((f"  {status.lower()}", n) for status, n in found.items()),
            *(
                (f"  in split {split}", sum(n for (s, _), n in counts.points.items() if s == split))
                for split in (sorted({s for s, _ in counts.points}) if counts.is_merged else ())
            ),
            ("annotated frames", counts.annotated_frames),
            ("foreground confirmed by people", _share(n_confirmed[True], n_decided[True])),
            ("background confirmed by people", _share(n_confirmed[False], n_decided[False])),
        ],
    )


def _show_objects(counts: RunCounts) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("of each object", "least", "mean", "median", "most"):
        table.add_column(name, style="cyan" if name == "of each object" else None, justify="left")
    distributions: Mapping[str, Distribution] = {
        "points": counts.points_an_object,
        **{f"{status.lower()} points": counts.status_an_object[status] for status in STATUSES},
        "annotated frames": counts.frames_an_object,
        "frames with accepted points": counts.accepted_frames_an_object,
    }
    for name, distribution in distributions.items():
        table.add_row(name, *(f"{value:,.6g}" for value in distribution.summary().values()))
    console.print(table)


def _show_charts(counts: RunCounts) -> None:
    if counts.points:
        show_bars("Objects by their number of points", counts.points_an_object.shown_bins(10))
        show_bars("Objects by their frames with accepted points", counts.accepted_frames_an_object.shown_bins(1))
    show_bars("Masks by quality", {f"{t / 10:.1f}-{(t + 1) / 10:.1f}": counts.qualities[t] for t in range(10)})
    show_bars("Masks by size", counts.by_size())
    show_bars("Masks by what drew them", dict(sorted(counts.mask_sources.items())))
    if counts.positions.any():
        show_map("Where points lie in the frame (the darker, the more)", counts.positions.tolist())
    if counts.positions_accepted.any():
        show_map("Where accepted points lie", counts.positions_accepted.tolist())


def _show_people(people: Mapping[str, Any]) -> None:
    if not people["pace"]:
        console.print("Nobody has answered yet.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("annotator", "tasks", "points", "s per point", "points per hour", "expected errors"):
        table.add_column(name, style="cyan" if name == "annotator" else None, justify="left")
    for name, one in people["pace"].items():
        errors = one["expected_errors"]
        table.add_row(
            name, f"{one['tasks']:,}", f"{one['points']:,}", f"{one['seconds_a_point']:.2f}",
            f"{one['points_an_hour']:,}" if one["points_an_hour"] else "–", f"{errors['value']:.1%}" if errors else "–",
        )  # fmt: skip
    console.print(styled("Pace", "bold"))
    console.print(table)
    agreement = people["agreement"]
    rows: list[tuple[str, object]] = [("answered by several", agreement["answered_by_several"])]
    for key, name in (("two_agree", "two people agree"), ("fleiss_kappa", "Fleiss' κ")):
        if found := agreement[key]:
            rows.append((name, f"{found['value']:.3f} ({found['low']:.3f}–{found['high']:.3f})"))
    rows.append(("points on which they differ", agreement["differ_on"]))
    summary("Agreement", rows)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of {whole:,}" if whole else "nobody has answered"
