"""The label configs and guidelines that ship with the package, one a review design."""

from __future__ import annotations

from importlib import resources

from schemas.checks import require_choice
from schemas.reviews import DESIGNS

_ASKED_LIKE = {"adjudication": "single"}
_SHARED_STYLE = '@import "question.css";'


def label_config(design: str) -> str:
    """The label config of a design as XML.

    Raises:
        ValueError: unknown design.
    """
    require_choice("review design", design, DESIGNS)
    return _read(f"{_ASKED_LIKE.get(design, design)}.xml").replace(_SHARED_STYLE, _read("question.css"))


def guidelines(design: str) -> str:
    """What annotators read before they begin, as HTML.

    Raises:
        ValueError: unknown design.
    """
    require_choice("review design", design, DESIGNS)
    like = _ASKED_LIKE.get(design)
    return _read(f"{design}_guidelines.html") + (_read(f"{like}_guidelines.html") if like else "")


def _read(name: str) -> str:
    return resources.files("verification_ui").joinpath(name).read_text(encoding="utf-8")
