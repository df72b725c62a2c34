"""``make bench-gpu``: what a GPU is used for. Writes ``build/gpu.json``; takes six minutes at most.

Cutie behind our seam against its own bare ``InferenceCore`` loop on the same frames, called in turns, and the embedded
propagator; frames/s, utilization, memory. Cutie's weights are random, for speed does not depend on them: no checkpoint
is needed. Without a GPU it counts CPU seconds of one thread, which only shows that it runs.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cutie.inference.inference_core import InferenceCore

from stages.backends.cutie.network import build_network, make_config
from stages.backends.cutie.propagator import CutiePropagator, autocast
from stages.backends.devices import pick_device
from stages.backends.propagators import load_propagator
from tests.bench.commands import REPOSITORY
from tests.bench.machine import machine

SIZES = {"tiny": (96, 160), "480p": (480, 854), "720p": (720, 1280)}
OBJECTS = (1, 5, 20)


def load(variant: str, device: torch.device) -> CutiePropagator:
    """Random weights of the true architecture, damped so that deep layers do not overflow."""
    torch.manual_seed(0)
    config = make_config(variant)
    network = build_network(config)
    for key, value in network.state_dict().items():
        if key.endswith(("bn2.weight", "bn3.weight")):
            value.fill_(0.1)
    precision = torch.float16 if device.type == "cuda" else None
    network.requires_grad_(False)
    return CutiePropagator(f"cutie_{variant}", network.to(device), config, device, precision)


def scene(size: tuple[int, int], n_objects: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One (H, W, 3) uint8 frame of noise and ``n_objects`` (H, W) bool rectangles in rows of five."""
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    height, width = size[0] // 4, size[1] // 5
    masks = {}
    for k in range(n_objects):
        top, left = height * (k // 5) + height // 4, width * (k % 5) + width // 4
        mask = np.zeros(size, dtype=bool)
        mask[top : top + height // 2, left : left + width // 2] = True
        masks[f"{k:02d}"] = mask
    return image, masks


def behind_the_seam(propagator: CutiePropagator, image: np.ndarray, masks: dict[str, np.ndarray]) -> Callable[[], Any]:
    """A function that does one frame: encode and step."""
    session = propagator.open(*image.shape[:2])
    session.start(propagator.encode(image), masks)
    return lambda: session.step(propagator.encode(image))


def bare(propagator: CutiePropagator, image: np.ndarray, masks: dict[str, np.ndarray]) -> Callable[[], Any]:
    """A function that does one frame of Cutie's own loop, to a mask on the CPU."""
    core = InferenceCore(propagator._network, cfg=propagator._config)
    index = torch.from_numpy(sum(mask * (k + 1) for k, mask in enumerate(masks.values()))).to(propagator._device)

    @torch.inference_mode()
    def step(**given: Any) -> Any:
        tensor = torch.from_numpy(image).to(propagator._device).permute(2, 0, 1).float() / 255
        with autocast(propagator._device, propagator._precision):
            return core.output_prob_to_mask(core.step(tensor, **given)).cpu()

    step(mask=index, objects=list(range(1, len(masks) + 1)))
    return step


def frames_per_second(steps: Sequence[Callable[[], Any]], n_frames: int, clock: Callable[[], float]) -> list[float]:
    """Of each function, called in turns, so that a busy machine slows all of them alike; a fifth is warm-up."""
    spent = [0.0] * len(steps)
    warm_up = max(2, n_frames // 5)
    for i in range(warm_up + n_frames):
        for k, step in enumerate(steps):
            start = clock()
            step()
            spent[k] += (clock() - start) * (i >= warm_up)
    return [n_frames / seconds for seconds in spent]


def embedded(image: np.ndarray, masks: dict[str, np.ndarray], device: str) -> Callable[[], Any]:
    """A function that does one frame of the embedded propagator: encode and step."""
    propagator = load_propagator("embedded", device)
    session = propagator.open(*image.shape[:2])
    session.start(propagator.encode(image), masks)
    return lambda: session.step(propagator.encode(image))


class Utilization(threading.Thread):
    """Samples how busy the GPU is, in percent, while the block lasts; nothing without ``nvidia-smi``."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._percents: list[float] = []
        self._over = threading.Event()

    def run(self) -> None:
        """Sample four times a second."""
        query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while shutil.which("nvidia-smi") and not self._over.wait(0.25):
            answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split()
            self._percents += [float(answer[0])] if answer and answer[0].isdecimal() else []

    def __enter__(self) -> Utilization:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    @property
    def percent(self) -> float | None:
        """Mean over the block."""
        return sum(self._percents) / len(self._percents) if self._percents else None


@dataclass(frozen=True, slots=True)
class Bench:
    """All measurements on one device, those of one object first.

    Attributes:
        device: where.
        variant: of Cutie.
        n_frames: of each measurement.
        budget_s: nothing is begun later than this many seconds after the start.
    """

    device: torch.device
    variant: str
    n_frames: int
    budget_s: float

    def measure(self, sizes: Sequence[str], counts: Sequence[int]) -> list[dict[str, Any]]:
        """One row a model, size and number of objects."""
        start, rows = time.monotonic(), []
        cutie = load(self.variant, self.device)
        for n_objects, size, model in product(counts, sizes, ("cutie", "embedded")):
            row: dict[str, Any] = {"model": model, "size": size, "objects": n_objects}
            if time.monotonic() - start > self.budget_s:
                rows.append(row | {"skipped": "no time was left"})
                continue
            image, masks = scene(SIZES[size], n_objects)
            rows.append(row | (self._cutie(cutie, image, masks) if model == "cutie" else self._embedded(image, masks)))
            print(json.dumps(rows[-1]), flush=True)
        return rows

    def _cutie(self, propagator: CutiePropagator, image: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, Any]:
        small = propagator.encode(image).image
        _, small_masks = scene(small.shape[:2], len(masks))
        ours, theirs = behind_the_seam(propagator, image, masks), bare(propagator, small, small_masks)
        (ours_fps, bare_fps), facts = self._run([ours, theirs])
        (alone_fps,), alone = self._run([ours])
        return {
            "fps": ours_fps,
            "bare_fps": bare_fps,
            "ratio": ours_fps / bare_fps,
            "fps_alone": alone_fps,
            "utilization_percent": alone["utilization_percent"],
            "peak_gpu_gb": facts["peak_gpu_gb"],
        }

    def _embedded(self, image: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, Any]:
        start = time.monotonic()
        step = embedded(image, masks, str(self.device))
        first_s = time.monotonic() - start
        (fps,), facts = self._run([step])
        return {"fps": fps, "start_s": first_s, **facts}

    def _run(self, steps: Sequence[Callable[[], Any]]) -> tuple[list[float], dict[str, Any]]:
        is_gpu = self.device.type == "cuda"
        if is_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
        with Utilization() as busy:
            rates = frames_per_second(steps, self.n_frames, time.monotonic if is_gpu else time.process_time)
        peak = torch.cuda.max_memory_allocated(self.device) / 1e9 if is_gpu else None
        return rates, {"utilization_percent": busy.percent, "peak_gpu_gb": peak}


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--variant", default="base", choices=("base", "small"))
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--budget-s", type=float, default=300, help="begin nothing later than this")
    parser.add_argument("--sizes", nargs="+", default=["480p", "720p"], choices=list(SIZES))
    parser.add_argument("--objects", nargs="+", type=int, default=list(OBJECTS))
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "gpu.json")
    options = parser.parse_args()
    device = pick_device(options.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
        print("no GPU: CPU seconds of one thread are counted; the figures say nothing about a GPU", file=sys.stderr)
    bench = Bench(device, options.variant, options.frames, options.budget_s)
    rows = bench.measure(options.sizes, options.objects)
    main_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    options.out.parent.mkdir(parents=True, exist_ok=True)
    facts = {"machine": machine(), "device": str(device), "variant": options.variant, "main_memory_peak_gb": main_gb}
    options.out.write_text(json.dumps({**facts, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
