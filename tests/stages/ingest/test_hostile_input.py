"""Whatever stands in a file, a parser gives localizations and rejects, or refuses the file by an IngestError."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.ingest import boxes, clicks, coco, scribbles, vidln
from stages.ingest.errors import IngestError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
DOCUMENTS: dict[str, tuple[Callable[[Any, str], Any], Any]] = {
    "clicks": (
        clicks.parse,
        {"v": [{"frame": 0, "points": [{"object_id": 1, "x": 1, "y": 2, "label": 1, "name": "dog"}]}]},
    ),
    "coco": (
        coco.parse,
        {
            "videos": [{"id": 1, "name": "v"}],
            "images": [{"id": 1, "video_id": 1, "frame_index": 2, "width": 9, "height": 9, "file_name": "v/0.jpg"}],
            "annotations": [{"id": 1, "image_id": 1, "bbox": [1, 2, 3, 4], "category_id": 1, "track_id": 2}],
            "categories": [{"id": 1, "name": "dog"}],
        },
    ),
    "scribbles": (scribbles.parse, {"sequence": "v", "scribbles": [[{"path": [[0.1, 0.2]], "object_id": 1}]]}),
    "vidln": (
        lambda document, uri: vidln.parse(json.dumps(document), uri),
        {
            "dataset_id": "d",
            "video_id": "v",
            "keyframe_names": ["000000"],
            "actor_narratives": [
                {
                    "actor_name": "Dog",
                    "caption": "A dog",
                    "recording_start_time_ms_since_epoch": 5,
                    "noun_segments": [[2, 5]],
                    "time_alignment": [
                        {"referenced_word_start_idx": 2, "referenced_word_end_idx": 5, "start_ms": 1, "end_ms": 2}
                    ],
                    "traces": [[{"x": 0.5, "y": 0.5, "time_ms_since_epoch": 9, "kf_idx": 0}]],
                }
            ],
        },
    ),
}


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of a document."""
    keys = list(document) if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else []
    return [path, *(found for key in keys for found in places(document[key], (*path, key)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    document = copy.deepcopy(document)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return document


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_rejected(name, data):
    parse, document = DOCUMENTS[name]
    changed = replaced(document, data.draw(st.sampled_from(places(document))), data.draw(VALUES))
    with contextlib.suppress(IngestError):
        parsed = parse(changed, "hints.json")
        assert all(reject.error and reject.detail for reject in parsed.rejects)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(cells=st.lists(st.text(max_size=6), max_size=9))
def test_any_cells_in_a_table_are_read_or_rejected(cells):
    parsed = boxes.parse("video,frame,object,x0,y0,x1,y1\n" + ",".join(cells), "boxes.csv")
    assert all(reject.error and reject.detail for reject in parsed.rejects)
