"""The label configs and guidelines that ship with the package, one a review design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from xml.etree.ElementTree import fromstring

from schemas.checks import require_choice
from schemas.reviews import DESIGNS
from verification_ui.page.hotkeys import CANDIDATE_KEYS

_ASKED_LIKE = {"adjudication": "single", "second_look": "single"}
_SHARED_STYLE = '@import "question.css";'
_JOINED_STYLE = '@import "joined";'


def label_config(design: str) -> str:
    """The label config of a design as XML.

    Raises:
        ValueError: unknown design.
    """
    require_choice("review design", design, DESIGNS)
    xml = _read(f"{_ASKED_LIKE.get(design, design)}.xml")
    return xml.replace(_SHARED_STYLE, _read("question.css")).replace(_JOINED_STYLE, _joined_style())


@dataclass(frozen=True, slots=True)
class Control:
    """What an answer may hold of one control.

    Attributes:
        of: name of what it is about, ``to_name`` in an answer.
        kinds: what ``type`` may be in an answer.
        choices: what can be chosen; None where the task says it, or for text.
    """

    of: str
    kinds: frozenset[str]
    choices: frozenset[str] | None


@cache
def controls(design: str) -> Mapping[str, Control]:
    """The controls of a design, by name.

    Raises:
        ValueError: unknown design.

    >>> controls("contact_sheet")["flag"].choices == {"wrong_object", "bad_frame", "absent"}
    True
    """
    found = {}
    for tag in fromstring(label_config(design)).iter():  # noqa: S314 - our own file
        if tag.tag in ("Choices", "KeyPointLabels", "TextArea"):
            kind = tag.tag.lower()
            told = [choice.attrib["value"] for choice in tag.iter() if choice.tag in ("Choice", "Label")]
            found[tag.attrib["name"]] = Control(
                tag.attrib["toName"],
                frozenset((kind, kind.removesuffix("labels"))),
                frozenset(told) if told and "value" not in tag.attrib else None,
            )
    return found


def _joined_style() -> str:
    """Rules that join every crop with its place in the frame: pointing at one shows the other."""
    rules = []
    for i in range(1, len(CANDIDATE_KEYS) + 1):
        crop, place = f".pv-sheet .lsf-choice:nth-child({i})", f".pv-place:nth-of-type({i})"
        rules.append(f".pv:has({crop}:hover) {place} {{ opacity: 1; }}")
        tile = f".pv-marks .lsf-choice:nth-child({i}) .pv-tile"
        rules.append(f".pv:has({place}:hover) {tile} {{ outline: 4px solid var(--chosen); }}")
    return "\n    ".join(rules)


def guidelines(design: str) -> str:
    """What annotators read before they begin, as HTML.

    Raises:
        ValueError: unknown design.
    """
    require_choice("review design", design, DESIGNS)
    like = _ASKED_LIKE.get(design)
    return _read(f"{design}_guidelines.html") + (_read(f"{like}_guidelines.html") if like else "")


def _read(name: str) -> str:
    return resources.files("verification_ui.page").joinpath(name).read_text(encoding="utf-8")
