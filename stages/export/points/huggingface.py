"""A dataset for the Hugging Face ``datasets`` library: Parquet files in two configurations, and a card.

``frames`` has a row for every annotated frame, with its picture and the points of all objects on it; ``objects`` one
for every object, with its points on all frames. Sources: https://huggingface.co/docs/hub/datasets-manual-configuration
and https://huggingface.co/docs/hub/datasets-cards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from schemas.splits import SPLITS
from stages.export.points.annotated import AnnotatedVideo, OpenFile, ReadFrame
from stages.export.points.facts import DataFacts

CONFIGS = ("frames", "objects")
_s, _i = pa.string(), pa.int32()
_POINTS = [("x", pa.list_(_i)), ("y", pa.list_(_i)), ("label", pa.list_(pa.int8()))]
_WORDS = [("object_id", _s), ("object_name", _s), ("expression", _s)]
_ORIGIN = [("source", _s), ("licence", _s), ("url", _s)]
FRAMES_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("frame_idx", _i), ("frame_name", _s), ("time_s", pa.float64()),
        ("width", _i), ("height", _i), *_ORIGIN,
        ("image", pa.struct([("bytes", pa.binary()), ("path", _s)])),
        ("objects", pa.list_(pa.struct([*_WORDS, *_POINTS]))),
    ]
)  # fmt: skip
OBJECTS_SCHEMA = pa.schema(
    [
        ("video_id", _s), *_WORDS, ("width", _i), ("height", _i), ("n_frames", _i), *_ORIGIN,
        ("frames", pa.list_(pa.struct([("frame_idx", _i), ("time_s", pa.float64()), *_POINTS]))),
    ]
)  # fmt: skip
SCHEMAS = dict(zip(CONFIGS, (FRAMES_SCHEMA, OBJECTS_SCHEMA), strict=True))


def shard_name(config: str, split: str, number: int) -> str:
    """Path of the rows of one range of videos."""
    return f"data/{config}/{split}-{number:05d}.parquet"


def write_shards(number: int, videos: Iterable[AnnotatedVideo], read_frame: ReadFrame, open_file: OpenFile) -> None:
    """Write the files of one range of videos; a split without rows has none.

    Args:
        number: of the range, from 0.
        videos: of the range.
        read_frame: reads pictures.
        open_file: opens a file of the export for writing.
    """
    with ExitStack() as stack:
        writers: dict[tuple[str, str], pq.ParquetWriter] = {}

        def write(config: str, split: str, rows: Iterable[Mapping[str, object]]) -> None:
            if (config, split) not in writers:
                file = stack.enter_context(open_file(shard_name(config, split, number)))
                writer = pq.ParquetWriter(file, SCHEMAS[config], compression="zstd")
                writers[config, split] = stack.enter_context(writer)
            writers[config, split].write_table(pa.Table.from_pylist(list(rows), SCHEMAS[config]))

        for video in videos:
            write("frames", video.split, frame_rows(video, read_frame))
            write("objects", video.split, object_rows(video))


def frame_rows(found: AnnotatedVideo, read_frame: ReadFrame) -> Iterator[dict[str, object]]:
    """The rows of a video's annotated frames; without a picture where the run does not keep it."""
    video = found.video
    for frame_idx, objects in found.frames.items():
        jpeg = read_frame(video.video_id, frame_idx)
        yield {
            "video_id": video.video_id,
            "frame_idx": frame_idx,
            "frame_name": found.frame_name(frame_idx),
            "time_s": video.time_s(frame_idx),
            "width": video.width,
            "height": video.height,
            **found.origin(),
            "image": jpeg and {"bytes": jpeg, "path": f"{video.video_id}/{frame_idx:06d}.jpg"},
            "objects": [one.row() for one in objects],
        }


def object_rows(found: AnnotatedVideo) -> Iterator[dict[str, object]]:
    """The rows of a video's objects."""
    video = found.video
    for object_id in found.object_ids:
        there = [(idx, one) for idx, own in found.frames.items() for one in own if one.object_id == object_id]
        words = {name: there[0][1].row()[name] for name in ("object_id", "object_name", "expression")}
        frames = [
            {"frame_idx": idx, "time_s": video.time_s(idx), **{k: one.row()[k] for k in ("x", "y", "label")}}
            for idx, one in there
        ]
        size = {"width": video.width, "height": video.height, "n_frames": video.n_frames}
        yield {"video_id": video.video_id, **words, **size, **found.origin(), "frames": frames}


def card(name: str, counts: Mapping[str, Mapping[str, int]], facts: DataFacts) -> bytes:
    """``README.md``: what the library and the hub read, and what people read.

    Args:
        name: of the dataset.
        counts: split → number of ``videos``, ``objects`` and ``points``.
        facts: figures of the run.
    """
    there = [split for split in SPLITS if counts.get(split, {}).get("points")]
    configs = [
        {
            "config_name": config,
            "default": config == CONFIGS[0],
            "data_files": [{"split": split, "path": f"data/{config}/{split}-*.parquet"} for split in there],
        }
        for config in CONFIGS
    ]
    header = {
        "pretty_name": name,
        "license": "other",
        "task_categories": ["image-segmentation"],
        "tags": ["video object segmentation", "point supervision", "video"],
        "configs": configs,
        "dataset_info": [
            {"config_name": config, "features": [_feature(field) for field in schema]}
            for config, schema in SCHEMAS.items()
        ],
    }
    rows = "".join(
        f"| {split} | {counts[split]['videos']:,} | {counts[split]['objects']:,} | {counts[split]['points']:,} |\n"
        for split in there
    )
    text = _TEXT.format(name=name, rows=rows, figures=facts.text())
    return f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n{text}".encode()


_TEXT = """
# {name}

Points on the objects of videos, each decided by people: on the object (label 1) or not (label 0).

| split | videos | objects | points |
|---|---|---|---|
{rows}
```python
from datasets import load_dataset
frames = load_dataset("{name}", "frames")["train"]    # a row a frame: image, objects with x, y, label
objects = load_dataset("{name}", "objects")["train"]  # a row an object: its points on all frames
```

`x` and `y` are indices of pixels of the frame, x to the right, y down, from the upper left corner. `frame_idx` counts
decoded frames from 0; `frame_name` is the frame's file name where the video is a folder of frames. A label is empty
where nobody could tell or nobody was asked, in exports made with `--only all`. `source`, `licence` and `url` tell where
a video comes from and under which terms; what nobody has stated is `unknown`. `croissant.json` describes the files
and columns for tools that read Croissant. Upload this folder with `hf upload USER/NAME . --repo-type dataset`.

{figures}"""


def _feature(field: pa.Field) -> dict[str, object]:
    """A column in the words of a card."""
    if field.name == "image":
        return {"name": "image", "dtype": "image"}
    if pa.types.is_list(field.type):
        inner = field.type.value_type
        is_struct = pa.types.is_struct(inner)
        return {"name": field.name, "list": [_feature(one) for one in inner] if is_struct else str(inner)}
    names = {"double": "float64"}
    return {"name": field.name, "dtype": names.get(str(field.type), str(field.type))}
