"""Frames that annotators found wrong, and the way from there to the studio."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.commands.review.tables import show_flagged
from pipeline.commands.studio import _place
from pipeline.runs.flagged import FlagTally, studio_command
from pipeline.runs.partitioning import AskedCandidate
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.reviews import Verdict
from verification_ui.gate.access import Page
from verification_ui.gate.serving import link

RIGHT = {True: "ACCEPTED", False: "REJECTED"}


def verdict(candidate, status=None, flag="", source="label_studio"):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    said = status or RIGHT[candidate.is_fg_candidate]
    return Verdict(candidate.candidate_id, said, "al", source, 1.0, "t", "1", when, flag)


@pytest.fixture
def frames(finished_run):
    """Candidates of video ``a``, object 1, by frame."""
    found = {}
    for one in tables.CANDIDATES.records(tables.CANDIDATES.read(finished_run)):
        if (one.video_id, one.object_id) == ("a", "1"):
            found.setdefault(one.frame_idx, []).append(one)
    return found


def deciding(*verdicts):
    return {one.candidate_id: [one] for one in verdicts}


def flagged_frames(frames, *verdicts):
    """What two parts of the verdicts come to."""
    asked = {c.candidate_id: AskedCandidate(c.video_id, c.object_id, c.frame_idx, c.is_fg_candidate)
             for own in frames.values() for c in own}  # fmt: skip
    tally = FlagTally()
    for part in (verdicts[::2], verdicts[1::2]):
        tally.add(deciding(*part), asked)
    return tally.frames()


def test_flags_come_first_then_frames_with_many_wrong_points(frames):
    first, second, third = frames
    wrong = [verdict(c, RIGHT[not c.is_fg_candidate]) for c in frames[first][:5]]
    right = [verdict(c) for c in frames[first][5:]]
    flagged = [verdict(c, "REJECTED", "absent") for c in frames[third]]
    few = [verdict(c, RIGHT[not c.is_fg_candidate] if i < 2 else None) for i, c in enumerate(frames[second])]
    found = flagged_frames(frames, *wrong, *right, *flagged, *few)
    assert [(one.object_id, one.frame_idx, one.why) for one in found] == [
        ("1", third, "not in this frame"),
        ("1", first, "5 of 8 points wrong"),
    ]
    assert found[1].place == f"a:{first}"


def test_a_simulated_annotator_flags_nothing(frames):
    wrong = [verdict(c, "AMBIGUOUS", "wrong_object", "simulated") for own in frames.values() for c in own]
    assert flagged_frames(frames, *wrong) == []


def test_nobody_answered(frames, capsys):
    assert flagged_frames(frames) == []
    show_flagged("runs/x", [])
    assert capsys.readouterr().out == ""


def test_the_command_that_opens_the_studio_is_told(frames, capsys):
    own = [verdict(c, flag="wrong_object") for c in frames[0]]
    show_flagged("runs/my run", flagged_frames(frames, *own))
    shown = capsys.readouterr().out
    assert "Masks that annotators found wrong, on 1 frame; correct them in the studio" in shown
    assert "another object: pointvos studio --run 'runs/my run' --open a:0" in shown


def test_a_frame_to_open_is_a_video_and_a_number():
    assert _place("sub/a: b:12", ["sub/a: b"]) == "video=sub%2Fa%3A+b&frame=12"
    for wrong in ("a", "a:", "a:x", ":3", "a:-1"):
        with pytest.raises(UsageProblem, match=r"expected VIDEO:FRAME, e\.g\. a:12"):
            _place(wrong, ["a"])
    with pytest.raises(UsageProblem, match="no video 'clip_b' for --open; there are 2, such as clip_a"):
        _place("clip_b:3", ["clip_a", "x"])


def test_a_link_carries_the_frame_behind_its_secret():
    address = link(Page("127.0.0.1", 8181), "you", "s", "video=a&frame=3")
    assert address == "http://127.0.0.1:8181/enter#email=you&link=s&at=video%3Da%26frame%3D3"
    assert studio_command("r", "a:3") == "pointvos studio --run r --open a:3"
