"""Licences are stated, never guessed; exports, cards and Croissant carry them."""

from __future__ import annotations

import csv
import json
import tarfile
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from pipeline.commands.export import ExportFormat, export
from pipeline.commands.provenance import provenance
from pipeline.commands.split import split
from pipeline.runs.data_facts import data_facts
from pipeline.runs.folder import RunFolder
from pipeline.runs.splits import splits_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.gold import Gold
from schemas.reviews import Verdict

LIST = "Video,Source,License,URL\na,DAVIS,CC-BY-4.0,https://example.org/a\nelsewhere,x,y,z\n"


@pytest.fixture
def stated_run(merged_run, tmp_path):
    (tmp_path / "list.csv").write_text(LIST)
    provenance(RunFolder(merged_run), tmp_path / "list.csv")
    return merged_run


def test_what_a_list_states_is_kept_and_the_rest_is_unknown(capsys, stated_run, tmp_path):
    shown = capsys.readouterr().out
    assert "licence CC-BY-4.0" in shown
    assert "licence unknown" in shown
    assert "not in the run: elsewhere" in shown
    (tmp_path / "more.csv").write_text("video,licence\nsub/b,MIT\n")
    provenance(RunFolder(stated_run), tmp_path / "more.csv")
    assert tables.PROVENANCE.read(stated_run).to_pylist() == [
        {"video_id": "a", "source": "DAVIS", "licence": "CC-BY-4.0", "url": "https://example.org/a"},
        {"video_id": "sub/b", "source": "unknown", "licence": "MIT", "url": "unknown"},
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("video,licence\na,MIT\na,GPL\n", "line 3: video 'a' is listed twice with different values"),
        ("video,colour\na,red\n", "has none of the columns source, licence and url"),
        ("name,licence\na,MIT\n", "has no column 'video'"),
        ("video,licence\nz,MIT\n", "names no video of the run; its videos are called a, sub/b"),
    ],
)
def test_a_wrong_list_is_refused(finished_run, tmp_path, text, sentence):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UsageProblem) as refused:
        provenance(RunFolder(finished_run), tmp_path / "list.csv")
    assert sentence in str(refused.value)
    assert not (finished_run / "provenance").exists()


def test_parts_of_one_page_are_in_one_split(finished_run, tmp_path):
    run = RunFolder(finished_run)
    (tmp_path / "list.csv").write_text("video,url\na,https://example.org/1\nsub/b,https://example.org/1\n")
    provenance(run, tmp_path / "list.csv")
    for seed in range(8):
        split(run, "1/1/1", seed, compare=False)
        assert len(set(splits_of(run).values())) == 1


@pytest.mark.parametrize("form", ["huggingface", "parquet_objects", "webdataset", "pointvos"])
def test_an_export_of_points_lists_its_videos(stated_run, tmp_path, form):
    export(RunFolder(stated_run), ExportFormat(form), tmp_path / "out", "tiny")
    with (tmp_path / "out" / "videos.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [
            {
                "video": "a", "split": "unknown", "source": "DAVIS", "licence": "CC-BY-4.0",
                "url": "https://example.org/a", "sha256": "unknown",
            }
        ]  # fmt: skip


def test_a_card_tells_answers_accuracy_splits_licences_and_gaps(stated_run, tmp_path):
    run = RunFolder(stated_run)
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(stated_run))[:4]
    golds = [Gold(f"g{i}", c.candidate_id, True, "REJECTED", "ground_truth") for i, c in enumerate(candidates)]
    tables.GOLD.write(stated_run / "gold" / "gold.parquet", golds)

    def answer(who, number, status, day):
        when = datetime(2026, 1, day, tzinfo=UTC)
        return Verdict(f"g{number}", status, who, "label_studio", 1.0, "t", f"{who}{number}{day}", when)

    answers = [answer("zoe", i, "REJECTED", 2) for i in range(4)] + [answer("zoe", 0, "ACCEPTED", 1)]
    answers += [answer("bob", 0, "ACCEPTED", 1), answer("bob", 1, "REJECTED", 1)]
    tables.VERDICTS.write(stated_run / "verdicts" / "label_studio.parquet", answers)
    assert data_facts(run).gold == [(2, 1), (4, 4)]
    split(run, "1/0/0", compare=False)
    export(run, ExportFormat.HUGGINGFACE, tmp_path / "out", "tiny")
    card = (tmp_path / "out" / "README.md").read_text()
    n = tables.POINTS.n_rows(stated_run)
    for sentence in (
        f"{n:,} points of the run: ",
        f"decided by simulated: {n:,}",
        "two answers or more stand behind 0 points (0.0 %)",
        "2 annotators answered 6 hidden questions with a known answer; 83.3 % of the answers are right, 50.0 %",
        "with the shares 1/0/0 (train, val, test) and seed 0. Near-duplicates were not searched for.",
        "| CC-BY-4.0 | 1 |\n| unknown | 1 |",
        f"{n:,} points not decided by people but simulated from ground truth",
        "no points on 1 of 2 videos",
        "the licence of 1 video is unknown",
    ):
        assert sentence in card
    assert "zoe" not in card


@pytest.mark.parametrize("form", ["huggingface", "parquet_objects"])
def test_croissant_names_every_column(stated_run, tmp_path, form):
    export(RunFolder(stated_run), ExportFormat(form), tmp_path / "out", "tiny")
    found = json.loads((tmp_path / "out" / "croissant.json").read_text())
    assert found["license"] == ["CC-BY-4.0", "unknown"]
    for records in found["recordSet"]:
        files = next(one for one in found["distribution"] if one["@id"] == f"{records['name']}-files")
        (file, *_) = sorted((tmp_path / "out").glob(files["includes"]))
        assert [field["name"] for field in records["field"]] == pq.read_schema(file).names


@pytest.mark.filterwarnings("default")
def test_mlcroissant_validates_it_and_reads_the_records(stated_run, tmp_path, caplog):
    import mlcroissant

    export(RunFolder(stated_run), ExportFormat.HUGGINGFACE, tmp_path / "out", "tiny")
    found = mlcroissant.Dataset(str(tmp_path / "out/croissant.json"))
    frames, objects = (list(found.records(name)) for name in ("frames", "objects"))
    assert "error" not in caplog.text.lower()
    points = tables.POINTS.records(tables.POINTS.read(stated_run))
    first = min(p.frame_idx for p in points)
    own = sorted((p.y, p.x) for p in points if (p.object_id, p.frame_idx) == ("1", first))
    assert (len(frames), len(objects)) == (len({p.frame_idx for p in points}), 2)
    assert frames[0]["frames/image"].size == (80, 60)
    assert frames[0]["frames/objects"][0]["frames/objects/x"] == [x for _, x in own]
    for rows, name in ((frames, "frames"), (objects, "objects")):
        origins = {tuple(row[f"{name}/{one}"].decode() for one in ("source", "licence", "url")) for row in rows}
        assert origins == {("DAVIS", "CC-BY-4.0", "https://example.org/a")}


def test_rows_and_samples_say_where_their_video_comes_from(stated_run, tmp_path):
    stated = {"source": "DAVIS", "licence": "CC-BY-4.0", "url": "https://example.org/a"}
    export(RunFolder(stated_run), ExportFormat.PARQUET_OBJECTS, tmp_path / "nested")
    assert pq.read_table(tmp_path / "nested/data", columns=list(stated)).to_pylist() == [stated] * 2
    export(RunFolder(stated_run), ExportFormat.WEBDATASET, tmp_path / "shards")
    with tarfile.open(tmp_path / "shards/train-00000.tar") as archive:
        documents = [json.load(archive.extractfile(one)) for one in archive if one.name.endswith(".json")]
    assert [{name: one[name] for name in stated} for one in documents] == [stated] * len(documents)
    assert documents
