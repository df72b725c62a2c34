"""Pickles of tracks keep the rules of TAP-Vid."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from stages.validate.tapvid import problems_in


def entry():
    """Two tracks on three frames; the second one is hidden on the first frame."""
    hidden = np.zeros((2, 3), dtype=bool)
    hidden[1, 0] = True
    return {
        "video": np.zeros((3, 8, 12, 3), dtype=np.uint8), "points": np.full((2, 3, 2), 0.5, dtype=np.float32),
        "occluded": hidden, "object_ids": ["1", "2"], "verified_frames": np.array([0, 1]),
    }  # fmt: skip


def told(tmp_path, document, name="train.pkl"):
    (tmp_path / name).write_bytes(pickle.dumps(document))
    return [f"{problem.where}: {problem.what}" for problem in problems_in(tmp_path)]


def test_tracks_inside_their_frames_keep_all_rules(tmp_path):
    bare = {name: entry()[name] for name in ("points", "occluded")}
    assert told(tmp_path, {"a": entry(), "b": bare}) == []


def changed(name, change):
    found = entry()
    found[name] = change(found[name])
    return {"a": found}


FAULTS = {
    "train.pkl video a track 0 frame 0: point (2, 0.5) lies outside; expected 0 to 1": changed(
        "points", lambda xy: np.where(np.arange(12).reshape(2, 3, 2) == 0, 2, xy)
    ),
    "train.pkl video a track 0 frame 0: point (nan, nan) lies outside; expected 0 to 1": changed(
        "points", lambda xy: xy * np.nan
    ),
    "train.pkl video a track 0: the point is visible on no frame": changed("occluded", np.ones_like),
    "train.pkl video a track 1: the point is not visible on its verified frame 0": changed(
        "verified_frames", np.zeros_like
    ),
    "train.pkl video a: 1 object_ids for 2 tracks; expected as many": changed("object_ids", lambda ids: ids[:1]),
    "train.pkl video a: 2 pictures for 3 frames; expected as many": changed("video", lambda film: film[:2]),
    "train.pkl video a: video is float64 of shape (3, 8, 12, 3); expected uint8 of (T, H, W, 3)": changed(
        "video", lambda film: film.astype(float)
    ),
    "train.pkl video a: points is of shape (3, 2); expected numbers of shape (N, T, 2)": changed(
        "points", lambda xy: xy[0]
    ),
    "train.pkl video a: points are (2, 2, 2) and occluded (2, 3); expected (N, T, 2) and (N, T)": changed(
        "points", lambda xy: xy[:, :2]
    ),
    "train.pkl video a: points is of shape (0,); expected numbers of shape (N, T, 2)": changed(
        "points", lambda xy: [*xy[:1].tolist(), [0.5]]
    ),
    "train.pkl video a: verified_frames are of type bool; expected indices of frames": changed(
        "verified_frames", lambda idx: idx > 0
    ),
    "train.pkl: there is no video in it": {},
}


@pytest.mark.parametrize("sentence", FAULTS)
def test_a_fault_of_tracks_is_told_with_its_place(sentence, tmp_path):
    assert sentence in told(tmp_path, FAULTS[sentence])


def test_a_video_in_two_splits_and_a_file_that_is_no_pickle_are_told(tmp_path):
    told(tmp_path, {"a": entry()}, "val.pkl")
    (tmp_path / "test.pkl").write_bytes(b"no pickle")
    found = told(tmp_path, {"a": entry()})
    assert any("test.pkl: it cannot be read as tracks" in one for one in found)
    assert "val.pkl video a: video 'a' is in split 'val' and in 'train'; keep each video in one" in found
