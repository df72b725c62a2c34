"""Distances are exact and depend on nothing but the mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stages.sample_points.distances import deeper_than, inner_distance
from stages.sample_points.strata import View

MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 24)))


def by_hand(mask):
    """Every pixel against every pixel off the mask: the least integer square, and its root."""
    if mask.all():
        return np.full(mask.shape, max(mask.shape), dtype=np.float32)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    off = np.argwhere(~mask)
    squares = (y[..., None] - off[:, 0]) ** 2 + (x[..., None] - off[:, 1]) ** 2
    return np.sqrt(squares.min(axis=-1).astype(np.float64)).astype(np.float32)


def view(mask):
    black = np.zeros((*mask.shape, 3), dtype=np.uint8)
    return View.of(mask, np.zeros_like(mask), black, None, 1.0)


def at_offset(mask, offset):
    """A copy whose memory begins ``offset`` bytes behind a multiple of 64."""
    memory = np.empty(mask.nbytes + 128, dtype=np.uint8)
    start = -memory.ctypes.data % 64 + offset
    copy = memory[start : start + mask.nbytes].view(np.bool_).reshape(mask.shape)
    copy[...] = mask
    return copy


def blotches(height, width):
    waves = np.sin(np.arange(height) / 9.0)[:, None] * np.cos(np.arange(width) / 13.0)
    return waves + np.random.default_rng(1).normal(0, 0.05, (height, width)) > 0.1


@settings(deadline=None, max_examples=200)
@given(MASKS)
def test_they_are_those_of_brute_force(mask):
    assert np.array_equal(inner_distance(mask), by_hand(mask))


@settings(deadline=None, max_examples=100)
@given(MASKS, st.sampled_from([0.0, 1.0, 1.5, 3.0, 5.0, 8.5, 12.0]))
def test_what_is_deeper_than_a_distance_is_told_without_measuring_all(mask, distance_px):
    assert np.array_equal(deeper_than(mask, distance_px), inner_distance(mask) > distance_px)


@pytest.mark.parametrize("shape", [(97, 131), (60, 107)])
def test_the_place_in_memory_does_not_matter(shape):
    mask = blotches(*shape)
    expected = view(mask).distance_px
    assert np.array_equal(expected, by_hand(mask) - by_hand(~mask))
    for offset in range(64):
        moved = at_offset(mask, offset)
        assert np.array_equal(view(moved).distance_px, expected), offset


def test_far_pixels_of_a_large_frame_are_exact():
    mask = np.zeros((1080, 1920), dtype=bool)
    mask[3, 5] = mask[1070, 1900] = True
    y, x = np.mgrid[:1080, :1920]
    squares = np.minimum((y - 3) ** 2 + (x - 5) ** 2, (y - 1070) ** 2 + (x - 1900) ** 2)
    assert np.array_equal(inner_distance(~mask), np.sqrt(squares.astype(np.float64)).astype(np.float32))


@pytest.mark.parametrize("length", [900, 2100])
def test_they_are_exact_far_from_the_edge_too(length):
    mask = np.ones((1, length), dtype=bool)
    mask[0, 0] = False
    assert np.array_equal(inner_distance(mask)[0], np.arange(length, dtype=np.float32))
