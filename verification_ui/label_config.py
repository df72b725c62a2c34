"""The label configs and guidelines that ship with the package, one a review design."""

from __future__ import annotations

from importlib import resources

from schemas.checks import require_choice

LABELLED_DESIGNS = ("contact_sheet", "frame")
"""Designs that have a label config."""


def label_config(design: str) -> str:
    """The label config of a design as XML.

    Raises:
        ValueError: unknown design.
    """
    require_choice("review design", design, LABELLED_DESIGNS)
    return _read(f"{design}.xml")


def guidelines(design: str) -> str:
    """What annotators read before they begin, as HTML.

    Raises:
        ValueError: unknown design.
    """
    require_choice("review design", design, LABELLED_DESIGNS)
    return _read(f"{design}_guidelines.html")


def _read(name: str) -> str:
    return resources.files("verification_ui").joinpath(name).read_text(encoding="utf-8")
