"""``pointvos review``: people confirm or correct the candidates in Label Studio."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.commands.review.audit import audit
from pipeline.commands.review.backup import backup, restore
from pipeline.commands.review.doctor import doctor
from pipeline.commands.review.down import down
from pipeline.commands.review.gold import plant_gold
from pipeline.commands.review.links import ANNOTATOR, page_of, require_annotator, show_link
from pipeline.commands.review.options import (
    AdjudicatorOption,
    AuditShareOption,
    DesignOption,
    ExcludeOption,
    GoldShareOption,
    GoldTruthOption,
    HostOption,
    KeyOption,
    OverlapOption,
    PortOption,
    SecondLookOption,
    UrlOption,
)
from pipeline.commands.review.planning import NOTHING_TO_ASK, doubtful_of, planned
from pipeline.commands.review.pull import pull_all
from pipeline.commands.review.push import exit_with_rejects, push_design
from pipeline.commands.review.second_look import queue_second_looks, queue_while_open, show_second_looks, want
from pipeline.commands.review.session import ReviewSession, client_of, connected, problems_named
from pipeline.commands.review.status import status
from pipeline.commands.review.users import users_app
from pipeline.runs.annotators import annotators_of
from pipeline.runs.folder import RunFolder
from pipeline.runs.verdicts import require_annotators
from pipeline.terminal.console import UsageProblem, console, summary
from schemas.checks import require_choice
from schemas.reviews import DESIGNS, ReviewTask
from verification_ui.gate.serving import gate_open
from verification_ui.queue.plan import Selection
from verification_ui.server.accounts import add_account
from verification_ui.server.server import started

review_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Let people confirm or correct the candidates in Label Studio.",
)


@review_app.command()
def up(
    run: Run,
    design: DesignOption = "contact_sheet",
    annotator: Annotated[str, typer.Option("--annotator", help="Who answers; verdicts carry this name.")] = ANNOTATOR,
    host: HostOption = None,
    port: PortOption = None,
    second_look: SecondLookOption = None,
) -> None:
    """Start the run's own Label Studio, fill its queue, and wait until Ctrl-C; then the answers are pulled.

    Prints a link that logs `--annotator` in once. Without a terminal, the link is written to a file in `DIR/review`
    that only you can read. Links for others: `pointvos review users add`.

    The page is served on this machine only. It lets annotators answer questions and do nothing else. While it is open,
    answers that contradict the proposal are queued once more, as `pointvos review pull` does.

    Example: `pointvos review up --run demo-run`
    """
    session = _session(run)
    require_annotator(annotator)
    want(session, second_look)
    with problems_named(), planned(session, _selection(session, design, [])) as push_plan:
        push_plan.require_tasks()
        page = page_of(session, host, port)
        console.print("Starting Label Studio …")
        with started(session.folder, session.media, say=_print) as server, client_of(server) as client:
            rejects = push_design(push_plan, client)
            queue_second_looks(session, client)
            add_account(client, session.folder, annotator)
            with gate_open(server, session.shown, page, _print) as now:
                summary("Ready for review", [("address", now.origin), ("annotator", annotator)])
                show_link(session, now, annotator)
                console.print("Stop with Ctrl-C; the answers are pulled first.")
                queue_while_open(session, client, server)
            console.print("Pulling the answers, then stopping the server …")
            pull_all(session, client)
    show_second_looks(session)
    exit_with_rejects(session, rejects)


@review_app.command(context_settings={"allow_extra_args": True})
def push(
    run: Run,
    design: DesignOption = "contact_sheet",
    url: UrlOption = None,
    api_key_file: KeyOption = None,
    overlap: OverlapOption = None,
    gold_share: GoldShareOption = 0.0,
    gold_truth: GoldTruthOption = None,
    audit_share: AuditShareOption = 0.0,
    exclude: ExcludeOption = None,
    adjudicator: AdjudicatorOption = None,
    second_look: SecondLookOption = None,
) -> None:
    """Add the run's questions to the queue. Existing tasks stay as they are; the command can be repeated at any time.

    `--overlap 3` has each task answered by three people; `--gold-share 0.05` hides questions with a known answer and a
    wrong proposal among the others; `--audit-share 0.05` asks a sample again without any proposal, one pixel at a time,
    in a queue of its own. `pointvos review audit` uses all three. Gold never becomes points, and a blind answer only if
    there is no other.

    `--design adjudication` asks once more, blindly, what people disagree on; that answer decides in `pointvos merge`.
    With `--second-look`, `pointvos review pull` queues once more what one person answered against the proposal.
    `--exclude NAME` asks again what only NAME has answered.

    Example: `pointvos review push --run demo-run --design frame`
    """
    session = _session(run)
    want(session, second_look)
    if gold_share:
        console.print(f"{plant_gold(session.run, gold_share, gold_truth):,} gold questions added.")
    selection, again = _selected(session, design, exclude or [], adjudicator or [])
    with problems_named(), planned(session, selection, again) as push_plan:
        push_plan.require_tasks()
        with connected(session, url, api_key_file, _print) as client:
            rejects = push_design(push_plan, client, overlap)
            if audit_share:
                with planned(session, Selection("single", blind_share=audit_share)) as audit_plan:
                    rejects += push_design(audit_plan, client)
    exit_with_rejects(session, rejects)


@review_app.command()
def pull(run: Run, url: UrlOption = None, api_key_file: KeyOption = None) -> None:
    """Copy the answers given so far into `DIR/verdicts`: new, edited and deleted ones.

    Pulled verdicts are kept, even if somebody deletes the project.

    Answers of one person that contradict the proposal are queued once more, one pixel at a time; the second answer
    counts in `pointvos merge`. Where several people answer each task, this is off; see `pointvos review push
    --second-look`.

    Example: `pointvos review pull --run demo-run`
    """
    session = _session(run)
    with problems_named(), connected(session, url, api_key_file, _print) as client:
        pull_all(session, client)
        queue_second_looks(session, client)


for command in (status, audit, down, doctor, backup, restore):
    review_app.command()(command)
review_app.add_typer(users_app, name="users")


def _selected(
    session: ReviewSession, design: str, excluded: list[str], adjudicators: list[str]
) -> tuple[Selection, list[ReviewTask]]:
    """What to ask, and which tasks to ask again.

    Raises:
        UsageProblem: adjudicators are named for another design, or somebody is excluded who has answered nothing.
        typer.Exit: there is no conflict to adjudicate.
    """
    if adjudicators and design != "adjudication":
        raise UsageProblem(f"--adjudicator goes with --design adjudication, not with {design!r}")
    again = []
    if excluded:
        require_annotators(annotators_of(session.run), excluded)
        again = session.asked_again(design, excluded)
    selection = _selection(session, design, excluded)
    if selection.chosen is not None and not selection.chosen:
        console.print(f"Nothing to ask again: {NOTHING_TO_ASK[design]}.")
        raise typer.Exit
    if adjudicators:
        session.write_notes(design, adjudicators=tuple(sorted(adjudicators)))
    return selection, again


def _selection(session: ReviewSession, design: str, excluded: list[str]) -> Selection:
    try:
        require_choice("review design", design, DESIGNS)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    return Selection(design, chosen=doubtful_of(session, design, excluded))


def _session(run: RunFolder) -> ReviewSession:
    return ReviewSession(run.require())


def _print(sentence: str) -> None:
    console.print(sentence)
