"""One network trained on points, on pseudo-masks and on full masks, tested on DAVIS sequences that it never saw."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.accuracy import write_hint
from tests.bench.commands import pointvos
from tests.bench.pages import table

START = "nothing"
KINDS = (START, "points", "masks", "pseudo-masks", "pseudo-masks-plain")
LEAVE_OUT, SEEDS, STEPS = 2, 3, 40


def measure(davis: Path) -> dict[str, Any]:
    """As ``pointvos benchmark point-vos`` says it, and the CPU seconds of all commands.

    Masks come from simulated traces; 10 frames an object with 20 candidates each are answered by the simulated
    annotator with its usual errors. Two sequences at a time are left out, by name.
    """
    truth = davis / "Annotations/480p"
    with TemporaryDirectory(prefix="bench-points-") as temporary:
        work, run = Path(temporary), Path(temporary, "run")
        hints = ("--localizations", write_hint("trace", davis, work), "--run", run, "--workers", 1)
        learned = [word for kind in KINDS for word in ("--learn", kind)]
        trials = ("--leave-out", LEAVE_OUT, "--seeds", SEEDS, "--steps", STEPS, "--json", work / "trials.json")
        costs = [
            pointvos(*command, note=work / "note.json")
            for command in (
                ("annotate", davis / "JPEGImages/480p", *hints),
                ("simulate", "--run", run, "--ground-truth", truth),
                ("merge", "--run", run),
                ("benchmark", "point-vos", "--run", run, "--ground-truth", truth, "--out", work, *learned, *trials),
            )
        ]
        found: dict[str, Any] = json.loads((work / "trials.json").read_text())
    return {**found, "cpu_minutes": sum(cost.cpu_seconds for cost in costs) / 60}


def share_of_full(found: dict[str, Any], kind: str, start: str = "masks") -> float:
    """J&F of a kind of supervision by that of full masks, from first-frame ``masks`` or ``points``."""
    return mean(found, kind, start) / mean(found, "masks", start)


def gain(found: dict[str, Any], kind: str, start: str = "masks") -> float:
    """J&F of a kind of supervision above that of the network as every one of them begins."""
    return mean(found, kind, start) - mean(found, START, start)


def mean(found: dict[str, Any], kind: str, start: str) -> float:
    """J&F over all objects and seeds."""
    return float(found["learned from"][kind][f"from {start}"]["J&F"]["mean"])


def page(found: dict[str, Any]) -> str:
    """The section of ``build/benchmarks.md``."""
    rows = []
    for kind, figures in found["learned from"].items():
        masks, points = figures["from masks"], figures["from points"]
        rows.append(
            [
                kind,
                *(f"{one['J&F']['mean']:.3f} ± {one['J&F']['deviation']:.3f}" for one in (masks, points)),
                f"{gain(found, kind):+.3f}",
                f"{share_of_full(found, kind):.1%}",
                f"{masks['accuracy on points']['mean']:.3f}",
            ]
        )
    heads = [
        "learned from",
        "J&F, first mask",
        "J&F, first points",
        "gain, first mask",
        "of full masks",
        "accuracy on points",
    ]
    text = (
        f"The memory network of `pointvos train propagator`, {STEPS} steps of one clip on the CPU, {SEEDS} seeds, "
        f"{LEAVE_OUT} DAVIS sequences left out at a time; all kinds begin alike, as `nothing`. Points: 10 frames of 20 "
        "candidates, answered by the simulated annotator; masks are those of the same frames. "
        f"{found['cpu_minutes']:.0f} minutes of CPU in all."
    )
    return "\n".join(["## Trained on points", "", text, "", table(heads, rows), ""])
