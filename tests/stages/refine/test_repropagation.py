"""A correction reaches the frames between its bounds, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.frames import Frame
from schemas.localizations import Clicks
from stages.backends.flow import FlowPropagator
from stages.backends.propagator import Encoding, Estimate, PropagationSession
from stages.refine.correcting import correction_prompt, held_to_clicks
from stages.refine.ranges import reach_of
from stages.refine.repropagation import Change, KnownFrames, Refined, frames_needed, repropagate
from stages.spool import Spool

HEIGHT, WIDTH, N = 96, 128, 13
Mask = NDArray[np.bool_]


def truth(idx: int) -> Mask:
    """A square that moves right by two pixels a frame."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[30:62, 20 + 2 * idx : 52 + 2 * idx] = True
    return mask


def frames(wanted: Iterable[int]) -> Iterator[Frame]:
    random = np.random.default_rng(1)
    ground = random.integers(0, 60, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    square = random.integers(170, 255, (32, 32, 3), dtype=np.uint8)
    for idx in wanted:
        image = ground.copy()
        image[30:62, 20 + 2 * idx : 52 + 2 * idx] = square
        yield Frame(idx, 0.0, image)


def refined(
    at: int,
    annotated: list[int],
    after: Mask,
    spool: Path,
    old: Mask | None,
    propagator: FlowPropagator | None = None,
    **known: object,
) -> dict[int, Refined]:
    reach = reach_of(at, annotated, N)
    before = np.zeros((HEIGHT, WIDTH), dtype=bool) if old is None else old
    change = Change(reach, before, after)
    facts = KnownFrames(
        lambda _: None if old is None else (old, 0.5),
        lambda _: known.get("taken"),  # type: ignore[arg-type, return-value]
        {idx: truth(idx) for idx in annotated},
    )
    found = repropagate(frames(frames_needed(reach)), change, facts, propagator or FlowPropagator(), Spool(spool))
    return {one.frame_idx: one for one in found}


def iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def test_the_frames_between_both_neighbours_are_done_again_and_no_others(tmp_path: Path) -> None:
    wrong = np.zeros((HEIGHT, WIDTH), dtype=bool)
    wrong[70:90, 5:25] = True
    found = refined(6, [2, 10], truth(6), tmp_path / "spool", wrong)
    assert sorted(found) == [3, 4, 5, 7, 8, 9]
    assert [idx for idx in found if iou(found[idx].mask, truth(idx)) < 0.85] == []
    assert not (tmp_path / "spool").exists()


class Remembering(FlowPropagator):
    """Tells which frames a session was started on."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[list[int]] = []

    def encode(self, image: NDArray[np.uint8]) -> Encoding:
        columns = np.flatnonzero((image[30:62] > 160).all(axis=(0, 2)))
        return int(columns[0] - 20) // 2, super().encode(image)

    def pack(self, encoding: Encoding) -> dict[str, NDArray[Any]]:
        return {"idx": np.array(encoding[0]), **super().pack(encoding[1])}

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> Encoding:
        own = dict(arrays)
        return int(own.pop("idx")), super().unpack(own)

    def open(self, height: int, width: int) -> PropagationSession:
        session, told = super().open(height, width), list[int]()
        self.told.append(told)

        class Told:
            def start(self, encoding: Encoding, masks: Mapping[str, Mask]) -> None:
                told.append(encoding[0])
                session.start(encoding[1], masks)

            def step(self, encoding: Encoding) -> dict[str, Estimate]:
                return session.step(encoding[1])

        return Told()


def test_annotated_frames_beyond_the_neighbours_are_remembered_and_not_done_again(tmp_path: Path) -> None:
    reach = reach_of(6, [0, 2, 10, 12], N)
    assert reach.beyond == (0, 12)
    assert frames_needed(reach) == [0, *range(2, 11), 12]
    propagator = Remembering()
    found = refined(6, [0, 2, 10, 12], truth(6), tmp_path / "spool", truth(9), propagator)
    assert sorted(found) == [3, 4, 5, 7, 8, 9]
    assert propagator.told == [[0, 12, 10, 2, 6], [0, 12, 2, 10, 6]]


def test_no_more_than_the_four_nearest_frames_of_the_shot_are_remembered_besides() -> None:
    assert reach_of(50, [1, 10, 20, 30, 40, 60, 70, 80, 90], 100).beyond == (20, 30, 70, 80)
    assert reach_of(50, [1, 10, 20, 30, 40, 60, 70, 80, 90], 100, cuts=[25, 75]).beyond == (30, 70)


def test_an_object_without_neighbours_goes_to_both_ends(tmp_path: Path) -> None:
    found = refined(6, [], truth(6), tmp_path / "spool", None)
    assert sorted(found) == [idx for idx in range(N) if idx != 6]
    assert min(iou(one.mask, truth(idx)) for idx, one in found.items()) > 0.8


def test_pixels_of_others_stay_theirs(tmp_path: Path) -> None:
    taken = np.zeros((HEIGHT, WIDTH), dtype=bool)
    taken[:46] = True
    found = refined(6, [], truth(6), tmp_path / "spool", None, taken=taken)
    assert not any((one.mask & taken).any() for one in found.values())


def test_what_is_absent_goes_where_it_is_seen_and_nothing_is_put_in_its_place(tmp_path: Path) -> None:
    found = refined(6, [], np.zeros((HEIGHT, WIDTH), dtype=bool), tmp_path / "spool", truth(6))
    assert found[5].mask.sum() < 0.2 * truth(5).sum()
    assert all(one.mask.sum() <= truth(6).sum() for one in found.values())


def test_where_nothing_was_and_nothing_is_nothing_is_carried(tmp_path: Path) -> None:
    none = np.zeros((HEIGHT, WIDTH), dtype=bool)
    assert refined(6, [], none, tmp_path / "spool", none) == {}


def test_the_same_correction_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (refined(4, [0], truth(4), tmp_path / name, truth(9)) for name in "ab")
    assert {idx: found.mask.tobytes() for idx, found in one.items()} == {
        idx: found.mask.tobytes() for idx, found in other.items()
    }


def test_a_prompt_holds_the_clicks_the_prior_and_places_inside_it() -> None:
    prompt = correction_prompt("1", Clicks(((100.0, 5.0),), (0,)), truth(0), [(90.0, 80.0)])
    assert prompt.labels.tolist() == [0, 0]
    assert prompt.mask is not None
    x, y = prompt.support_px.astype(int).T
    assert truth(0)[y, x].all()
    with pytest.raises(ValueError, match="all clicks are off the object; give one on it"):
        correction_prompt("1", Clicks(((1.0, 1.0),), (0,)), None)


def test_a_box_keeps_what_of_the_old_mask_lies_in_it_and_nothing_of_a_mask_elsewhere() -> None:
    prompt = correction_prompt("1", None, truth(0), box=(20.0, 30.0, 40.0, 62.0))
    assert prompt.kind == "box"
    assert prompt.box_xyxy_px is not None
    assert prompt.box_xyxy_px.tolist() == [20, 30, 40, 62]
    assert prompt.mask is not None
    assert prompt.mask[:, :40].sum() == prompt.mask.sum() == 20 * 32
    assert correction_prompt("1", None, truth(0), box=(45.0, 30.0, 90.0, 62.0)).mask is None
    none = correction_prompt("1", Clicks(((1.0, 1.0),), (0,)), None, box=(45.0, 30.0, 90.0, 62.0))
    assert (none.kind, none.mask, len(none.support_px)) == ("clicks", None, 0)


def test_every_click_lies_on_its_side_of_the_edge() -> None:
    prompt = correction_prompt("1", Clicks(((30.0, 40.0), (100.0, 80.0)), (0, 1)), truth(0))
    held = held_to_clicks(truth(0), prompt)
    assert (bool(held[40, 30]), bool(held[80, 100])) == (False, True)
    assert (held ^ truth(0)).sum() < 60
