"""``pointvos plan``: what a run would take, before it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from pipeline.capacity.budget import with_workers, within_budget
from pipeline.capacity.cluster import corpus_seconds
from pipeline.capacity.disk_space import free_bytes, size
from pipeline.capacity.estimate import Estimate, estimate
from pipeline.capacity.footage import probe_videos
from pipeline.capacity.needs import costs_on, uses_gpu
from pipeline.capacity.time_left import duration
from pipeline.commands import options, plan_budget, plan_corpus
from pipeline.commands.plan_corpus import corpus_facts, show_corpus
from pipeline.config import RunConfig
from pipeline.runs.folder import RunFolder
from pipeline.runs.inputs import JobList, read_inputs, require_words_understood
from pipeline.terminal.console import REJECTED, console, show_rejects, styled, summary
from schemas.rejects import Reject
from schemas.wording import many

_NAMED = 3
"""Videos of unknown length that are named."""


@options.with_run_options
def plan(
    ctx: typer.Context,
    videos: options.Videos,
    localizations: options.Localizations,
    run: Annotated[
        RunFolder | None,
        typer.Option(
            parser=RunFolder.parse, metavar="DIR", help="The run folder; videos already finished there are skipped."
        ),
    ] = None,
    scale_to: plan_corpus.ScaleTo = None,
    price: plan_corpus.Price = 0.0,
    loss_rate: plan_corpus.LossRate = 0.0,
    budget: plan_budget.Budget = None,
    ground_truth: plan_budget.GroundTruth = None,
    mixes: plan_budget.Mixes = None,
    plot: plan_budget.Plot = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Estimate the time, memory and disk of `annotate` with the same options. Nothing is run or written.

    Memory and disk are upper bounds for any machine; times are based on measurements of the machine that is named. Only
    the headers and first frames of the videos are read.

    With --scale-to, the costs of these videos are extrapolated to a whole corpus on a cluster of workers with one core
    each: hours, money, time lost waiting for the slowest worker, and time lost to restarts.

    With --budget, human work is planned: what mixes of correction rounds, frames and points achieve for all objects in
    this many hours, as measured on videos with ground truth: yours (--ground-truth, --mixes), else some of DAVIS.

    For example:

    - `pointvos plan clips/ --localizations clicks.json --workers 2`
    - `pointvos plan clips/ --localizations clicks.json --budget 40 --mixes mixes.json`
    - `pointvos plan sample/ --localizations clicks.json --scale-to 32000 --workers 64 --price 0.05`
    """
    workers = ctx.params["workers"]
    resolved = options.resolve({**ctx.params, "workers": None if scale_to else workers})
    inputs = read_inputs(resolved)
    resolved = within_budget(resolved, inputs)
    done = run.committed() if run and run.config_file.is_file() else {}
    job_list = JobList(inputs.jobs(resolved), done, len(inputs.files), inputs.n_backgrounds)
    require_words_understood(job_list.open_jobs, resolved.models.localizer)
    footage = probe_videos(job_list.open_jobs)
    resolved = with_workers(footage, resolved)
    rejects = [*inputs.rejects, *(reject for one in footage for reject in one.rejects())]
    foreseen = estimate(footage, resolved)
    facts = _facts(job_list, resolved, foreseen, rejects)
    if scale_to and footage:
        facts["corpus"] = corpus_facts(scale_to, corpus_seconds(footage, resolved, scale_to), workers, price, loss_rate)
    if budget is not None:
        asked = plan_budget.BudgetRequest(budget, ground_truth, mixes, plot)
        facts["budget"] = plan_budget.budget_facts(asked, resolved, sum(job.n_objects for job in job_list.open_jobs))
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
    else:
        for note in inputs.notes:
            console.print(note)
        _show(facts, foreseen, free_bytes(run.local if run else Path.cwd()))
        if "corpus" in facts:
            show_corpus(facts["corpus"])
        if "budget" in facts:
            plan_budget.show_budget(facts["budget"])
        show_rejects(rejects, "the rest would be annotated" if job_list.jobs else "nothing would be annotated")
    if rejects:
        raise typer.Exit(REJECTED)


def _facts(job_list: JobList, config: RunConfig, foreseen: Estimate, rejects: Sequence[Reject]) -> dict[str, Any]:
    costs = costs_on(config.compute.device)
    names = (config.models.segmenter, config.models.propagator)
    return {
        **asdict(foreseen.total),
        "unknown_length": list(foreseen.open_ended),
        "skipped": len(job_list.jobs) - len(job_list.open_jobs),
        "not_localized": job_list.n_videos - len(job_list.jobs),
        "input_skipped": job_list.skipped,
        "rejected": len(rejects),
        "rejects": [asdict(reject) for reject in rejects],
        "models": asdict(config.models),
        "compute": asdict(config.compute),
        "gpu": uses_gpu(config.compute.device),
        "seconds": round(foreseen.seconds, 1),
        "measured_on": costs.machine,
        "not_measured": costs.unmeasured(*names),
        "memory_bytes": round(foreseen.main_bytes),
        "worker_memory_bytes": round(foreseen.worker_bytes),
        "gpu_memory_bytes": round(foreseen.gpu_bytes),
        "temporary_disk_bytes": round(foreseen.spool_bytes),
        "kept_disk_bytes": round(foreseen.kept_bytes),
        "workers": [asdict(share) for share in foreseen.workers],
    }


def _show(facts: Mapping[str, Any], foreseen: Estimate, free_disk: float) -> None:
    models, compute = facts["models"], facts["compute"]
    left_out = {"already done": facts["skipped"], "without hints": facts["not_localized"]}
    notes = ", ".join(f"{count:,} more {what}" for what, count in left_out.items() if count)
    rows: list[tuple[str, object]] = [
        ("videos", f"{facts['videos']:,}" + (f" ({notes})" if notes else "")),
        ("frames, objects", f"{_n_frames(facts)}, {facts['objects']:,}"),
        ("models", f"{models['segmenter']} and {models['propagator']} on the {'GPU' if facts['gpu'] else 'CPU'}"),
        ("time", f"about {duration(facts['seconds'])} (costs measured on: {facts['measured_on']})"),
        ("memory", f"at most {size(facts['memory_bytes'])}, {size(facts['worker_memory_bytes'])} per worker"
                   f" ({size(psutil.virtual_memory().available)} free)"),
        ("disk", f"at most {size(facts['kept_disk_bytes'])} kept, {size(facts['temporary_disk_bytes'])} temporary"
                 f" ({size(free_disk)} free)"),
    ]  # fmt: skip
    if facts["unknown_length"]:
        rows.append(("unknown length", _open_ended(facts["unknown_length"])))
    if facts["gpu"]:
        rows.append(
            ("GPU memory", f"at most {size(facts['gpu_memory_bytes'])}; like the time, computed and not measured")
        )
    if facts["not_measured"]:
        rows.append(
            (
                "not measured",
                f"{', '.join(facts['not_measured'])}; computed from model sizes, or taken from the slowest model",
            )
        )
    for number, share in enumerate(foreseen.workers, 1):
        text = f"{many(share.videos, 'video')}, {many(share.frames, 'frame')}, about {duration(share.seconds)}"
        threads = many(compute["threads"], "thread")
        rows.append((f"worker {number}, {threads}", text))
    if facts["input_skipped"]:
        rows.append(("skipped", facts["input_skipped"]))
    summary("Plan" if facts["videos"] or facts["skipped"] else "Plan: nothing would be annotated", rows)
    if facts["memory_bytes"] > psutil.virtual_memory().available:
        console.print(styled("This exceeds the free memory; limit it with --max-memory.", "yellow"))
    if facts["kept_disk_bytes"] + facts["temporary_disk_bytes"] > free_disk:
        console.print(styled("This exceeds the free disk space; choose another --run.", "yellow"))


def _n_frames(facts: Mapping[str, Any]) -> str:
    """The frames that are known to be there."""
    if facts["unknown_length"] and len(facts["unknown_length"]) == facts["videos"]:
        return "unknown"
    return f"{facts['frames']:,}" + (" and an unknown number" if facts["unknown_length"] else "")


def _open_ended(video_ids: Sequence[str]) -> str:
    more = f" and {len(video_ids) - _NAMED} more" if len(video_ids) > _NAMED else ""
    named = ", ".join(video_ids[:_NAMED]) + more
    return f"{named}: the file does not state its number of frames; only known frames are counted"
