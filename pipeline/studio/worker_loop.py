"""What the studio's worker does: the production graph over one video at a time, and its correction rounds."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from pipeline.config import RunConfig
from pipeline.refining.candidates import redrawing_of
from pipeline.refining.correction_round import RoundModels, load_round_models
from pipeline.refining.hints import VideoHints
from pipeline.refining.videos import RoundTools, refine_video
from pipeline.runners.local import annotate_video
from pipeline.runners.worker_connection import Ready, WorkerConnection
from pipeline.runs.folder import RunFolder
from pipeline.studio.frame_cache import FrameCache
from pipeline.studio.messages import Failed, Finished, MasksReady, Refine, Track
from schemas.masks import Mask
from stages import progress
from stages.arithmetic import use_one_thread_an_operation

_TELL_EVERY_S = 0.2
logger = logging.getLogger(__name__)


@dataclass
class _MaskBatcher:
    """Collects masks and sends them a few times a second, those of one frame together."""

    connection: WorkerConnection
    masks: list[Mask] = field(default_factory=list)
    sent_at: float = 0.0

    def add(self, mask: Mask) -> None:
        is_next = bool(self.masks) and mask.frame_idx != self.masks[-1].frame_idx
        if is_next and time.monotonic() - self.sent_at > _TELL_EVERY_S:
            self.send()
        self.masks.append(mask)

    def send(self) -> None:
        if self.masks:
            self.connection.send(MasksReady(tuple(self.masks)))
        self.masks.clear()
        self.sent_at = time.monotonic()


@dataclass
class _Models:
    """The models, of correction rounds too."""

    config: RunConfig
    loaded: RoundModels | None = None

    def get(self) -> RoundModels:
        if self.loaded is None:
            compute = self.config.compute
            self.loaded = load_round_models(self.config.models, compute.device, compute.n_threads)
            use_one_thread_an_operation()
        return self.loaded


def work(connection: WorkerConnection) -> None:
    """Do tasks for ever. Models are loaded before the first one comes, while the person still makes hints."""
    logging.basicConfig(level=logging.WARNING, force=True, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    use_one_thread_an_operation()
    run, config = cast("tuple[RunFolder, RunConfig]", connection.receive())
    batcher, models = _MaskBatcher(connection), _Models(config)
    progress.listen(connection.send)
    progress.view(batcher.add)
    with suppress(Exception):  # the task that needs them says why
        models.get()
    while True:
        connection.send(Ready())
        task = connection.receive()
        try:
            if isinstance(task, Track):
                annotate_video(run, config, task.job)
            elif isinstance(task, Refine):
                frames = FrameCache(task.job.file, task.frames_folder).between
                tools = RoundTools(models.get(), frames, redrawing_of(run, config))
                refine_video(run, task.video, VideoHints.of(task.job.localizations), tools)
        except Exception as problem:  # the studio goes on, and the person is told
            logger.exception("task failed")
            connection.send(
                Failed(str(problem) if isinstance(problem, ValueError) else f"{type(problem).__name__}: {problem}")
            )
        else:
            batcher.send()
            connection.send(Finished())
