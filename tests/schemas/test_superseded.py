"""Any round of a video can be read back."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.corrections import Correction
from schemas.masks import Mask, encode_rle
from schemas.superseded import masks_at, superseded


def mask(object_id: str, frame_idx: int, round_: int = 0) -> Mask:
    rle = encode_rle(np.eye(3, dtype=bool))
    return Mask("v", object_id, frame_idx, 3, 3, rle, "propagator", "flow", 0.5, round_)


def test_a_round_is_the_rows_that_were_there_then() -> None:
    now = [mask("1", 0), mask("1", 1, 2)]
    old = [superseded(mask("1", 1), 1), superseded(mask("1", 1, 1), 2), superseded(mask("2", 0), 2)]
    assert masks_at(now, old, 0) == [mask("1", 0), mask("1", 1), mask("2", 0)]
    assert masks_at(now, old, 1) == [mask("1", 0), mask("1", 1, 1), mask("2", 0)]
    assert masks_at(now, old, 2) == now


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "clicks"}, "a correction by clicks needs clicks"),
        ({"kind": "click", "x": (1.0,), "y": (1.0,), "label": (1,)}, "kind of a correction"),
        ({"kind": "lock", "round": 0}, "round 0"),
        ({"kind": "undo", "to_round": 1}, "back to round 1"),
        ({"kind": "clicks", "x": (1.0,), "y": (), "label": (1,)}, "do not match"),
        ({"kind": "clicks", "box_px": (5.0, 1.0, 5.0, 9.0)}, "expected x0 < x1"),
        ({"kind": "clicks", "box_px": (1.0, 1.0, 5.0)}, "expected x0 < x1"),
    ],
)
def test_a_correction_that_means_nothing_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Correction(**{"video_id": "v", "object_id": "1", "frame_idx": 0, "round": 1, **values})  # type: ignore[arg-type]
