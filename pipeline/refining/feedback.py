"""What is new for a video: masks that verified points contradict, and clicks from files, as corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.refining.state import VideoState
from pipeline.runs.rounds import VideoRounds
from schemas.corrections import Correction
from schemas.elements import ObjectFrame
from schemas.localizations import Clicks, Localization
from schemas.rejects import Reject
from stages.refine.constraints import VerifiedPoint, disagreements, is_elsewhere

STAGE = "refine"


def with_feedback(
    rounds: VideoRounds, state: VideoState, clicks: Mapping[ObjectFrame, Clicks]
) -> tuple[Correction, ...]:
    """All corrections of a video, with those that its next round takes up; the same again when nothing is new.

    What waits already stays as it is. Then come clicks from files, then frames whose masks verified points contradict.

    Args:
        rounds: as read.
        state: the present masks and the verified points.
        clicks: from files, by object and frame; those that finished rounds hold are passed over.
    """
    number = rounds.number + 1
    waiting = {(one.object_id, one.frame_idx) for one in rounds.pending}
    tried = _tried(rounds)
    new: dict[ObjectFrame, Correction] = {}
    for key, given in sorted(clicks.items()):
        points = [(x, y, label) for (x, y), label in zip(given.xy_px, given.labels, strict=True)]
        if not tried[key].issuperset(points):
            new[key] = _clicked(state, key, points, number)
    for key, wrong in contradicted(state).items():
        if key not in new and not tried[key].issuperset(wrong):
            new[key] = _contradiction(state, key, wrong, number)
    return (*rounds.corrections, *(one for key, one in sorted(new.items()) if key not in waiting))


def contradicted(state: VideoState) -> dict[ObjectFrame, list[VerifiedPoint]]:
    """The verified points that contradict the present masks, by object and frame.

    A point on one object counts against the masks of those that exclude it.
    """
    found = {}
    keys = {key for key in state.masks if key[1] in {idx for _, idx in state.verified.points}} | set(
        state.verified.points
    )
    for key in sorted(keys):
        if (points := state.known_points(*key)) and (wrong := disagreements(points, state.drawing(*key))):
            found[key] = wrong
    return found


def clicks_by_frame(
    localizations: Iterable[Localization], state: VideoState, objects: Collection[str]
) -> tuple[dict[ObjectFrame, Clicks], list[Reject]]:
    """Clicks of one video from files by object and frame, and what cannot correct anything.

    Args:
        localizations: in pixels.
        state: the present masks.
        objects: ids of the video's objects.
    """
    given: dict[ObjectFrame, list[Clicks]] = defaultdict(list)
    rejects = []
    for one in localizations:
        key = (one.object_id, one.frame_idx)
        if problem := _problem(one, state, objects):
            name = f"{one.video_id}/{one.object_id}@{one.frame_idx}"
            rejects.append(Reject(STAGE, name, *problem, one.input_uri))
        elif isinstance(one.hint, Clicks):
            given[key].append(one.hint)
    return {key: _joined(found) for key, found in given.items()}, rejects


def _problem(one: Localization, state: VideoState, objects: Collection[str]) -> tuple[str, str] | None:
    """Why a localization cannot correct a mask: a short name and a sentence."""
    if one.object_id not in objects:
        known = ", ".join(sorted(objects))
        return "unknown_object", f"unknown object {one.object_id!r} in {one.video_id!r}; known: {known}"
    if not isinstance(one.hint, Clicks):
        return "not_clicks", f"a {one.hint.kind} cannot correct a mask here; give clicks, or draw it in pointvos studio"
    has_mask = (one.object_id, one.frame_idx) in state.masks
    if not has_mask and not any(one.hint.labels):
        return "no_positive_click", "the object has no mask on this frame and all clicks are off it; nothing to correct"
    return None


def _joined(found: Sequence[Clicks]) -> Clicks:
    points = {xy: label for one in found for xy, label in zip(one.xy_px, one.labels, strict=True)}
    return Clicks(tuple(points), tuple(points.values()))


def _tried(rounds: VideoRounds) -> dict[ObjectFrame, set[tuple[float, float, int]]]:
    """The clicks that finished rounds hold, by object and frame."""
    tried: dict[ObjectFrame, set[tuple[float, float, int]]] = defaultdict(set)
    for one in rounds.in_effect:
        tried[one.object_id, one.frame_idx] |= set(zip(one.x, one.y, one.label, strict=True))
    return tried


def _contradiction(state: VideoState, key: ObjectFrame, wrong: Sequence[VerifiedPoint], number: int) -> Correction:
    one, in_doubt = _clicked(state, key, wrong, number), state.verified.in_doubt.get(key, ())
    return replace(one, kind="absent") if is_elsewhere(state.known_points(*key), in_doubt, state.drawing(*key)) else one


def _clicked(
    state: VideoState, key: ObjectFrame, points: Sequence[tuple[float, float, int]], number: int
) -> Correction:
    x, y, label = np.array(points).T.tolist()
    return Correction(
        state.video.video_id, *key, "clicks", number, tuple(map(float, x)), tuple(map(float, y)),
        tuple(map(int, label)),
    )  # fmt: skip
