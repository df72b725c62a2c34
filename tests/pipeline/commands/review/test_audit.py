from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipeline.commands.review.audit import audit
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.gold import Gold
from schemas.reviews import ReviewTask, Verdict

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def answer(run):
    """Three people on every candidate; ``cy`` errs on every fifth and leaves planted gold standing."""
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(run))
    golds = [
        Gold(f"{i:032x}", c.candidate_id, not c.is_fg_candidate, "ACCEPTED" if c.is_fg_candidate else "REJECTED",
             "ground_truth")
        for i, c in enumerate(candidates[:6])
    ]  # fmt: skip
    tables.GOLD.write(run / "gold" / "gold.parquet", golds)
    verdicts = []
    for who in ("al", "bo", "cy"):
        for i, c in enumerate(candidates):
            is_on = c.is_fg_candidate != (who == "cy" and i % 5 == 0)
            status = "ACCEPTED" if is_on else "REJECTED"
            verdicts.append(Verdict(c.candidate_id, status, who, "label_studio", 0.5, f"t{i // 8}", who, WHEN))
        for g in golds:
            status = g.true_status if who != "cy" else ("ACCEPTED" if g.is_fg_candidate else "REJECTED")
            verdicts.append(Verdict(g.candidate_id, status, who, "label_studio", 0.5, "tg", who, WHEN))
    tables.VERDICTS.write(run / "verdicts" / "label_studio.parquet", verdicts)
    return candidates


def test_the_audit_tells_who_can_be_trusted(finished_run, capsys):
    n = len(answer(finished_run))
    audit(RunFolder(finished_run))
    found = json.loads((finished_run / "review" / "audit.json").read_text())
    al, _, cy = found["annotators"]
    assert (found["candidates"], found["answered_by_several"], len(found["conflicts"])) == (n, n, -(-n // 5))
    assert (al["annotator"], al["points"], al["active_s_a_point"], al["gold_right"]["rate"]) == ("al", n + 6, 0.5, 1.0)
    assert (cy["gold_right"]["rate"], cy["gold_untouched"]["rate"], cy["gold_untouched"]["n"]) == (0.0, 1.0, 6)
    assert (found["anchoring"]["rate"], found["anchoring"]["n"]) == (round(1 / 3, 6), 18)
    assert {(o["video_id"], o["object_id"]) for o in found["objects"]} == {("a", "1"), ("a", "2"), ("sub/b", "dog")}
    assert {o["active_s_a_point"] for o in found["objects"]} == {0.5}
    assert sum(o["points"] for o in found["objects"]) == 3 * n
    assert cy["error_rate"]["low"] <= 0.2 <= cy["error_rate"]["high"]
    assert found["fleiss_kappa"]["low"] < found["fleiss_kappa"]["value"] < 1.0
    assert {c["consensus"] == c["answers"]["al"] for c in found["conflicts"]} == {True}
    assert {c["video_id"] for c in found["conflicts"]} == {"a", "sub/b"}
    said = capsys.readouterr().out
    assert "Fleiss' κ" in said
    assert "100% (61%–100%)" in said


def test_an_excluded_annotator_is_out_of_every_figure(finished_run):
    answer(finished_run)
    audit(RunFolder(finished_run), ["cy"])
    found = json.loads((finished_run / "review" / "audit.json").read_text())
    assert [a["annotator"] for a in found["annotators"]] == ["al", "bo"]
    assert (found["agreement"]["value"], found["conflicts"]) == (1.0, [])


def test_flags_and_notes_are_listed_once_a_task(finished_run, capsys):
    candidates = answer(finished_run)
    noted = [Verdict(c.candidate_id, "AMBIGUOUS", "dee", "label_studio", 0.5, "t0", "n", WHEN, "bad_frame", "a mirror")
             for c in candidates[:8]]  # fmt: skip
    tables.VERDICTS.write(finished_run / "verdicts" / "noted.parquet", noted)
    audit(RunFolder(finished_run))
    (remark,) = json.loads((finished_run / "review" / "audit.json").read_text())["remarks"]
    assert (remark["task_key"], remark["annotator"], remark["flag"], remark["note"]) == (
        "t0", "dee", "bad_frame", "a mirror",
    )  # fmt: skip
    assert "bad frame · a mirror (dee)" in capsys.readouterr().out


def test_answers_whose_author_is_not_who_was_logged_in_are_shown(finished_run, capsys):
    candidates = answer(finished_run)
    forged = [Verdict(c.candidate_id, "REJECTED", "dee", "label_studio", 0.5, f"t{i // 8}", "n", WHEN, entered_by="eve")
              for i, c in enumerate(candidates[:16])]  # fmt: skip
    tables.VERDICTS.write(finished_run / "verdicts" / "forged.parquet", forged)
    audit(RunFolder(finished_run))
    facts = json.loads((finished_run / "review" / "audit.json").read_text())
    assert facts["entered_by_others"] == [{"annotator": "dee", "entered_by": "eve", "tasks": 2}]
    assert "dee 2 tasks, entered by eve" in " ".join(capsys.readouterr().out.split())


def test_nothing_to_audit_is_wrong_usage(finished_run):
    with pytest.raises(UsageProblem, match="has no verdicts to audit"):
        audit(RunFolder(finished_run))


def test_blind_answers_tell_how_many_wrong_claims_were_let_stand(finished_run, capsys):
    candidates = answer(finished_run)
    tasks = [ReviewTask(f"b{i}", c.video_id, c.object_id, c.frame_idx, 0, "single", (c.candidate_id,), 0.5)
             for i, c in enumerate(candidates[10:20])]  # fmt: skip
    tables.TASKS.write(finished_run / "tasks" / "single.parquet", tasks)
    said = [("REJECTED" if c.is_fg_candidate == (i == 0) else "ACCEPTED") for i, c in enumerate(candidates[10:20])]
    blind = [Verdict(t.candidate_ids[0], status, "dee", "label_studio", 2.0, t.task_key, "b", WHEN)
             for t, status in zip(tasks, said, strict=True)]  # fmt: skip
    tables.VERDICTS.write(finished_run / "verdicts" / "blind.parquet", blind)
    audit(RunFolder(finished_run))
    found = json.loads((finished_run / "review" / "audit.json").read_text())
    assert (found["blind"]["confirmed"]["rate"], found["blind"]["confirmed"]["n"]) == (0.9, 10)
    assert (found["blind"]["let_stand"]["rate"], found["blind"]["let_stand"]["n"]) == (0.1, 10)
    assert found["annotators"][-1]["annotator"] == "dee (blind)"
    assert "confirmed by blind answers" in capsys.readouterr().out
