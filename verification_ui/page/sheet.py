"""The contact sheet's HTML: one tile a candidate. ``contact_sheet.xml`` styles it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.points import PointCandidate
from verification_ui.page.hotkeys import CANDIDATE_KEYS, COLUMNS
from verification_ui.page.html import media_url


def sheet_style(candidates: Sequence[PointCandidate], name: str) -> str:
    """A style element that tells the tiles of this task their common picture, their number and their rows."""
    n_on = sum(candidate.is_fg_candidate for candidate in candidates)
    n_rows = -(-n_on // COLUMNS) + -(-(len(candidates) - n_on) // COLUMNS)
    steps = max(1, len(candidates) - 1)
    return (
        f"<style>.pv {{ --rows: {max(3, n_rows)}; --n: {len(candidates)}; --steps: {steps}; }} "
        f".pv-tile {{ background-image: url('{media_url(name)}'); }}</style>"
    )


def tiles(candidates: Sequence[PointCandidate]) -> Iterator[dict[str, str]]:
    """One choice a candidate: its crop, its key, and what the verdict is unless marked, and if."""
    for i, (key, candidate) in enumerate(zip(CANDIDATE_KEYS[: len(candidates)], candidates, strict=True)):
        is_on = candidate.is_fg_candidate
        badges = f'<kbd class="pv-key">{key.upper()}</kbd>' + _claim("pv-is", is_on) + _claim("pv-not", not is_on)
        tile = f'<span class="pv-tile{_row(candidates, i)}" style="--i:{i}">{badges}</span>'
        yield {"value": candidate.candidate_id, "hotkey": key, "html": tile}


def doubts(candidates: Sequence[PointCandidate]) -> Iterator[dict[str, str]]:
    """One "unsure" choice a candidate, laid over its tile."""
    label = '<kbd class="pv-cannot">?</kbd><span class="pv-claim pv-unsure">unsure</span>'
    for i, (key, candidate) in enumerate(zip(CANDIDATE_KEYS[: len(candidates)], candidates, strict=True)):
        cover = f'<span class="pv-doubt{_row(candidates, i)}">{label}</span>'
        yield {"value": candidate.candidate_id, "hotkey": f"shift+{key}", "html": cover}


def _claim(when: str, is_on: bool) -> str:
    kind, text = ("pv-on", "on object") if is_on else ("pv-off", "off object")
    return f'<span class="pv-claim {when} {kind}">{text}</span>'


def _row(candidates: Sequence[PointCandidate], i: int) -> str:
    """The class of the first background candidate: it begins a new row, so that a row asks one kind of question."""
    begins = i > 0 and candidates[i - 1].is_fg_candidate and not candidates[i].is_fg_candidate
    return " pv-row" if begins else ""
