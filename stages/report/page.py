"""Lay a page out as HTML."""

from __future__ import annotations

from pathlib import Path

import jinja2

from schemas.remote_paths import AnyPath
from schemas.whole_files import whole_file
from stages.report import plots
from stages.report.sections import Page

_TEMPLATES = Path(__file__).parent


def write_page(page: Page, path: AnyPath) -> None:
    """Write the page under a temporary name, then rename it; sections are rendered as they come."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["plots"] = plots
    with whole_file(path) as file:
        file.writelines(part.encode() for part in environment.get_template("page.html").generate(page=page))
