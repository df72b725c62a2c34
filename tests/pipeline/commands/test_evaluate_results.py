"""``pointvos evaluate-results`` by the real command."""

import json

import numpy as np
from PIL import Image


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
