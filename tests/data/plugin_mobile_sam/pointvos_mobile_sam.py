"""MobileSAM (Zhang et al., 2023, Apache-2.0) as a segmenter of pointvos: Segment Anything with a small image encoder.

MOBILE_SAM_WEIGHTS names the file mobile_sam.pt of https://github.com/ChaoningZhang/MobileSAM.
"""

import os
from pathlib import Path

from mobile_sam import sam_model_registry

from stages.backends.devices import pick_device
from stages.backends.sam.segmenter import SamSegmenter
from stages.backends.weights import load_weights


def load_mobile_sam(device: str) -> SamSegmenter:
    model = sam_model_registry["vit_t"]()
    load_weights(model, Path(os.environ["MOBILE_SAM_WEIGHTS"]), "mobile_sam")
    return SamSegmenter("mobile_sam", model.to(pick_device(device)))
