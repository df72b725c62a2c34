from __future__ import annotations

import numpy as np
import pytest

from stages.evaluate.davis import FrameScore, score_objects, scored_frames, statistics


def test_bins_of_the_decay_are_those_of_the_benchmark():
    series = np.linspace(1, 0, 10)
    # linspace(1, 10, 5) = 1, 3.25, 5.5, 7.75, 10 -> 0, 2, 5, 7, 9 after rounding and minus one
    assert statistics(series).decay == pytest.approx(series[0:3].mean() - series[7:10].mean())


def test_long_videos_do_not_wrap_around():
    series = [1.0] * 500 + [0.0] * 500
    result = statistics(series)
    assert (result.mean, result.recall, result.decay) == (0.5, 0.5, 1.0)


def test_recall_is_the_share_strictly_above_one_half():
    assert statistics([0.5, 0.51, 0.2, 0.9]).recall == 0.5


def test_protocols_choose_their_frames():
    assert scored_frames([4, 0, 2, 6], "semi-supervised") == [2, 4]
    assert scored_frames([4, 0, 2, 6], "all-frames") == [0, 2, 4, 6]
    assert scored_frames([3, 1], "semi-supervised") == [1, 3]
    with pytest.raises(ValueError, match="unknown protocol 'x'; known: semi-supervised, all-frames"):
        scored_frames([0], "x")


def test_objects_are_averaged_over_frames_and_rightly_absent_frames_count_as_one():
    scores = [FrameScore("1", idx, 0.5, 0.7) for idx in range(5)] + [FrameScore("2", 1, 0.0, 0.0)]
    first, second = score_objects("v", scores, range(5), "semi-supervised")
    assert (first.object_id, first.n_frames, first.j.mean, first.f.mean) == ("1", 3, 0.5, pytest.approx(0.7))
    assert first.j_and_f == pytest.approx(0.6)
    assert second.j.mean == pytest.approx(2 / 3)
