from __future__ import annotations

import numpy as np
import pytest

from schemas.localizations import Box, Clicks, Expression, Localization, MaskHint, Trace
from schemas.masks import encode_rle
from stages.ingest.errors import IngestError
from stages.ingest.placing import FrameFacts, place

FACTS = {"v": FrameFacts(320, 180, 6), "w": FrameFacts(1920, 1080, 0)}


def click(*xy, frame=0, object_id="1", video="v"):
    return Localization(video, object_id, frame, Clicks(tuple(xy), (1,) * len(xy)), input_uri="clicks.json")


def box(*xyxy, frame=0, object_id="1", video="v", uri="boxes.csv"):
    return Localization(video, object_id, frame, Box(xyxy), rule="box", input_uri=uri)


def placed(*localizations, coords="auto"):
    by_video = {}
    for one in localizations:
        by_video.setdefault(one.video_id, []).append(one)
    kept, rejects = place(by_video, FACTS, coords)
    return [one for found in kept.values() for one in found], [reject.error for reject in rejects]


def refusal(*localizations, coords="auto") -> IngestError:
    with pytest.raises(IngestError) as caught:
        placed(*localizations, coords=coords)
    return caught.value


def test_sound_localizations_stay_the_same_objects():
    trace = Trace((((0.1, 0.2),),), ((5,),))
    sound = [
        click((319, 179)), box(-5, 10, 330, 100, frame=5), Localization("v", "t", 0, trace),
        Localization("v", "e", 0, Expression(("dog",))), click((12, 40.5), (300, 2), object_id="2"),
        click((1e4, 1e4), video="unreadable", frame=99),
    ]  # fmt: skip
    found, rejects = placed(*sound)
    assert all(one is same for one, same in zip(found, sound, strict=True))
    assert not rejects


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (click((320, 10)), "outside_image"),
        (click((10, 10), (10, 400)), "outside_image"),
        (box(400, 10, 420, 30), "outside_image"),
        (box(-30, 10, 0.4, 30), "outside_image"),
        (click((200, 120), frame=7), "unknown_frame"),
        (Localization("v", "1", 0, MaskHint(encode_rle(np.ones((100, 100), bool)), 100, 100)), "mask_size"),
    ],
)
def test_what_lies_beyond_the_frame_or_the_end_is_rejected_and_spares_the_others(bad, error):
    good = click((250, 170), object_id="good")
    found, rejects = placed(bad, good)
    assert (found, rejects) == ([good], [error])


def test_a_number_beyond_the_end_that_a_file_name_has_is_answered_with_that_name():
    frames = tuple(f"clips/v/img_{number}.png" for number in (1000, 1005, 1010))
    _, rejects = place(
        {"v": [click((9, 9), frame=1005), click((9, 9), frame=7)]}, {"v": FrameFacts(320, 180, 3, frames)}
    )
    assert [reject.detail for reject in rejects] == [
        "frame 1005 is beyond the end: the video has frames 0 to 2; numbers are positions, write 'img_1005.png' for "
        "the frame of that name",
        "frame 7 is beyond the end: the video has frames 0 to 2",
    ]


def test_a_mask_of_another_resolution_stays():
    half = Localization("v", "1", 0, MaskHint(encode_rle(np.ones((90, 160), bool)), 90, 160))
    assert placed(half) == ([half], [])


@pytest.mark.parametrize(
    "doubtful",
    [
        [click((0.5, 0.25)), click((1, 0.1), object_id="2")],
        [box(0.1, 0.2, 0.4, 0.9)],
        [box(0, 0, 1, 1, video="w")],
    ],
)
def test_fractions_given_for_pixels_are_asked_about(doubtful):
    found = refusal(*doubtful)
    assert found.error == "doubtful_unit"
    assert "between 0 and 1" in found.detail
    assert "--coords fraction" in found.detail
    assert placed(*doubtful, coords="pixel")[1] in ([], ["outside_image"])


def test_percents_given_for_pixels_are_asked_about():
    assert "--coords percent" in refusal(box(3.75, 50, 16.25, 72.2)).detail
    assert "--coords percent" in refusal(*(click((50, 90), video="w", object_id=str(i)) for i in range(2))).detail


@pytest.mark.parametrize(
    "sound",
    [
        [box(10, 20, 60, 90)],
        [click((36, 46))],
        [box(10.5, 20.25, 60, 90, uri="coco.json")],
        [click((36, 46), video="w")],
        [box(10.5, 20.25, 60, 101)],
    ],
)
def test_a_few_pixels_near_the_corner_are_not_taken_for_percents(sound):
    assert placed(*sound) == (sound, [])


def test_fractions_and_percents_become_pixels():
    ((one,), _), ((two,), _) = placed(click((0.5, 1.0)), coords="fraction"), placed(click((50, 100)), coords="percent")
    assert one.hint.xy_px == two.hint.xy_px == ((160.0, 179.0),)
    assert placed(box(0.25, 0.5, 1, 1), coords="fraction")[0][0].hint.xyxy_px == (80.0, 90.0, 320.0, 180.0)
    assert placed(box(25, 50, 100, 100), coords="percent")[0][0].hint.xyxy_px == (80.0, 90.0, 320.0, 180.0)
    assert placed(click((1.5, 1.5)), coords="fraction") == ([], ["outside_image"])


def test_swapped_axes_are_said_when_everything_fits_the_other_way_round():
    found = refusal(click((90, 300)), click((100, 20), object_id="2"))
    assert found.error == "swapped_axes"
    assert "click (90.0, 300.0) of object '1'" in found.detail.replace("(90, 300)", "(90.0, 300.0)")
    assert refusal(box(90, 200, 130, 240)).error == "swapped_axes"
    assert placed(click((90, 300)), click((300, 20), object_id="2"))[1] == ["outside_image"]


def test_frames_that_count_from_1_are_said():
    found = refusal(click((200, 20), frame=1), click((200, 20), frame=6))
    assert found.error == "frames_from_1"
    assert "it has frames 0 to 5" in found.detail
    assert placed(click((200, 20), frame=0), click((200, 20), frame=6))[1] == ["unknown_frame"]
    assert placed(click((200, 20), frame=1), click((200, 20), frame=9))[1] == ["unknown_frame"]
    uncounted = click((1200, 20), frame=6, video="w")
    assert placed(uncounted) == ([uncounted], [])
