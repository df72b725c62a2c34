"""``pointvos report``: one page that shows a run, what should be checked first."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.reporting.lists import MOST_LOOKS, ListBuilder, overlay_videos_of
from pipeline.reporting.pictures import PictureMaker, wanted_pictures
from pipeline.runs.folder import RunFolder
from pipeline.runs.statuses import statuses_by_video
from pipeline.statistics.reading import VideoReading
from pipeline.statistics.run import RunStatistics
from pipeline.terminal.bar import bar
from pipeline.terminal.console import console, show_problems, summary
from schemas import tables
from schemas.whole_files import left_behind
from schemas.wording import many
from stages.arithmetic import use_one_thread_an_operation
from stages.report.building import reject_groups
from stages.report.files import ReportFiles
from stages.report.page import write_page
from stages.report.sections import Lists, Page
from verification_ui.gate.access import Access

MOST_PICTURES = 600
"""Pictures of one page: some 50 kB each."""
_PICTURES_AN_OBJECT, _MOST_EMBEDDED = 13, 150


def report(
    run: Run,
    pictures: Annotated[int, typer.Option(min=0, help="Maximum number of pictures, about 50 kB each.")] = MOST_PICTURES,
    one_file: Annotated[
        bool | None,
        typer.Option(
            "--one-file/--folder",
            help="Put pictures and details into the page, or into files beside it.",
            show_default="one file up to about ten objects",
        ),
    ] = None,
) -> None:
    """Write one HTML page about a run: `report/index.html`, frames that need attention first.

    The page starts with the frames most worth checking, with pictures and reasons, and lists all objects and videos.
    Then it shows what the answers say about the masks and how reliable they are, statistics, rejected input, and the
    human work in seconds. It needs no network and opens as a file.

    Example: `pointvos report --run runs/demo`
    """
    folder = run.require()
    use_one_thread_an_operation()
    statistics = RunStatistics.begin(folder)
    n_objects = sum(video.n_objects for video in statistics.videos)
    is_embedded = min(pictures, n_objects * _PICTURES_AN_OBJECT) <= _MOST_EMBEDDED if one_file is None else one_file
    files = ReportFiles(folder.path / "report", is_embedded)
    lists = ListBuilder(folder, statistics.flags, files, overlay_videos=overlay_videos_of(folder))
    with (
        statuses_by_video(folder, statistics.add_answers) as statuses_of,
        bar("Reading", len(statistics.videos)) as advance,
    ):
        for video in statistics.videos:
            read = VideoReading.of(folder, video, statuses_of(video.video_id))
            statistics.add(folder, read)
            lists.add(read)
            advance(1)
    files.close_chunk()
    problems = _draw(folder, statistics, lists, pictures)
    path = files.folder / "index.html"
    _write(folder, statistics, lists, len(problems))
    rows: list[tuple[str, object]] = [
        ("videos", len(statistics.videos)),
        ("objects", len(lists.objects)),
        ("frames that need attention", lists.n_looks),
        ("pictures", len(files.names)),
        ("size of the page", f"{path.stat().st_size / 1e6:.1f} MB"),
    ]
    summary(f"Report of {run}", rows)
    show_problems("no pictures of", problems)
    console.print(f"Open {path}", markup=False)


def _draw(folder: RunFolder, statistics: RunStatistics, lists: ListBuilder, most: int) -> list[str]:
    wanted = wanted_pictures(lists.looks(), lists.objects, lists.asked, most)
    total = sum(len(found) for frames in wanted.values() for found in frames.values())
    with bar("Drawing", total) as advance:
        return PictureMaker(folder, lists.files).draw_all(statistics.videos, wanted, advance)


def _write(folder: RunFolder, statistics: RunStatistics, lists: ListBuilder, n_unread: int) -> None:
    """Write the page, then remove what earlier pages left."""
    files, looks = lists.files, lists.looks()
    page = Page(
        title=f"Run {folder.path.absolute().name}",
        subtitle=_subtitle(folder),
        lead=_lead(statistics, lists),
        facts=statistics.facts(),
        shares=statistics.shares(),
        costs=statistics.costs(),
        rejects=reject_groups(tables.REJECTS.records(tables.REJECTS.read(folder.path))),
        notes=_notes(lists, n_unread),
        answers=statistics.answers(statistics.object_rows()),
        bars=statistics.bars(),
        maps=statistics.maps(),
    )
    studio = Access(folder.local / "studio").last_page()
    content = Lists(
        lists.videos, lists.objects, looks, files.chunks, files.names, str(folder), studio.origin if studio else ""
    )
    for stale in left_behind(files.folder):
        stale.unlink(missing_ok=True)
    write_page(page, content, files, files.folder / "index.html")
    files.remove_others()


def _lead(statistics: RunStatistics, lists: ListBuilder) -> str:
    """The run and what is to be done, in sentences."""
    n_videos, n_objects, n_looks = len(lists.videos), len(lists.objects), lists.n_looks
    sentences = [f"{many(n_objects, 'object')} in {many(n_videos, 'video')}."]
    if n_looks == 1:
        sentences.append("1 frame needs attention.")
    elif n_looks:
        sentences.append(f"{n_looks:,} frames need attention; those most worth checking come first.")
    elif n_objects:
        sentences.append("No frame stands out.")
    if statistics.n_candidates:
        answered = f"{statistics.n_answered:,} of {many(statistics.n_candidates, 'point')}"
        sentences.append(
            f"People have answered {answered} ({100 * statistics.n_answered / statistics.n_candidates:.0f} %)."
        )
    return " ".join(sentences)


def _notes(lists: ListBuilder, n_unread: int) -> tuple[str, ...]:
    found = []
    if lists.n_looks > MOST_LOOKS:
        found.append(f"Only the {MOST_LOOKS:,} frames most worth checking are listed, of {lists.n_looks:,}.")
    if n_unread:
        found.append(f"{many(n_unread, 'video')} could not be read when this page was written: pictures are missing.")
    return tuple(found)


def _subtitle(folder: RunFolder) -> str:
    config = folder.config()
    models = config.get("models", {})
    by = f"segmenter {models.get('segmenter', '?')}, propagator {models.get('propagator', '?')}"
    return f"{by} · run {config['run_id']} · config {config['config_hash']}"
