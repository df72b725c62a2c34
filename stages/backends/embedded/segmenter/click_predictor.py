"""Ask the click network: arrays in, probabilities and a quality out.

An editor asks one picture many times, each time with one click more and its last answer as the prior::

    predictor = load_click_predictor()
    first = predictor.answer(image, prompt)
    better = predictor.answer(image, prompt_of_more_clicks, first.probability)

One look takes about 30 ms on one core with bfloat16 and 60 ms without, an answer takes two looks at most.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from schemas.prompts import Array, Prompt
from stages.backends.devices import fast_precision, pick_device, without_cudnn
from stages.backends.embedded.segmenter.click_network import ClickNetwork, for_inference
from stages.backends.embedded.segmenter.crops import Crop, closer_crop
from stages.backends.embedded.segmenter.prompt_maps import draw_maps, seen
from stages.backends.weights import WeightsError, load_weights
from stages.resize import resize

Map = NDArray[np.float32]
WEIGHTS = Path(__file__).with_name("click_network.pt")
WEIGHTS_SHA256 = "4a6a468b1d507ddc71c4020a844787307998c9cb876e6211b0385f84b447aa58"
SIDE = 448
"""Pixels of the longer side at which the network sees a frame or a crop; it was trained at this size."""
CROWD_SIDE, CROWD_CROP = 320, 256
"""Where many objects wait, crops of at most ``CROWD_CROP`` pixels are seen at this size: that takes half the time, and
costs nothing that could be measured. There are few sizes, for oneDNN prepares each layer once for every size of maps,
and forgets those that it has used least."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Where the object is, as the network sees it.

    Attributes:
        probability: (H, W) float32 in [0, 1] at the picture's size; the object is above 0.5.
        quality: expected intersection over union, in [0, 1].
    """

    probability: Map
    quality: float


class ClickPredictor:
    """The network on its device; stateless, safe to call from several threads."""

    def __init__(self, network: ClickNetwork) -> None:
        """Take a network :func:`~stages.backends.embedded.segmenter.click_network.for_inference`."""
        weight = network.prompts_out.weight
        self._network = network
        self.device = weight.device
        self._precision = weight.dtype

    def answer(
        self,
        image: NDArray[np.uint8],
        prompt: Prompt,
        prior: Map | None = None,
        side: int = SIDE,
        is_crowded: bool = False,
    ) -> Prediction:
        """Look at the whole picture, then once more, closer, at what was found there.

        Args:
            image: (H, W, 3) uint8 RGB.
            prompt: what is asked, in pixels of the picture; nothing lies outside of its box. Its mask is not used.
            prior: (H, W) float32 probability of an earlier answer or of another model, or None.
            side: pixels of the longer side at which the network sees the picture and the crop.
            is_crowded: there are many objects to ask about; small ones are seen smaller.
        """
        prediction = self.predict_crop(image, prompt, prior, Crop.whole(*image.shape[:2]), side)
        if crop := closer_crop(prediction.probability, prompt):
            prediction = self.predict_crop(image, prompt, prediction.probability, crop, _side(crop, side, is_crowded))
        if prompt.box_xyxy_px is not None:
            prediction = Prediction(_within(prediction.probability, prompt.box_xyxy_px), prediction.quality)
        return prediction

    def refine(self, image: NDArray[np.uint8], prior: Map, side: int = SIDE, is_crowded: bool = False) -> Prediction:
        """One look around a mask that is about right, without any hint.

        Args:
            image: (H, W, 3) uint8 RGB.
            prior: (H, W) float32 probability.
            side: pixels at which the network sees the longer side of the crop.
            is_crowded: there are many objects to refine; small ones are seen smaller.
        """
        crop = closer_crop(prior) or Crop.whole(*prior.shape)
        return self.predict_crop(image, None, prior, crop, _side(crop, side, is_crowded))

    @torch.inference_mode()
    def predict_crop(
        self, image: NDArray[np.uint8], prompt: Prompt | None, prior: Map | None, crop: Crop, side: int = SIDE
    ) -> Prediction:
        """Ask about one crop; outside of it the probability is 0. Arguments as above."""
        size = crop.seen_size(side)
        picture = torch.from_numpy((seen(image, crop, size).astype(np.float32) - 127) / 128)[None].permute(0, 3, 1, 2)
        maps = torch.from_numpy(draw_maps(prompt, prior, crop, size))[None]
        with without_cudnn(self.device):
            answer = self._network(self._placed(picture), self._placed(maps))
        probability = torch.sigmoid(answer.logits[0, 0]).cpu().numpy()
        shape = (crop.bottom - crop.top, crop.right - crop.left)
        whole = np.zeros(image.shape[:2], dtype=np.float32)
        whole[crop.rows, crop.columns] = resize(probability, shape, cv2.INTER_LINEAR)
        return Prediction(whole, float(torch.sigmoid(answer.quality[0])))

    def _placed(self, values: torch.Tensor) -> torch.Tensor:
        placed = values.to(self.device, self._precision)
        return placed.contiguous(memory_format=torch.channels_last)


def _side(crop: Crop, side: int, is_crowded: bool) -> int:
    """Pixels of the longer side at which a crop is seen.

    >>> crops = Crop(0, 0, 200, 160), Crop(0, 0, 854, 480)
    >>> [_side(crop, SIDE, is_crowded) for crop in crops for is_crowded in (True, False)]
    [320, 448, 448, 448]
    """
    is_small = max(crop.bottom - crop.top, crop.right - crop.left) <= CROWD_CROP
    return min(side, CROWD_SIDE) if is_crowded and is_small else side


def _within(probability: Map, xyxy_px: Array) -> Map:
    """The probability, 0 for pixels whose centres lie outside a half-open box."""
    x0, y0, x1, y1 = np.rint(xyxy_px).astype(int).tolist()
    inside = np.zeros_like(probability)
    inside[y0:y1, x0:x1] = probability[y0:y1, x0:x1]
    return inside


@cache
def load_click_predictor(device: str = "auto", weights: Path = WEIGHTS) -> ClickPredictor:
    """The network, once a process, device and file of weights.

    Args:
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        weights: those of this package, or of one's own training.

    Raises:
        WeightsError: the file of weights is damaged.
    """
    place = pick_device(device)
    return ClickPredictor(for_inference(load_click_network(weights), place, fast_precision(place)))


def load_click_network(weights: Path = WEIGHTS) -> ClickNetwork:
    """A network in float32 on the CPU, frozen in evaluation mode.

    Args:
        weights: a state dict of all parameters and buffers, in half precision or better; those of the package are
            checked against their SHA-256.

    Raises:
        WeightsError: the file is damaged or of another architecture.
    """
    if weights == WEIGHTS and hashlib.sha256(weights.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise WeightsError(
            f"{weights} is not the file that belongs to this version of pointvos; install pointvos again"
        )
    network = ClickNetwork()
    load_weights(network, weights, "embedded")
    return network
