from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image
from pycocotools import mask as coco
from pycocotools.coco import COCO

from schemas.localizations import Box
from schemas.masks import Mask, decode_rle, encode_rle
from schemas.videos import Video
from stages.export.masks.exported import ExportedVideo
from stages.export.masks.outlines import outlines
from stages.export.masks.registry import MASK_FORMATS
from stages.ingest.placing import FrameFacts, place
from stages.ingest.registry import read_localizations

H, W, N = 24, 32, 9
CATEGORIES = {"dog": 1, "man & <child>": 2, "object": 3}


def blob(seed, left=4):
    """A round piece, and on even seeds a second one beside it."""
    y, x = np.mgrid[:H, :W]
    drawn = (x - left - 4 - seed) ** 2 + (y - 10) ** 2 < 16
    return drawn | ((seed % 2 == 0) & (left == 4) & (x > 26) & (y > 20))


def video(name, number, stems=()):
    """Three objects: one on all frames but 3, one on frames 4 and 8, one without a name on frame 0."""
    frames = {"2": [i for i in range(N) if i != 3], "10": [4, 8], "x": [0]}
    drawn = {"2": blob, "10": lambda i: blob(i, 12), "x": lambda _: blob(1, 18)}
    masks = [
        Mask(name, object_id, i, H, W, encode_rle(drawn[object_id](i)), "propagator", "m", 0.5)
        for object_id, own in frames.items()
        for i in own
    ]
    facts = Video(
        name, f"videos/{name}.mp4", N, H, W, 25.0, N / 25, "h264", 0, 3, times_s=tuple(i / 25 for i in range(N))
    )
    return ExportedVideo(facts, masks, number, {"2": "dog", "10": "man & <child>"}, stems, CATEGORIES)


VIDEOS = (video("a/clip", 0), video("b", 1, tuple(f"img_{7 + 2 * i:04d}" for i in range(N))))


@pytest.fixture
def written(tmp_path):
    """Write videos in a format; the folder."""

    def write(name):
        form = MASK_FORMATS[name]
        for found in VIDEOS:
            for path, content in form.files(found):
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_bytes(content)
        entries = [json.loads(json.dumps(form.entry(found))) for found in VIDEOS]
        for path, pieces in form.join(lambda: iter(entries), CATEGORIES):
            (tmp_path / path).write_bytes(b"".join(pieces))
        return tmp_path

    return write


def read(path):
    """What our own readers make of it: (video, object, frame) → hint, with boxes and outlines on the frame."""
    localizations, rejects = read_localizations(path)
    assert rejects == []
    names = {localization.video_id for localization in localizations}
    by_video = {name: [one for one in localizations if one.video_id == name] for name in names}
    placed, rejects = place(by_video, dict.fromkeys(names, FrameFacts(W, H, 100)))
    assert rejects == []
    return {
        (one.video_id, one.object_id, one.frame_name or one.frame_idx): one.hint
        for own in placed.values()
        for one in own
    }


def drawn(hint):
    return decode_rle(hint.rle, hint.height, hint.width)


def truth(stems=False):
    """(video, object, frame) → mask of everything that was exported."""
    return {
        (found.video.video_id, mask.object_id, found.stem(mask.frame_idx) if stems else mask.frame_idx): mask.decode()
        for found in VIDEOS
        for mask in found.masks
    }


def box(mask):
    y, x = np.nonzero(mask)
    return (x.min(), y.min(), x.max() + 1, y.max() + 1)


def largest(mask):
    """The piece of a mask that polygons keep where only one is possible."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    return labels == np.bincount(labels[mask]).argmax()


@pytest.mark.parametrize("name", ["coco", "coco_polygons", "youtube_vis"])
def test_coco_documents_give_back_every_mask(written, name):
    found = read(written(name) / "instances.json")
    objects = {("a/clip", 1): "2", ("a/clip", 2): "10", ("a/clip", 3): "x"}
    objects |= {("b", 10_000_001): "2", ("b", 10_000_002): "10", ("b", 10_000_003): "x"}
    masks = {(v, objects[v, int(o)], str(i).removesuffix(".jpg")): drawn(hint) for (v, o, i), hint in found.items()}
    wanted = {(v, o, str(i)): mask for (v, o, i), mask in truth(stems=name == "youtube_vis").items()}
    assert masks.keys() == wanted.keys()
    assert all((masks[key] == mask).all() for key, mask in wanted.items())


def test_pycocotools_loads_the_documents_and_draws_the_masks(written, capsys):
    index = COCO(str(written("coco") / "instances.json"))
    assert [index.cats[number]["name"] for number in sorted(index.cats)] == list(CATEGORIES)
    first = index.loadAnns(index.getAnnIds(imgIds=[1], catIds=[1]))[0]
    assert (index.annToMask(first).astype(bool) == blob(0)).all()
    assert first["area"] == blob(0).sum()
    x, y, width, height = first["bbox"]
    assert (x, y, x + width, y + height) == box(blob(0))


def test_youtube_vos_keeps_names_of_frames_and_tells_objects_and_categories(written):
    folder = written("youtube_vos")
    meta = json.loads((folder / "meta.json").read_text())["videos"]
    assert meta["b"]["objects"]["1"] == {
        "category": "dog", "frames": [f"img_{7 + 2 * i:04d}" for i in range(N) if i != 3],
    }  # fmt: skip
    assert meta["a/clip"]["objects"]["3"] == {"category": "object", "frames": ["00000"]}
    labels = np.asarray(Image.open(folder / "Annotations/b/img_0007.png"))
    assert set(np.unique(labels)) == {0, 1, 3}
    assert not (folder / "Annotations/b/img_0013.png").exists()
    found = read(folder / "Annotations")
    assert (drawn(found["b", "2", "img_0015.png"]) == blob(4, 12)).all()


def test_sav_documents_hold_every_fourth_frame(written):
    folder = written("sav")
    found = read(folder)
    ids = {"0": "2", "1": "10", "2": "x"}
    kept = {key: mask for key, mask in truth().items() if key[2] % 4 == 0}
    assert {(v, ids[o], i): drawn(hint).tobytes() for (v, o, i), hint in found.items()} == {
        key: mask.tobytes() for key, mask in kept.items()
    }


def test_mot_tracks_are_the_boxes_of_the_masks(written):
    folder = written("mot")
    tracks = {"1": "2", "2": "10", "3": "x"}
    found = {(v, tracks[o], i): hint.xyxy_px for (v, o, i), hint in read(folder).items()}
    assert found == {key: box(mask) for key, mask in truth().items()}
    info = (folder / "b/seqinfo.ini").read_text()
    assert "seqLength=9\nimWidth=32\nimHeight=24\n" in info
    assert info.endswith("[Objects]\n1=2\n2=10\n3=x\n")


def test_yolo_labels_are_outlines_of_the_largest_piece(written):
    folder = written("yolo")
    assert yaml.safe_load((folder / "data.yaml").read_text())["names"] == {0: "dog", 1: "man & <child>", 2: "object"}
    ids = {"2": "dog", "10": "man & <child>", "x": "object"}
    found = {key: drawn(hint) for key, hint in read(folder).items()}
    wanted = {(v, ids[o], stem): largest(mask) for (v, o, stem), mask in truth(stems=True).items()}
    assert found.keys() == wanted.keys()
    assert all((found[key] == mask).all() for key, mask in wanted.items())
    assert (folder / "labels/a/clip/00003.txt").read_bytes() == b""


def test_cvat_tracks_are_polygons_and_end_where_the_object_is_gone(written):
    folder = written("cvat")
    ids = {"0": "2", "1": "10", "2": "x"}
    found = {(v, ids[o], i): drawn(hint) for (v, o, i), hint in read(folder).items()}
    wanted = {key: largest(mask) for key, mask in truth().items()}
    assert found.keys() == wanted.keys()
    assert all((found[key] == mask).all() for key, mask in wanted.items())
    assert (folder / "b.xml").read_text().count('outside="1"') == 3
    assert "man &amp; &lt;child&gt;" in (folder / "b.xml").read_text()


def test_label_studio_tasks_are_boxes_on_frames_counted_from_1(written):
    folder = written("label_studio")
    found = read(folder / "tasks.json")
    assert len(found) == len(truth())
    boxes = {tuple(np.round(hint.xyxy_px, 6)) for (v, _, i), hint in found.items() if (v, i) == ("videos/b.mp4", 4)}
    assert all(isinstance(hint, Box) for hint in found.values())
    assert boxes == {tuple(map(float, box(mask))) for key, mask in truth().items() if key[0] == "b" and key[2] == 4}
    sequence = json.loads((folder / "tasks.json").read_text())[0]["predictions"][0]["result"][0]["value"]["sequence"]
    assert [one["frame"] for one in sequence if not one["enabled"]] == [3, 9]


def test_outlines_filled_again_are_the_mask_without_its_holes():
    random = np.random.default_rng(0)
    for _ in range(40):
        mask = random.random(random.integers(3, 20, 2)) > 0.4
        filled = np.zeros_like(mask)
        for piece in outlines(mask):
            filled |= coco.decode(coco.frPyObjects([piece.ravel().tolist()], *mask.shape)[0]).astype(bool)
        outside = flood(~mask)
        assert (filled == ~outside).all()


def flood(free):
    """What of ``free`` is joined to the border."""
    _, labels = cv2.connectedComponents(np.pad(free, 1, constant_values=True).astype(np.uint8), connectivity=4)
    return (labels == labels[0, 0])[1:-1, 1:-1]


@pytest.mark.parametrize("name", MASK_FORMATS)
def test_an_id_that_leads_out_of_the_folder_is_refused_and_an_empty_export_is_valid(name, tmp_path):
    form = MASK_FORMATS[name]
    for path, pieces in form.join(lambda: iter(()), {}):
        content = b"".join(pieces)
        if path.endswith(".json"):
            json.loads(content)
    outside = ExportedVideo(Video("a", "u", 1, H, W, 0.0, 0.0, "jpeg", 0), ())
    object.__setattr__(outside.video, "video_id", "../a")
    if name == "label_studio":  # writes no file that is named like the video
        return
    with pytest.raises(ValueError, match="leads out"):
        [list(form.files(outside)), form.entry(outside)]
