"""``build/benchmarks.md`` from the measurements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats with three digits."""
    lines = [head, ["---"] * len(head), *[[_cell(c) for c in row] for row in rows]]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def accuracy_page(results: dict[str, Any]) -> str:
    """J&F a sequence and label agreement, one column a kind of first-frame hint."""
    kinds = list(results)
    scores = {k: {o["video_id"]: o["J&F"] for o in results[k]["evaluation"]["objects"]} for k in kinds}
    rows = [[name, *(scores[k][name] for k in kinds)] for name in sorted(scores[kinds[0]])]
    rows.append(["**mean**", *(sum(scores[k].values()) / len(scores[k]) for k in kinds)])
    agreement = [_agreement(k, results[k]["evaluation"]["candidates"]["all"]) for k in kinds]
    return (
        "## Accuracy: DAVIS, hint on the first frame, mean J&F (first and last frame left out)\n\n"
        + table(["sequence", *kinds], rows)
        + "\nAgreement of the candidates' proposed labels with the ground truth:\n\n"
        + table(["hint", "candidates", "foreground", "background"], agreement)
    )


def _agreement(kind: str, points: dict[str, Any]) -> list[object]:
    return [kind, points["n"], float(points["fg_agreement"]), float(points["bg_agreement"])]


def metrics_page(result: dict[str, Any]) -> str:
    """Speed of J and F."""
    rows = [[name, float(value)] for name, value in result.items() if name != "largest_difference"]
    rows.append(["largest difference", f"{result['largest_difference']:.1e}"])
    return "## J and F, a pair of 480p masks\n\n" + table(["", "value"], rows)


def queue_page(result: dict[str, Any]) -> str:
    """Seconds of push and pull by review design."""
    designs = [name for name, seconds in result.items() if isinstance(seconds, dict)]
    rows = [[act, *(float(result[design][act]) for design in designs)] for act in result[designs[0]]]
    return (
        f"## Review queue: {result['tasks']:,} tasks of 12 points on a real Label Studio (SQLite), seconds\n\n"
        + table(["act", *designs], rows)
        + "\nPictures and clips are not drawn here.\n"
    )
