"""What the tool writes follows all rules; every way to break one is told with its place."""

from __future__ import annotations

import io
import json
import shutil
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands.export import ExportFormat, export
from pipeline.commands.split import split
from pipeline.commands.validate import validate
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.remote_paths import RemotePath
from schemas.tables import marks_of
from tests.object_stores import MemoryStore

POINTS = ("pointvos", "parquet_objects", "huggingface", "webdataset", "clicks")
MASKS = ("coco", "coco_polygons", "youtube_vis", "youtube_vos", "davis")
WORDS = ("ref_youtube_vos", "vng")
TOOLS = ("sav", "mot", "yolo", "cvat", "label_studio")


@pytest.fixture
def exported(merged_run, tmp_path):
    """Writes the run in a format."""

    def write(form):
        export(RunFolder(merged_run), ExportFormat(form), tmp_path / form, "tiny")
        return tmp_path / form

    return write


@pytest.fixture
def problems(capsys):
    """The problems that are shown of a path, and nothing else."""

    def found(path, most=3):
        capsys.readouterr()
        with pytest.raises(typer.Exit) as leaving:
            validate(path, most)
        assert leaving.value.exit_code == 1
        return capsys.readouterr().out.replace("\n", " ")

    return found


def test_a_run_and_all_its_exports_keep_all_rules(merged_run, exported, capsys):
    validate(merged_run)
    written = (*POINTS, *MASKS, *WORDS, *TOOLS)
    assert {*written, "tapvid"} == set(ExportFormat), "tapvid needs the video; see test_tapvid.py"
    for form in written:
        validate(exported(form))
    kinds = [line.rpartition("(")[2] for line in capsys.readouterr().out.splitlines() if "follows all rules" in line]
    assert kinds == [
        f"{kind})."
        for kind in (
            "run folder", "Point-VOS", "Parquet of points", "Hugging Face folder", "WebDataset", "clicks", "COCO",
            "COCO", "YouTube-VIS", "YouTube-VOS", "DAVIS", "Ref-YouTube-VOS", "VNG", "SA-V", "MOT", "YOLO",
            "CVAT", "Label Studio",
        )
    ]  # fmt: skip


def test_points_of_a_run_must_lie_in_their_video_and_in_its_split(merged_run, problems):
    split(RunFolder(merged_run), "1/0/0", compare=False)
    (file,) = tables.POINTS.files(merged_run)
    rows = tables.POINTS.read_files([file])
    spoilt = rows.set_column(6, rows.schema.field(6), pa.array([80, *rows["x"].to_pylist()[1:]], pa.int32()))
    spoilt = spoilt.set_column(11, rows.schema.field(11), pa.array(["val"] * len(rows)))
    tables.POINTS.write_rows(
        file, pa.concat_tables([spoilt, spoilt.slice(1, 1)]).replace_schema_metadata(marks_of(file))
    )
    shown = problems(merged_run)
    assert "points of video a: 1 point with x outside 0 to 79" in shown
    assert "1 pixels are duplicated" in shown
    assert "the split is val, splits/ says train; run pointvos split again" in shown
    next((merged_run / "masks").iterdir()).unlink()
    assert "has no masks; repair it with: pointvos doctor" in problems(merged_run)


def test_a_large_release_file_is_read_an_entry_at_a_time_and_told_by_entry(exported, problems):
    folder = exported("pointvos") / "tiny"
    entries = json.loads((folder / "train.json").read_text())
    key = next(iter(entries))
    entries[key]["annotated_points"][0]["x"] = 999
    entries[key]["annotated_points"][1]["status"] = "MAYBE"
    (folder / "train.json").write_text(json.dumps(entries))
    shown = problems(folder)
    assert f"train.json entry {key}: point (999," in shown
    assert f"train.json entry {key}: unknown status 'MAYBE'; known: REJECTED, ACCEPTED, AMBIGUOUS" in shown
    shutil.rmtree(folder / "train")
    assert "lies outside" not in problems(folder), "the release comes without pictures"
    (folder / "train.json").write_text(json.dumps(entries)[:-2])
    assert "train.json: line 1 is not JSON" in problems(folder / "train.json")


def respelled(file, change):
    """Change a JSON document in place."""
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


COCO_FAULTS = {
    "id 7 is used twice": lambda d: [one.update(id=7) for one in d["annotations"][:2]],
    "image_id 5000000000 is not listed": lambda d: d["annotations"][0].update(image_id=5 * 10**9),
    "category_id 99 is not a listed category": lambda d: d["annotations"][0].update(category_id=99),
    "has no area": lambda d: d["annotations"][0].update(bbox=[1, 2, 0, 5]),
    "leaves the image of 80 x 60 pixels": lambda d: d["annotations"][0].update(bbox=[70, 2, 30, 5]),
    "is not the one around the mask": lambda d: d["annotations"][0].update(bbox=[1, 2, 3, 4]),
    "is not x, y, width, height": lambda d: d["annotations"][0].update(bbox=[1, "2", 3, 4]),
    "run lengths of size [80, 60]; expected height and width, [60, 80]": (
        lambda d: d["annotations"][0]["segmentation"].update(size=[80, 60])
    ),
    "write the run lengths again": lambda d: d["annotations"][0]["segmentation"].update(counts=[1, 2, 3]),
    "is not x, y of three points or more": lambda d: d["annotations"][0].update(segmentation=[[1, 2, 3, 4]]),
    "the field width is missing": lambda d: d["images"][0].pop("width"),
    "height '60' is of the wrong type; expected int": lambda d: d["images"][0].update(height="60"),
    "there are neither images nor videos": lambda d: d.update(images=[]),
}


def test_a_fault_of_coco_is_told_with_its_file(exported, problems):
    file = exported("coco") / "instances.json"
    whole = file.read_text()
    for sentence, change in COCO_FAULTS.items():
        file.write_text(whole)
        respelled(file, change)
        shown = problems(file)
        assert sentence in shown
        assert "instances.json" in shown


def test_a_youtube_vis_file_of_other_types_is_told_and_read_to_its_end(tmp_path, problems):
    mask = {"size": [4, 4], "counts": [5, 2, 10**30]}
    track = {"id": 3, "video_id": 1, "category_id": 1, "segmentations": [mask, None]}
    videos = [{"id": i, "width": 4, "height": 4, "file_names": ["a.jpg", name]} for i, name in ((1, "b.jpg"), (2, []))]
    videos += [{**videos[0], "id": 3, "file_names": ["c" * 5000]}, {**videos[0], "id": 4, "width": 10**400}]
    tracks = [track, {**track, "id": 4, "bboxes": 7}]
    document = {"videos": videos, "categories": [{"id": 1, "name": "d"}], "annotations": tracks}
    (tmp_path / "instances.json").write_text(json.dumps(document))
    shown = problems(tmp_path)
    for sentence in (
        "file name '[]' is not text", "a run length is larger than any mask", "bboxes '7' is not a list",
        "cannot be read: File name too long", "pixels is too large",
    ):  # fmt: skip
        assert sentence in shown


def test_a_youtube_vis_track_has_a_mask_for_every_frame(exported, problems):
    folder = exported("youtube_vis")
    respelled(folder / "instances.json", lambda d: d["annotations"][0]["segmentations"].pop())
    assert "11 segmentations for 12 frames; expected as many" in problems(folder / "instances.json")


def test_masks_of_a_folder_are_indices_of_one_size_with_their_frames(exported, problems, tmp_path):
    folder = exported("davis")
    Image.new("RGB", (80, 60)).save(folder / "Annotations" / "a" / "00001.png")
    Image.new("L", (40, 30)).save(folder / "Annotations" / "a" / "00002.png")
    (folder / "Annotations" / "a" / "00003.png").write_bytes(b"no")
    frames = folder / "JPEGImages" / "a"
    frames.mkdir(parents=True)
    for idx in range(11):
        Image.new("RGB", (80, 60)).save(frames / f"{idx:05d}.jpg")
    lists = folder / "ImageSets" / "2017"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\ngone\n")
    (lists / "val.txt").write_text("a\n")
    shown = problems(folder)
    for sentence in (
        "Annotations/a/00001.png: mode 'RGB' holds no object indices",
        "Annotations/a/00002.png: 40 x 30 pixels; the masks before have 80 x 60",
        "Annotations/a/00002.png: the mask has 40 x 30 pixels, its frame has 80 x 60 pixels",
        "Annotations/a/00003.png: the PNG cannot be decoded",
        "Annotations/a/00011.png: there is no frame of that name in JPEGImages",
        "ImageSets/2017/train.txt line 2: sequence 'gone' has no masks",
        "ImageSets/2017/val.txt line 1: video 'a' is in split 'val' and in 'train'",
    ):
        assert sentence in shown
    (folder / "Annotations" / "a" / "00000.png").unlink()
    assert "the first frame '00000' has no mask to track objects from" in problems(folder)


def test_youtube_vos_describes_every_object_and_frame(exported, problems):
    folder = exported("youtube_vos")
    file = folder / "Annotations" / "a" / "00000.png"
    with Image.open(file) as image:
        labels, palette = np.asarray(image).copy(), image.getpalette()
    labels[0, 0] = 9
    spoilt = Image.fromarray(labels)
    spoilt.putpalette(palette)
    spoilt.save(file)

    def change(document):
        document["videos"]["a"]["objects"]["1"]["frames"].append("00077")
        document["videos"]["a"]["objects"]["2"].pop("category")
        document["videos"].pop("sub/b")

    respelled(folder / "meta.json", change)
    shown = problems(folder)
    assert "Annotations/a/00000.png: object 9 is not in meta.json, which lists [1, 2]" in shown
    assert "meta.json video a object 1: frame '00077' has no mask in Annotations" in shown
    assert "meta.json video a object 2: the field category is missing" in shown
    assert "video 'sub/b' is not in meta.json" in shown


def test_rows_of_a_hub_folder_are_checked_and_counted(exported, problems):
    folder = exported("huggingface")
    (file,) = (folder / "data" / "frames").glob("*.parquet")
    rows = pq.read_table(file).to_pylist()
    rows[0]["objects"][0]["x"][0] = 80
    rows[1]["objects"][0]["label"][0] = 3
    rows[2]["image"] = {"bytes": b"no picture", "path": "a/2.jpg"}
    rows[2]["objects"][0]["y"].pop()
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(file)), file)
    shown = problems(folder)
    assert "data/frames/train-00000.parquet row 1 object 1: point (80," in shown
    assert "row 2 object 1: label 3 is unknown; expected 1 on the object or 0 off it" in shown
    assert "row 3 image a/2.jpg: the picture cannot be decoded" in shown
    n = len(rows[2]["objects"][0]["x"])
    assert f"row 3 object 1: {n} x, {n - 1} y and {n} labels; expected as many of each" in shown
    pq.write_table(pq.read_table(file), file.with_name("val-00000.parquet"))
    assert "no configuration of the card names this file" in problems(folder)
    card = folder / "README.md"
    card.write_text(card.read_text().replace("train-*", "*-*").replace("name: frame_idx", "name: frame"))
    shown = problems(folder)
    assert "video 'a' is in split 'val' and in 'train'; keep each video in one" in shown
    assert "its features and the columns of train-00000.parquet differ in frame, frame_idx" in shown


def test_samples_of_shards_are_whole(exported, problems):
    folder = exported("webdataset")
    (file,) = folder.glob("*.tar")
    with tarfile.open(file) as archive:
        files = [(entry.name, archive.extractfile(entry).read()) for entry in archive]
    name, content = files[1]
    document = json.loads(content)
    document["objects"][0]["x"][0] = -1
    files[1] = (name, json.dumps(document).encode())
    files[2] = (files[2][0], b"no picture")
    del files[5]
    files.append((files[0][0], files[0][1]))
    with tarfile.open(file, "w") as archive:
        for path, data in files:
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    shown = problems(folder)
    assert f"{file.name} sample a/000000 object 1: point (-1," in shown
    assert "the picture cannot be decoded" in shown
    assert "there is no .json beside jpg" in shown
    assert "key 'a/000000' is repeated" in shown
    file.write_bytes(file.read_bytes()[:600])
    assert "the archive cannot be read to its end" in problems(file)


def test_of_many_problems_of_one_kind_the_first_are_shown_and_all_are_counted(exported, problems):
    folder = exported("coco")
    respelled(folder / "instances.json", lambda d: [one.update(category_id=99) for one in d["annotations"]])
    n = len(json.loads((folder / "instances.json").read_text())["annotations"])
    shown = problems(folder, most=2)
    assert shown.count("category_id 99") == 2
    assert f"… and {n - 2} more: category_id … is not a listed category" in shown
    assert f"{n} problems of 1 kind" in shown


def test_what_is_no_data_set_is_named_with_what_is_there(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "other.json").write_text('{"colour": 1}')
    for path, sentence in (
        (tmp_path, r"holds notes.txt, other.json; known: a run folder"),
        (tmp_path / "other.json", "with the keys colour; known: "),
        (tmp_path / "notes.txt", "unknown format of "),
        (tmp_path / "gone", "there is no file or folder"),
    ):
        with pytest.raises(UsageProblem, match=sentence):
            validate(path)


def test_of_broken_hints_it_is_told_what_is_broken(tmp_path):
    (tmp_path / "twice.json").write_text('[{"frame": 0, "frame": 2}]')
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "hints.json").write_text('[{"frame": 0')
    for path, sentence in (
        (tmp_path / "twice.json", r"cannot tell what .*twice.json is: the key 'frame' is given twice"),
        (tmp_path / "cut", r"cannot tell what .*cut is: .*hints.json' is not valid JSON"),
    ):
        with pytest.raises(UsageProblem, match=sentence):
            validate(path)


def replaced(folder, pattern, old, new):
    """Change the first of the files that match."""
    file = min(folder.rglob(pattern))
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


TOOL_FAULTS = {
    ("clicks", "clicks.json", '"label": 1', '"label": 5'): "label 5 is not 1 (on the object) or 0 (off it)",
    ("sav", "*_manual.json", '"size": [60, 80]', '"size": [30, 80]'): "size [30, 80]; the video's is [60, 80]",
    ("mot", "gt.txt", "1,1,", "13,1,"): "gt.txt:1: frame 13 is outside the 12 frames of seqinfo.ini",
    ("yolo", "*.txt", "0 ", "7 "): "class 7 has no name in data.yaml",
    ("cvat", "*.xml", 'points="', 'points="x;'): "are not x,y;x,y;...",
    ("label_studio", "tasks.json", '"frame": 1,', '"frame": 0,'): "frame 0: the frames of this export count from 1",
    ("ref_youtube_vos", "meta_expressions.json", '"obj_id": "1"', '"obj_id": "9"'): "object '9' is in no mask of its",
    ("vng", "meta_expressions.json", '"noun_phrase_end_idx": ', '"noun_phrase_end_idx": 99'): "is not inside its",
}


def test_a_fault_of_a_tools_files_is_told_with_its_file(exported, problems):
    for (form, pattern, old, new), sentence in TOOL_FAULTS.items():
        folder = exported(form)
        replaced(folder, pattern, old, new)
        assert sentence in problems(folder)


def stored(folder, address):
    """A copy of a folder in a store in memory."""
    store = MemoryStore()
    for file in (one for one in folder.rglob("*") if one.is_file() and one.suffix != ".lock"):
        store.put(f"{address}/{file.relative_to(folder).as_posix()}", io.BytesIO(file.read_bytes()))
    return RemotePath(address, store)


def test_runs_and_data_sets_in_a_store_are_checked_like_those_of_this_machine(merged_run, exported, problems, capsys):
    data_set = stored(exported("mot"), "s3://bucket/mot")
    for path, kind in ((stored(merged_run, "s3://bucket/run"), "run folder"), (data_set, "MOT")):
        validate(path)
        assert f"{path} follows all rules ({kind})." in capsys.readouterr().out.replace("\n", " ")
    data_set.store.put("s3://bucket/mot/a/gt/gt.txt", io.BytesIO(b"99,1,1,1,2,2,1,1,1\n"))
    assert "gt.txt:1: frame 99 is outside the 12 frames of seqinfo.ini" in problems(data_set)
    with pytest.raises(UsageProblem, match="there is no object s3://bucket/gone, and none below it"):
        validate(RemotePath("s3://bucket/gone", data_set.store))
    data_set.store.put("s3://bucket/cut/clip.json", io.BytesIO(b'[{"frame": 0'))
    with pytest.raises(UsageProblem, match=r"what s3://bucket/cut is: 's3://bucket/cut/clip.json' is not valid JSON"):
        validate(RemotePath("s3://bucket/cut", data_set.store))


def test_a_file_that_tells_of_a_folder_is_checked_with_it(exported, capsys):
    for form, file, kind in (
        ("ref_youtube_vos", "meta_expressions.json", "Ref-YouTube-VOS"), ("youtube_vos", "meta.json", "YouTube-VOS")
    ):  # fmt: skip
        validate(exported(form) / file)
        assert f"{file} follows all rules ({kind})." in capsys.readouterr().out.replace("\n", " ")


def test_absent_masks_of_sav_and_mot_frames_from_0_keep_the_rules(tmp_path, problems):
    mask = {"size": [4, 4], "counts": [5, 2, 2, 2, 5]}
    document = {
        "video_id": "v",
        "video_frame_count": 8,
        "video_width": 4,
        "video_height": 4,
        "masklet": [[None], [mask]],
    }
    (tmp_path / "v_manual.json").write_text(json.dumps(document))
    validate(tmp_path / "v_manual.json")
    gt = tmp_path / "mot" / "v" / "gt" / "gt.txt"
    gt.parent.mkdir(parents=True)
    gt.write_text("0,1,1,1,2,2,1,1,1\n7,1,1,1,2,2,1,1,1\n")
    gt.parent.with_name("seqinfo.ini").write_text("[Sequence]\nseqLength=8\n")
    validate(tmp_path / "mot")
    gt.write_text("0,1,1,1,2,2,1,1,1\n8,1,1,1,2,2,1,1,1\n", encoding="utf-16")
    assert "gt.txt:2: frame 8 is outside the 8 frames of seqinfo.ini; frames count from 0 here" in problems(
        tmp_path / "mot"
    )


def test_the_command_line_takes_a_path_and_refuses_what_is_no_place(tmp_path):
    (tmp_path / "clip.txt").write_text("1,3,9,5,16,8,1\n")
    taken, refused = (CliRunner().invoke(app, ["validate", path]) for path in (str(tmp_path), "ftp://host/set"))
    assert (taken.exit_code, "follows all rules (MOT)" in taken.output.replace("\n", " ")) == (0, True)
    assert "dataset 'ftp://host/set': ftp:// is not supported" in str(refused.exception)
