"""Propagation with a propagator that can be followed by hand: it repeats a mask and loses quality a frame."""

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from schemas.frames import Frame
from schemas.object_masks import ObjectMask
from stages import progress
from stages.backends.propagator import Estimate
from stages.propagate.bidirectional import Task, propagate
from stages.spool import Spool

HEIGHT, WIDTH = 12, 16


@dataclass
class RepeatingPropagator:
    """Encodes a frame as its brightness; a session repeats the last mask, 0.1 less sure a frame."""

    name: str = "repeating"
    encoded: list[int] = field(default_factory=list)
    sessions: list = field(default_factory=list)

    def open(self, height, width):
        self.sessions.append(RepeatingSession())
        return self.sessions[-1]

    def encode(self, image):
        self.encoded.append(int(image[0, 0, 0]))
        return int(image[0, 0, 0])

    def pack(self, encoding):
        return {"brightness": np.array(encoding)}

    def unpack(self, arrays):
        return int(arrays["brightness"])


@dataclass
class RepeatingSession:
    masks: dict = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)

    def start(self, encoding, masks):
        self.masks |= {object_id: (mask, 1.0) for object_id, mask in masks.items()}

    def step(self, encoding):
        self.steps.append(encoding)
        self.masks = {object_id: (mask, quality - 0.1) for object_id, (mask, quality) in self.masks.items()}
        return {i: Estimate(mask.astype(np.float32) * 0.9, quality) for i, (mask, quality) in self.masks.items()}


class FailingPropagator(RepeatingPropagator):
    """Cannot correct objects that are live already."""

    def open(self, height, width):
        self.sessions.append(FailingSession())
        return self.sessions[-1]


class FailingSession(RepeatingSession):
    def start(self, encoding, masks):
        if self.masks:
            raise RuntimeError("stop here")
        super().start(encoding, masks)


def frames(n):
    for idx in range(n):
        yield Frame(idx=idx, time_s=idx / 10, image=np.full((HEIGHT, WIDTH, 3), idx, dtype=np.uint8))


def box(left, right):
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[2:10, left:right] = True
    return mask


def anchor(left, right, quality=0.8):
    return box(left, right), "segmenter", "by_hand", quality


def rows_of(given):
    return {
        idx: [ObjectMask("v", object_id, idx, *anchored).row() for object_id, anchored in anchors.items()]
        for idx, anchors in given.items()
    }


def task(tmp_path, given, propagator=None, groups=None, **options):
    """Of anchors {frame_idx: {object_id: anchor}}."""
    return Task("v", rows_of(given), groups or {}, propagator or RepeatingPropagator(), tmp_path / "spool", **options)


def carried(tmp_path, n_frames, given, *, prefetch=0, **options):
    return propagate(frames(n_frames), task(tmp_path, given, prefetch=prefetch, **options))


def by_frame(tracked):
    return {(row.frame_idx, row.object_id): row for row in tracked}


def same(one, other):
    return [
        (a.object_id, a.frame_idx, a.mask.tobytes(), a.trust.tobytes(), a.quality, a.source, a.model) for a in one
    ] == [(b.object_id, b.frame_idx, b.mask.tobytes(), b.trust.tobytes(), b.quality, b.source, b.model) for b in other]


def test_one_anchor_on_the_first_frame_goes_forward_without_a_spool(tmp_path):
    rows = list(carried(tmp_path, 3, {0: {"a": anchor(1, 5)}}))
    assert [(row.frame_idx, row.source, row.model) for row in rows] == [
        (0, "segmenter", "by_hand"),
        (1, "propagator", "repeating"),
        (2, "propagator", "repeating"),
    ]
    assert [row.quality for row in rows] == pytest.approx([0.8, 0.9, 0.8])
    assert all((row.mask == box(1, 5)).all() for row in rows)
    assert rows[1].trust.max() == 230
    assert not (tmp_path / "spool").exists()


def test_whoever_looks_sees_masks_between_two_anchors_on_the_way_forward_already(tmp_path, monkeypatch):
    given = {1: {"a": anchor(1, 5)}, 4: {"a": anchor(6, 10)}}
    unseen, seen = list(carried(tmp_path, 6, given)), []
    monkeypatch.setattr(progress, "_viewers", [seen.append])
    tracked = carried(tmp_path, 6, given)
    rows = [next(tracked)]
    assert [mask.frame_idx for mask in seen] == [1, 2, 3], "before the first final one, of frame 4"
    assert same(rows + list(tracked), unseen)
    assert [mask.frame_idx for mask in seen] == [1, 2, 3]


def test_an_anchor_in_the_middle_goes_both_ways_and_every_frame_is_encoded_once(tmp_path):
    propagator = RepeatingPropagator()
    rows = by_frame(carried(tmp_path, 5, {2: {"a": anchor(1, 5)}}, propagator=propagator))
    assert sorted(rows) == [(idx, "a") for idx in range(5)]
    assert [rows[idx, "a"].quality for idx in range(5)] == pytest.approx([0.8, 0.9, 0.8, 0.9, 0.8])
    assert propagator.encoded == [0, 1, 2, 3, 4]
    assert [session.steps for session in propagator.sessions] == [[3, 4], [1, 0]]
    assert not (tmp_path / "spool").exists()


def test_only_one_thread_at_a_time_takes_from_the_spool(tmp_path, monkeypatch):
    takers, take = [], Spool.take

    def noted(spool, key):
        takers.append(threading.get_ident())
        return take(spool, key)

    monkeypatch.setattr(Spool, "take", noted)
    assert len(list(carried(tmp_path, 6, {4: {"a": anchor(1, 5)}}, prefetch=2))) == 6
    assert len(takers) == 5 * 3
    assert len(set(takers)) == 1
    assert threading.get_ident() not in takers


def test_between_two_anchors_the_nearer_one_wins(tmp_path):
    rows = by_frame(carried(tmp_path, 6, {0: {"a": anchor(1, 5)}, 5: {"a": anchor(8, 14)}}))
    assert [bool((rows[idx, "a"].mask == box(1, 5)).all()) for idx in range(6)] == [True] * 3 + [False] * 3
    assert [bool((rows[idx, "a"].mask == box(8, 14)).all()) for idx in range(6)] == [False] * 3 + [True] * 3
    # Frame 1: shares 0.8·0.9 : 0.2·0.6, no agreement, so the smaller share is lost as doubt.
    share = 0.72 / 0.84
    assert rows[1, "a"].quality == pytest.approx((share * 0.9 + (1 - share) * 0.6) * share)


def test_objects_start_on_different_frames(tmp_path):
    rows = by_frame(carried(tmp_path, 4, {0: {"a": anchor(1, 5)}, 2: {"b": anchor(8, 14)}}))
    assert sorted(rows) == [(idx, object_id) for idx in range(4) for object_id in "ab"]
    assert [rows[idx, "a"].quality for idx in range(4)] == pytest.approx([0.8, 0.9, 0.8, 0.7])
    assert [rows[idx, "b"].quality for idx in range(4)] == pytest.approx([0.8, 0.9, 0.8, 0.9])


def test_an_anchor_beyond_the_end_changes_nothing(tmp_path):
    rows = by_frame(carried(tmp_path, 3, {0: {"a": anchor(1, 5)}, 7: {"a": anchor(8, 14)}}))
    assert [rows[idx, "a"].source for idx in range(3)] == ["segmenter", "propagator", "propagator"]
    assert [rows[idx, "a"].quality for idx in range(3)] == pytest.approx([0.8, 0.9, 0.8])
    assert not (tmp_path / "spool").exists()


def test_nothing_localized_gives_nothing_but_reads_all_frames(tmp_path):
    propagator = RepeatingPropagator()
    assert list(carried(tmp_path, 3, {}, propagator=propagator)) == []
    assert propagator.encoded == []


def test_an_empty_anchor_says_that_a_live_object_is_absent(tmp_path):
    absent = (np.zeros((HEIGHT, WIDTH), dtype=bool), "human", "", 1.0)
    rows = by_frame(carried(tmp_path, 3, {0: {"a": anchor(1, 5)}, 1: {"a": absent}}))
    assert sorted(rows) == [(0, "a")]
    assert list(carried(tmp_path, 3, {0: {"a": absent}})) == []


def test_objects_of_a_group_share_no_pixel_and_others_may(tmp_path):
    given = {0: {"a": anchor(1, 8, 0.9), "b": anchor(5, 12, 0.5), "c": anchor(1, 12)}}
    rows = by_frame(carried(tmp_path, 2, given, groups={"a": "people", "b": "people", "c": ""}))
    for idx in range(2):
        assert not (rows[idx, "a"].mask & rows[idx, "b"].mask).any()
        assert (rows[idx, "c"].mask == box(1, 12)).all()
    assert (rows[0, "a"].mask == box(1, 8)).all()
    assert (rows[0, "b"].mask == box(8, 12)).all()


def test_a_tracked_object_gives_way_to_an_anchor_of_its_group(tmp_path):
    given = {0: {"a": anchor(1, 8)}, 1: {"b": anchor(5, 12)}}
    rows = by_frame(carried(tmp_path, 2, given, groups={"a": "people", "b": "people"}))
    assert (rows[1, "a"].mask == box(1, 5)).all()
    assert (rows[1, "b"].mask == box(5, 12)).all()
    assert rows[1, "a"].trust[:, 6:].max() == 0


@pytest.mark.parametrize("prefetch", [1, 3])
def test_prefetching_changes_no_byte(tmp_path, prefetch):
    given = {1: {"a": anchor(1, 5), "b": anchor(4, 9)}, 4: {"a": anchor(8, 14)}}
    plain = list(carried(tmp_path, 7, given, groups={"a": "g", "b": "g"}))
    ahead = list(carried(tmp_path, 7, given, groups={"a": "g", "b": "g"}, prefetch=prefetch))
    assert len(plain) == 14
    assert same(plain, ahead)


@pytest.mark.parametrize("prefetch", [0, 1])
def test_an_error_in_the_frames_surfaces_after_the_frames_before_it(tmp_path, prefetch):
    def broken():
        yield from frames(2)
        raise OSError("truncated")

    result = propagate(broken(), task(tmp_path, {0: {"a": anchor(1, 5)}}, prefetch=prefetch))
    assert [next(result).frame_idx, next(result).frame_idx] == [0, 1]
    with pytest.raises(OSError, match="truncated"):
        next(result)


@pytest.mark.parametrize("prefetch", [0, 1])
def test_closing_stops_the_thread_closes_the_frames_and_empties_the_spool(tmp_path, prefetch):
    closed = []

    def endless():
        try:
            yield from frames(250)
        finally:
            closed.append(threading.current_thread().name)

    given = {idx: {"a": anchor(1, 5)} for idx in (0, 3, 200)}
    result = propagate(endless(), task(tmp_path, given, FailingPropagator(), prefetch=prefetch))
    with pytest.raises(RuntimeError, match="stop here"):
        next(result)
    assert len(closed) == 1
    assert not (tmp_path / "spool").exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]

    early = carried(tmp_path, 250, {0: {"a": anchor(1, 5)}}, prefetch=prefetch)
    next(early)
    early.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
    assert list(early) == []


def test_masks_cross_no_cut_and_go_on_from_anchors_beyond_it(tmp_path):
    given = {2: {"a": anchor(2, 6), "b": anchor(8, 12)}, 6: {"a": anchor(3, 7)}}
    rows = by_frame(carried(tmp_path, 9, given, cuts={4, 8}))
    assert sorted(idx for idx, object_id in rows if object_id == "a") == [0, 1, 2, 3, 4, 5, 6, 7]
    assert sorted(idx for idx, object_id in rows if object_id == "b") == [0, 1, 2, 3]
    assert np.array_equal(rows[3, "a"].mask, box(2, 6))
    assert np.array_equal(rows[4, "a"].mask, box(3, 7))


def test_cuts_may_become_known_while_the_frames_come(tmp_path):
    cuts = set()

    def told():
        for frame in frames(6):
            if frame.idx == 3:
                cuts.add(3)
            yield frame

    tracked = propagate(told(), task(tmp_path, {0: {"a": anchor(2, 6)}}, cuts=cuts, prefetch=2))
    assert [row.frame_idx for row in tracked] == [0, 1, 2]
