"""The config of a run: frozen dataclasses from one YAML file and the command line.

Only what changes the result enters the config hash; where the input lies and how many processes work does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from pipeline.runs.review_server import ReviewServer
from pipeline.terminal.console import UsageProblem
from schemas.checks import require_choice
from schemas.digests import digest
from stages.backends.cutie.limits import Limits
from stages.backends.localizers import split_name
from stages.backends.propagators import propagator_names
from stages.backends.segmenters import segmenter_names
from stages.backends.trained import content_of, require_model
from stages.ingest.placing import AUTO, COORDS
from stages.propagate.repair import RepairOptions
from stages.sample_points.options import SamplingOptions
from verification_ui.media.location import MediaPlace


@dataclass(frozen=True, slots=True)
class Models:
    """Which backends work, by registry key, and what they may hold.

    Attributes:
        segmenter: registry key.
        propagator: registry key.
        localizer: registry key, for expressions.
        objects_a_pass: more objects of a video than this are carried in several passes over it, each a job for one
            worker; 0 for all at once. It changes the result a little, and so does not depend on the number of workers.
        limits: of a propagator that can do with less.
    """

    segmenter: str = "embedded"
    propagator: str = "embedded"
    localizer: str = "imagenet"
    objects_a_pass: int = 24
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        require_model("segmenter", self.segmenter, segmenter_names())
        require_model("propagator", self.propagator, propagator_names())
        split_name(self.localizer)
        if self.objects_a_pass < 0:
            raise ValueError(f"objects_a_pass {self.objects_a_pass} must be at least 1, or 0 for all at once")

    def weights(self) -> dict[str, str]:
        """What the files of trained models hold, by kind of model; empty where none is one."""
        return {
            kind: content
            for kind, name in (("segmenter", self.segmenter), ("propagator", self.propagator))
            if (content := content_of(name)) != name
        }


@dataclass(frozen=True, slots=True)
class Compute:
    """How the work is spread; never changes the result.

    Attributes:
        workers: worker processes; None for as many as cores and memory allow.
        threads: compute threads a worker: 1 works frame by frame, 2 or more encodes frames ahead. None for 1, or 2
            where one worker has several cores.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        max_memory: such as ``4GB``; other settings were chosen so that it holds. Empty for no limit.
        accelerator: GPUs of the workers that run models, for runners that choose their machines (Dataflow), such as
            ``type:nvidia-l4;count:1;install-nvidia-driver``. Empty for none.
        min_ram: memory of these workers, such as ``16GB``. Empty for what the runner takes.
    """

    workers: int | None = None
    threads: int | None = None
    device: str = "auto"
    max_memory: str = ""
    accelerator: str = ""
    min_ram: str = ""

    def __post_init__(self) -> None:
        for name, number in (("workers", self.n_workers), ("threads", self.n_threads)):
            if number < 1:
                raise ValueError(f"{name} {number} must be at least 1")
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]+)?", self.device):
            raise ValueError(f"unknown device {self.device!r}; known: auto, cpu, cuda, cuda:<n> (NVIDIA GPUs only)")
        if self.accelerator and not re.fullmatch(r"type:[^;]+;count:[0-9]+(;[^;]+)*", self.accelerator):
            raise ValueError(f"invalid accelerator {self.accelerator!r}; expected e.g. type:nvidia-l4;count:1")
        if self.min_ram and not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B", self.min_ram):
            raise ValueError(f"invalid min_ram {self.min_ram!r}; expected e.g. 16GB")

    @property
    def n_prefetched(self) -> int:
        """Frames that are encoded ahead; 0 with a single thread."""
        return 0 if self.n_threads == 1 else self.n_threads

    def resource_hints(self) -> dict[str, str]:
        """Beam's resource hints for the workers that run models."""
        hints = {"accelerator": self.accelerator, "min_ram": self.min_ram}
        return {name: hint for name, hint in hints.items() if hint}

    @property
    def n_workers(self) -> int:
        """Worker processes, one until it is chosen."""
        return 1 if self.workers is None else self.workers

    @property
    def n_threads(self) -> int:
        """Threads a worker, one until it is chosen."""
        return 1 if self.threads is None else self.threads


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that a run was asked to do.

    Attributes:
        videos: file, folder or glob.
        localizations: file or folder.
        format: format of the localizations, or ``auto``.
        coords: unit of clicks and boxes, or ``auto``; it enters ``run.yaml`` only when it was given.
        models: backends.
        repair: which masks are re-segmented.
        sampling: how points are drawn.
        jpeg_quality: of the frames that people look at.
        compute: processes, threads, device.
        review_media: where annotators' browsers get the pictures.
        review_server: where questions are queued as soon as a video is done; it enters ``run.yaml`` never.
    """

    videos: str
    localizations: str
    format: str = "auto"
    coords: str = AUTO
    models: Models = field(default_factory=Models)
    repair: RepairOptions = field(default_factory=RepairOptions)
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    jpeg_quality: int = 92
    compute: Compute = field(default_factory=Compute)
    review_media: MediaPlace = field(default_factory=MediaPlace)
    review_server: ReviewServer = field(default_factory=ReviewServer)

    def __post_init__(self) -> None:
        require_choice("coords", self.coords, COORDS)
        if not 30 <= self.jpeg_quality <= 100:
            raise ValueError(f"jpeg_quality {self.jpeg_quality} is not in 30..100")

    def hash(self) -> str:
        """Hash of what changes the result of a video: models, repair, sampling, not inputs and not processes.

        Of a trained model, what its file holds counts, not where it lies.
        """
        models = asdict(self.models) | self.models.weights()
        parts = [models, asdict(self.repair), asdict(self.sampling), self.jpeg_quality]
        return digest(yaml.safe_dump(parts, sort_keys=True))

    def run_id(self) -> str:
        """The same for the same question: result-changing config and inputs, however their paths are typed."""
        return digest(self.hash(), _address(self.videos), _address(self.localizations), length=12)

    def to_yaml(self, run_id: str = "") -> str:
        """The resolved config as it is written to ``run.yaml``, by its own run id if no other is given."""
        marks = {"run_id": run_id or self.run_id(), "config_hash": self.hash()}
        settings = asdict(self)
        del settings["review_server"]
        if self.coords == AUTO:
            del settings["coords"]
        weights = self.models.weights()
        named = {"weights": weights} if weights else {}
        return yaml.safe_dump({**marks, **settings, **named}, sort_keys=False, allow_unicode=True)


def load_config(path: Path | None, overrides: dict[str, Any]) -> RunConfig:
    """The config of a YAML file (or the defaults), with the options given on the command line laid over it.

    Args:
        path: YAML file with any of the fields of :class:`RunConfig`, or None.
        overrides: values by dotted field name, e.g. ``{"models.segmenter": "grabcut"}``; None means not given.

    Raises:
        UsageProblem: unreadable file, unknown field or wrong value; the message names it.
    """
    values = _read_yaml(path) if path else {}
    for name in ("run_id", "config_hash", "weights"):
        values.pop(name, None)
    for dotted, value in overrides.items():
        if value is not None:
            _set(values, dotted, value)
    try:
        _refuse_unknown(RunConfig, values, "")
        return TypeAdapter(RunConfig).validate_python(values)
    except ValidationError as problem:
        raise UsageProblem("; ".join(_sentence(e) for e in problem.errors())) from None
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None


def load_sampling(stored: Mapping[str, Any], path: Path | None, overrides: Mapping[str, Any]) -> SamplingOptions:
    """Sampling settings: those given, over those of a YAML file, over those that a run was annotated with.

    Args:
        stored: ``sampling`` of the run's ``run.yaml``; settings that this version does not know are left out.
        path: YAML file whose ``sampling`` is used, or None.
        overrides: values by field name; None means not given.

    Raises:
        UsageProblem: unreadable file, unknown field or wrong value; the message names it.
    """
    known = {f.name for f in fields(SamplingOptions)}
    values = {name: value for name, value in stored.items() if name in known}
    given = _read_yaml(path).get("sampling", {}) if path else {}
    if not isinstance(given, dict):
        raise UsageProblem(f"config file {path}: sampling must hold named settings, not a {type(given).__name__}")
    values |= given | {name: value for name, value in overrides.items() if value is not None}
    try:
        _refuse_unknown(SamplingOptions, values, "sampling.")
        return TypeAdapter(SamplingOptions).validate_python(values)
    except ValidationError as problem:
        raise UsageProblem("; ".join(_sentence(e) for e in problem.errors())) from None
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None


def with_compute(config: RunConfig, **changes: Any) -> RunConfig:
    """A copy with other compute settings."""
    return replace(config, compute=replace(config.compute, **changes))


def _address(path: str) -> str:
    """A path from the root; ``scheme://`` paths begin there already."""
    return path if "://" in path else os.path.abspath(path)  # noqa: PTH100 - keeps links and globs


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise UsageProblem(f"config file {path} cannot be read: {problem}") from None
    if not isinstance(loaded, dict):
        raise UsageProblem(f"config file {path} must hold named settings, not a {type(loaded).__name__}")
    return loaded


def _set(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = value


def _refuse_unknown(kind: type[Any], values: dict[str, Any], prefix: str) -> None:
    known = {f.name: f for f in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"unknown setting {prefix + name!r}; known: {', '.join(prefix + k for k in known)}")
        factory = known[name].default_factory
        if isinstance(value, dict) and isinstance(factory, type) and is_dataclass(factory):
            _refuse_unknown(factory, value, f"{prefix}{name}.")


def _sentence(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where + ': ' if where else ''}{error['msg'].removeprefix('Value error, ')}"
