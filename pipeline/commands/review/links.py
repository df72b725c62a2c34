"""One-time log-in links: made here, shown on a terminal only."""

from __future__ import annotations

import sys
from urllib.parse import quote

from pipeline.commands.review.session import ReviewSession
from pipeline.terminal.console import UsageProblem, console
from verification_ui.gate.access import LINK_HOURS, Access, Page
from verification_ui.gate.serving import link
from verification_ui.server.credentials import EMAIL, write_private
from verification_ui.server.loopback import require_loopback

ANNOTATOR = "annotator@pointvos.local"
"""Who answers when nobody is named."""


def require_annotator(email: str) -> None:
    """Make sure that ``email`` can be an annotator's name.

    Raises:
        UsageProblem: it is not an e-mail address, or it is the operator's account.
    """
    if "@" not in email or any(c.isspace() for c in email):
        raise UsageProblem(f"{email!r} is not an e-mail address, like ann@example.org")
    if email.lower() == EMAIL:
        raise UsageProblem(f"{EMAIL} is the operator's account, which does not answer questions; name an annotator")


def page_of(session: ReviewSession, host: str | None, port: int | None) -> Page:
    """Where the run's page is, or will be.

    Raises:
        UsageProblem: the host is not an address of this machine alone.
    """
    if host is not None:
        try:
            require_loopback(host)
        except ValueError as problem:
            raise UsageProblem(str(problem)) from None
    return Access(session.folder).page(host, port)


def show_link(session: ReviewSession, page: Page, email: str) -> None:
    """Make a link for ``email``; show it on a terminal, else keep it in a private file, which a log may name."""
    address = link(page, email, Access(session.folder).make_link(email))
    if sys.stdout.isatty():
        console.print(f"Log-in link (works once, within {LINK_HOURS:.0f} hours):")
        console.print(address, soft_wrap=True, markup=False, style="bold")
        return
    file = session.folder / f"link-{quote(email, safe='@+')}.txt"
    write_private(file, f"{address}\n")
    console.print(
        f"The log-in link (works once, within {LINK_HOURS:.0f} hours) is in {file}", markup=False, soft_wrap=True
    )
