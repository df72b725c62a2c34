"""Masks that know when they are wrong: quality against the true J, and what automatic repair is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from tests.bench.accuracy import HINTS, run
from tests.bench.pages import table


def measure_quality(davis: Path) -> dict[str, Any]:
    """Spearman of quality and J over all frames but the localized one, and the J of the lowest fifth, by hint."""
    frames = {hint: np.concatenate([own[1:] for own in run(davis, hint).frames.values()]) for hint in HINTS}
    return {name: _told(own) for name, own in {**frames, "all": np.concatenate(list(frames.values()))}.items()}


def _told(frames: np.ndarray) -> dict[str, float]:
    j, quality = frames[:, 0], frames[:, 2]
    order = np.argsort(quality, kind="stable")
    fifth = len(order) // 5
    low, rest = float(j[order[:fifth]].mean()), float(j[order[fifth:]].mean())
    return {"frames": len(j), "spearman": float(spearmanr(quality, j)[0]), "lowest_fifth": low, "rest": rest}


def measure_repair(davis: Path) -> dict[str, Any]:
    """J&F a sequence without and with repair (first and last frame left out), what was decided, and what it took."""
    results: dict[str, Any] = {}
    for hint in HINTS:
        without, with_ = run(davis, hint, "--no-repair"), run(davis, hint)
        results[hint] = {
            "seconds": [without.seconds, with_.seconds],
            "sequences": {
                name: [float(one.frames[name][1:-1, :2].mean()) for one in (without, with_)] for name in with_.frames
            },
            "repairs": with_.repairs,
        }
    return results


def quality_page(results: dict[str, Any]) -> str:
    """A row a hint."""
    rows = [
        [hint, r["frames"], r["spearman"], r["lowest_fifth"], r["rest"], r["rest"] - r["lowest_fifth"]]
        for hint, r in results.items()
    ]
    head = "## Quality: does it know where masks are wrong? DAVIS, all frames but the localized one\n\n"
    names = ["hint", "frames", "Spearman with J", "J of the lowest fifth", "J of the rest", "difference"]
    return head + table(names, rows)


def repair_page(results: dict[str, Any]) -> str:
    """A row a sequence, three columns a hint."""
    sequences = sorted(next(iter(results.values()))["sequences"])
    rows = []
    for name in sequences:
        pairs = [(r["sequences"][name], r["repairs"][name]) for r in results.values()]
        rows.append([name, *(f"{b:.3f} → {a:.3f} ({done} of {asked})" for (b, a), (asked, done) in pairs)])
    means = [np.mean(list(r["sequences"].values()), axis=0) for r in results.values()]
    rows.append(["**mean**", *(f"{before:.3f} → {after:.3f}" for before, after in means)])
    rows.append(
        ["seconds", *(f"{before:.0f} → {after:.0f}" for before, after in (r["seconds"] for r in results.values()))]
    )
    head = "## Repair: J&F without → with it (accepted of asked), hint on the first frame\n\n"
    return head + table(["sequence", *results], rows)
