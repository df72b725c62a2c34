"""Lay a page out as HTML, with its script and its data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from schemas.remote_paths import AnyPath
from schemas.whole_files import whole_file
from stages.report import plots
from stages.report.files import PICTURES, ReportFiles
from stages.report.payload import lists_json, script_safe
from stages.report.sections import REASONS, VERIFIED, Lists, Page

_HERE = Path(__file__).parent
_SCRIPTS = ("data.js", "elements.js", "drawing.js", "dialog.js", "lists.js", "main.js")
"""One after the other, one script: a page that is opened as a file cannot import modules."""


def write_page(page: Page, lists: Lists, files: ReportFiles, path: AnyPath) -> None:
    """Write the page under a temporary name, then rename it; the parts are rendered as they come."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = page_script()
    parts: Mapping[str, Any] = {
        "page": page,
        "lists": lists,
        "reasons": REASONS,
        "verified": VERIFIED,
        "script": script,
        "policy": policy(script),
        "data": script_safe(lists_json(lists)),
        "embedded": script_safe({"details": files.details, "pictures": files.pictures} if files.is_embedded else None),
    }
    with whole_file(path) as file:
        file.writelines(part.encode() for part in environment.get_template("page.html").generate(parts))


def page_script() -> str:
    """The script of the page."""
    constants = script_safe(
        {
            "plot": [plots.WIDTH, plots.HEIGHT, plots.LEFT, plots.RIGHT, plots.TOP, plots.BOTTOM],
            "pictures": PICTURES,
            "reasons": REASONS,
            "verified": VERIFIED,
        }
    )
    bodies = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return f'"use strict";\nconst FIXED = {constants};\n{bodies}'


def policy(script: str) -> str:
    """What the page may load: its own script, files beside it, nothing from the network."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}' 'self' file:; base-uri 'none'; form-action 'none'"
    )
