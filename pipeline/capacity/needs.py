"""What one video takes with given settings: seconds, memory, disk."""

from __future__ import annotations

from dataclasses import dataclass, replace

import psutil

from pipeline.capacity.costs import Costs, PropagatorCost, load_costs
from pipeline.capacity.devices import has_bfloat16, may_have_gpu
from pipeline.capacity.footage import Footage
from pipeline.config import RunConfig
from pipeline.runs.storage import is_remote
from stages.propagate.repair import REACH

MASK_ROW_BYTES = 1200
"""A mask in a worker's memory, compressed; on disk it takes less."""
CANDIDATE_ROW_BYTES = 150
_ASKED_AGAIN, _PROMPTS_A_REPAIR = 0.5, 2
"""Share of the chances for a repair that are taken, on real videos, and what is asked then."""
SIDE_BY_SIDE = 0.85
"""Share of its speed that a core keeps while others work too: .95 measured on two cores, less on hyper-threads."""
_OWN_SHORT_SIDE_PX, _OWN_MEMORY_FRAMES = 480, 10
"""Of Cutie when it has no limits; costs were taken with them."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Of one video; bytes are upper bounds.

    Attributes:
        seconds: with the cores that its worker has, while no other worker is busy.
        main_bytes: main memory of its worker.
        gpu_bytes: memory of the GPU; 0 without one.
        spool_bytes: on disk while it is in work.
        kept_bytes: on disk for good.
    """

    seconds: float
    main_bytes: float
    gpu_bytes: float
    spool_bytes: float
    kept_bytes: float

    def of_one_job(self, n_jobs: int) -> Needs:
        """Of one of the jobs that share the work on the video; each takes the memory and the disk that all might."""
        return replace(self, seconds=self.seconds / n_jobs, kept_bytes=self.kept_bytes / n_jobs)


def needs_of(footage: Footage, config: RunConfig, costs: Costs) -> Needs:
    """What a video takes; nothing when it cannot be read, for then it is rejected at once."""
    if not footage.pixels:
        return Needs(0.0, 0.0, 0.0, 0.0, 0.0)
    main_bytes = _memory(footage, config, costs)
    cuda = costs.process.cuda_bytes if uses_gpu(config.compute.device) else 0.0
    gpu_bytes = cuda and main_bytes - costs.process.worker_bytes + cuda
    return Needs(_seconds(footage, config, costs), main_bytes + cuda, gpu_bytes, *_disk(footage, config, costs))


def uses_gpu(device: str) -> bool:
    """Whether models will run on a GPU; asked without loading them."""
    return device.startswith("cuda") or (device == "auto" and may_have_gpu())


def costs_on(device: str) -> Costs:
    """What models take on a device of this machine."""
    if uses_gpu(device):
        return load_costs("gpu")
    return load_costs("bfloat16" if has_bfloat16() else "float32")


def objects_at_once(footage: Footage, config: RunConfig) -> int:
    """Objects that live in memory together."""
    return min(footage.job.n_objects, config.models.objects_a_pass or footage.job.n_objects)


def _seconds(footage: Footage, config: RunConfig, costs: Costs) -> float:
    propagator, segmenter = costs.propagator(config.models.propagator), costs.segmenter(config.models.segmenter)
    n_objects, n_frames = footage.job.n_objects, footage.least_frames
    n_passes = footage.job.n_batches(config.models.objects_a_pass)
    localized = footage.localized()
    n_back = max(localized, default=0)
    stepped = propagator.object_s * footage.object_steps() + propagator.unpack_s * n_passes * n_back
    asked = segmenter.frame_s * n_passes * len(localized) + segmenter.object_s * sum(localized.values())
    if config.repair.enabled:
        chances = n_objects * -(-footage.object_steps() // (n_objects * config.repair.every))
        asked += _ASKED_AGAIN * chances * (segmenter.frame_s + _PROMPTS_A_REPAIR * segmenter.object_s)
    made = propagator.frame_s + costs.process.megapixel_s * footage.pixels / 1e6
    in_order, total = stepped + asked, stepped + asked + made * n_frames * n_passes
    n_cores = psutil.cpu_count() or 1
    return max(in_order, total / min(_threads(config), n_cores / config.compute.n_workers))


def core_speed(n_busy: int, config: RunConfig) -> float:
    """Share of its speed that a core keeps while ``n_busy`` workers work."""
    alone = min(psutil.cpu_count() or 1, _threads(config) * n_busy) <= 1
    return 1.0 if alone else SIDE_BY_SIDE


def _threads(config: RunConfig) -> int:
    """Of a worker, the one that decodes included."""
    return config.compute.n_threads + 1 if config.compute.n_threads > 1 else 1


def _memory(footage: Footage, config: RunConfig, costs: Costs) -> float:
    propagator, segmenter = costs.propagator(config.models.propagator), costs.segmenter(config.models.segmenter)
    threads, n_objects = config.compute.n_threads, objects_at_once(footage, config)
    in_flight = 1 if threads == 1 else 2 * threads + 1
    answering = segmenter.pixel_bytes * min(threads, n_objects)
    frame = costs.process.pixel_bytes + answering + 3 * (in_flight + (REACH if config.repair.enabled else 0))
    drawn = footage.pixels * (frame + n_objects * costs.process.object_pixel_bytes)
    limits = config.models.limits
    scale = ((limits.short_side_px or _OWN_SHORT_SIDE_PX) / _OWN_SHORT_SIDE_PX) ** 2
    n_remembered = limits.memory_frames or _OWN_MEMORY_FRAMES
    worked = scale * (propagator.frame_bytes * in_flight + propagator.object_bytes * n_objects)
    remembered = scale * n_remembered * (propagator.memory_bytes + propagator.object_memory_bytes * n_objects)
    rows = MASK_ROW_BYTES * footage.least_frames * footage.job.n_objects
    models = costs.process.worker_bytes + segmenter.model_bytes + propagator.model_bytes
    return models + drawn + worked + remembered + rows


def _trust_bytes(footage: Footage, config: RunConfig, propagator: PropagatorCost) -> float:
    """Of a mask's map of trust, half of an object's maps; kept where masks of several batches exclude each other."""
    is_kept = footage.job.n_batches(config.models.objects_a_pass) > 1 and any(footage.job.groups.values())
    return propagator.map_bytes / 2 if is_kept else 0.0


def _disk(footage: Footage, config: RunConfig, costs: Costs) -> tuple[float, float]:
    propagator, jpeg = costs.propagator(config.models.propagator), footage.frame_jpeg_bytes
    n_objects, n_frames = footage.job.n_objects, footage.least_frames
    n_back = max(footage.localized(), default=0)
    at_once = objects_at_once(footage, config)
    waiting = n_back * (propagator.packed_bytes + 2 * propagator.map_bytes * at_once)
    copy = footage.job.file.n_bytes if is_remote(footage.job.file.uri) and not footage.job.file.frames else 0
    spool = n_frames * (jpeg + propagator.map_bytes * at_once) + waiting + copy
    n_kept = n_objects * (config.sampling.frames + 1)
    masks = MASK_ROW_BYTES * n_frames * n_objects
    if footage.job.n_batches(config.models.objects_a_pass) > 1:
        spool += masks + _trust_bytes(footage, config, propagator) * n_frames * (n_objects + at_once)
    rows = masks + CANDIDATE_ROW_BYTES * n_kept * config.sampling.points
    return spool, min(n_kept, n_frames) * jpeg + rows
