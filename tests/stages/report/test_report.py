"""The page: what it shows, that it asks nothing of the network, and that it stays small."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from schemas.masks import Mask, encode_rle
from schemas.points import PointCandidate
from schemas.rejects import Reject
from schemas.videos import Video
from stages.overlay import Layer, overlay
from stages.report.answers import AnnotatorRow, Answers, MaskRow, MaskTable, Rate
from stages.report.building import VideoRows, reject_groups, video_section
from stages.report.page import write_page
from stages.report.pictures import data_uri, jpeg
from stages.report.plots import HEIGHT, LEFT, RIGHT, TOP, WIDTH, quality_plot
from stages.report.sections import Fact, Page, Share

VIDEO = Video("a/<b>&\"c'", "x.mp4", 30, 60, 80, 10.0, 3.0, "h264", 0, n_objects=2)


def box(x0, y0, x1, y1):
    mask = np.zeros((60, 80), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


def mask_row(object_id, frame_idx, mask, quality=0.8):
    return Mask(VIDEO.video_id, object_id, frame_idx, 60, 80, encode_rle(mask), "propagator", "flow", quality)


def candidate(object_id, frame_idx, x, y, is_fg):
    name = f"{object_id}-{frame_idx}-{x}-{y}"
    return PointCandidate(name, VIDEO.video_id, object_id, frame_idx, x, y, is_fg, "ring", 0.1, 1.0, 0.5, 0, 0)


def rows():
    masks = [mask_row(i, t, box(10, 10, 40, 40)) for i in ("1", "2") for t in (*range(10), *range(20, 30))]
    candidates = [candidate("1", t, 12, 15, True) for t in (2, 5, 25)] + [candidate("1", 2, 50, 50, False)]
    statuses = {"1-2-12-15": "REJECTED", "1-5-12-15": "ACCEPTED", "1-2-50-50": "ACCEPTED"}
    words = {"1": ("<script>alert(1)</script>", "the “dog”")}
    return VideoRows(VIDEO, masks, candidates, statuses, words, {"1": [5]})


def grey(_idx):
    return np.full((60, 80, 3), 90, dtype=np.uint8)


def page(section, **changes):
    fields = {
        "title": "Run x",
        "subtitle": "by y",
        "facts": (Fact("videos", "1"),),
        "shares": (Share("confirmed", 1, 4),),
        "costs": (Fact("verifying", "9 s", "estimate"),),
        "rejects": (),
        "videos": iter([section]),
    }
    return Page(**(fields | changes))


class Tags(HTMLParser):
    """Names, attributes and texts of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "circle", "rect", "path", "line", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("circle", "rect", "path", "line", "polyline"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


def parse(path):
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    assert tags.open == []
    return tags


def test_masks_are_tinted_and_outlined():
    picture = overlay(grey(0), [Layer(box(20, 20, 60, 50), "#ff0000")])
    assert picture[35, 40].tolist() == [152, 55, 55]
    assert picture[5, 5].tolist() == [90, 90, 90]
    assert picture[20, 40, 0] > 200
    faint = overlay(grey(0), [Layer(box(20, 20, 60, 50), "#ff0000", faint=True)])
    assert faint[35, 40].tolist() == [90, 90, 90]


def test_pictures_are_scaled_down_and_are_jpegs():
    wide = np.zeros((1080, 1920, 3), dtype=np.uint8)
    uri = data_uri(jpeg(overlay(wide, [Layer(np.ones((1080, 1920), dtype=bool), "#00ff00")])))
    head, body = uri.split(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (640, 360)


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


def test_a_section_shows_each_object_with_its_chosen_frames_and_answers():
    section = video_section(rows(), grey, most_pictures=10)
    first, second = section.objects
    assert [p.frame_idx for p in first.pictures] == [2, 5, 25]
    assert [(r.status, r.contradicts) for r in first.pictures[0].rings] == [("REJECTED", True), ("ACCEPTED", True)]
    assert first.counts == (("ACCEPTED", 2), ("REJECTED", 1), ("unanswered", 1))
    assert (second.title, second.pictures) == ("object 2", ())
    assert section.cover.frame_idx == 5


def test_pictures_that_do_not_fit_are_left_out_and_counted():
    section = video_section(rows(), grey, most_pictures=2)
    assert ([p.frame_idx for p in section.objects[0].pictures], section.objects[0].n_left_out) == ([2, 25], 1)


def test_a_frame_that_was_not_kept_leaves_a_gap_and_no_error(tmp_path):
    section = video_section(rows(), lambda _: None, most_pictures=10)
    assert section.cover is None
    write_page(page(section), tmp_path / "index.html")
    assert "frame was not kept" in parse(tmp_path / "index.html").texts


def test_the_page_asks_nothing_of_the_network_and_escapes_what_it_shows(tmp_path):
    path = tmp_path / "report" / "index.html"
    rejects = reject_groups([Reject("ingest", "<k>", "unknown_video", "no <video>", "")] * 3)
    write_page(page(video_section(rows(), grey, 10), rejects=rejects), path)
    tags = parse(path)
    names = {tag for tag, _ in tags.tags}
    assert not names & {"script", "link", "iframe", "object", "video", "b>&"}
    addresses = [value for _, attrs in tags.tags for key, value in attrs.items() if key in ("src", "href", "srcset")]
    assert addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in addresses)
    assert not re.search(r"url\(|@import|https?://", path.read_text(encoding="utf-8"))
    assert VIDEO.video_id in tags.texts
    assert "<script>alert(1)</script>" in tags.texts
    assert "no <video>" in tags.texts
    assert [p.name for p in path.parent.iterdir()] == ["index.html"]


def test_a_run_without_anything_still_gives_a_page(tmp_path):
    write_page(page(None, videos=iter(()), shares=()), tmp_path / "index.html")
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
    write_page(page(None, videos=iter(()), answers=answers), tmp_path / "index.html")
    texts = parse(tmp_path / "index.html").texts
    for text in ("<propagator>", "12.5 %", "5.0–25.0 %, n = 40", "–", "3 more are not shown.", "al@x", "1,200", "0.9"):
        assert text in texts
    assert answers.scale == 0.25


def test_a_page_without_answers_says_nothing_about_them(tmp_path):
    write_page(page(None, videos=iter(())), tmp_path / "index.html")
    assert "What the answers say" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_rate_of_few_answers_does_not_stretch_the_bars():
    few, many = Rate(0.5, 0.1, 0.9, 2), Rate(0.02, 0.01, 0.04, 500)
    assert Answers((MaskTable("size", (MaskRow("a", few, many),)),)).scale == 0.1
