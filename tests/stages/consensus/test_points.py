from __future__ import annotations

from hashlib import sha256

from schemas.points import PointCandidate
from stages.consensus.opinions import Opinion
from stages.consensus.points import ObjectFacts, merge_points, split_of


def candidate(name="c1", frame_idx=30):
    return PointCandidate(name, "v", "dog", frame_idx, 5, 7, True, "interior", 0.1, 4.0, 0.8, 1, 0)


def test_a_point_carries_its_label_its_words_and_where_it_came_from():
    facts = {"dog": ObjectFacts("dog", "the brown dog", "grabcut", "flow")}
    (point,) = merge_points(
        [candidate(), candidate("c2")], {"c1": Opinion("REJECTED", 1)}, facts, time_s=lambda idx: idx / 15
    )
    assert (point.label, point.status, point.is_fg_candidate) == (0, "REJECTED", True)
    assert (point.video_id, point.object_id, point.frame_idx, point.x, point.y) == ("v", "dog", 30, 5, 7)
    assert (point.object_name, point.expression) == ("dog", "the brown dog")
    assert (point.segmenter, point.propagator, point.round, point.n_verdicts) == ("grabcut", "flow", 1, 1)
    assert (point.time_s, point.candidate_id) == (2.0, "c1")


def test_an_ambiguous_point_has_no_label_and_a_folder_of_frames_no_time():
    (point,) = merge_points([candidate()], {"c1": Opinion("AMBIGUOUS", 2)}, {}, time_s=lambda _: 0.0)
    assert (point.label, point.time_s, point.object_name) == (None, 0.0, "")


def test_splits_depend_on_the_video_alone_and_have_the_share_that_was_asked():
    names = [f"video{i}" for i in range(2000)]
    val = [name for name in names if split_of(name, 0.1) == "val"]
    assert val == [n for n in names if int(sha256(n.encode()).hexdigest()[:16], 16) < 0.1 * 2**64]
    assert 150 < len(val) < 250
    assert set(val) <= {name for name in names if split_of(name, 0.2) == "val"}
