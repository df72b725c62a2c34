"""``pointvos report``: one page that shows a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import localized_frames, object_words, unit_records
from pipeline.runs.verdicts import ObjectKey
from pipeline.statistics.run import Survey
from pipeline.terminal.console import WorkProblem, console, summary
from schemas import tables
from schemas.points import PointCandidate
from stages.report.answers import MaskRow
from stages.report.building import VideoRows, reject_groups, video_section
from stages.report.page import write_page
from stages.report.sections import Page, VideoSection

MOST_PICTURES = 600
"""Pictures on one page: some 50 kB each."""


def report(
    run: Run,
    pictures: Annotated[int, typer.Option(min=0, help="Most pictures on the page, some 50 kB each.")] = MOST_PICTURES,
) -> None:
    """Write one self-contained HTML page about a run: `report/index.html`.

    It shows masks and candidates on the frames that people look at, what the answers say about the masks and how far
    they can be trusted, quality over time, what was rejected, and what the work costs people in seconds. It asks
    nothing of the network.

    Example: `pointvos report --run runs/demo`
    """
    folder = run.require()
    survey = Survey.of(folder)
    objects = survey.object_rows()
    n_shown = max(pictures // max(survey.n_objects, 1), 1 if pictures else 0)
    page = Page(
        title=f"Run {folder.path.resolve().name}",
        subtitle=_subtitle(folder),
        facts=survey.facts(),
        shares=survey.shares(),
        costs=survey.costs(),
        rejects=reject_groups(tables.REJECTS.records(tables.REJECTS.read(folder.path))),
        videos=_sections(folder, survey, objects, n_shown, pictures),
        notes=survey.notes(n_shown),
        answers=survey.answers(objects),
    )
    path = folder.path / "report" / "index.html"
    write_page(page, path)
    summary(f"Report of {run}", [("videos", len(survey.videos)), ("size", f"{path.stat().st_size / 1e6:.1f} MB")])
    console.print(f"Open {path}", markup=False)


def _sections(
    folder: RunFolder, survey: Survey, objects: Mapping[ObjectKey, MaskRow], n_shown: int, most: int
) -> Iterator[VideoSection]:
    left = most
    for video in survey.videos:
        candidates: list[PointCandidate] = unit_records(folder, tables.CANDIDATES, video)
        rows = VideoRows(
            video,
            unit_records(folder, tables.MASKS, video),
            candidates,
            survey.statuses,
            object_words(folder, video),
            localized_frames(folder, video),
            {object_id: row for (video_id, object_id), row in objects.items() if video_id == video.video_id},
            unit_records(folder, tables.REPAIRS, video),
        )
        section = video_section(rows, partial(_load, folder, video.video_id), min(n_shown, left))
        left = max(left - sum(len(o.pictures) for o in section.objects), 0)
        yield section


def _load(folder: RunFolder, video_id: str, idx: int) -> NDArray[np.uint8] | None:
    file = folder.frame_file(video_id, idx)
    if not file.is_file():
        return None
    try:
        with Image.open(BytesIO(file.read_bytes())) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        raise WorkProblem(f"{file} is damaged; see what to do with: pointvos doctor --run {folder.path}") from None


def _subtitle(folder: RunFolder) -> str:
    config = folder.config()
    models = config.get("models", {})
    by = f"segmenter {models.get('segmenter', '?')}, propagator {models.get('propagator', '?')}"
    return f"{by} · run {config['run_id']} · config {config['config_hash']}"
