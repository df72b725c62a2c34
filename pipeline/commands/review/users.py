"""``pointvos review users``: who may log in to the run's own server."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.commands.review.links import page_of, require_annotator, show_link
from pipeline.commands.review.options import UrlOption
from pipeline.commands.review.session import ReviewSession, connected, problems_named
from pipeline.terminal.console import UsageProblem, console, summary
from verification_ui.gate.access import Access
from verification_ui.server.accounts import accounts, add_account, disable_account
from verification_ui.server.credentials import EMAIL

users_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Add, list and disable accounts on the run's own Label Studio.",
)

EmailArgument = Annotated[str, typer.Argument(help="E-mail address; verdicts carry it as the annotator's name.")]


@users_app.command("list")
def list_users(run: Run, url: UrlOption = None) -> None:
    """Show who has an account.

    Example: `pointvos review users list --run demo-run`
    """
    session = _own_server(run, url)
    with problems_named():
        found = accounts(session.folder)
    summary("Accounts", [(a.email, f"{_status_of(a.is_active)}, last login {a.last_login or 'never'}") for a in found])


@users_app.command()
def add(run: Run, email: EmailArgument, url: UrlOption = None) -> None:
    """Create an account with a link that logs in once; also gives a new link, or re-enables an account.

    The link is printed on a terminal; without one, it is written to a file in `DIR/review` that only you can read. It
    works while `pointvos review up` runs.

    Example: `pointvos review users add ann@example.org --run demo-run`
    """
    session = _own_server(run, url)
    require_annotator(email)
    with problems_named(), connected(session, None, None, console.print) as client:
        add_account(client, session.folder, email)
    page = page_of(session, None, None)
    summary("Account ready", [("address", page.origin), ("annotator", email)])
    show_link(session, page, email)


@users_app.command()
def disable(run: Run, email: EmailArgument, url: UrlOption = None) -> None:
    """Disable an account at once; its answers stay. To ignore them: `pointvos merge --exclude EMAIL`.

    Example: `pointvos review users disable ann@example.org --run demo-run`
    """
    session = _own_server(run, url)
    if email == EMAIL:
        raise UsageProblem(
            f"{EMAIL} is the account that pointvos itself uses; without it no command reaches the server"
        )
    with problems_named():
        disable_account(session.folder, email)
    Access(session.folder).lock_out(email)
    console.print(f"{email} is disabled; re-enable with: pointvos review users add {email}", markup=False)


def _own_server(run: Run, url: str | None) -> ReviewSession:
    """The session of a run whose server is ours.

    Raises:
        UsageProblem: an address was given: the accounts of other servers are not ours to change.
    """
    if url is not None:
        raise UsageProblem(f"add accounts on {url} itself: open {url.rstrip('/')}/organization and invite by link")
    return ReviewSession(run.require())


def _status_of(is_active: bool) -> str:
    return "may log in" if is_active else "disabled"
