"""``grounding_dino``, ``owlv2`` and ``sam3_text``: words to boxes, through the packages of ``pointvos[video]``.

Sources: transformers (Apache-2.0); weights IDEA-Research/grounding-dino-tiny and
google/owlv2-base-patch16-ensemble (both Apache-2.0), facebook/sam3 (SAM licence), or others of the same architectures.
Weights are read from the cache (``pointvos models fetch``), that of the Hugging Face hub, or a folder; nothing is
downloaded here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schemas.localizations import Box, Expression
from stages.backends.boxes import all_boxes, best_box
from stages.backends.checkpoints import CheckpointError, require_hub_model
from stages.backends.checkpoints.catalog import HUB_MODELS
from stages.backends.devices import pick_device
from stages.backends.localizer import LocalizerError, Located, NotLocated

Found = tuple[Tensor, Tensor]
"""Scores (N,) in [0, 1] and boxes (N, 4) xyxy in pixels of the image."""


@dataclass(frozen=True, slots=True)
class Detector:
    """What sets the detectors apart.

    Attributes:
        network: class of transformers.
        processor: class of transformers that prepares images and words.
        least_score: the least score that its authors take a box at.
        architectures: what the weights may call themselves.
    """

    network: str
    processor: str
    least_score: float
    architectures: tuple[str, ...]


DETECTORS = {
    "grounding_dino": Detector("AutoModelForZeroShotObjectDetection", "AutoProcessor", 0.25, ("grounding-dino",)),
    "owlv2": Detector("AutoModelForZeroShotObjectDetection", "AutoProcessor", 0.1, ("owlv2",)),
    "sam3_text": Detector("Sam3Model", "Sam3Processor", 0.5, ("sam3", "sam3_video")),
}


def require_detector(name: str, model: str = "") -> str:
    """Make sure that the packages and the weights of a detector are here.

    Returns:
        Where the weights are: a folder, or an id in the cache of the Hugging Face hub.

    Raises:
        LocalizerError: they are not; the message says what to do.
    """
    if find_spec("transformers") is None:
        raise LocalizerError(
            f"localizer {name!r} needs more packages; install them with: pip install 'pointvos[video]'"
        )
    if model and Path(model).is_dir():
        return model
    repo = model or HUB_MODELS[name].repo
    if _is_in_hub_cache(name, repo):
        return repo
    if model:
        raise LocalizerError(
            f"the weights of localizer {name!r} are not on this machine; download them with: hf download {model}"
        )
    try:
        return str(require_hub_model(name))
    except CheckpointError as problem:
        raise LocalizerError(f"localizer {name!r}: {problem}") from None


def _is_in_hub_cache(name: str, repo: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(repo, "config.json"), str)
    except HFValidationError:
        raise LocalizerError(f"localizer {name!r}: {repo!r} is neither a folder nor a model's id") from None


def load_detector(name: str, model: str = "", device: str = "auto") -> DetectorLocalizer:
    """Load a detector from the disk.

    Raises:
        LocalizerError: packages or weights are missing, or the weights are of something else.
    """
    source = require_detector(name, model)
    import transformers

    transformers.utils.logging.disable_progress_bar()
    detector = DETECTORS[name]
    try:
        found = transformers.AutoConfig.from_pretrained(source, local_files_only=True).model_type
        if found not in detector.architectures:
            raise LocalizerError(f"localizer {name!r} cannot use {source!r}: it is of the architecture {found!r}")
        processor = getattr(transformers, detector.processor).from_pretrained(source, local_files_only=True)
        network = getattr(transformers, detector.network).from_pretrained(source, local_files_only=True)
    except LocalizerError:
        raise
    except (OSError, ValueError) as problem:
        reason = str(problem).strip().splitlines()[0]
        raise LocalizerError(f"localizer {name!r} cannot load {source!r}: {reason}") from None
    make = Sam3TextLocalizer if name == "sam3_text" else DetectorLocalizer
    return make(name, processor, network.eval().to(pick_device(device)))


class DetectorLocalizer:
    """Answers with the best box of all expressions of an object, or with all boxes."""

    def __init__(self, name: str, processor: Any, network: Any) -> None:
        self.name = name
        self._processor = processor
        self._network = network
        self._least_score = DETECTORS[name].least_score

    def locate(self, image: NDArray[np.uint8], expressions: Sequence[Expression]) -> list[Located | NotLocated]:
        """See :meth:`stages.backends.localizer.Localizer.locate`."""
        found = self._found(image, expressions)
        best = {text: best_box(*boxes, *image.shape[:2]) for text, boxes in found.items()}
        answers: list[Located | NotLocated] = []
        for expression in expressions:
            text = max(expression.texts, key=lambda one: best[one][0])
            answers.append(self._answer(text, *best[text]))
        return answers

    def locate_all(self, image: NDArray[np.uint8], expressions: Sequence[Expression]) -> list[list[Located]]:
        """See :meth:`stages.backends.localizer.InstanceLocalizer.locate_all`."""
        found = self._found(image, expressions)
        answers = []
        for expression in expressions:
            scores = torch.cat([found[text][0] for text in expression.texts])
            boxes = torch.cat([found[text][1] for text in expression.texts])
            height, width = image.shape[:2]
            kept = all_boxes(scores, boxes, height, width, self._least_score)
            answers.append([Located(box, round(score, 4), expression.texts[0]) for score, box in kept])
        return answers

    def _answer(self, text: str, score: float, box: Box | None) -> Located | NotLocated:
        if box is None or score < self._least_score:
            detail = f"{text!r} was not found (at best {score:.2f}, needed {self._least_score})"
            return NotLocated("not_seen", detail)
        return Located(box, round(score, 4), text)

    def _found(self, image: NDArray[np.uint8], expressions: Sequence[Expression]) -> dict[str, Found]:
        texts = list(dict.fromkeys(text for expression in expressions for text in expression.texts))
        return dict(zip(texts, self._ask_all(image, texts), strict=True))

    def _ask_all(self, image: NDArray[np.uint8], texts: Sequence[str]) -> list[Found]:
        """By text; in one pass where the model allows it."""
        if self.name == "owlv2":
            return self._ask(image, texts)
        # the words steer what the network sees, so every text takes a pass of its own
        return [found for text in texts for found in self._ask(image, [text])]

    @torch.no_grad()
    def _ask(self, image: NDArray[np.uint8], texts: Sequence[str]) -> list[Found]:
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


class Sam3TextLocalizer(DetectorLocalizer):
    """The detector of SAM 3: the image is encoded once, and all texts are asked in one batch."""

    @torch.no_grad()
    def _ask_all(self, image: NDArray[np.uint8], texts: Sequence[str]) -> list[Found]:
        device, n = self._network.device, len(texts)
        pixels = self._processor(images=image, return_tensors="pt")["pixel_values"].to(device)
        words = self._processor(text=list(texts), original_sizes=[image.shape[:2]], return_tensors="pt")
        seen = self._network.get_vision_features(pixel_values=pixels)
        for name in ("fpn_hidden_states", "fpn_position_encoding"):
            seen[name] = tuple(level.expand(n, *level.shape[1:]) for level in seen[name])
        outputs = self._network(
            vision_embeds=seen,
            input_ids=words["input_ids"].to(device),
            attention_mask=words["attention_mask"].to(device),
        )
        scores = (outputs.pred_logits.sigmoid() * outputs.presence_logits.sigmoid()).cpu()
        height, width = image.shape[:2]
        boxes = outputs.pred_boxes.cpu() * torch.tensor([width, height, width, height])
        return list(zip(scores, boxes, strict=True))
