"""COCO and YouTube-VIS: JSON documents of images or videos, categories and annotations.

COCO has an annotation for every mask, which tells its object by ``track_id``; YouTube-VIS one for every object, with a
list of masks over all frames. Masks are compressed run lengths, or polygons of their outer outlines.

Source: https://cocodataset.org/#format-data, https://youtube-vos.org/dataset/vis/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from schemas.masks import Mask
from stages.export.masks.exported import Entries, ExportedVideo, File, Json, Pieces, box_of, compressed, number_of
from stages.export.masks.json_lists import document
from stages.export.masks.outlines import outlines

FILE = "instances.json"
_INFO = {"description": "masks annotated with pointvos"}


@dataclass(frozen=True, slots=True)
class CocoInstances:
    """Masks as images and annotations.

    Attributes:
        has_polygons: outlines instead of run lengths; holes are lost.
    """

    has_polygons: bool = False

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """None: one document holds everything."""
        return iter(())

    def entry(self, found: ExportedVideo) -> Json:
        """The images and annotations of a video; all frames on which an object is are images."""
        objects = found.by_object()
        shown = sorted({frame_idx for masks in objects.values() for frame_idx in masks})
        images = [
            {
                "id": number_of(found, frame_idx),
                "file_name": f"{found.folder}/{found.stem(frame_idx)}.jpg",
                "width": found.video.width,
                "height": found.video.height,
                "video_id": found.number + 1,
                "frame_id": frame_idx,
            }
            for frame_idx in shown
        ]
        masks = [(place, mask) for place, own in enumerate(objects.values()) for mask in own.values()]
        annotations = [
            {
                "id": number_of(found, i),
                "image_id": number_of(found, mask.frame_idx),
                "track_id": number_of(found, place),
                "category_id": found.category_id(mask.object_id),
                "segmentation": self._segmentation(mask),
                "bbox": box_of(mask),
                "area": mask.area_px,
                "iscrowd": 0,
                "attributes": {"object_id": mask.object_id, "track_id": number_of(found, place)},
            }
            for i, (place, mask) in enumerate(masks)
        ]
        return {
            "videos": [{"id": found.number + 1, "name": found.folder}],
            "images": images,
            "annotations": annotations,
        }

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``instances.json``."""
        names = ("videos", "images", "annotations")
        yield FILE, document({"info": _INFO, "categories": listed(categories)}, {n: _all(entries, n) for n in names})

    def _segmentation(self, mask: Mask) -> object:
        if not self.has_polygons:
            return compressed(mask)
        return [piece.ravel().tolist() for piece in outlines(mask.decode())]


class YouTubeVis:
    """Masks as annotations that span their video."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """None: one document holds everything."""
        return iter(())

    def entry(self, found: ExportedVideo) -> Json:
        """The video, with every frame that could be decoded, and its annotations."""
        video, frames = found.video, found.frames()
        size = {"width": video.width, "height": video.height, "length": len(frames)}
        annotations = []
        for place, (object_id, masks) in enumerate(found.by_object().items()):
            there = [masks.get(frame_idx) for frame_idx in frames]
            annotations.append(
                {
                    "id": number_of(found, place),
                    "video_id": found.number + 1,
                    "category_id": found.category_id(object_id),
                    "segmentations": [mask and compressed(mask) for mask in there],
                    "bboxes": [mask and box_of(mask) for mask in there],
                    "areas": [mask and mask.area_px for mask in there],
                    "iscrowd": 0,
                    "attributes": {"object_id": object_id},
                    **size,
                }
            )
        file_names = [f"{found.folder}/{found.stem(frame_idx)}.jpg" for frame_idx in frames]
        return {"videos": [{"id": found.number + 1, "file_names": file_names, **size}], "annotations": annotations}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``instances.json``."""
        names = ("videos", "annotations")
        yield FILE, document({"info": _INFO, "categories": listed(categories)}, {n: _all(entries, n) for n in names})


def listed(categories: Mapping[str, int]) -> list[Json]:
    """COCO's list of categories."""
    return [{"id": number, "name": name, "supercategory": ""} for name, number in categories.items()]


def _all(entries: Entries, name: str) -> Iterator[object]:
    for one in entries():
        values = one[name]
        assert isinstance(values, Iterable)
        yield from values
