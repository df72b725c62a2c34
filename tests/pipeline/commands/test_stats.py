"""Statistics, compared with DuckDB by the queries of the documentation, and with counts in pictures of the points."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.commands.stats import stats
from pipeline.runs.folder import RunFolder
from pipeline.statistics.counts import COLUMNS, ROWS, RunCounts
from pipeline.terminal.console import UsageProblem
from schemas import tables

DOCS = Path(__file__).resolve().parents[3] / "docs" / "statistics.md"


@pytest.fixture
def merged(finished_run, tmp_path):
    run = RunFolder(finished_run)
    simulate(run, tmp_path / "truth", 0.1, 3)
    merge(run, 0.5)
    return run


def counted(run, tmp_path):
    stats(run, tmp_path / "stats.json")
    return json.loads((tmp_path / "stats.json").read_text())


def answers_of_the_documentation(run):
    """Rows of each query of the page, in order."""
    queries = re.findall(r"^```sql\n(.*?)^```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    with duckdb.connect() as database:
        return [database.execute(query.replace("runs/first", str(run.path))).fetchall() for query in queries]


def test_the_sql_of_the_documentation_gives_the_same_figures(merged, tmp_path):
    found = counted(merged, tmp_path)
    by_split, objects, qualities, wrong, worst, places, pace = answers_of_the_documentation(merged)
    assert {(split, s): n for split, of in found["points_by_split"].items() for s, n in of.items() if n} == {
        (split, status): n for split, status, n in by_split
    }
    assert found["points_an_object"]["most"] == max(n for _, _, n, _, _ in objects)
    assert found["points_an_object"]["mean"] == round(sum(n for _, _, n, _, _ in objects) / found["objects"], 4)
    accepted = {n: k for n, k in found["accepted_frames_an_object"]["objects"].items() if k and n != "0"}
    assert accepted == Counter(str(n) for *_, n in objects)
    assert {f"{tenth / 10:.1f}-{(tenth + 1) / 10:.1f}": n for tenth, n in qualities} == {
        name: n for name, n in found["mask_quality"].items() if n
    }
    said = found["mask_said"]
    n_wrong = said["foreground"]["REJECTED"] + said["background"]["ACCEPTED"]
    assert n_wrong > 0
    assert round(sum(decided * share for _, _, decided, share in wrong)) == sum(n for *_, n in worst) == n_wrong
    assert {(row, column): n for row, column, n in places} == {
        (r, c): found["positions"][r][c] for r in range(ROWS) for c in range(COLUMNS) if found["positions"][r][c]
    }
    assert [(name, one["points"]) for name, one in found["pace"].items()] == [(name, n) for name, n, _ in pace]


def test_the_counts_are_those_that_the_official_scripts_take_from_pictures_of_the_points(merged, tmp_path):
    pictures = defaultdict(lambda: np.zeros((60, 80), dtype=np.uint8))
    value = {"REJECTED": 1, "ACCEPTED": 2, "AMBIGUOUS": 255}
    for point in tables.POINTS.records(tables.POINTS.read(merged.path)):
        pictures[point.video_id, point.object_id, point.frame_idx][point.y, point.x] = value[point.status]
    found = counted(merged, tmp_path)
    for status, colour in value.items():
        assert found["points"][status] == sum(int((picture == colour).sum()) for picture in pictures.values())
    accepted = Counter(key[:2] for key, picture in pictures.items() if (picture == 2).any())
    assert found["accepted_frames_an_object"]["most"] == max(accepted.values())
    assert found["annotated_frames"] == len({(video_id, idx) for video_id, _, idx in pictures})
    assert sum(found["frames_an_object"]["objects"].values()) == found["objects"] == 3


def test_points_are_what_the_answers_come_to_before_merge_has_run(finished_run, tmp_path):
    run = RunFolder(finished_run)
    nothing = counted(run, tmp_path)
    assert (nothing["points"]["ACCEPTED"], nothing["candidates"]["unanswered"], nothing["pace"]) == (0, 72, {})
    simulate(run, tmp_path / "truth", 0.1, 3)
    before = counted(run, tmp_path)
    merge(run, 0.5)
    after = counted(run, tmp_path)
    assert (before["is_merged"], after["is_merged"]) == (False, True)
    assert before["points"] == after["points"]
    assert before["positions"] == after["positions"]
    assert before["points_an_object"] == after["points_an_object"]


def test_areas_and_sources_of_masks_are_counted(finished_run):
    counts = RunCounts.of(RunFolder(finished_run), lambda _: {})
    assert counts.by_size() == {"small, under 1 % of the frame": 0, "medium, 1 to 5 %": 12, "large, over 5 %": 24}
    assert counts.mask_sources == {"propagator": 33, "segmenter": 3}


def test_the_terminal_shows_tables_and_maps(merged, capsys):
    stats(merged)
    shown = capsys.readouterr().out
    for words in ("objects                         3", "Objects by their number of points", "Pace", "simulated"):
        assert words in shown
    assert len(re.findall(r"^│.{64}│$", shown, flags=re.MULTILINE)) == 2 * ROWS
    assert "█" in shown


def test_a_run_without_videos_says_what_to_do(tmp_path):
    (tmp_path / "run.yaml").write_text("{run_id: a, config_hash: b}")
    with pytest.raises(UsageProblem, match="has no videos; make some with: pointvos annotate"):
        stats(RunFolder(tmp_path))
