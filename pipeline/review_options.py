"""The options that the review commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunOption = Annotated[Path, typer.Option("--run", help="The run folder that `pointvos annotate` made.", metavar="DIR")]
DesignOption = Annotated[
    str,
    typer.Option(
        "--design",
        help="`contact_sheet`: one sheet of magnified crops a task; `frame`: points to fix in place; "
        "`single`: one pixel a task, asked blindly; `adjudication`: like it, what people differ on.",
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
AuditShareOption = Annotated[
    float,
    typer.Option(
        "--audit-share", min=0.0, max=1.0, help="Share of the candidates to ask again as blind single questions."
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Annotator who is not heard; repeat it for several.", metavar="ANNOTATOR"),
]
AdjudicatorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--adjudicator",
        help="With `--design adjudication`: whose answers settle; without it, of all who had not answered before.",
        metavar="ANNOTATOR",
    ),
]
