"""Overlay videos: what is drawn where, and that the files are the same whenever they are made."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from schemas.frames import Frame
from schemas.masks import Mask, encode_rle
from schemas.videos import Video
from stages.render.overlay_plan import OverlayPlan, ShownClick, ShownPoint, Side, Track
from stages.render.overlay_video import mark_of, overlay_frames, write_overlay_video
from stages.render.pictures import overlay_width
from stages.render.strip import Strip, quality_colours
from stages.render.text_drawing import known, shortened, write

GREEN, AMBER, RED, GREY = [82, 201, 139], [240, 181, 74], [242, 116, 107], [44, 48, 54]


def video(**changes):
    facts = {"n_frames": 6, "height": 48, "width": 64, "fps": 10.0, "duration_s": 0.6, "codec": "h264"}
    return Video("v", "v.mp4", rotation_deg=0, **(facts | changes))


def mask(frame_idx, quality=1.0, x=8):
    drawn = np.zeros((48, 64), dtype=bool)
    drawn[8:40, x : x + 24] = True
    return Mask("v", "1", frame_idx, 48, 64, encode_rle(drawn), "propagator", "flow", quality)


def plan(masks=None, **changes):
    masks = masks or [mask(0), mask(1, 0.5), mask(2, 0.0), mask(4)]
    fields = {
        "video": video(),
        "tracks": (Track("1", "a bear", "#56b4e9", anchors=(0,), asked=(2,)),),
        "sides": (Side("", {one.frame_idx: {"1": one} for one in masks}),),
    }
    return OverlayPlan(**(fields | changes))


def frames(indices=range(6), size=(48, 64)):
    return [Frame(idx, idx / 10, np.full((*size, 3), 100, dtype=np.uint8)) for idx in indices]


def test_a_film_has_one_picture_a_frame_with_the_mask_drawn_in():
    pictures = list(overlay_frames(plan(), frames()))
    assert [picture.shape for picture in pictures] == [(480 + 50, 640, 3)] * 6
    inside, outside = pictures[0][240, 200], pictures[0][240, 500]
    assert outside.tolist() == [100, 100, 100]
    assert inside.tolist() == [int(100 * 0.62 + tint * 0.38) for tint in (0x56, 0xB4, 0xE9)]
    assert pictures[3][240, 200].tolist() == [100, 100, 100]  # the object has no mask there


def test_the_strip_shows_quality_in_colours_and_where_nothing_is():
    strip = Strip.of(plan(tracks=(Track("1", "a bear", "#56b4e9"),)), 640)
    row, span = strip.ground[24 + 7], 640 - 8 - strip.left
    middles = [row[strip.left + int((idx + 0.5) / 6 * span)].tolist() for idx in range(6)]
    assert middles == [GREEN, AMBER, RED, GREY, GREEN, GREY]


def test_the_strip_marks_anchors_asked_frames_and_the_frame_that_is_shown():
    strip = Strip.of(plan(), 640)
    columns = [strip.left + int((idx + 0.5) / 6 * (640 - 8 - strip.left)) for idx in range(6)]
    assert strip.ground[25, columns[0]].tolist() == [255, 255, 255]
    assert strip.ground[24 + 13, columns[2]].tolist() == [47, 155, 255]
    shown = strip.at(4)
    assert shown[30, columns[4]].tolist() == [236, 238, 240]
    assert strip.ground[30, columns[4]].tolist() == GREEN


def test_of_frames_that_share_a_column_the_worst_is_shown():
    long = video(n_frames=5000)
    bad = plan(
        [mask(idx, 0.0 if idx == 2500 else 1.0) for idx in range(5000)],
        video=long,
        tracks=(Track("1", "b", "#56b4e9"),),
    )
    row = Strip.of(bad, 640).ground[24 + 7].tolist()
    assert row.count(RED) == 1


def test_many_objects_get_thin_rows():
    tracks = tuple(Track(str(i), str(i), "#56b4e9") for i in range(30))
    assert Strip.of(plan(tracks=tracks), 640).ground.shape == (24 + 30 * 7 + 8, 640, 3)


def test_before_and_after_stand_side_by_side():
    sides = (Side("before round 1", {0: {"1": mask(0, x=0)}}), Side("after round 1", {0: {"1": mask(0, x=40)}}))
    two = plan(sides=sides)
    picture = next(overlay_frames(two, frames([0])))
    assert (overlay_width(two), picture.shape[1]) == (2 * 480 + 4, 2 * 480 + 4)
    left, right = picture[180, 80], picture[180, 484 + 80]
    assert left.tolist() != [100, 100, 100]
    assert right.tolist() == [100, 100, 100]


def test_points_are_drawn_in_the_colour_of_their_answer_and_clicks_with_their_sign():
    points = {0: (ShownPoint(50, 10, True, "ACCEPTED"), ShownPoint(50, 30, False, "ACCEPTED"))}
    picture = next(overlay_frames(plan(points=points, clicks={0: (ShownClick(4.0, 44.0, 1),)}), frames([0])))
    radius = round(640 / 110)
    assert picture[105, 505 + radius].tolist() == [47, 155, 255]  # #2f9bff
    assert picture[305, 505 + radius].tolist() == [47, 155, 255]
    assert picture[305, 505].tolist() == [255, 59, 92]  # people say that the mask missed the object: crossed out
    assert picture[105, 505].tolist() == [100, 100, 100]
    assert picture[445, 45].tolist() == [255, 255, 255]
    assert picture[441, 41].tolist() == [31, 207, 128]


def test_frames_that_could_not_be_decoded_are_grey_and_keep_the_time(tmp_path):
    pictures = list(overlay_frames(plan(), frames([0, 1, 4])))
    assert len(pictures) == 5
    assert pictures[2][240, 200].tolist() == [58, 60, 64]


def test_a_video_of_another_size_is_an_error_that_says_what_to_do():
    with pytest.raises(
        ValueError, match="frames of 32x48 pixels and had 64x48 when it was annotated; annotate it again"
    ):
        list(overlay_frames(plan(), frames([0], (48, 32))))


def test_a_film_is_h264_and_the_same_bytes_whenever_it_is_made(tmp_path):
    done = []
    for name in ("one.mp4", "two.mp4"):
        write_overlay_video(tmp_path / name, plan(), iter(frames()), "mark 1", lambda: done.append(1))
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    assert (len(done), mark_of(tmp_path / "one.mp4"), mark_of(tmp_path / "none.mp4")) == (12, "mark 1", "")
    with av.open(str(tmp_path / "one.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == Fraction(10)
        assert sum(1 for _ in film.decode(stream)) == 6


def test_a_film_that_breaks_off_leaves_nothing(tmp_path):
    def broken():
        yield frames([0])[0]
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_overlay_video(tmp_path / "a.mp4", plan(), broken(), "m", lambda: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("height", "width", "n_sides", "size"),
    [(48, 64, 1, (480, 640)), (1080, 1920, 1, (720, 1280)), (1080, 1920, 2, (540, 960)), (1920, 1080, 1, (960, 540)),
     (271, 639, 1, (272, 640))],
)  # fmt: skip
def test_films_have_a_size_that_can_be_looked_at(height, width, n_sides, size):
    assert plan(video=video(height=height, width=width), sides=(Side("", {}),) * n_sides).side_size == size


def test_letters_that_the_font_lacks_are_not_drawn():
    assert [known(text, "object 1") for text in ("", "Bär", "犬", "a\nb")] == [
        "object 1",
        "Bär",
        "object 1",
        "object 1",
    ]
    assert shortened("a very long name of an object", 11, 60).endswith("…")
    picture = np.zeros((20, 40, 3), dtype=np.uint8)
    write(picture, "abc", (30, 10), 13, (255, 255, 255))
    write(picture, "abc", (100, 100), 13, (255, 255, 255))
    assert picture[:, 30:].any()
    assert not picture[:, :30].any()


def test_no_quality_is_grey():
    assert quality_colours(np.array([-1.0, 0.25])).tolist() == [GREY, [241, 148, 90]]
