"""``pointvos evaluate-results`` by the real command."""

import json

import numpy as np
import pytest
import typer
from PIL import Image

from pipeline.commands.evaluate_results import evaluate_results
from pipeline.terminal.console import UsageProblem
from schemas.masks import encode_rle


def save(path, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(labels.astype(np.uint8)).save(path)


def test_scores_of_expressions_are_shown_and_written_and_what_cannot_be_scored_is_told(pointvos, tmp_path):
    truth = np.zeros((20, 30), np.uint8)
    truth[2:10, 2:12], truth[12:18, 16:28] = 1, 2
    save(tmp_path / "truth" / "v" / "00000.png", truth)
    save(tmp_path / "results" / "v" / "0" / "00000.png", np.where(truth == 1, 255, 0))
    meta = {"videos": {"v": {"expressions": {"0": {"exp": "a dog", "obj_id": "1"}, "1": {"exp": "b", "obj_id": "2"}}}}}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    common = ("evaluate-results", tmp_path / "results", "--ground-truth", tmp_path / "truth")
    answer = pointvos(*common, "--expressions", tmp_path / "meta.json", "--json", tmp_path / "scores.json")
    assert answer.returncode == 3
    report = json.loads((tmp_path / "scores.json").read_text())
    assert report["mean"] == {"J&F": 1.0, "J": 1.0, "F": 1.0}
    assert [one["words"] for one in report["expressions"]] == ["a dog"]
    assert report["rejected"] == [f"v/1: no results: folder {tmp_path / 'results' / 'v' / '1'} is missing"]
    assert "1 expressions" in answer.stdout
    refused = pointvos(*common)
    assert refused.returncode == 2
    assert "name its meta_expressions.json with --expressions" in " ".join(refused.stderr.split())


def test_nouns_of_narratives_are_scored_against_masks_in_json(tmp_path, capsys):
    truth = np.zeros((20, 30), bool)
    truth[2:10, 2:12] = True
    shape = {"size": [20, 30], "counts": encode_rle(truth)}
    masks = {
        "videos": [{"id": 1, "file_names": ["v/00000.jpg", "v/00001.jpg"]}],
        "annotations": [{"id": 7, "video_id": 1, "segmentations": [shape, None]}],
    }
    noun = {"narrative_actor_idx": 0, "noun_phrase_start_idx": 2, "noun_phrase_end_idx": 5}
    narrative = {"actor_idx": 0, "actor_name": "Dog", "description": "A dog runs"}
    expressions = {"0": noun | {"obj_id": 7}, "1": noun | {"obj_id": 8}}
    meta = {"videos": {"v": {"frames": [], "actor_narratives": [narrative], "expressions": expressions}}}
    for name, document in (("masks.json", masks), ("meta.json", meta)):
        (tmp_path / name).write_text(json.dumps(document))
    save(tmp_path / "results/v/0/00000.png", np.where(truth, 255, 0))
    with pytest.raises(typer.Exit) as leaving:
        evaluate_results(
            tmp_path / "results", tmp_path / "masks.json", tmp_path / "meta.json", tmp_path / "scores.json"
        )
    assert leaving.value.exit_code == 3
    report = json.loads((tmp_path / "scores.json").read_text())
    assert [(one["words"], one["J&F"], one["frames"]) for one in report["expressions"]] == [("dog", 1.0, 1)]
    assert report["rejected"] == ["v/1: annotation '8' is not in the ground truth, or has no mask"]
    (tmp_path / "masks.json").write_text("[]")
    with pytest.raises(UsageProblem, match="is not JSON of videos with file_names"):
        evaluate_results(tmp_path / "results", tmp_path / "masks.json", tmp_path / "meta.json")
