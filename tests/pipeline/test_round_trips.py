"""Every format that export writes of real runs, read back by our own readers, and equal."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import typer
from pycocotools import mask as coco

from pipeline.commands.evaluate_results import evaluate_results
from pipeline.commands.export import ExportFormat, export
from pipeline.commands.merge import merge
from pipeline.runs.folder import RunFolder
from schemas import tables
from schemas.localizations import Box
from schemas.masks import decode_rle
from schemas.reviews import Verdict
from stages.evaluate.ground_truth import find_truth
from stages.export.masks.outlines import outlines
from stages.ingest.placing import FrameFacts, place
from stages.ingest.registry import read_localizations
from stages.video.frame_names import FrameNames

SEQUENCES, N_FRAMES = ("dog", "blackswan"), 16
SMALL = ("--segmenter", "grabcut", "--propagator", "flow", "--no-repair", "--frames", "3", "--points", "8")


def verify(run):
    """Answer every candidate of a run but the last ten as its masks say, some as nobody could tell, and merge."""
    verdicts = []
    for number, c in enumerate(tables.CANDIDATES.records(tables.CANDIDATES.read(run))[:-10]):
        status = "AMBIGUOUS" if number % 9 == 4 else "ACCEPTED" if c.is_fg_candidate else "REJECTED"
        place = ("ann", "label_studio", 1.0, "t", str(number), datetime(2024, 1, 1, tzinfo=UTC))
        verdicts.append(Verdict(c.candidate_id, status, *place))
    tables.VERDICTS.write(run / "verdicts/all.parquet", verdicts)
    merge(RunFolder(run), 0.4)


@pytest.fixture(scope="module")
def davis_run(davis, pointvos, tmp_path_factory):
    """A run of folders of frames, from masks on the first frame."""
    folder = tmp_path_factory.mktemp("davis")
    for name in SEQUENCES:
        frames = sorted((davis / "JPEGImages/480p" / name).iterdir())[:N_FRAMES]
        (folder / "videos" / name).mkdir(parents=True)
        (folder / "hints" / name).mkdir(parents=True)
        for frame in frames:
            (folder / "videos" / name / f"img_{3 * int(frame.stem) + 1:04d}.jpg").symlink_to(frame)
        first = davis / "Annotations/480p" / name / f"{frames[0].stem}.png"
        (folder / "hints" / name / "img_0001.png").symlink_to(first)
    answer = pointvos(
        "annotate", folder / "videos", "--localizations", folder / "hints", "--run", folder / "run", *SMALL
    )
    assert answer.returncode == 0, answer.stderr
    verify(folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def vidln_run(shared_data, pointvos, tmp_path_factory):
    """A run of video files, from narratives."""
    folder = tmp_path_factory.mktemp("vidln")
    lines = (shared_data / "vidln/vidln_sample.jsonl").read_text().splitlines(keepends=True)
    (folder / "hints.jsonl").write_text("".join(line for line in lines if '"OVIS_train"' in line))
    (folder / "videos").mkdir()
    (folder / "videos/OVIS_train").symlink_to(shared_data / "vidln/videos/OVIS_train")
    hints = folder / "hints.jsonl"
    answer = pointvos("annotate", folder / "videos", "--localizations", hints, "--run", folder / "run", *SMALL)
    assert answer.returncode == 0, answer.stderr
    verify(folder / "run")
    return folder / "run"


@dataclass(frozen=True)
class Run:
    """A run, as its tables say."""

    path: Path

    @cached_property
    def videos(self):
        return {one.video_id: one for one in tables.VIDEOS.records(tables.VIDEOS.read(self.path))}

    @cached_property
    def masks(self):
        return {(m.video_id, m.object_id, m.frame_idx): m for m in tables.MASKS.records(tables.MASKS.read(self.path))}

    @cached_property
    def points(self):
        return tables.POINTS.records(tables.POINTS.read(self.path))

    def read(self, path):
        """{(video, object of the file, frame index): hint} of an export, on the frames of the run."""
        found, rejects = read_localizations(path)
        assert [one for one in rejects if one.error != "no_positive_click"] == []
        facts = {name: FrameFacts(v.width, v.height, 0) for v in self.videos.values() for name in (v.video_id, v.uri)}
        by_video = defaultdict(list)
        for one in found:
            by_video[one.video_id].append(one)
        placed, rejects = place(by_video, facts, "pixel")
        assert rejects == []
        names = {v.uri: v.video_id for v in self.videos.values()}
        back = {}
        for one in (one for own in placed.values() for one in own):
            video_id = names.get(one.video_id, one.video_id)
            frame_names = FrameNames(self.videos[video_id].frame_names)
            idx = frame_names.index(one.frame_name) if one.frame_name else one.frame_idx
            back[video_id, one.object_id, idx] = one
        return back

    def visible(self, video_id, idx, has_small_on_top=False):
        """Object → what of its mask no better one, or no smaller one, covers."""
        there = [m for (v, _, i), m in self.masks.items() if (v, i) == (video_id, idx)]
        left, free = {}, None
        by = (lambda m: (-m.area_px, m.object_id)) if has_small_on_top else (lambda m: (m.quality, m.object_id))
        for mask in sorted(there, key=by, reverse=True):
            drawn = mask.decode()
            free = np.ones_like(drawn) if free is None else free
            left[mask.object_id] = drawn & free
            free &= ~drawn
        return {object_id: mask for object_id, mask in left.items() if mask.any()}


def seal(mask):
    """What equal masks share."""
    return mask.shape, hashlib.sha256(np.packbits(mask)).digest()


def drawn(one):
    return seal(decode_rle(one.hint.rle, one.hint.height, one.hint.width))


def filled(mask, of):
    """The pieces of a mask with their holes filled; ``of`` says how many are kept, the largest first."""
    height, width = mask.shape
    pieces = coco.frPyObjects([piece.ravel().tolist() for piece in outlines(mask)[:of]], height, width)
    return coco.decode(coco.merge(pieces)).astype(bool)


def equal(found, wanted):
    """Whether hints are the masks that are wanted, by their seals, under ids that map to theirs."""
    assert len(found) == len(wanted)
    same = defaultdict(set)
    for (video_id, object_id, idx), mask in wanted.items():
        same[video_id, idx, mask].add(object_id)
    ids = {}
    for (video_id, other_id, idx), one in found.items():
        fits = same[video_id, idx, drawn(one)]
        ids[video_id, other_id] = ids.get((video_id, other_id), fits) & fits
    assert all(ids.values())


def check_index_maps(run, out, has_small_on_top=False):
    found = run.read(out / "Annotations")
    wanted = {
        (video_id, object_id, idx): seal(mask)
        for video_id, idx in {(v, i) for v, _, i in run.masks}
        for object_id, mask in run.visible(video_id, idx, has_small_on_top).items()
    }
    equal(found, wanted)
    for video_id, video in run.videos.items():
        truth = find_truth(out / "Annotations", video_id, names=FrameNames(video.frame_names))
        for frame in truth.frames():
            assert sum(frame.mask(i).sum() for i in frame.object_ids()) == sum(
                mask.sum() for mask in run.visible(video_id, frame.frame_idx, has_small_on_top).values()
            )


def check_run_lengths(run, out):
    file = out / ("extra_masks.json" if (out / "extra_masks.json").is_file() else "instances.json")
    equal(run.read(file), {key: seal(mask.decode()) for key, mask in run.masks.items()})


def check_polygons(run, out):
    wanted = {key: seal(filled(mask.decode(), None)) for key, mask in run.masks.items()}
    equal(run.read(out / "instances.json"), wanted)


def check_pieces(run, out):
    found = run.read(out)
    wanted = {key: seal(filled(mask.decode(), 1)) for key, mask in run.masks.items()}
    if (out / "data.yaml").is_file():  # objects of one class on one frame are told apart by nothing
        kept = {(v, i, drawn(one)) for (v, _, i), one in found.items()}
        assert kept == {(v, i, mask) for (v, _, i), mask in wanted.items()}
    else:
        equal(found, wanted)


def check_sav(run, out):
    equal(run.read(out), {key: seal(mask.decode()) for key, mask in run.masks.items() if key[2] % 4 == 0})


def check_boxes(run, out):
    file = out / "tasks.json"
    found = run.read(file if file.is_file() else out)
    boxes = defaultdict(list)
    for (video_id, _, idx), mask in run.masks.items():
        y, x = np.nonzero(mask.decode())
        boxes[video_id, idx].append((x.min(), y.min(), x.max() + 1, y.max() + 1))
    back = defaultdict(list)
    for (video_id, _, idx), one in found.items():
        assert isinstance(one.hint, Box)
        back[video_id, idx].append(one.hint.xyxy_px)
    assert back.keys() == boxes.keys()
    assert all(np.abs(np.array(sorted(back[key])) - sorted(own)).max() < 1e-4 for key, own in boxes.items())


def clicks_of(found):
    return {
        (video_id, object_id, idx, int(x), int(y), label)
        for (video_id, object_id, idx), one in found.items()
        for (x, y), label in zip(one.hint.xy_px, one.hint.labels, strict=True)
    }


def decided(run):
    """The points of objects on frames with a point on the object, as (video, object, frame, x, y, label)."""
    points = [(p.video_id, p.object_id, p.frame_idx, p.x, p.y, p.label) for p in run.points if p.label is not None]
    positive = {point[:3] for point in points if point[5]}
    return {point for point in points if point[:3] in positive}


def check_points(run, out):
    files = [file for file in out.rglob("*") if file.suffix in (".parquet", ".tar")]
    configs = [own for own in (out / "data/frames", out / "data/objects") if own.is_dir()]
    for folder in configs or [out]:
        found = {}
        for file in files:
            if folder in file.parents:
                found |= run.read(file)
        assert clicks_of(found) == decided(run)


def check_pointvos(run, out):
    found, words = {}, {}
    for split in ("train", "val"):
        file = out / f"Oops/{split}.json"
        entries = json.loads(file.read_text())
        found |= run.read(file) if entries else {}
        words |= {key: (one["object_name"], one["question"]) for key, one in entries.items()}
        for kind, suffix in (("JPEGImages", "jpg"), ("Annotations", "png")):
            there = {(p.parent.name, p.stem) for p in (out / "Oops" / split / kind).rglob(f"*.{suffix}")}
            assert there == {(key, p["frame_id"]) for key, one in entries.items() for p in one["annotated_points"]}
    names = {(p.video_id, p.object_id): (p.object_name or p.object_id, p.expression) for p in run.points}
    objects = {}
    for (video_id, key, idx), one in found.items():
        points = {
            (video_id, idx, int(x), int(y), label)
            for (x, y), label in zip(one.hint.xy_px, one.hint.labels, strict=True)
        }
        fits = {p[1] for p in decided(run) if (p[0], *p[2:]) in points and names[video_id, p[1]][0] == words[key][0]}
        objects.setdefault((video_id, key), fits)
        objects[video_id, key] &= fits
    assert all(objects.values())
    assert {(v, i, x, y, label) for v, _, i, x, y, label in clicks_of(found)} == {
        (v, i, *p) for v, _, i, *p in decided(run)
    }


def check_clicks(run, out):
    found = clicks_of(run.read(out / "clicks.json"))
    assert found <= decided(run)
    confirmed = {
        (p.video_id, p.object_id): p.frame_idx for p in sorted(run.points, key=lambda p: -p.frame_idx) if p.label
    }
    assert {(v, o): i for v, o, i, *_ in found} == confirmed


def check_tapvid(run, out):
    found = {}
    for file in out.glob("*.pkl"):
        found |= run.read(file)
    assert found
    assert clicks_of(found) <= decided(run)


def check_expressions(run, out):
    meta = json.loads((out / "meta_expressions.json").read_text())["videos"]
    rows = tables.LOCALIZATIONS.read(run.path).to_pylist()
    has_captions = not (out / "extra_masks.json").is_file()
    spoken = {
        (row["video_id"], " ".join(row["expression"].split()))
        for row in rows
        if row["expression"] and (row["noun_span"] or has_captions)
    }
    assert {video_id for video_id, video in meta.items() if video["expressions"]} == {
        video_id for video_id, _ in spoken
    }
    if not spoken:
        return
    hints, rejects = read_localizations(out / "meta_expressions.json")
    assert rejects == []
    assert {(one.video_id, text) for one in hints for text in one.hint.texts} == spoken
    truth = out / "Annotations" if has_captions else out
    try:
        evaluate_results(out / "results", truth, out / "meta_expressions.json", out / "scores.json")
    except typer.Exit:
        assert has_captions  # an object that lies under others on all frames is not in the index maps
    scores = json.loads((out / "scores.json").read_text())
    n_told = len(scores["expressions"]) + len(scores["rejected"])
    assert n_told == sum(len(video["expressions"]) for video in meta.values())
    assert has_captions or scores["mean"] == {"J&F": 1.0, "J": 1.0, "F": 1.0}


def check_vng(run, out):
    check_run_lengths(run, out)
    check_expressions(run, out)


def check_ref_youtube_vos(run, out):
    check_index_maps(run, out, has_small_on_top=True)
    check_expressions(run, out)


CHECKS = {
    "pointvos": check_pointvos, "parquet_objects": check_points, "huggingface": check_points,
    "webdataset": check_points, "clicks": check_clicks, "tapvid": check_tapvid, "davis": check_index_maps,
    "youtube_vos": check_index_maps, "youtube_vis": check_run_lengths, "coco": check_run_lengths,
    "coco_polygons": check_polygons, "sav": check_sav, "mot": check_boxes, "yolo": check_pieces, "cvat": check_pieces,
    "label_studio": check_boxes, "ref_youtube_vos": check_ref_youtube_vos, "vng": check_vng,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["davis_run", "vidln_run"])
def test_every_format_of_a_real_run_is_read_back_and_equal(request, name, tmp_path, capsys):
    run = Run(request.getfixturevalue(name))
    assert set(CHECKS) == set(ExportFormat)
    for form, check in CHECKS.items():
        export(RunFolder(run.path), ExportFormat(form), tmp_path / form, "Oops")
        words = capsys.readouterr().out.split()
        if "unanswered" in words:
            assert words[words.index("unanswered") + 1] == "10", form
        check(run, tmp_path / form)
