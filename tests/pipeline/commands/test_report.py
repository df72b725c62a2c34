"""The report of a run: what it lists first, its pictures, and what it says of answers and rejects."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.commands.merge import merge
from pipeline.commands.render import render
from pipeline.commands.report import report
from pipeline.commands.simulate import simulate
from pipeline.reporting.lists import overlay_links
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_file, unit_records, videos_of
from schemas import tables
from schemas.flags import Flag
from schemas.masks import encode_rle
from schemas.reviews import Verdict
from schemas.videos import Video


def html(run):
    return (run / "report" / "index.html").read_text(encoding="utf-8")


def words(run):
    """What stands on the page without its lists."""
    return " ".join(re.sub(r"<(style|title|script).*?</\1>|<[^>]+>", " ", html(run), flags=re.S).split())


def block(run, name):
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html(run), re.S)[1])


def details(run):
    return [one for chunk in block(run, "embedded")["details"] for one in chunk]


def answer(run, **said):
    """An answer to every candidate of object 1 of video ``a``, by candidate; ``said`` changes it."""
    own = [c for c in unit_records(run, tables.CANDIDATES, videos_of(run)[0]) if c.object_id == "1"]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    verdicts = [
        replace(
            Verdict(
                c.candidate_id, "ACCEPTED" if c.is_fg_candidate else "REJECTED", "al", "label_studio", 1, "t", "1", when
            ),
            **{name: value(c) for name, value in said.items()},
        )
        for c in own
    ]
    tables.VERDICTS.write(run.path / "verdicts" / "label_studio.parquet", verdicts)
    return own


def test_a_run_without_verdicts_has_a_report(finished_run):
    report(RunFolder(finished_run))
    found = words(finished_run)
    assert "3 objects in 2 videos." in found
    assert "People have answered 0 of 72 points (0 %)." in found
    assert "segmenter grabcut, propagator flow" in found
    assert "No verdicts yet." in found
    assert "2 ingest unknown_video" in found
    assert [one[2] for one in block(finished_run, "lists")["objects"]] == ["thing 1", "thing 2", "thing dog"]


def test_answers_and_costs_are_counted(finished_run, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.1)
    report(RunFolder(finished_run))
    found = words(finished_run)
    assert "foreground candidates confirmed 100.0 %" in found
    assert "3 clicks 4 s" in found or "localizing 3 clicks" in found
    assert "measured, simulated" in found
    assert "Where accepted points lie in the frame" in found


def test_repairs_are_counted_and_told_where_they_were_decided(finished_run):
    report(RunFolder(finished_run))
    assert "2 masks repaired of 6 low-quality masks" in words(finished_run)
    first = details(finished_run)[0]["remarks"]
    assert "Frame 0: first mask of low quality (quality 0.80, motion 0.50); grabcut drew a better one" in first[0]
    assert first[0].endswith("agreement 0.75, balance +0.080), which replaced it.")
    assert "drew a different object" in first[2]


def test_the_worst_frames_come_first_with_pictures_of_frames_that_nobody_had_kept(filmed_run, capsys):
    video = videos_of(filmed_run)[0]
    unseen = next(idx for idx in range(2, 11) if not filmed_run.frame_file("a", idx).is_file())
    masks = [
        replace(m, quality=0.2) if (m.object_id, m.frame_idx) == ("2", unseen) else m
        for m in unit_records(filmed_run, tables.MASKS, video)
    ]
    tables.MASKS.write(unit_file(filmed_run, tables.MASKS, video), masks)
    report(filmed_run)
    found = block(filmed_run.path, "lists")
    best = found["looks"][0]
    assert (found["objects"][best[0]][2], best[1], best[3]) == ("thing 2", unseen, "doubtful")
    assert best[4] == "The mask is probably wrong here (quality 0.20 of 1). A correction here would reach 11 frames."
    assert best[5] in found["pictures"]
    assert [look[2] for look in found["looks"]] == sorted((look[2] for look in found["looks"]), reverse=True)
    assert f"frames that need attention  {len(found['looks'])}" in capsys.readouterr().out


def test_points_that_people_contradict_bring_a_frame_to_the_top(filmed_run):
    frame = max(c.frame_idx for c in answer(filmed_run))
    flip = {"ACCEPTED": "REJECTED", "REJECTED": "ACCEPTED"}
    answer(filmed_run, status=lambda c: flip["ACCEPTED" if c.is_fg_candidate else "REJECTED"] if c.frame_idx == frame
           else "ACCEPTED" if c.is_fg_candidate else "REJECTED")  # fmt: skip
    report(filmed_run)
    found = block(filmed_run.path, "lists")
    assert (found["looks"][0][1], found["looks"][0][3]) == (frame, "contradicted")
    assert found["looks"][0][4].startswith("People say that the mask is wrong at 8 of 8 answered points.")
    assert found["objects"][0][7:11] == [24, 24, 8, "all"]


def test_a_mask_that_was_corrected_since_is_judged_as_it_is_now(filmed_run):
    video = videos_of(filmed_run)[0]
    answer(filmed_run, status=lambda c: "REJECTED")
    empty = np.zeros((60, 80), dtype=bool)
    empty[0, 0] = True
    masks = [
        replace(m, rle=encode_rle(empty), round=1) if m.object_id == "1" else m
        for m in unit_records(filmed_run, tables.MASKS, video)
    ]
    tables.MASKS.write(unit_file(filmed_run, tables.MASKS, video), masks)
    report(filmed_run)
    assert block(filmed_run.path, "lists")["objects"][0][9] == 0


@pytest.mark.parametrize(
    ("flag", "reason", "sentence"),
    [
        ("wrong_object", "other_object", "Flagged: the mask follows another object."),
        ("absent", "absent", "Flagged: the object is not in this frame, but it has a mask."),
    ],
)
def test_what_people_said_of_a_whole_frame_is_told(filmed_run, flag, reason, sentence):
    frame = max(c.frame_idx for c in answer(filmed_run))
    answer(filmed_run, flag=lambda c: flag if c.frame_idx == frame else "")
    report(filmed_run)
    looks = block(filmed_run.path, "lists")["looks"]
    assert (looks[0][1], looks[0][3]) == (frame, reason)
    assert looks[0][4].startswith(sentence)


def test_frames_that_refining_flagged_come_first(filmed_run):
    video = videos_of(filmed_run)[0]
    tables.FLAGS.write(unit_file(filmed_run, tables.FLAGS, video), [Flag("a", "2", 0, "contradicted", 8, 2)])
    report(filmed_run)
    found = block(filmed_run.path, "lists")
    best = found["looks"][0]
    assert (found["objects"][best[0]][2], best[1], best[3]) == ("thing 2", 0, "flagged")
    assert best[4].startswith("2 of 8 verified points still contradict the mask after correction")
    assert best[2] < found["looks"][1][2]


def test_the_number_of_pictures_is_bounded_and_the_best_looks_come_first(filmed_run):
    def pictures(most):
        report(filmed_run, most)
        found = block(filmed_run.path, "lists")
        return found["looks"], set(found["pictures"])

    looks, many = pictures(600)
    assert len(many) == len({look[5] for look in looks} | many) > 9
    looks, few = pictures(5)
    assert len(few) == 5
    assert {look[5] for look in looks[:3]} <= few
    assert pictures(0)[1] == set()


def test_files_beside_the_page_are_asked_for_and_say_the_same(filmed_run):
    report(filmed_run, one_file=False)
    found = block(filmed_run.path, "lists")
    folder = filmed_run.path / "report"
    assert sorted(f"{p.stem}" for p in (folder / "pictures").iterdir()) == sorted(found["pictures"])
    assert [(folder / chunk).is_file() for chunk in found["chunks"]] == [True]
    report(filmed_run, one_file=True)
    assert [p.name for p in folder.rglob("*.*")] == ["index.html"]
    assert sorted(block(filmed_run.path, "embedded")["pictures"]) == sorted(found["pictures"])


def test_a_video_that_is_gone_leaves_its_pictures_out_and_says_so(filmed_run, capsys):
    (filmed_run.path.parent / "a.mp4").unlink()
    report(filmed_run)
    assert "1 video could not be read when this page was written: pictures are missing." in words(filmed_run.path)
    assert "no pictures of a: missing_file" in capsys.readouterr().out


def test_the_overlay_videos_are_linked_when_they_are_there(filmed_run):
    report(filmed_run)
    assert [video[4] for video in block(filmed_run.path, "lists")["videos"]] == [[], []]
    render(filmed_run)
    render(filmed_run, ["a"], ["1"], by_object=True)
    report(filmed_run)
    assert [video[4] for video in block(filmed_run.path, "lists")["videos"]] == [
        [["the overlay video", "videos/a.mp4"], ["object 1", "videos/a.object-1.mp4"]],
        [["the overlay video", "videos/sub/b.mp4"]],
    ]


def test_films_of_videos_whose_names_begin_alike_are_told_apart():
    videos = [Video(name, "x", 1, 2, 2, 1.0, 1.0, "h264", 0) for name in ("a", "ab", "sub/a")]
    films = ["a.before-2.mp4", "a.mp4", "a.object-x.before-1.mp4", "ab.mp4", "sub/a.mp4", "other.mp4"]
    assert [[address for _, address in overlay_links(video, films)] for video in videos] == [
        ["videos/a.mp4", "videos/a.object-x.before-1.mp4", "videos/a.before-2.mp4"],
        ["videos/ab.mp4"],
        ["videos/sub/a.mp4"],
    ]
