from __future__ import annotations

import re

from pipeline.commands.merge import merge
from pipeline.commands.report import report
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder


def texts(run):
    html = (run / "report" / "index.html").read_text(encoding="utf-8")
    return re.sub(r"<(style|title).*?</\1>|<[^>]+>", " ", html, flags=re.S)


def test_a_run_without_verdicts_has_a_report(finished_run):
    report(RunFolder(finished_run))
    words = " ".join(texts(finished_run).split())
    assert "segmenter grabcut, propagator flow" in words
    assert "No verdicts yet." in words
    assert "2 ingest unknown_video" in words
    assert "thing dog" in words


def test_answers_and_costs_are_counted(finished_run, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.1)
    report(RunFolder(finished_run))
    words = " ".join(texts(finished_run).split())
    assert "foreground candidates confirmed 100.0 %" in words
    assert "3 clicks 4 s" in words or "localizing 3 clicks" in words
    assert "measured, simulated" in words


def test_repairs_are_counted_and_told_where_they_were_decided(finished_run):
    report(RunFolder(finished_run))
    words = " ".join(texts(finished_run).split())
    assert "2 masks repaired of 6 low-quality masks" in words
    assert "Frame 0: first mask of low quality (quality 0.80, motion 0.50); grabcut drew a better one" in words
    assert "agreement 0.75, balance +0.080), which replaced it." in words
    assert "Frame 6: tracked mask of low quality" in words
    assert "drew one that fits the motion no better" in words
    assert "drew a different object" in words
    assert words.count("the mask was kept, and people see it early") == 4


def test_the_number_of_pictures_is_bounded(finished_run):
    def n_pictures(most):
        report(RunFolder(finished_run), most)
        return (finished_run / "report" / "index.html").read_text().count("<img ")

    assert n_pictures(600) == 3 * 3 + 1
    assert n_pictures(3) == 3 + 1
    assert n_pictures(0) <= 1
