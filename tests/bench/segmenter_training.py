"""What the verified points of four DAVIS sequences teach the embedded segmenter about two that it never saw.

Hints are simulated from the true masks of eight frames a sequence. Figures are mean J before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import cv2

from pipeline.runs.folder import RunFolder
from pipeline.runs.training_pictures import read_run
from stages.backends.embedded.training.checkpoints import TrainingFiles
from stages.backends.embedded.training.measuring import measure as measure_network
from stages.backends.embedded.training.pictures import Picture, make_picture
from stages.backends.embedded.training.segmenter import TrainingSettings, first_network, train
from tests.bench.accuracy import write_hint
from tests.bench.commands import pointvos
from tests.bench.pages import table

HELD_OUT, FRAMES, SEEDS = ("dog", "horsejump-high"), 8, 1
STEPS, BATCH, SIDE, RATE = 60, 6, 256, 5e-4

Figures = dict[str, dict[str, float]]
"""Sequence → hint → mean J."""


def measure(davis: Path, work: Path) -> dict[str, Any]:
    """Annotate all sequences from traces, answer the candidates by the simulated annotator, and train on four.

    Args:
        davis: DAVIS at 480p.
        work: an empty folder.
    """
    truth, run = davis / "Annotations/480p", work / "run"
    hints = ("--localizations", write_hint("trace", davis, work), "--run", run, "--workers", 1)
    for command in (
        ("annotate", davis / "JPEGImages/480p", *hints),
        ("simulate", "--run", run, "--ground-truth", truth),
        ("merge", "--run", run),
    ):
        pointvos(*command, note=work / "note.json")
    own = [replace(one, is_held_out=False) for one in read_run(RunFolder(run))[0] if _sequence(one) not in HELD_OUT]
    asked = true_pictures(davis)
    before = scores("embedded", asked)
    return {
        "pictures": len(own),
        "whole masks": sum(not target.points for one in own for target in one.targets),
        "before": before,
        "after": [scores(trained(own, work / f"{seed}.pt", seed), asked) for seed in range(SEEDS)],
    }


def trained(pictures: Sequence[Picture], file: Path, seed: int) -> str:
    """The file of weights that are trained on some pictures."""
    settings = TrainingSettings(STEPS, BATCH, SIDE, RATE, seed, "embedded")
    train(pictures, first_network("embedded", seed, "cpu"), TrainingFiles(file), settings)
    return str(file)


def true_pictures(davis: Path) -> list[Picture]:
    """Frames of the held-out sequences with their true masks."""
    pictures = []
    for name in HELD_OUT:
        files = sorted((davis / "JPEGImages/480p" / name).glob("*.jpg"))
        for file in files[:: len(files) // FRAMES][:FRAMES]:
            mask = cv2.imread(str(davis / "Annotations/480p" / name / f"{file.stem}.png"), cv2.IMREAD_GRAYSCALE)
            image = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
            pictures.append(make_picture(f"{name}/{file.stem}", "truth", image, [mask > 0]))
    return [one for one in pictures if one]


def scores(weights: str, pictures: Sequence[Picture]) -> Figures:
    """Mean J by sequence and kind of hint."""
    network = first_network(weights, 0, "cpu")
    by_sequence = {name: [one for one in pictures if _sequence(one) == name] for name in HELD_OUT}
    return {name: measure_network(network, own, len(own)) for name, own in by_sequence.items()}


def _sequence(picture: Picture) -> str:
    return picture.key.split("/")[0]


def page(found: dict[str, Any]) -> str:
    """The section of ``build/benchmarks.md``."""
    rows = [
        [name, kind.removeprefix("J, "), f"{j:.3f}", f"{mean(one[name][kind] for one in found['after']):.3f}"]
        for name, own in found["before"].items()
        for kind, j in own.items()
    ]
    seeds = ", ".join(str(seed) for seed in range(len(found["after"])))
    text = (
        f"`pointvos train segmenter` from the shipped weights: {STEPS} steps of {BATCH} views of {SIDE} pixels, rate "
        f"{RATE:g}, seed {seeds}, on {found['pictures']} frames of the four other DAVIS sequences with 20 simulated "
        f"answers each, which agree with {found['whole masks']} masks as a whole. Mean J of {FRAMES} frames of each "
        "sequence that was held out."
    )
    heads = ["sequence", "hint", "J before", "J after"]
    return "\n".join(
        ["## The embedded segmenter, trained further on verified points", "", text, "", table(heads, rows), ""]
    )
