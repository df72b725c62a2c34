"""What a newcomer gets wrong: the command says what is wrong and what to do, before anything heavy is imported."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
HEADER = "video,frame,object,x0,y0,x1,y1"
WATCHED = """
import sys
from pipeline.cli import main
try:
    main()
finally:
    print("imported:", [name for name in ("torch", "apache_beam") if name in sys.modules], file=sys.stderr)
"""
CLICK = {"object_id": 1, "x": 200, "y": 120}


def table(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines, ""])


def clicks(video: str = "clip", frame: int = 0, **point: object) -> str:
    return json.dumps({video: {"frame": frame, "points": [CLICK | point]}})


TEXTS = {
    "good.csv": table("clip,0,1,12,90,52,130"),
    "typo.csv": table("clipp,0,1,12,90,52,130"),
    "misspelt.json": clicks().replace("points", "pionts"),
    "misspelt.csv": table("clip,0,1,12,90,52,130", header=HEADER.replace("frame", "frmae")),
    "from_1.csv": table("clip,1,1,12,90,52,130", "clip,6,1,42,90,82,130"),
    "swapped.csv": table("clip,0,1,90,200,130,240"),
    "fractions.csv": table("clip,0,1,0.0375,0.5,0.1625,0.722"),
    "percents.csv": table("clip,0,1,3.75,50,16.25,72.2"),
    "outside.csv": table("clip,0,1,1200,900,1300,950"),
    "late.csv": table("clip,99,1,12,90,52,130"),
    "extension.csv": table("clip.mp4,0,1,12,90,52,130"),
    "crlf.csv": table("clip,0,1,12,90,52,130").replace("\n", "\r\n"),
    "bom.csv": "\ufeff" + table("clip,0,1,12,90,52,130"),
    "yolo.txt": "0 160 90 0.25 0.125\n1 40 80 0.2 0.1\n",
    "cvat.xml": '<?xml version="1.0"?>\n<annotations><track id="0"/></annotations>\n',
    "label_studio.json": json.dumps([{"id": 1, "data": {"video": "clip.mp4"}, "annotations": []}]),
    "empty.csv": "",
    "cut.json": clicks()[:-3],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Videos, hints of all kinds, and a few things that are neither."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "videos/clip").mkdir(parents=True)
    (folder / "videos/other").mkdir()
    (folder / "nothing").mkdir()
    for number in range(6):
        picture = np.full((180, 320, 3), 40 * number, np.uint8)
        for video in ("clip", "other"):
            Image.fromarray(picture).save(folder / "videos" / video / f"{number:05d}.jpg")
    for name, text in TEXTS.items():
        (folder / name).write_bytes(text.encode())
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (folder / "file").write_text("no folder")
    return folder


def run(place: Path, command: str, *arguments: str) -> tuple[int, str, float]:
    """Exit code, what was printed, seconds of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = subprocess.run(
        [sys.executable, "-c", WATCHED, command, *arguments],
        capture_output=True, text=True, cwd=place, timeout=300, check=False, env={"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return answer.returncode, " ".join((answer.stdout + answer.stderr).split()), seconds


def hints(name: str, *more: str, videos: str = "videos", to: str = "run") -> list[str]:
    return [videos, "--localizations", name, "--run", to, *more]


MISTAKES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "videos that are not there": (hints("good.csv", videos="vidoes"), ("no file at 'vidoes'", "give a video file")),
    "hints that are not there": (hints("god.csv"), ("no localization file or folder 'god.csv'",)),
    "no video in the folder": (hints("good.csv", videos="nothing"), ("'nothing'", "give a video file")),
    "another format": (hints("good.csv", "--format", "clicks"), ("looks like boxes, not clicks", "--format boxes")),
    "an unknown format": (hints("good.csv", "--format", "csv"), ("unknown localization format 'csv'", "boxes")),
    "a misspelt key": (hints("misspelt.json"), ("its keys are", "write 'points' instead of 'pionts'")),
    "a misspelt column": (hints("misspelt.csv"), ("write 'frame' instead of 'frmae'",)),
    "frames from 1": (hints("from_1.csv"), ("frames seem to count from 1", "subtract 1")),
    "swapped axes": (hints("swapped.csv"), ("x and y seem to be swapped", "write x (right) first")),
    "fractions": (hints("fractions.csv"), ("between 0 and 1", "give --coords fraction")),
    "percents": (hints("percents.csv"), ("between 0 and 100", "give --coords percent")),
    "unknown coords": (hints("good.csv", "--coords", "meters"), ("unknown coords 'meters'", "percent")),
    "YOLO": (hints("yolo.txt"), ("is a table without a header", "video,frame,object")),
    "CVAT XML": (hints("cvat.xml"), ("cvat.xml' is an export of CVAT", "no shape")),
    "a Label Studio export": (hints("label_studio.json"), ("is an export of Label Studio", "no region")),
    "an empty file": (hints("empty.csv"), ("'empty.csv' is empty", "where the objects are")),
    "a cut file": (hints("cut.json"), ("'cut.json' is not valid JSON",)),
    "a binary file": (hints("binary.csv"), ("'binary.csv' is not UTF-8 text", "save it as UTF-8")),
    "a folder of videos as hints": (hints("videos"), ("holds JPEG files", "save masks as PNG")),
    "an empty folder as hints": (hints("nothing"), ("'nothing' holds no localizations", "expected .csv")),
    "no frames": (hints("good.csv", "--frames", "0"), ("frames 0 must be at least 1",)),
    "negative points": (hints("good.csv", "--points", "-3"), ("points -3 must be at least 1",)),
    "a seed of letters": (hints("good.csv", "--seed", "abc"), ("'--seed'", "valid integer")),
    "no workers": (hints("good.csv", "--workers", "0"), ("workers 0", "at least 1")),
    "a run inside a file": (hints("good.csv", to="file/run"), ("file/run cannot be written", "choose another --run")),
}
REJECTED = {
    "a typo in an id": ("typo.csv", ("there is no video 'clipp'", "'clip'")),
    "a box outside of the frame": ("outside.csv", ("outside_image", "lies outside the 320x180 image")),
    "a frame behind the end": ("late.csv", ("frame 99 is beyond the end: the video has frames 0 to 5",)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_what_to_do_before_models_are_imported(place, name):
    arguments, said = MISTAKES[name]
    code, printed, seconds = run(place, "annotate", *arguments)
    assert code == 2, printed
    assert all(part in printed for part in said), printed
    assert "Traceback" not in printed
    assert "imported: []" in printed
    assert seconds < 3


@pytest.mark.parametrize("name", REJECTED)
def test_hints_that_fit_nothing_are_rejected_with_a_reason_in_the_terminal(place, name):
    file, said = REJECTED[name]
    code, printed, _ = run(place, "annotate", *hints(file, to=f"run-{file}"))
    assert code == 3, printed
    assert all(part in printed for part in said), printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("name", ["good.csv", "extension.csv", "crlf.csv", "bom.csv"])
def test_what_only_looks_wrong_is_understood(place, name):
    code, printed, _ = run(place, "plan", "videos", "--localizations", name, "--json")
    assert code == 0, printed
    assert '"objects": 1' in printed


def test_the_remedy_works(place):
    for name, unit in (("fractions.csv", "fraction"), ("percents.csv", "percent")):
        code, printed, _ = run(place, "plan", "videos", "--localizations", name, "--coords", unit, "--json")
        assert (code, '"objects": 1' in printed) == (0, True), printed
