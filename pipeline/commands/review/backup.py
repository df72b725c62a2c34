"""``pointvos review backup`` and ``restore``: a queue with its answers in one file, and back into any server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Run, on_this_machine
from pipeline.commands.review.options import KeyOption, UrlOption
from pipeline.commands.review.session import ReviewSession, connected, problems_named
from pipeline.runs.folder import RunFolder
from pipeline.runs.turns import one_at_a_time
from pipeline.terminal.bar import bar
from pipeline.terminal.console import UsageProblem, console, summary
from schemas import tables
from schemas.remote_paths import AnyPath
from schemas.reviews import DESIGNS
from schemas.whole_files import write_whole
from schemas.wording import many
from verification_ui.page.media_paths import QUEUE
from verification_ui.queue.archive import Archive, read_archive, write_archive
from verification_ui.queue.backup import copy_queue, restore_queue
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.ledger import Ledger
from verification_ui.queue.storages import serve

_KEPT = (tables.TASKS, tables.VERDICTS, tables.SKIPS, tables.GOLD)
_TABLE_FILE = re.compile(rf"({'|'.join(table.name for table in _KEPT)})/[A-Za-z0-9_][A-Za-z0-9_.-]*\.parquet")


def backup(
    run: Run,
    file: Annotated[
        Path,
        typer.Argument(help="The file to write, for example `queue.zip`.", metavar="FILE", callback=on_this_machine),
    ],
    url: UrlOption = None,
    api_key_file: KeyOption = None,
) -> None:
    """Write the run's queues into one file: tasks, answers, settings, and what was pulled before.

    Every member has a checksum. The file holds the annotators' addresses, but no passwords, keys or drafts.

    Example: `pointvos review backup queue.zip --run demo-run`
    """
    session = ReviewSession(run.require())
    with problems_named(), connected(session, url, api_key_file, console.print) as client:
        queues = tuple(copy_queue(queue) for queue in _queues(session, client))
    run_id = session.run.metadata()["pointvos.run_id"]
    if not queues:
        raise UsageProblem(f"no queue of run {run_id} is on the server; make one with: pointvos review push")
    kept = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in _table_files(run)}
    with problems_named():
        write_archive(file, Archive(run_id, queues, kept))
    summary(
        f"Backup {file}",
        [(queue.title, f"{many(len(queue.tasks), 'task')}, {many(queue.n_answers, 'answer')}") for queue in queues],
    )


def restore(
    run: Run,
    file: Annotated[Path, typer.Argument(exists=True, help="What `review backup` wrote.", metavar="FILE")],
    url: UrlOption = None,
    api_key_file: KeyOption = None,
) -> None:
    """Restore the queues of a backup on the run's server or another: adds missing tasks with their answers.

    Tasks that somebody has answered since stay as they are. People keep their names; give them new log-in links with
    `pointvos review users add`. Their answers carry the time of the restore.

    Example: `pointvos review restore queue.zip --run demo-run`
    """
    session = ReviewSession(run.require())
    rows: list[tuple[str, object]] = []
    with problems_named():
        archive = _of_this_run(session, file)
        _restore_tables(run, archive)
        with connected(session, url, api_key_file, console.print) as client:
            for copy in archive.queues:
                with bar("restoring tasks", len(copy.tasks)) as advance:
                    restored = restore_queue(client, copy, advance)
                serve(restored.queue, session.place, session.media / QUEUE)
                old, new = (
                    Ledger.of_project(run.path, identity) for identity in (copy.identity, restored.queue.identity)
                )
                with one_at_a_time(session.run, "pull"):
                    new.take_over(old, session.run.metadata())
                rows.append((copy.title, f"{many(restored.n_added, 'task')} restored, {restored.n_left:,} unchanged"))
    summary(f"Restored from {file}", rows)


def _queues(session: ReviewSession, client: LabelStudioClient) -> list[LabelStudioQueue]:
    found = (client.find_queue(session.title(design)) for design in DESIGNS)
    return [queue for queue in found if queue is not None]


def _table_files(run: RunFolder) -> list[AnyPath]:
    return [path for table in _KEPT for path in table.files(run.path)]


def _of_this_run(session: ReviewSession, file: Path) -> Archive:
    archive, run_id = read_archive(file), session.run.metadata()["pointvos.run_id"]
    if archive.run_id != run_id:
        raise UsageProblem(f"{file} is a backup of run {archive.run_id}, but {session.run.path} is run {run_id}")
    return archive


def _restore_tables(run: RunFolder, archive: Archive) -> None:
    """Files that the run has stay: they may know more."""
    for name, content in archive.tables.items():
        if not _TABLE_FILE.fullmatch(name):
            raise UsageProblem(f"the backup holds the unexpected file {name!r}; it was not made by pointvos")
        path = run.path / name
        if not path.exists():
            write_whole(path, content)
