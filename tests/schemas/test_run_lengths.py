from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import tables
from schemas.localizations import MaskHint
from schemas.masks import Mask, decode_rle, encode_rle
from schemas.run_lengths import require_rle, run_lengths
from schemas.tables import DamagedTableError


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_runs_are_those_that_were_encoded(height, width, share, seed):
    mask = np.random.default_rng(seed).random((height, width)) < share
    rle, runs = encode_rle(mask), run_lengths(encode_rle(mask))
    np.testing.assert_array_equal(np.repeat(np.arange(len(runs)) % 2 == 1, runs), mask.T.ravel())
    require_rle(rle, height, width)


def test_long_runs_are_read():
    assert run_lengths(encode_rle(np.zeros((3000, 4000), bool))).tolist() == [12_000_000]


@pytest.mark.parametrize(
    ("rle", "height", "width", "said"),
    [
        (encode_rle(np.eye(3, dtype=bool)), 100_000, 100_000, "100000x100000 pixels is too large"),
        (encode_rle(np.eye(3, dtype=bool)), 3, 4, "cover 9 pixels, not the 12"),
        (encode_rle(np.eye(3, dtype=bool)), 0, 4, "is empty"),
        ("013000", -3, -3, "is empty"),
        ("0n", 3, 3, "not COCO compressed counts"),
        ("0é", 3, 3, "not COCO compressed counts"),
        ("\ud800", 3, 3, "not COCO compressed counts"),
        ("0P", 3, 3, "not COCO compressed counts"),
        ("", 3, 3, "not COCO compressed counts"),
        ("PPPPPPPPPPPPPPP1", 3, 3, "a number of 16 characters"),
        ("00J9", 3, 3, "negative"),
    ],
)
def test_runs_that_do_not_fit_are_refused_before_they_are_decoded(rle, height, width, said):
    for read in (decode_rle, MaskHint, lambda *args: Mask("v", "1", 0, args[1], args[2], args[0], "human", "", 1.0)):
        with pytest.raises(ValueError, match=said):
            read(rle, height, width)


def test_a_damaged_row_of_a_table_is_named(tmp_path):
    sound = Mask("v", "1", 7, 3, 3, encode_rle(np.eye(3, dtype=bool)), "human", "", 1.0)
    rows = tables.MASKS.to_arrow([sound])
    damaged = rows.set_column(3, "height", [[100_000]]).set_column(4, "width", [[100_000]])
    with pytest.raises(
        DamagedTableError, match=r"'masks' is damaged at video_id 'v', object_id '1', frame_idx 7: mask"
    ):
        tables.MASKS.records(damaged)
