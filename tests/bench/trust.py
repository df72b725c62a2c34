"""Masks that know when they are wrong: quality against the true J, and what automatic repair is worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from scipy.stats import spearmanr

from schemas import tables
from stages.evaluate.boundary import region_and_boundary
from tests.bench.accuracy import HINTS, write_hint
from tests.bench.commands import pointvos
from tests.bench.pages import table


@dataclass(frozen=True, slots=True)
class Measured:
    """A run over all sequences.

    Attributes:
        seconds: wall time of the command.
        frames: sequence → (n, 3) float: J, F and quality a frame, 0 where there is no mask.
        repairs: sequence → (masks asked for again, accepted).
    """

    seconds: float
    frames: dict[str, np.ndarray]
    repairs: dict[str, tuple[int, int]]


@cache
def run(davis: Path, hint: str, *options: str) -> Measured:
    """Annotate all sequences from one kind of first-frame hint; the sections share what they both need."""
    with TemporaryDirectory(prefix="bench-trust-") as temporary:
        work, folder = Path(temporary), Path(temporary, "run")
        given = ("--localizations", write_hint(hint, davis, work), "--run", folder, "--workers", 2, *options)
        cost = pointvos("annotate", davis / "JPEGImages/480p", *given, note=work / "note.json")
        masks = {(m.video_id, m.frame_idx): m for m in tables.MASKS.records(tables.MASKS.read(folder))}
        asked = tables.REPAIRS.records(tables.REPAIRS.read(folder))
    frames = {}
    for truth in sorted((davis / "Annotations/480p").iterdir()):
        files = sorted(truth.glob("*.png"))
        frames[truth.name] = np.array([_scored(file, masks.get((truth.name, i))) for i, file in enumerate(files)])
    outcomes = {name: [one.accepted for one in asked if one.video_id == name] for name in frames}
    return Measured(cost.seconds, frames, {name: (len(own), sum(own)) for name, own in outcomes.items()})


def _scored(truth_file: Path, mask: Any) -> tuple[float, float, float]:
    truth = cv2.imread(str(truth_file), cv2.IMREAD_GRAYSCALE) > 127
    drawn = np.zeros_like(truth) if mask is None else mask.decode()
    return (*region_and_boundary(truth, drawn), 0.0 if mask is None else mask.quality)


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
