"""What mixes of human work bought where they were tried, as a file keeps it; one such file is part of the package."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from schemas.json_text import parse_json
from stages.simulate.mixes import Mix

_STORED = "tried.json"


@dataclass(frozen=True, slots=True)
class Trial:
    """What all mixes bought where they were tried.

    Attributes:
        measured_on: which videos and models, for people.
        date: when, year-month-day; empty in files of earlier versions.
        mixes: as :class:`~stages.simulate.mixes.Mix` says.
    """

    measured_on: str
    date: str
    mixes: tuple[Mix, ...]

    def to_json(self) -> str:
        """As a file keeps it."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Trial:
        """Inverse of :meth:`to_json`.

        Raises:
            ValueError: it is something else.
        """
        try:
            found: dict[str, Any] = parse_json(text)
            mixes = tuple(Mix(**one) for one in found["mixes"])
            return cls(str(found["measured_on"]), str(found.get("date", "")), mixes)
        except (KeyError, TypeError) as problem:
            raise ValueError(f"it holds no tried mixes ({problem})") from None

    @classmethod
    def stored(cls) -> Trial:
        """The mixes that were tried for the package, with `pointvos plan --budget --ground-truth --mixes`."""
        return cls.from_json(resources.files("pipeline.simulation").joinpath(_STORED).read_text(encoding="utf-8"))
