"""``pointvos review``: people confirm or correct the candidates in Label Studio."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.console import REJECTED, UsageProblem, WorkProblem, console, summary
from pipeline.review_audit import audit
from pipeline.review_gold import plant_gold
from pipeline.review_session import ReviewSession, client_of, connected, problems_named
from pipeline.review_tables import show_pull, show_push, show_standing
from pipeline.run_folder import RunFolder
from schemas import tables
from schemas.rejects import Reject
from schemas.reviews import ReviewTask
from verification_ui.client import LabelStudioClient, LabelStudioQueue
from verification_ui.label_config import LABELLED_DESIGNS, guidelines, label_config
from verification_ui.ledger import Ledger
from verification_ui.media import QUEUE
from verification_ui.pull import Pulled
from verification_ui.pull import pull as pull_answers
from verification_ui.push import push as push_payloads
from verification_ui.server import DEFAULT_PORT, Server, started
from verification_ui.tasks import build_tasks

review_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Let people confirm or correct the candidates in Label Studio.",
)

RunOption = Annotated[Path, typer.Option("--run", help="The run folder that `pointvos annotate` made.", metavar="DIR")]
DesignOption = Annotated[
    str,
    typer.Option(
        "--design", help="`contact_sheet`: one sheet of magnified crops a task; `frame`: points to fix in place."
    ),
]
UrlOption = Annotated[str | None, typer.Option("--url", help="A Label Studio of yours; without it, the run's own.")]
KeyOption = Annotated[
    Path | None, typer.Option("--api-key-file", help="File with your access token for --url.", metavar="FILE")
]
OverlapOption = Annotated[
    int | None, typer.Option("--overlap", min=1, help="People who answer each task; without it, as it is (1 at first).")
]
GoldShareOption = Annotated[
    float,
    typer.Option(
        "--gold-share", min=0.0, max=1.0, help="Share of the known answers to ask again with a wrong proposal (gold)."
    ),
]
GoldTruthOption = Annotated[
    Path | None,
    typer.Option(
        "--gold-truth", exists=True, help="True masks that make gold; else what people agreed on.", metavar="DIR"
    ),
]


@review_app.command()
def up(
    run: RunOption,
    design: DesignOption = "contact_sheet",
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1 to prefer.")] = DEFAULT_PORT,
) -> None:
    """Start the run's own Label Studio, fill its queue, and wait until Ctrl-C; then the answers are pulled.

    The server listens on this machine only, its sign-up is closed, and its data lies in `DIR/review`.

    Example: `pointvos review up --run demo-run`
    """
    session = _session(run)
    with problems_named():
        console.print("Starting Label Studio …")
        with started(session.folder, session.media, port, _say) as server, client_of(server) as client:
            rejects = _push(session, client, design)
            _tell_how_to_log_in(session, server, client, design)
            _wait(server)
            console.print("Pulling the answers, then ending the server …")
            _pull(session, client)
    _leave(session, rejects)


@review_app.command()
def push(
    run: RunOption,
    design: DesignOption = "contact_sheet",
    url: UrlOption = None,
    api_key_file: KeyOption = None,
    overlap: OverlapOption = None,
    gold_share: GoldShareOption = 0.0,
    gold_truth: GoldTruthOption = None,
) -> None:
    """Put the run's questions into the queue; what is there already stays as it is, so repeat it at will.

    `--overlap 3` asks three people each task; `--gold-share 0.05` hides questions with a known answer and a wrong
    proposal among the others. Both are what `pointvos review audit` measures with; gold never becomes points.

    Example: `pointvos review push --run demo-run --design frame`
    """
    session = _session(run)
    if gold_share:
        console.print(f"{plant_gold(session.run, gold_share, gold_truth):,} gold questions planted.")
    with problems_named(), connected(session, url, api_key_file, _say) as client:
        rejects = _push(session, client, design, overlap)
    _leave(session, rejects)


@review_app.command()
def pull(run: RunOption, url: UrlOption = None, api_key_file: KeyOption = None) -> None:
    """Bring the answers given so far into `DIR/verdicts`: new, edited and taken back.

    What was pulled once is never lost, even when somebody deletes the project.

    Example: `pointvos review pull --run demo-run`
    """
    session = _session(run)
    with problems_named(), connected(session, url, api_key_file, _say) as client:
        _pull(session, client)


@review_app.command()
def status(run: RunOption, url: UrlOption = None, api_key_file: KeyOption = None) -> None:
    """Show what is done and left, who did how much, and how long the rest takes. Pulls first.

    Example: `pointvos review status --run demo-run`
    """
    session = _session(run)
    with problems_named(), connected(session, url, api_key_file, _say) as client:
        _pull(session, client, quiet=True)
    verdicts = tables.VERDICTS.records(tables.VERDICTS.read(run))
    for design in LABELLED_DESIGNS:
        if tasks := session.tasks(design):
            show_standing(design, tasks, verdicts)


review_app.command()(audit)


def _session(run: Path) -> ReviewSession:
    return ReviewSession(RunFolder(run).require())


def _say(sentence: str) -> None:
    console.print(sentence)


def _push(session: ReviewSession, client: LabelStudioClient, design: str, overlap: int | None = None) -> list[Reject]:
    config, rules = label_config(design), guidelines(design)
    tasks = build_tasks(session.asked, design)
    if not tasks:
        raise UsageProblem(f"{session.run.path} has no candidates; make them with: pointvos annotate")
    with _bar("drawing crops", len(tasks)) as advance:
        rejects = list(session.maker.make(tasks, advance))
    shown = [task for task in tasks if not any(reject.key == task.task_key for reject in rejects)]
    _write_tasks(session, design, shown)
    title = session.title(design)
    queue = client.find_queue(title) or client.create_queue(title, config, rules)
    queue.serve_media(session.media / QUEUE)
    if overlap is not None:
        queue.ask_people(overlap)
    with _bar("queueing tasks", len(shown)) as advance:
        pushed = push_payloads(queue, session.payloads(shown), advance)
    show_push(title, shown, pushed, rejects)
    return rejects


def _write_tasks(session: ReviewSession, design: str, tasks: list[ReviewTask]) -> None:
    """Our ledger, before the server hears of them; tasks of earlier pushes stay, their answers refer to them."""
    now = {task.task_key for task in tasks}
    old = [task for task in session.tasks(design) if task.task_key not in now]
    tables.TASKS.write(session.tasks_file(design), [*tasks, *old], session.run.metadata())


def _pull(session: ReviewSession, client: LabelStudioClient, quiet: bool = False) -> None:
    for design in LABELLED_DESIGNS:
        tasks = {task.task_key: task for task in session.tasks(design)}
        if not tasks:
            continue
        queue = client.find_queue(session.title(design))
        if queue is None:
            console.print(
                f"Project {session.title(design)!r} is not on {client.url}; the verdicts pulled before are kept. "
                "Make the queue again with: pointvos review push"
            )
            continue
        pulled = _pull_queue(session, queue, tasks)
        if not quiet:
            show_pull(session.title(design), pulled)


def _pull_queue(session: ReviewSession, queue: LabelStudioQueue, tasks: dict[str, ReviewTask]) -> Pulled:
    ledger = Ledger.of_project(session.run.path, queue.identity)
    return pull_answers(queue, ledger, tasks, session.candidates, session.run.metadata())


def _tell_how_to_log_in(session: ReviewSession, server: Server, client: LabelStudioClient, design: str) -> None:
    queue = client.find_queue(session.title(design))
    project = f"/projects/{queue.project_id}/data?labeling=1" if queue else ""
    credentials = session.folder / "credentials.json"
    shown_password = server.credentials.password if server.is_new else f"in {credentials}"
    summary(
        "Ready for review",
        [
            ("address", f"{server.url}{project}"),
            ("e-mail", server.credentials.email),
            ("password", shown_password + (f"   (shown this once; kept in {credentials})" if server.is_new else "")),
            ("end", "Ctrl-C; the answers are pulled on the way out"),
        ],
    )


def _wait(server: Server) -> None:
    """Until Ctrl-C.

    Raises:
        WorkProblem: the server ended by itself.
    """
    with suppress(KeyboardInterrupt):
        while server.process is not None and server.process.poll() is None:
            time.sleep(0.5)
        raise WorkProblem(
            "Label Studio ended by itself; its log is in DIR/review/server.log. Answers are kept: start it again"
        )


def _leave(session: ReviewSession, rejects: list[Reject]) -> None:
    file = session.run.table_file(tables.REJECTS, "review")
    if rejects:
        tables.REJECTS.write(file, rejects, session.run.metadata())
        console.print(f"{len(rejects)} tasks could not be shown; the reasons are in {file}")
        raise typer.Exit(REJECTED)
    file.unlink(missing_ok=True)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield partial(progress.advance, progress.add_task(what, total=total))
