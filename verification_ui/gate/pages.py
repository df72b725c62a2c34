"""The gate's own pages and scripts; Label Studio's page gets one script added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment
from starlette.responses import HTMLResponse, Response

from verification_ui.gate.refusals import Refusal

HOW_TO_LOG_IN = (
    "Open the log-in link that you were given. It works once; for another one ask the person who runs the review "
    "(pointvos review users add)."
)
_SCRIPTS = ("enter.js", "page.js")
_NO_STORE = {"Cache-Control": "no-store"}


def message(
    title: str, text: str, status: int = 200, script: str = "", headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page that says one thing.

    Whoever is not logged in can try again: a browser sends no cookie with a link from a mail, but with the next click.
    """
    shown = _page(title, text, script, [], again=status == 401)
    return HTMLResponse(shown, status, {**_NO_STORE, **(headers or {})})


def queues(found: Sequence[tuple[int, str, int, int]]) -> HTMLResponse:
    """The list of queues: number, title, tasks left, tasks in all."""
    rows = [{"project": number, "name": title, "left": left, "of": of} for number, title, left, of in found]
    text = "Choose a queue." if rows else "There is no queue yet."
    return HTMLResponse(_page("Questions", text, "", rows), headers=_NO_STORE)


def script(name: str) -> Response:
    """One of the gate's scripts.

    Raises:
        Refusal: there is no such script.
    """
    if name not in _SCRIPTS:
        raise Refusal(f"{name!r} is not a script of the page", 404)
    return Response(_read(name), media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def with_script(html: str, address: str) -> HTMLResponse:
    """Label Studio's page with a script that runs before its own."""
    return HTMLResponse(html.replace("<head>", f'<head>\n  <script src="{address}"></script>', 1), headers=_NO_STORE)


def _page(title: str, text: str, script: str, rows: Sequence[Mapping[str, object]], again: bool = False) -> str:
    template = Environment(autoescape=True).from_string(_read("page.html"))
    return template.render(title=title, text=text, script=script, queues=rows, again=again)


@cache
def _read(name: str) -> str:
    return resources.files("verification_ui.gate").joinpath(name).read_text(encoding="utf-8")
