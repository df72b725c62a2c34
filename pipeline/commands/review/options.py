"""The options that the review commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DesignOption = Annotated[
    str,
    typer.Option(
        "--design",
        help="`contact_sheet`: one sheet of magnified crops per task; `frame`: points to fix in place; "
        "`single`: one pixel per task, without a proposal; `adjudication`: the same, for what people differ on; "
        "`second_look`: the same, for answers against the proposal (queued by `pointvos review pull`).",
    ),
]
UrlOption = Annotated[
    str | None, typer.Option("--url", help="Your own Label Studio server; without it, the run's private one.")
]
KeyOption = Annotated[
    Path | None, typer.Option("--api-key-file", help="File with your access token for --url.", metavar="FILE")
]
OverlapOption = Annotated[
    int | None,
    typer.Option("--overlap", min=1, help="Number of people who answer each task; default: unchanged (initially 1)."),
]
GoldShareOption = Annotated[
    float,
    typer.Option(
        "--gold-share",
        min=0.0,
        max=1.0,
        help="Share of the known answers to ask again with a wrong proposal, as gold questions.",
    ),
]
GoldTruthOption = Annotated[
    Path | None,
    typer.Option(
        "--gold-truth",
        exists=True,
        help="True masks to make gold questions from; without it, answers that people agreed on.",
        metavar="DIR",
    ),
]
AuditShareOption = Annotated[
    float,
    typer.Option(
        "--audit-share", min=0.0, max=1.0, help="Share of the candidates to ask again as blind single questions."
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Ignore the verdicts of this annotator; may be repeated.", metavar="ANNOTATOR"),
]
AdjudicatorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--adjudicator",
        help="With `--design adjudication`: whose answers decide; without it, those of people new to the candidate.",
        metavar="ANNOTATOR",
    ),
]
SecondLookOption = Annotated[
    bool | None,
    typer.Option(
        "--second-look/--one-look",
        help="Ask once more, blindly, what one person answered against the proposal; the second answer counts. "
        "Default: unchanged (initially on if each task is answered by one person).",
        show_default=False,
    ),
]
HostOption = Annotated[
    str | None,
    typer.Option("--host", help="Loopback address to serve the page at; default: one of the run's own (127.x.y.z)."),
]
PortOption = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Preferred port; default: the previous one, or 8181.")
]
