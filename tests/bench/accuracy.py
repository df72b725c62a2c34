"""Accuracy on DAVIS sequences with every kind of first-frame hint, through the real commands."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from schemas import tables
from schemas.localizations import Box, Clicks, Trace
from stages.evaluate.boundary import region_and_boundary
from stages.simulated_prompts import simulate_box, simulate_click, simulate_clicks, simulate_trace
from tests.bench.commands import pointvos

HINTS = ("mask", "click", "clicks3", "trace", "box")
BOX_GROWTH = 0.2
"""Of width and height: a margin of 10 % on every side."""


def first_masks(davis: Path) -> dict[str, np.ndarray]:
    """(H, W) bool ground truth of frame 0 of every sequence."""
    folders = sorted((davis / "Annotations/480p").iterdir())
    return {f.name: cv2.imread(str(f / "00000.png"), cv2.IMREAD_GRAYSCALE) > 127 for f in folders}


def write_hint(kind: str, davis: Path, target: Path) -> Path:
    """Localizations of the sequences' objects on frame 0, in one of our input formats."""
    if kind == "mask":
        for folder in sorted((davis / "Annotations/480p").iterdir()):
            (target / "masks" / folder.name).mkdir(parents=True)
            shutil.copy(folder / "00000.png", target / "masks" / folder.name)
        return target / "masks"
    masks = first_masks(davis)
    if kind == "trace":
        return _write_traces({name: simulate_trace(mask) for name, mask in masks.items()}, target / "trace.jsonl")
    if kind == "box":
        return _write_boxes({name: simulate_box(mask, BOX_GROWTH) for name, mask in masks.items()}, target / "box.csv")
    draw = simulate_click if kind == "click" else simulate_clicks
    return _write_clicks({name: draw(mask) for name, mask in masks.items()}, target / f"{kind}.json")


def _write_clicks(hints: dict[str, Clicks], file: Path) -> Path:
    def entry(clicks: Clicks) -> dict[str, Any]:
        return {"frame": 0, "points": [{"object_id": "1", "x": x, "y": y, "label": 1} for x, y in clicks.xy_px]}

    file.write_text(json.dumps({name: entry(clicks) for name, clicks in hints.items()}))
    return file


def _write_boxes(hints: dict[str, Box], file: Path) -> Path:
    lines = [",".join(map(str, (name, 0, "1", *box.xyxy_px))) for name, box in hints.items()]
    file.write_text("\n".join(["video_id,frame,object_id,x0,y0,x1,y1", *lines]))
    return file


def _write_traces(hints: dict[str, Trace], file: Path) -> Path:
    """VidLN narratives of one actor whose caption is one word."""
    file.write_text("\n".join(json.dumps(_narrative(name, trace)) for name, trace in hints.items()))
    return file


def _narrative(name: str, trace: Trace) -> dict[str, Any]:
    points = [
        {"x": x, "y": y, "time_ms_since_epoch": 1000 + ms, "kf_idx": 0}
        for (x, y), ms in zip(trace.parts_norm[0], trace.parts_ms[0], strict=True)
    ]
    word = {"referenced_word": "it", "referenced_word_start_idx": 0, "referenced_word_end_idx": 2}
    actor = {
        "actor_name": "it", "keyframe_selection_indices": [0], "caption": "it", "noun_segments": [],
        "recording_start_time_ms_since_epoch": 1000, "traces_start_time_ms_since_epoch": 1000,
        "time_alignment": [{**word, "start_ms": 0, "end_ms": 9000}], "traces": [points],
    }  # fmt: skip
    return {
        "vidln_id": 1, "dataset_id": "davis", "video_id": name, "annotator_id": 1, "keyframe_names": ["000000"],
        "actor_narratives": [actor],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """A run over all sequences.

    Attributes:
        seconds: wall time of the command.
        frames: sequence → (n, 3) float: J, F and quality a frame, 0 where there is no mask.
        repairs: sequence → (masks asked for again, accepted).
        evaluation: as ``pointvos evaluate`` writes it.
    """

    seconds: float
    frames: dict[str, np.ndarray]
    repairs: dict[str, tuple[int, int]]
    evaluation: dict[str, Any]


@cache
def run(davis: Path, hint: str, *options: str) -> Measured:
    """Annotate all sequences from one kind of first-frame hint; the sections share what they both need."""
    with TemporaryDirectory(prefix="bench-run-") as temporary:
        work, folder = Path(temporary), Path(temporary, "run")
        given = ("--localizations", write_hint(hint, davis, work), "--run", folder, "--workers", 2, *options)
        cost = pointvos("annotate", davis / "JPEGImages/480p", *given, note=work / "note.json")
        masks = {(m.video_id, m.frame_idx): m for m in tables.MASKS.records(tables.MASKS.read(folder))}
        asked = tables.REPAIRS.records(tables.REPAIRS.read(folder))
        told = ("--run", folder, "--ground-truth", davis / "Annotations/480p", "--json", work / "evaluation.json")
        pointvos("evaluate", *told, note=work / "note.json")
        evaluation = json.loads((work / "evaluation.json").read_text())
    frames = {}
    for truth in sorted((davis / "Annotations/480p").iterdir()):
        files = sorted(truth.glob("*.png"))
        frames[truth.name] = np.array([_scored(file, masks.get((truth.name, i))) for i, file in enumerate(files)])
    outcomes = {name: [one.accepted for one in asked if one.video_id == name] for name in frames}
    return Measured(cost.seconds, frames, {name: (len(own), sum(own)) for name, own in outcomes.items()}, evaluation)


def _scored(truth_file: Path, mask: Any) -> tuple[float, float, float]:
    truth = cv2.imread(str(truth_file), cv2.IMREAD_GRAYSCALE) > 127
    drawn = np.zeros_like(truth) if mask is None else mask.decode()
    return (*region_and_boundary(truth, drawn), 0.0 if mask is None else mask.quality)


def measure(davis: Path) -> dict[str, Any]:
    """J&F a sequence and label agreement of the candidates, for every kind of hint."""
    runs = {hint: run(davis, hint) for hint in HINTS}
    return {hint: {"seconds": round(one.seconds, 1), "evaluation": one.evaluation} for hint, one in runs.items()}
