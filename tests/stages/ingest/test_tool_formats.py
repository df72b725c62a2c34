from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from label_studio_sdk.converter.brush import encode_rle as encode_brush
from PIL import Image
from pycocotools import mask as coco

from schemas.localizations import Box, Clicks, MaskHint
from schemas.masks import decode_rle
from stages.ingest.detection import detect_format
from stages.ingest.errors import IngestError
from stages.ingest.placing import FrameFacts, place
from stages.ingest.registry import read_localizations

W, H = 40, 20
SQUARE = np.zeros((H, W), dtype=bool)
SQUARE[4:12, 8:24] = True


def write(tmp_path, files):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return tmp_path / next(iter(files)) if len(files) == 1 else tmp_path


def placed(localizations):
    """The localizations on frames of 40x20 pixels."""
    by_video = {}
    for one in localizations:
        by_video.setdefault(one.video_id, []).append(one)
    found, rejects = place(by_video, dict.fromkeys(by_video, FrameFacts(W, H, 100)))
    assert rejects == []
    return [one for own in found.values() for one in own]


def read(tmp_path, files, fmt="auto"):
    localizations, rejects = read_localizations(write(tmp_path, files), fmt)
    assert rejects == []
    return placed(localizations)


def rows(localizations):
    return [(one.video_id, one.object_id, one.frame_name or one.frame_idx, one.object_name) for one in localizations]


def mask(hint):
    assert isinstance(hint, MaskHint)
    return decode_rle(hint.rle, hint.height, hint.width)


def run_lengths(bits):
    encoded = coco.encode(np.asfortranarray(bits.astype(np.uint8)))
    return {"size": list(bits.shape), "counts": encoded["counts"].decode()}


CVAT_VIDEO = f"""<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
<meta><task><id>7</id><name>my task</name><size>100</size><mode>interpolation</mode><source>clip.mp4</source>
<original_size><width>{W}</width><height>{H}</height></original_size></task></meta>
<track id="0" label="car" source="manual">
 <box frame="3" keyframe="1" outside="0" occluded="0" xtl="8.0" ytl="4.0" xbr="24.0" ybr="12.0" z_order="0"></box>
 <box frame="4" keyframe="0" outside="0" occluded="0" xtl="9.0" ytl="4.0" xbr="25.0" ybr="12.0" z_order="0"></box>
 <box frame="9" keyframe="1" outside="1" occluded="0" xtl="9.0" ytl="4.0" xbr="25.0" ybr="12.0" z_order="0"></box>
</track>
<track id="1" label="dog" source="manual">
 <polygon frame="0" keyframe="1" outside="0" points="8.0,4.0;24.0,4.0;24.0,12.0;8.0,12.0"></polygon>
 <mask frame="5" keyframe="1" outside="0" rle="0, 128" left="8" top="4" width="16" height="8"></mask>
 <points frame="7" keyframe="1" outside="0" points="9.0,5.0;10.5,6.5"></points>
</track></annotations>"""


def test_key_frames_of_cvat_tracks_are_localizations_of_one_object_each(tmp_path):
    car, outlined, painted, clicked = read(tmp_path, {"annotations.xml": CVAT_VIDEO})
    assert rows([car]) == [("clip.mp4", "0", 3, "car")]
    assert car.hint == Box((8.0, 4.0, 24.0, 12.0))
    assert rows([outlined, painted, clicked]) == [("clip.mp4", "1", idx, "dog") for idx in (0, 5, 7)]
    assert (mask(outlined.hint) == SQUARE).all()
    assert (mask(painted.hint) == SQUARE).all()
    assert clicked.hint == Clicks(((9.0, 5.0), (10.5, 6.5)), (1, 1))


def test_a_turned_box_of_cvat_is_the_upright_one_around_it(tmp_path):
    turned = CVAT_VIDEO.replace('z_order="0"', 'z_order="0" rotation="90"', 1)
    assert read(tmp_path, {"a.xml": turned})[0].hint.xyxy_px == pytest.approx((12, 0, 20, 16))


def test_cvat_images_name_their_frames_and_a_class_once_a_frame_is_one_object(tmp_path):
    def image(number, shapes):
        return f'<image id="{number}" name="clip/{number:06d}.jpg" width="{W}" height="{H}">{shapes}</image>'

    box = '<box label="{}" occluded="0" xtl="{}" ytl="4" xbr="24" ybr="12" z_order="0"></box>'
    first, second = box.format("car", 8) + box.format("man", 1) + box.format("man", 2), box.format("car", 9)
    content = f"<annotations><version>1.1</version>{image(0, first)}{image(5, second)}</annotations>"
    assert rows(read(tmp_path, {"images.xml": content})) == [
        ("clip", "car", "000000.jpg", "car"),
        ("clip", "man-1", "000000.jpg", "man"),
        ("clip", "man-2", "000000.jpg", "man"),
        ("clip", "car", "000005.jpg", "car"),
    ]


def test_xml_that_declares_entities_and_shapes_that_are_not_read_are_refused(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]>\n<annotations>&b;</annotations>'
    with pytest.raises(IngestError, match="declares entities"):
        read_localizations(write(tmp_path, {"bomb.xml": bomb}), "cvat")
    cuboid = CVAT_VIDEO.replace("<points ", "<cuboid ").replace("</points>", "</cuboid>")
    kept, (reject,) = read_localizations(write(tmp_path, {"cuboid.xml": cuboid}))
    assert (len(kept), reject.key, reject.error) == (3, "track 1@7", "unsupported_shape")


def label_studio(result, data=None):
    annotation = {"id": 1, "result": result, "was_cancelled": False, "updated_at": "2026-02-01T00:00:00Z"}
    return [{"id": 5, "data": data or {"video": "/data/upload/1/0a1b2c3d-clip.mp4"}, "annotations": [annotation]}]


def rectangle(*frames):
    sequence = [
        {"frame": frame, "enabled": True, "rotation": 0, "x": 20.0, "y": 20.0, "width": 40.0, "height": 40.0}
        for frame in frames
    ]
    return {"id": "r1", "type": "videorectangle", "value": {"sequence": sequence, "labels": ["car"], "framesCount": 9}}


def test_video_rectangles_of_label_studio_are_boxes_in_percent_on_frames_counted_from_1(tmp_path):
    first, second = read(tmp_path, {"export.json": label_studio([rectangle(1, 8)])})
    assert rows([first, second]) == [("clip.mp4", "r1", idx, "car") for idx in (0, 7)]
    assert first.hint.xyxy_px == pytest.approx((8.0, 4.0, 24.0, 12.0))


def test_frames_of_a_label_studio_export_with_a_frame_0_count_from_0_unless_one_is_the_last_from_1(tmp_path):
    other = label_studio([rectangle(3)], {"video": "other.mp4"})
    found = read(tmp_path / "from 0", {"export.json": label_studio([rectangle(0, 8)]) + other})
    assert rows(found) == [
        (video, "r1", idx, "car") for video, idx in (("clip.mp4", 0), ("clip.mp4", 8), ("other.mp4", 3))
    ]
    files = {"export.json": label_studio([rectangle(0, 8)]) + label_studio([rectangle(9)], {"video": "other.mp4"})}
    kept, (reject,) = read_localizations(write(tmp_path / "from 1", files))
    assert (rows(kept), reject.detail) == (
        [("clip.mp4", "r1", 7, "car"), ("other.mp4", "r1", 8, "car")], "frame 0: the frames of this export count from 1"
    )  # fmt: skip


def test_a_broken_key_frame_of_label_studio_is_rejected_alone(tmp_path):
    document = label_studio([{**rectangle(1, 3, 5), "id": "region"}])
    document[0]["annotations"][0]["result"][0]["value"]["sequence"][1] = 7
    kept, (reject,) = read_localizations(write(tmp_path, {"export.json": document}))
    assert [row[2] for row in rows(kept)] == [0, 4]
    assert (reject.key, reject.detail) == ("task 5, region region, key frame 2", "expected a key frame, found 7")


def test_json_min_of_label_studio_is_read_and_the_latest_annotation_counts(tmp_path):
    value = rectangle(1)["value"]
    least = [{"video": "/data/local-files/?d=videos/clip.mp4", "id": 1, "box": [value], "annotation_id": 3,
              "lead_time": 2.5}]  # fmt: skip
    assert rows(read(tmp_path / "min", {"min.json": least})) == [("videos/clip.mp4", "car", 0, "car")]
    several = label_studio([rectangle(1)])
    several[0]["annotations"] += [
        {"id": 2, "result": [rectangle(3)], "was_cancelled": False, "updated_at": "2026-03-01T00:00:00Z"},
        {"id": 3, "result": [rectangle(5)], "was_cancelled": True, "updated_at": "2026-04-01T00:00:00Z"},
    ]
    assert [one.frame_idx for one in read(tmp_path / "all", {"export.json": several})] == [2]


def test_regions_of_label_studio_images_are_boxes_masks_and_clicks(tmp_path):
    size = {"original_width": W, "original_height": H}
    rgba = np.zeros((H, W, 4), dtype=np.uint8)
    rgba[SQUARE] = 255
    square = [[20, 20], [60, 20], [60, 60], [20, 60]]
    turned = {"x": 60, "y": 20, "width": 20, "height": 80, "rotation": 90}
    values = [
        {"x": 20.0, "y": 20.0, "width": 40.0, "height": 40.0, "rotation": 0, "rectanglelabels": ["box"]},
        {"points": square, "polygonlabels": ["polygon"]},
        {"rle": list(encode_brush(rgba.ravel())), "format": "rle", "brushlabels": ["brush"]},
        {"x": 50.0, "y": 50.0, "width": 0.5, "keypointlabels": ["point"]},
        {**turned, "rectanglelabels": ["turned"]},
        {"choices": ["easy"]},
    ]
    result = [{"id": f"r{i}", "type": "x", "value": value, **size} for i, value in enumerate(values)]
    data = {"image": "/data/local-files/?d=frames/clip/00012.jpg"}
    box, polygon, brush, point, around = read(tmp_path, {"export.json": label_studio(result, data)})
    assert rows([box, point]) == [("clip", "box", "00012.jpg", "box"), ("clip", "point", "00012.jpg", "point")]
    assert box.hint.xyxy_px == pytest.approx((8.0, 4.0, 24.0, 12.0))
    assert [(mask(one.hint) == SQUARE).all() for one in (polygon, brush, around)] == [True, True, True]
    assert point.hint.xy_px == ((20, 10),)


def test_a_label_studio_video_without_a_rectangle_is_rejected_and_a_queue_without_places_refused(tmp_path):
    odd = label_studio([{"id": "a", "value": {"x": 1, "y": 1}}, rectangle(1)])
    kept, (reject,) = read_localizations(write(tmp_path, {"export.json": odd}))
    assert (len(kept), reject.error) == (1, "unsupported_shape")
    choices = label_studio([{"id": "a", "type": "choices", "value": {"choices": ["yes"]}}], {"image": "a/sheet.jpg"})
    with pytest.raises(IngestError, match="pointvos review pull"):
        read_localizations(write(tmp_path, {"queue.json": choices}))


def labelme(shapes, image="00003.jpg"):
    return {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": image, "imageData": None,
            "imageHeight": H, "imageWidth": W}  # fmt: skip


def shape(label, kind, points, **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


def test_labelme_shapes_are_boxes_masks_clicks_and_strokes_of_objects(tmp_path):
    picture = io.BytesIO()
    Image.fromarray(np.full((8, 16), 255, dtype=np.uint8)).save(picture, "PNG")
    shapes = [
        shape("a", "polygon", [[8, 4], [24, 4], [24, 12], [8, 12]]),
        shape("b", "rectangle", [[24, 12], [8, 4]], group_id=2),
        shape("c", "mask", [[8, 4], [23, 11]], mask=base64.b64encode(picture.getvalue()).decode()),
        shape("d", "point", [[9, 5]]),
        shape("d", "point", [[10, 6]]),
        shape("e", "linestrip", [[10, 10], [20, 10]]),
        shape("f", "circle", [[20, 10], [25, 10]]),
    ]
    found = read(tmp_path, {"clip/00003.json": labelme(shapes), "clip/00007.json": labelme(shapes[:1], "00007.jpg")})
    polygon, box, painted, stroke, circle, clicks, later = found
    assert rows(found) == [
        ("clip", object_id, name, object_id[0])
        for object_id, name in [(i, "00003.jpg") for i in ("a", "b-2", "c", "e", "f", "d")] + [("a", "00007.jpg")]
    ]
    assert [(mask(one.hint) == SQUARE).all() for one in (polygon, painted, later)] == [True, True, True]
    assert box.hint == Box((8.0, 4.0, 24.0, 12.0))
    assert clicks.hint == Clicks(((9.0, 5.0), (10.0, 6.0)), (1, 1))
    assert stroke.hint.strokes_norm == (((0.25, 0.5), (0.5, 0.5)),)
    assert mask(circle.hint).sum() == pytest.approx(np.pi * 25, rel=0.05)


def test_numbers_of_shapes_without_a_group_make_no_name_of_a_group(tmp_path):
    box, other = ({"label": "car", "shape_type": "rectangle", "points": [[x, 1], [x + 4, 5]]} for x in (1, 9))
    shapes = [box, {**other, "group_id": 2}, other]
    found = read(tmp_path, {"clip/00003.json": labelme(shapes)})
    assert [(one.object_id, one.hint.xyxy_px[0]) for one in found] == [("car-1", 1.0), ("car-2", 9.0), ("car-3", 9.0)]


def test_numbers_of_shapes_make_no_name_of_another_class(tmp_path):
    shapes = [{"label": label, "shape_type": "rectangle", "points": [[1, 1], [5, 5]]} for label in ("a", "a", "a-1")]
    found = read(tmp_path, {"clip/00003.json": labelme(shapes)})
    assert [(one.object_id, one.object_name) for one in found] == [("a-2", "a"), ("a-3", "a"), ("a-1", "a-1")]


def test_a_shape_whose_name_no_record_can_have_is_rejected_and_the_others_are_read(tmp_path):
    box = {"shape_type": "rectangle", "points": [[1, 1], [5, 5]]}
    shapes = [{**box, "label": "a", "group_id": "\ud800"}, {**box, "label": "b"}]
    kept, (reject,) = read_localizations(write(tmp_path, {"clip/00003.json": labelme(shapes)}))
    assert ([one.object_id for one in kept], reject.error) == (["b"], "invalid_value")


def test_a_job_of_cvat_tells_the_size_and_the_source_of_its_masks(tmp_path):
    content = f"""<annotations><meta><job><id>3</id><size>9</size><original_size><width>{W}</width><height>{H}</height>
        </original_size></job><source>clip.mp4</source></meta><track id="4" label="a"><mask frame="4" keyframe="1"
        outside="0" rle="0, 8" left="1" top="2" width="4" height="2"/></track></annotations>"""
    (found,) = read(tmp_path, {"job.xml": content})
    assert (found.video_id, found.object_id, found.frame_idx) == ("clip.mp4", "4", 4)
    assert np.argwhere(mask(found.hint)).tolist() == [[y, x] for y in (2, 3) for x in (1, 2, 3, 4)]


def test_mot_tracks_count_frames_and_pixels_from_1_and_leave_out_ignored_lines(tmp_path):
    lines = "1,7,9,5,16,8,1,1,0.9\n4,7,10,5,16,8,1,1,1\n2,8,10,5,16,8,0,8,1\n"
    found = read(tmp_path, {"MOT17-02/gt/gt.txt": lines, "MOT17-04/gt/gt.txt": lines})
    assert rows(found[:2]) == [("MOT17-02", "7", idx, "") for idx in (0, 3)]
    assert found[0].hint == Box((8.0, 4.0, 24.0, 12.0))
    assert {one.video_id for one in found} == {"MOT17-02", "MOT17-04"}


def test_frames_of_a_mot_file_with_a_frame_0_count_from_0(tmp_path):
    found = read(
        tmp_path, {"clip.txt": "\ufeff\ufeff0,3,9,5,16,8,1\r\n4,3,9,5,16,8,1\r\n", "b.txt": "4,3,9,5,16,8,1\n"}
    )
    assert rows(found) == [("b", "3", 3, ""), ("clip", "3", 0, ""), ("clip", "3", 4, "")]


def test_detections_without_tracks_are_rejected(tmp_path):
    kept, (reject,) = read_localizations(write(tmp_path, {"clip.txt": "1,-1,9,5,16,8,0.5\n1,3,9,5,16,8,1\n"}))
    assert (rows(kept), reject.error) == ([("clip", "3", 0, "")], "no_track")


def test_sav_masklets_lie_on_every_fourth_frame(tmp_path):
    nothing, square = run_lengths(np.zeros_like(SQUARE)), run_lengths(SQUARE)
    document = {"video_id": "sav_1", "video_frame_count": 12.0, "masklet": [[square, nothing], [None, square],
                [square, None]], "masklet_id": [0, 5]}  # fmt: skip
    found = read(tmp_path, {"sav_1_manual.json": document})
    assert rows(found) == [("sav_1", "0", 0, ""), ("sav_1", "5", 4, ""), ("sav_1", "0", 8, "")]
    assert all((mask(one.hint) == SQUARE).all() for one in found)


def test_a_sav_object_without_a_mask_on_any_frame_is_rejected_and_the_others_are_read(tmp_path):
    square, nothing = run_lengths(SQUARE), run_lengths(np.zeros_like(SQUARE))
    document = {"video_id": "v", "masklet": [[None, None], [nothing, square], [None, None]], "masklet_id": [0, 5]}
    kept, (reject,) = read_localizations(write(tmp_path, {"v_manual.json": document}))
    assert rows(kept) == [("v", "5", 4, "")]
    assert (reject.key, reject.detail) == ("v/0", "no annotated frame has a usable mask of the object")


def test_yolo_files_in_a_folder_of_their_video_name_its_frames(tmp_path):
    found = read(tmp_path, {
        "data.yaml": "names:\n  0: car\n  2: dog\n",
        "labels/train/clip/00003.txt": "0 0.4 0.4 0.4 0.4\n2 0.2 0.2 0.6 0.2 0.6 0.6 0.2 0.6\n",
        "labels/train/clip/00004.txt": "",
        "labels/train/clip/00007.txt": "0 0.4 0.4 0.4 0.4 0.9\n",
        "labels/classes.txt": "unused\n",
    })  # fmt: skip
    assert rows(found) == [
        ("clip", "car", "00003", "car"),
        ("clip", "dog", "00003", "dog"),
        ("clip", "car", "00007", "car"),
    ]
    assert found[0].hint.xyxy_px == pytest.approx((8.0, 4.0, 24.0, 12.0))
    assert (mask(found[1].hint) == SQUARE).all()


def test_yolo_files_of_a_tracked_video_count_frames_from_1(tmp_path):
    box = "0 0.4 0.4 0.4 0.4"
    found = read(
        tmp_path, {"labels/clip_a_1.txt": f"{box} 0.8 12\n{box} 0.7 13\n", "labels/clip_a_12.txt": f"{box} 12\n"}
    )
    assert rows(found) == [
        ("clip_a", "12", 0, "class 0"),
        ("clip_a", "13", 0, "class 0"),
        ("clip_a", "12", 11, "class 0"),
    ]


def test_numbers_of_yolo_files_with_leading_zeros_or_a_zero_are_positions(tmp_path):
    box = "0 0.4 0.4 0.4 0.4\n"
    assert [one.frame_idx for one in read(tmp_path / "a", {"clip_000004.txt": box, "clip_000012.txt": box})] == [4, 12]
    assert [one.frame_idx for one in read(tmp_path / "b", {"clip_0.txt": box, "clip_8.txt": box})] == [0, 8]


def test_two_of_a_class_without_tracks_are_objects_of_their_own(tmp_path):
    box = "3 0.4 0.4 0.4 0.4\n"
    found = read(tmp_path, {"clip/1.txt": box + box, "clip/2.txt": box})
    assert [one.object_id for one in found] == ["class 3-1", "class 3-2", "class 3-3"]


def test_pictures_beside_yolo_labels_are_no_masks(tmp_path):
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((H, W), dtype=np.uint8)).save(tmp_path / "images" / "clip_000004.png")
    found = read(tmp_path, {"labels/clip_000004.txt": "0 0.4 0.4 0.4 0.4\n", "labels/classes.txt": "car\n"})
    assert rows(found) == [("clip", "car", 4, "car")]


@pytest.mark.parametrize(
    ("content", "fmt"),
    [
        ("0 0.5 0.5 0.25 0.125\n", "yolo"),
        ("1,1,100,200,30,40,1,-1,-1,-1\n", "mot"),
        (CVAT_VIDEO, "cvat"),
        (json.dumps(labelme([])), "labelme"),
        (json.dumps(label_studio([])), "label_studio"),
    ],
)
def test_the_format_is_told_by_the_content(tmp_path, content, fmt):
    assert detect_format(write(tmp_path, {"file.txt": content})) == fmt
