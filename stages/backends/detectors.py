"""``grounding_dino`` and ``owlv2``: zero-shot detectors, through the packages of ``pointvos[text]``.

Sources: transformers (Apache-2.0); weights IDEA-Research/grounding-dino-tiny and
google/owlv2-base-patch16-ensemble (both Apache-2.0), or others of the same architectures. Weights are read from the
cache of the Hugging Face hub or from a folder; nothing is downloaded here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schemas.localizations import Box, Expression
from stages.backends.devices import pick_device
from stages.backends.localizer import LocalizerError, Located, NotLocated


@dataclass(frozen=True, slots=True)
class Detector:
    """What sets the detectors apart: the usual model, and the least score that its authors take a box at."""

    model: str
    least_score: float


DETECTORS = {
    "grounding_dino": Detector("IDEA-Research/grounding-dino-tiny", 0.25),
    "owlv2": Detector("google/owlv2-base-patch16-ensemble", 0.1),
}


def require_detector(name: str, model: str = "") -> None:
    """Make sure that the packages and the weights of a detector are here.

    Raises:
        LocalizerError: they are not; the message says what to do.
    """
    model = model or DETECTORS[name].model
    if find_spec("transformers") is None:
        raise LocalizerError(f"localizer {name!r} needs more packages; install them with: pip install 'pointvos[text]'")
    if Path(model).is_dir():
        return
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        raise LocalizerError(f"localizer {name!r}: {model!r} is neither a folder nor a model's id") from None
    if not isinstance(cached, str):
        raise LocalizerError(
            f"the weights of localizer {name!r} are not on this machine; download them with: hf download {model}"
        )


def load_detector(name: str, model: str = "", device: str = "auto") -> DetectorLocalizer:
    """Load a detector from the disk.

    Raises:
        LocalizerError: packages or weights are missing, or the weights are of something else.
    """
    require_detector(name, model)
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    source = model or DETECTORS[name].model
    try:
        processor = AutoProcessor.from_pretrained(source, local_files_only=True)
        network = AutoModelForZeroShotObjectDetection.from_pretrained(source, local_files_only=True)
    except (OSError, ValueError) as problem:
        reason = str(problem).strip().splitlines()[0]
        raise LocalizerError(f"localizer {name!r} cannot load {source!r}: {reason}") from None
    found = network.config.model_type.replace("-", "_")
    if found != name:
        raise LocalizerError(f"localizer {name!r} cannot use {source!r}: it is of the architecture {found!r}")
    return DetectorLocalizer(name, processor, network.eval().to(pick_device(device)))


class DetectorLocalizer:
    """Answers with the best box of all expressions of an object."""

    def __init__(self, name: str, processor: Any, network: Any) -> None:
        self.name = name
        self._processor = processor
        self._network = network
        self._least_score = DETECTORS[name].least_score

    def locate(self, image: NDArray[np.uint8], expressions: Sequence[Expression]) -> list[Located | NotLocated]:
        """See :meth:`stages.backends.localizer.Localizer.locate`."""
        texts = list(dict.fromkeys(text for expression in expressions for text in expression.texts))
        if self.name == "owlv2":
            candidates = self._ask(image, texts)
        else:  # the words steer what the network sees, so every text takes a pass of its own
            candidates = [found for text in texts for found in self._ask(image, [text])]
        best = {text: best_box(*found, *image.shape[:2]) for text, found in zip(texts, candidates, strict=True)}
        return [self._answer(expression, best) for expression in expressions]

    @torch.no_grad()
    def _ask(self, image: NDArray[np.uint8], texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """By text, scores (N,) in [0, 1] and boxes (N, 4) xyxy in pixels of the image."""
        sentences = [text.lower().rstrip(" .") + "." for text in texts]
        asked = [sentences] if self.name == "owlv2" else sentences
        inputs = self._processor(images=image, text=asked, return_tensors="pt").to(self._network.device)
        outputs = self._network(**inputs)
        (answer,) = self._processor.post_process_grounded_object_detection(
            outputs, threshold=-1.0, target_sizes=[image.shape[:2]]
        )
        scores = outputs.logits[0].sigmoid()
        columns = scores.unbind(dim=-1) if self.name == "owlv2" else [scores.amax(dim=-1)]
        return [(column.cpu(), answer["boxes"].cpu()) for column in columns]

    def _answer(self, expression: Expression, best: Mapping[str, tuple[float, Box | None]]) -> Located | NotLocated:
        text = max(expression.texts, key=lambda one: best[one][0])
        score, box = best[text]
        if box is None or score < self._least_score:
            detail = f"{text!r} was not found (at best {score:.2f}, needed {self._least_score})"
            return NotLocated("not_seen", detail)
        return Located(box, round(score, 4), text)


def best_box(scores: Tensor, boxes: Tensor, height: int, width: int) -> tuple[float, Box | None]:
    """The best box of which at least a pixel lies inside the image, clipped to it; None when there is no such box."""
    limits = torch.tensor([width, height, width, height], dtype=boxes.dtype)
    clipped = boxes.clamp(min=0).minimum(limits)
    inside = (clipped[:, 2:] - clipped[:, :2] >= 1).all(dim=1)
    if not inside.any():
        return 0.0, None
    best = int(scores.where(inside, -1.0).argmax())
    x0, y0, x1, y1 = (round(float(value), 1) for value in clipped[best])
    return float(scores[best]), Box((x0, y0, x1, y1))
