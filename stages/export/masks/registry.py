"""Formats of masks by name."""

from __future__ import annotations

from collections.abc import Mapping

from stages.export.masks.coco_instances import CocoInstances, YouTubeVis
from stages.export.masks.davis import Davis
from stages.export.masks.exported import MaskFormat
from stages.export.masks.referring import RefYouTubeVos, VideoNarrativeGrounding
from stages.export.masks.sav import Sav
from stages.export.masks.text_labels import Mot, Yolo
from stages.export.masks.tools import Cvat, LabelStudio
from stages.export.masks.youtube_vos import YouTubeVos

MASK_FORMATS: Mapping[str, MaskFormat] = {
    "coco": CocoInstances(),
    "coco_polygons": CocoInstances(has_polygons=True),
    "cvat": Cvat(),
    "davis": Davis(),
    "label_studio": LabelStudio(),
    "mot": Mot(),
    "ref_youtube_vos": RefYouTubeVos(),
    "sav": Sav(),
    "vng": VideoNarrativeGrounding(),
    "yolo": Yolo(),
    "youtube_vis": YouTubeVis(),
    "youtube_vos": YouTubeVos(),
}
OF_WORDS = ("ref_youtube_vos", "vng")
"""Formats of masks that words mean."""
