"""The real command on words: two short pieces of real sequences."""

from __future__ import annotations

import json

import pytest

from schemas import tables


@pytest.fixture
def pieces(davis, tmp_path):
    """Six frames of two sequences, and expressions for three objects."""
    for sequence in ("blackswan", "breakdance"):
        folder = tmp_path / "corpus" / sequence
        folder.mkdir(parents=True)
        for file in sorted((davis / "JPEGImages/480p" / sequence).glob("*.jpg"))[:6]:
            (folder / file.name).symlink_to(file)
    words = [("blackswan", "1", "the black swan"), ("blackswan", "2", "a giant panda"), ("breakdance", "1", "a dancer")]
    lines = [json.dumps({"video": v, "object": o, "expression": e}) for v, o, e in words]
    (tmp_path / "words.jsonl").write_text("\n".join(lines))
    return tmp_path / "corpus"


def test_words_become_clicks_and_masks_or_an_honest_refusal(pointvos, pieces, tmp_path, fast):
    run, words = tmp_path / "run", tmp_path / "words.jsonl"
    answer = pointvos("annotate", pieces, "--localizations", words, "--run", run, *fast)
    assert answer.returncode == 3, answer.stderr
    rows = tables.LOCALIZATIONS.read(run).to_pylist()
    assert {(r["video_id"], r["object_id"], r["kind"], r["expression"]) for r in rows} == {
        ("blackswan", "1", "clicks", "the black swan")
    }
    assert rows[0]["frame_idx"] == 0
    assert all(r["rule"].startswith("imagenet: black swan 0.9") for r in rows)
    masks = tables.MASKS.records(tables.MASKS.read(run))
    assert {(m.video_id, m.object_id) for m in masks} == {("blackswan", "1")}
    assert len(masks) == 6
    rejects = tables.REJECTS.records(tables.REJECTS.read(run))
    assert sorted((r.stage, r.key, r.error) for r in rejects) == [
        ("localize", "blackswan/2", "not_seen"),
        ("localize", "breakdance/1", "no_class"),
    ]


def test_a_localizer_that_cannot_work_here_is_wrong_usage(pointvos, pieces, tmp_path):
    words = tmp_path / "words.jsonl"
    command = ("annotate", pieces, "--localizations", words, "--run", tmp_path / "run", "--localizer")
    for name, message in (("owl", "unknown localizer 'owl'"), ("grounding_dino:no/model", "hf download no/model")):
        answer = pointvos(*command, name)
        assert answer.returncode == 2
        assert message in " ".join(answer.stderr.split())
