"""How good a click network is on pictures that it was not trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.click_network import ClickNetwork, for_inference
from stages.backends.embedded.segmenter.click_predictor import ClickPredictor
from stages.backends.embedded.training.pictures import Picture
from stages.simulated_prompts import simulate_box, simulate_click, simulate_clicks, simulate_trace

Mask = NDArray[np.bool_]


def measure(network: ClickNetwork, pictures: Sequence[Picture], n_objects: int) -> dict[str, float]:
    """Mean J from simulated hints, by kind of hint; where only points are true, the share of them that is right.

    Args:
        network: trained or in training; it stays as it is.
        pictures: held out.
        n_objects: at most so many are asked about, spread over the pictures; mere parts are not.
    """
    device = next(network.parameters()).device
    predictor = ClickPredictor(for_inference(network, device, torch.float32))
    found: dict[str, list[float]] = defaultdict(list)
    for picture, number in _chosen(pictures, n_objects):
        image, mask = picture.image(), picture.mask(number)
        points = np.array(picture.targets[number].points).reshape(-1, 3)
        if len(points):
            found["points right"] += _of_points(predictor, image, points)
            continue
        for kind, prompt in _prompts(mask):
            answer = predictor.answer(image, prompt).probability > 0.5
            found[f"J, {kind}"].append(float((answer & mask).sum() / (answer | mask).sum()))
    return {kind: float(np.mean(values)) for kind, values in sorted(found.items()) if values}


def _chosen(pictures: Sequence[Picture], n_objects: int) -> list[tuple[Picture, int]]:
    every = [(p, number) for p in pictures for number, target in enumerate(p.targets) if not target.is_part]
    step = max(1, -(-len(every) // max(n_objects, 1)))
    return every[::step]


def _of_points(predictor: ClickPredictor, image: NDArray[np.uint8], points: NDArray[Any]) -> Iterator[float]:
    """The share of right points, asked with the first one on the object; none without one."""
    on = np.flatnonzero(points[:, 2] == 1)
    rest = np.delete(points, on[:1], axis=0)
    if len(on) and len(rest):
        probability = predictor.answer(image, _prompt(points[on[:1], :2].astype(float))).probability
        answer = probability[rest[:, 1], rest[:, 0]] > 0.5
        yield float((answer == (rest[:, 2] == 1)).mean())


def _prompts(mask: Mask) -> Iterator[tuple[str, Prompt]]:
    height, width = mask.shape
    yield "one click", _prompt(np.array(simulate_click(mask).xy_px))
    yield "three clicks", _prompt(np.array(simulate_clicks(mask).xy_px))
    trace = simulate_trace(mask).xy_norm() * [width, height] - 0.5
    yield "trace", Prompt("", "trace", trace[:1], np.ones(1, dtype=np.int8), trace)
    box = np.array(simulate_box(mask).xyxy_px)
    yield "box", Prompt("", "box", np.zeros((0, 2)), np.zeros(0, dtype=np.int8), np.zeros((0, 2)), box)


def _prompt(xy_px: NDArray[np.float64]) -> Prompt:
    return Prompt("", "clicks", xy_px, np.ones(len(xy_px), dtype=np.int8), xy_px)
