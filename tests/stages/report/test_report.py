"""The page: what it is written with, that it asks nothing of the network, and that names stay text."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from schemas.masks import Mask, encode_rle
from schemas.points import PointCandidate
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.videos import Video
from stages.overlay import Layer, overlay, shown_size
from stages.report.answers import AnnotatorRow, Answers, MaskRow, MaskTable, Rate
from stages.report.building import VideoRows, object_detail, picture_of, reject_groups, repair_sentence
from stages.report.files import OBJECTS_A_FILE, ReportFiles
from stages.report.page import write_page
from stages.report.payload import detail_json, script_safe
from stages.report.pictures import data_uri, jpeg
from stages.report.plots import HEIGHT, LEFT, RIGHT, TOP, WIDTH, quality_plot
from stages.report.sections import Bars, Fact, FrameEntry, HeatMap, Lists, ObjectEntry, Page, Share, VideoEntry

VIDEO = Video("a/<b>&\"c'", "x.mp4", 30, 60, 80, 10.0, 3.0, "h264", 0, n_objects=2)
SCRIPT = "</script><script>alert(1)</script>"


def box(x0, y0, x1, y1):
    mask = np.zeros((60, 80), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


def mask_row(object_id, frame_idx, mask, quality=0.8):
    return Mask(VIDEO.video_id, object_id, frame_idx, 60, 80, encode_rle(mask), "propagator", "flow", quality)


def candidate(object_id, frame_idx, x, y, is_fg):
    name = f"{object_id}-{frame_idx}-{x}-{y}"
    return PointCandidate(name, VIDEO.video_id, object_id, frame_idx, x, y, is_fg, "ring", 0.1, 1.0, 0.5, 0, 0)


def rows(**changes):
    frames = (*range(10), *range(20, 30))
    fields = {
        "masks": {i: {t: mask_row(i, t, box(10, 10, 40, 40)) for t in frames} for i in ("1", "2")},
        "candidates": [*(candidate("1", t, 12, 15, True) for t in (2, 5, 25)), candidate("1", 2, 50, 50, False)],
        "statuses": {"1-2-12-15": "REJECTED", "1-5-12-15": "ACCEPTED", "1-2-50-50": "ACCEPTED"},
        "localized": {"1": [5]},
    }
    return VideoRows(VIDEO, **(fields | changes))


def grey(value=90):
    return np.full((60, 80, 3), value, dtype=np.uint8)


def page(**changes):
    fields = {
        "title": "Run x", "subtitle": "by y", "lead": "1 object in 1 video.", "facts": (Fact("videos", "1"),),
        "shares": (Share("confirmed", 1, 4),), "costs": (Fact("verifying", "9 s", "estimate"),), "rejects": (),
    }  # fmt: skip
    return Page(**(fields | changes))


def lists(files, **changes):
    where = files.add_details({"lines": []})
    files.close_chunk()
    fields = {
        "videos": [VideoEntry(VIDEO.video_id, "30 frames", 80, 60)],
        "objects": [ObjectEntry(0, "1", SCRIPT, "the “dog”", "#56b4e9", 0.8, 20, 4, 3, 2, *where)],
        "looks": [FrameEntry(0, 2, 1.5, "doubtful", f"Why? {SCRIPT}", "abc")],
        "chunks": files.chunks,
        "pictures": files.names,
        "run": "runs/x",
    }
    return Lists(**(fields | changes))


def write(tmp_path, is_embedded=True, shown=None, **changes):
    files = ReportFiles(tmp_path, is_embedded)
    files.add("abc", lambda: jpeg(grey()))
    write_page(shown or page(), lists(files, **changes), files, tmp_path / "index.html")
    return files


class Tags(HTMLParser):
    """Names, attributes, texts and data blocks of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.open, self.blocks = [], [], [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "circle", "rect", "path", "line", "polyline", "input"):
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in ("circle", "rect", "path", "line", "polyline"):
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "script":
            self.blocks[self.open[-1][1].get("id", "script")] = data
        self.texts.append(data.strip())


def parse(path):
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    assert tags.open == []
    return tags


def test_masks_are_tinted_and_outlined():
    picture = overlay(grey(), [Layer(box(20, 20, 60, 50), "#ff0000")], (60, 80))
    assert picture[35, 40].tolist() == [152, 55, 55]
    assert picture[5, 5].tolist() == [90, 90, 90]
    assert picture[20, 40, 0] > 200
    faint = overlay(grey(), [Layer(box(20, 20, 60, 50), "#ff0000", faint=True)], (60, 80))
    assert faint[35, 40].tolist() == [90, 90, 90]


def test_the_picture_of_an_object_shows_its_mask_and_the_outlines_of_others():
    shown = picture_of(rows(), "1", 2)
    image = np.asarray(Image.open(io.BytesIO(shown.draw(grey()))))
    assert image.shape == (300, 400, 3)
    assert np.abs(image[125, 125].astype(int) - [88, 124, 144]).max() < 8  # #56b4e9 at .38 on 90
    assert np.abs(image[250, 350].astype(int) - 90).max() < 4
    assert shown.name == picture_of(rows(), "1", 2).name
    moved = {**rows().masks, "2": {2: mask_row("2", 2, box(0, 0, 9, 9))}}
    assert len({shown.name, picture_of(rows(), "1", 3).name, picture_of(rows(masks=moved), "1", 2).name}) == 3


def test_pictures_are_scaled_to_what_can_be_seen_and_are_jpegs():
    wide = np.zeros((1080, 1920, 3), dtype=np.uint8)
    size = shown_size(1080, 1920, (400, 640))
    content = jpeg(overlay(wide, [Layer(np.ones((1080, 1920), dtype=bool), "#00ff00")], size))
    assert Image.open(io.BytesIO(content)).size == (640, 360)
    assert data_uri(content).startswith("data:image/jpeg;base64,")


def test_the_plot_breaks_where_the_object_is_absent():
    plot = quality_plot({0: 1.0, 1: 0.5, 2: 0.0, 8: 0.5, 10: 0.25}, [1, 5, 10], [1, 8, 99], 11)
    right, low = WIDTH - RIGHT, plot.chosen[1][1]
    assert [len(line.split()) for line in plot.lines] == [3, 2, 2]
    assert plot.lines[0].startswith(f"{LEFT:.1f},{TOP:.1f} ")
    assert [(x, idx, q) for x, _, idx, q in plot.chosen] == [(LEFT + 60.2, 1, 0.5), (right, 10, 0.25)]
    assert TOP < low < HEIGHT
    assert (plot.localized, plot.last_frame, plot.mean) == ((LEFT + 60.2, LEFT + 481.6), 10, 0.45)


def test_long_videos_are_thinned_out():
    plot = quality_plot(dict.fromkeys(range(50_000), 0.5), [], [], 50_000)
    assert len(plot.lines[0].split()) <= 301


def test_details_show_frames_with_points_and_frames_to_look_at():
    found = object_detail(rows(), "1", rows().rings("1"), {25, 15})
    assert [(f.frame_idx, f.quality) for f in found.frames] == [(2, 0.8), (5, 0.8), (15, None), (25, 0.8)]
    assert [(r.status, r.contradicts) for r in found.frames[0].rings] == [("REJECTED", True), ("ACCEPTED", True)]
    assert found.counts == (("ACCEPTED", 2), ("REJECTED", 1), ("unanswered", 1))
    assert detail_json(found)["frames"][1][3] == [[12, 15, 1, 0, "ring"]]
    assert detail_json(found)["errors"] == ""


def test_what_answers_say_of_masks_is_a_sentence():
    errors = {"1": MaskRow("x", Rate(0.125, 0.05, 0.25, 40), Rate(0.0, 0.0, 1.0, 0))}
    found = detail_json(object_detail(rows(errors=errors), "1", {}, ()))
    assert found["errors"] == (
        "Of the answered points inside the masks, people put 12.5 % off the object (5.0–25.0 %, n = 40); "
        "of those outside, – on it."
    )


def test_repairs_are_told_as_sentences():
    repair = Repair("a", "1", 6, "track", "grabcut", 0.4, 0.6, 0.9, 0.61, 0.95, 0.01, "no_gain")
    assert repair_sentence(repair) == (
        "Frame 6: tracked mask of low quality (quality 0.40, motion 0.60); grabcut drew no better one (quality 0.90, "
        "motion 0.61, agreement 0.95, balance +0.010), the mask was kept, and people see it early."
    )


@pytest.mark.parametrize("is_embedded", [True, False])
def test_the_page_asks_nothing_of_the_network_and_keeps_names_as_text(tmp_path, is_embedded):
    rejects = reject_groups([Reject("ingest", "<k>", "unknown_video", f"no {SCRIPT}", "")] * 3)
    write(tmp_path, is_embedded, page(rejects=rejects, title=SCRIPT))
    tags = parse(tmp_path / "index.html")
    assert [tag for tag, _ in tags.tags].count("script") == 3
    assert not {tag for tag, _ in tags.tags} & {"iframe", "object", "video", "b>&", "link"}
    addresses = [value for _, attrs in tags.tags for key, value in attrs.items() if key in ("src", "href", "srcset")]
    assert all(address.startswith("#") for address in addresses)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert f"no {SCRIPT}" in tags.texts
    found = json.loads(tags.blocks["lists"])
    assert (found["objects"][0][2], found["videos"][0][0]) == (SCRIPT, VIDEO.video_id)
    (policy,) = (attrs["content"] for tag, attrs in tags.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")


def test_few_pictures_and_details_are_in_the_page_and_many_are_files_beside_it(tmp_path):
    write(tmp_path / "one", is_embedded=True)
    found = json.loads(parse(tmp_path / "one" / "index.html").blocks["embedded"])
    assert (list(found["pictures"]), found["details"]) == (["abc"], [[{"lines": []}]])
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["index.html"]
    files = write(tmp_path / "many", is_embedded=False)
    assert json.loads(parse(tmp_path / "many" / "index.html").blocks["embedded"]) is None
    assert (tmp_path / "many" / "pictures" / "abc.jpg").is_file()
    assert (tmp_path / "many" / files.chunks[0]).read_text() == 'pointvosReport.take(0,[{"lines":[]}]);\n'


def test_details_go_into_files_of_a_hundred_objects(tmp_path):
    files = ReportFiles(tmp_path, is_embedded=False)
    places = [files.add_details({"n": n}) for n in range(OBJECTS_A_FILE + 1)]
    files.close_chunk()
    assert (places[-2], places[-1], len(files.chunks)) == ((0, OBJECTS_A_FILE - 1), (1, 0), 2)


def test_a_picture_that_is_there_is_not_drawn_again_and_one_that_is_not_shown_any_more_is_removed(tmp_path):
    def never():
        raise AssertionError("drawn again")

    first = write(tmp_path, is_embedded=False)
    (tmp_path / "pictures" / "old.jpg").write_bytes(b"x")
    (tmp_path / "pictures" / "index.html").write_text("not ours")
    again = ReportFiles(tmp_path, is_embedded=False)
    again.add("abc", never)
    again.remove_others()
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["abc.jpg", "index.html"]
    assert not (tmp_path / first.chunks[0]).exists()
    write(tmp_path, is_embedded=True).remove_others()
    assert not list((tmp_path / "pictures").glob("*.jpg"))


def test_statistics_are_bars_and_maps(tmp_path):
    shown = page(bars=(Bars("By size", {"<small>": 3, "large": 0}),), maps=(HeatMap("Places", [[0, 2], [1, 0]]),))
    write(tmp_path, shown=shown)
    tags = parse(tmp_path / "index.html")
    assert {"By size", "<small>", "Places"} <= set(tags.texts)
    cells = [(a["x"], a["y"], a["fill-opacity"]) for tag, a in tags.tags if tag == "rect" and "fill-opacity" in a]
    assert cells == [("1", "0", "1.0"), ("0", "1", "0.55")]


def test_a_run_without_anything_still_gives_a_page(tmp_path):
    write(tmp_path, shown=page(shares=()), videos=[], objects=[], looks=[])
    texts = parse(tmp_path / "index.html").texts
    assert "No verdicts yet." in texts
    assert "Nothing was rejected." in texts


@pytest.mark.parametrize(("part", "whole", "percent"), [(1, 4, 25.0), (0, 0, 0.0)])
def test_shares_are_percent(part, whole, percent):
    assert Share("x", part, whole).percent == percent


def test_alike_rejects_stand_together_the_most_frequent_first():
    groups = reject_groups([Reject("decode", "a", "truncated", "d", ""), *[Reject("ingest", "b", "nan", "e", "")] * 2])
    assert [(g.stage, g.error, g.count, g.example) for g in groups] == [
        ("ingest", "nan", 2, "b"),
        ("decode", "truncated", 1, "a"),
    ]


def test_errors_and_annotators_are_shown_with_their_intervals_and_escaped(tmp_path):
    known, none = Rate(0.125, 0.05, 0.25, 40), Rate(0.0, 0.0, 1.0, 0)
    answers = Answers(
        (MaskTable("source", (MaskRow("<propagator>", known, none),), 3),),
        (AnnotatorRow("al@x", 1200, 0.5, known, none),),
        (("two annotators agree", "0.9"),),
    )
    write(tmp_path, shown=page(answers=answers))
    texts = parse(tmp_path / "index.html").texts
    for text in ("<propagator>", "12.5 %", "5.0–25.0 %, n = 40", "–", "3 more are not shown.", "al@x", "1,200", "0.9"):
        assert text in texts
    assert answers.scale == 0.25


def test_a_page_without_answers_says_nothing_about_them(tmp_path):
    write(tmp_path)
    assert "What the answers say" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_rate_of_few_answers_does_not_stretch_the_bars():
    few, many = Rate(0.5, 0.1, 0.9, 2), Rate(0.02, 0.01, 0.04, 500)
    assert Answers((MaskTable("size", (MaskRow("a", few, many),)),)).scale == 0.1


def test_json_ends_no_script_element():
    assert "</" not in script_safe({"a": SCRIPT, "b": "<!--"})
