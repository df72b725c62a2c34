"""Cutie behind our seam against its own bare ``InferenceCore`` loop, in one process, with random weights.

Speed does not depend on the weights, so no checkpoint is needed:
``python -m tests.bench.cutie_loop --device cuda --out cutie.json``. On the CPU processor seconds of one thread count.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cutie.inference.inference_core import InferenceCore

from stages.backends.cutie.network import build_network, make_config
from stages.backends.cutie.propagator import CutiePropagator, autocast
from stages.backends.devices import pick_device

SIZES = {"480p": (480, 854), "720p": (720, 1280)}
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
    """One frame of noise at Cutie's working size and ``n_objects`` squares side by side."""
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    masks = {}
    for k in range(n_objects):
        mask = np.zeros(size, dtype=bool)
        mask[60 + 60 * (k % 6) : 100 + 60 * (k % 6), 40 + 100 * (k // 6) : 100 + 100 * (k // 6)] = True
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


def main() -> None:
    """Measure every size and number of objects and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--variant", default="base", choices=("base", "small"))
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--objects", nargs="+", type=int, default=list(OBJECTS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    device = pick_device(options.device)
    clock = time.monotonic
    if device.type == "cpu":
        torch.set_num_threads(1)
        clock = time.process_time
    propagator = load(options.variant, device)
    rows = []
    for name in options.sizes:
        for n_objects in options.objects:
            image, masks = scene(SIZES[name], n_objects)
            small = propagator.encode(image).image
            _, small_masks = scene(small.shape[:2], n_objects)
            steps = [behind_the_seam(propagator, image, masks), bare(propagator, small, small_masks)]
            ours, theirs = frames_per_second(steps, options.frames, clock)
            rows.append(
                {"size": name, "objects": n_objects, "seam_fps": ours, "bare_fps": theirs, "ratio": ours / theirs}
            )
            print(rows[-1], flush=True)
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    facts = {"machine": platform.processor() or platform.machine(), "gpu": gpu, "gpu_peak_bytes": peak}
    facts["main_memory_peak_kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if options.out:
        options.out.write_text(json.dumps({**facts, "variant": options.variant, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
