"""Repair through the real command: what is written, what its options do, and who is named as the author."""

from __future__ import annotations

from dataclasses import replace

from pipeline.config import load_config
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import object_models, unit_file, unit_records, videos_of
from schemas import tables
from stages.propagate.repair import RepairOptions


def records(table, run):
    return table.records(table.read(run))


def test_every_decision_is_a_row_and_every_accepted_one_a_mask(annotated):
    repairs = records(tables.REPAIRS, annotated)
    masks = {(m.video_id, m.object_id, m.frame_idx): m for m in records(tables.MASKS, annotated)}
    assert {path.name for path in (annotated / "repairs").iterdir()} == {
        path.name for path in (annotated / "masks").iterdir()
    }
    accepted = {(r.video_id, r.object_id, r.frame_idx) for r in repairs if r.accepted}
    assert {key for key, mask in masks.items() if mask.source == "repair"} == accepted
    assert all((r.video_id, r.object_id, r.frame_idx) in masks for r in repairs)
    assert all(r.model == "grabcut" for r in repairs)


def test_without_repair_nothing_is_asked_again(pointvos, corpus, tmp_path, fast):
    hints = ("--localizations", corpus.parent / "clicks.json")
    answer = pointvos("annotate", corpus, *hints, "--run", tmp_path / "run", "--no-repair", *fast)
    assert answer.returncode == 0, answer.stderr
    assert records(tables.REPAIRS, tmp_path / "run") == []
    assert "0 of 0 low-quality masks" in answer.stdout


def test_a_run_made_with_repair_is_not_continued_without(pointvos, corpus, annotated, fast):
    hints = ("--localizations", corpus.parent / "clicks.json")
    answer = pointvos("annotate", corpus, *hints, "--run", annotated, "--no-repair", *fast)
    assert answer.returncode == 2
    assert "repair.enabled: True → False" in answer.stderr


def test_the_knobs_stand_in_the_config_and_change_its_hash(tmp_path):
    base = {"videos": "v", "localizations": "l"}
    file = tmp_path / "run.yaml"
    file.write_text("repair: {every: 20, poor: 0.4}\n")
    config = load_config(file, base)
    assert config.repair == RepairOptions(every=20, poor=0.4)
    assert config.hash() != load_config(None, base).hash()
    assert load_config(None, {**base, "repair.enabled": False}).repair == RepairOptions(enabled=False)


def test_a_repaired_object_was_made_by_the_segmenter_that_repaired_it(finished_run):
    folder = RunFolder(finished_run)
    video = videos_of(folder)[0]
    masks = [
        replace(mask, source="repair", model="sam_vit_b") if mask.source == "segmenter" else mask
        for mask in unit_records(folder, tables.MASKS, video)
    ]
    tables.MASKS.write(unit_file(folder, tables.MASKS, video), masks, folder.metadata())
    assert object_models(folder, video, "segmenter") == {}
    assert object_models(folder, video, "segmenter", "repair") == {"1": "sam_vit_b", "2": "sam_vit_b"}
