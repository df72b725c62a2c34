"""Lay a page out as HTML."""

from __future__ import annotations

from pathlib import Path

import jinja2

from stages.report import plots
from stages.report.sections import Page

_TEMPLATES = Path(__file__).parent


def write_page(page: Page, path: Path) -> None:
    """Write the page under a temporary name, then rename it; sections are rendered as they come."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["plots"] = plots
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.writelines(environment.get_template("page.html").generate(page=page))
    temporary.replace(path)
