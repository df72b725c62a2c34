from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas import tables
from schemas.points import PointCandidate
from schemas.reviews import ReviewTask
from verification_ui.page.annotations import Annotation, AnsweredTask, Mark
from verification_ui.page.payloads import Payload
from verification_ui.queue.asked_tasks import TasksInMemory
from verification_ui.queue.ledger import Ledger
from verification_ui.queue.pull import Pulled, pull
from verification_ui.queue.review_queue import QueuedTask, TaskState

START = datetime(2026, 1, 1, tzinfo=UTC)
CANDIDATES = {n: PointCandidate(n, "v", "1", 0, 1, 1, True, "interior", 1.0, 1.0, 0.5, 0, 0) for n in "abcd"}
TASKS = {k: ReviewTask(k, "v", "1", 0, 0, "contact_sheet", tuple(ids), 0.5) for k, ids in (("k1", "ab"), ("k2", "cd"))}
METADATA = {"pointvos.run_id": "r"}


@dataclass
class Answers:
    """A server's answers in memory."""

    identity: str = "1@2026"
    state: dict[str, tuple[datetime, AnsweredTask]] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)

    def say(self, key: str, hours: float, *annotations: Annotation) -> None:
        self.state[key] = (START + timedelta(hours=hours), AnsweredTask(key, annotations, len(annotations)))

    def states(self) -> Iterator[TaskState]:
        for key, (when, answer) in list(self.state.items()):
            yield TaskState(key, when, frozenset(a.annotation_id for a in answer.annotations))

    def answered(self, task_keys: Sequence[str] | None = None) -> Iterator[AnsweredTask]:
        self.asked.append(list(task_keys or ()))
        return iter([answer for key, (_, answer) in self.state.items() if task_keys is None or key in task_keys])

    def present(self, task_keys: Sequence[str]) -> list[QueuedTask]:
        raise NotImplementedError

    def add(self, payloads: Sequence[Payload]) -> None:
        raise NotImplementedError

    def remove(self, task_ids: Sequence[int]) -> None:
        raise NotImplementedError


def annotation(who: str, *wrong: str, hours: float = 0.0, is_skipped: bool = False) -> Annotation:
    when = START + timedelta(hours=hours)
    return Annotation(f"{who}-{hours}", who, is_skipped, 4.0, when, (Mark("wrong", "r", wrong),))


def pulled(run: Path, answers: Answers, bounds: Sequence[str] = ("k2",)) -> Pulled:
    asked = TasksInMemory(TASKS, CANDIDATES, bounds)
    return pull(answers, Ledger.of_project(run, answers.identity), asked, METADATA)


def verdicts(run: Path) -> dict[tuple[str, str], str]:
    found = tables.VERDICTS.records(tables.VERDICTS.read(run))
    return {(v.annotator, v.candidate_id): v.status for v in found}


def test_answers_of_several_annotators_become_verdicts(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 1, annotation("al", "a"), annotation("bo"))
    assert pulled(tmp_path, answers) == Pulled(1, 4, 0, 0, 0)
    assert verdicts(tmp_path) == {
        ("al", "a"): "REJECTED", ("al", "b"): "ACCEPTED", ("bo", "a"): "ACCEPTED", ("bo", "b"): "ACCEPTED",
    }  # fmt: skip


def test_an_edit_replaces_and_a_deletion_takes_back(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 1, annotation("al", "a"))
    answers.say("k2", 1, annotation("al"))
    pulled(tmp_path, answers)
    answers.say("k1", 2, annotation("al", "b", hours=2))
    answers.say("k2", 3)
    assert pulled(tmp_path, answers) == Pulled(2, 2, 0, 0, 0)
    assert verdicts(tmp_path) == {("al", "a"): "ACCEPTED", ("al", "b"): "REJECTED"}


def test_a_second_pull_asks_only_for_what_is_new_and_changes_nothing(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 1, annotation("al", "a"))
    pulled(tmp_path, answers)
    file = next((tmp_path / "verdicts").iterdir())
    before = file.read_bytes()
    assert pulled(tmp_path, answers) == Pulled(0, 2, 0, 0, 0)
    assert file.read_bytes() == before
    assert answers.asked == [["k1"]]


def test_what_changes_during_a_pull_is_read_by_the_next(tmp_path: Path) -> None:
    class Busy(Answers):
        def answered(self, task_keys: Sequence[str] | None = None) -> Iterator[AnsweredTask]:
            yield from list(super().answered(task_keys))
            if len(self.asked) == 1:
                self.say("k1", 8, annotation("al", "a", hours=8))
                self.say("k2", 9, annotation("bo", hours=9))

    answers = Busy()
    answers.say("k1", 1, annotation("al"))
    pulled(tmp_path, answers)
    assert verdicts(tmp_path)["al", "a"] == "ACCEPTED"
    pulled(tmp_path, answers)
    assert verdicts(tmp_path)["al", "a"] == "REJECTED"


def skips(run: Path) -> list[tuple[str, str]]:
    return [(s.task_key, s.annotator) for s in tables.SKIPS.records(tables.SKIPS.read(run))]


def test_skips_are_recorded_until_they_are_answered_and_give_no_verdict(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 1, annotation("al", "a", is_skipped=True), annotation("bo", is_skipped=True))
    answers.say("k2", 1, annotation("al", is_skipped=True))
    assert pulled(tmp_path, answers) == Pulled(0, 0, 3, 0, 0)
    assert verdicts(tmp_path) == {}
    answers.say("k1", 2, annotation("al", "a", is_skipped=True), annotation("al", "a", hours=2))
    assert pulled(tmp_path, answers) == Pulled(1, 2, 1, 0, 0)
    assert skips(tmp_path) == [("k2", "al")]
    answers.state.clear()
    assert pulled(tmp_path, answers) == Pulled(0, 2, 1, 0, 0)


def test_tasks_of_another_run_are_counted_and_left_alone(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k9", 1, annotation("al", "a"))
    assert pulled(tmp_path, answers) == Pulled(0, 0, 0, 1, 0)


def test_a_task_that_the_server_forgot_keeps_its_verdicts(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 1, annotation("al", "a"))
    pulled(tmp_path, answers)
    answers.state.clear()
    assert pulled(tmp_path, answers) == Pulled(0, 2, 0, 0, 0)


def test_a_new_project_with_the_same_empty_tasks_does_not_wipe_the_old_ones_verdicts(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 1, annotation("al", "a"))
    pulled(tmp_path, answers)
    again = Answers(identity="1@2027")
    again.say("k1", 5)
    pulled(tmp_path, again)
    assert verdicts(tmp_path) == {("al", "a"): "REJECTED", ("al", "b"): "ACCEPTED"}
    assert len(list((tmp_path / "verdicts").iterdir())) == 2


def test_the_ledger_carries_the_run_and_which_state_of_each_task_was_read(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 1, annotation("al"))
    answers.say("k2", 1)
    pulled(tmp_path, answers)
    ledger = Ledger.of_project(tmp_path, answers.identity)
    assert ledger.read_marks() == {"k1": next(answers.states()).mark}
    assert tables.VERDICTS.read_files([ledger.path]).num_rows == 2


def test_answers_after_a_server_clock_was_set_back_are_pulled(tmp_path: Path) -> None:
    answers = Answers()
    answers.say("k1", 24, annotation("al", "a"))
    pulled(tmp_path, answers)
    answers.say("k2", 1, annotation("bo", hours=1))
    assert pulled(tmp_path, answers).n_changed == 1
    answers.say("k1", 2, annotation("al", "b", hours=2))
    answers.say("k2", 0)
    assert pulled(tmp_path, answers).n_changed == 2
    assert verdicts(tmp_path) == {("al", "a"): "ACCEPTED", ("al", "b"): "REJECTED"}


def test_a_task_that_the_server_has_twice_keeps_the_answers_to_both(tmp_path: Path) -> None:
    class Twice(Answers):
        def states(self) -> Iterator[TaskState]:
            yield from super().states()
            yield TaskState("k1", START, frozenset({"bo-0.0"}))

        def answered(self, task_keys: Sequence[str] | None = None) -> Iterator[AnsweredTask]:
            yield from super().answered(task_keys)
            yield AnsweredTask("k1", (annotation("bo"),), 1)

    answers = Twice()
    answers.say("k1", 1, annotation("al", "a"))
    pulled(tmp_path, answers)
    assert {who for who, _ in verdicts(tmp_path)} == {"al", "bo"}


def test_it_is_told_when_the_server_counts_fewer_answers_than_there_are(tmp_path: Path) -> None:
    answers = Answers()
    skipped = annotation("bo", hours=1, is_skipped=True)
    answers.state["k1"] = (START + timedelta(hours=1), AnsweredTask("k1", (annotation("al", hours=1), skipped), 0))
    assert pulled(tmp_path / "a", answers).n_miscounted == 0, "the server may be about to count it"
    answers.say("k2", 2, annotation("al", hours=2))
    assert pulled(tmp_path / "b", answers).n_miscounted == 1


def test_an_answer_that_cannot_be_read_is_named_and_the_others_are_pulled(tmp_path: Path) -> None:
    answers = Answers()
    why = "annotation 8 of eve@x: choices is 5, not a list of texts"
    answers.state["k1"] = (START, AnsweredTask("k1", (annotation("al", "a"),), 2, (why,)))
    answers.say("k2", 1, annotation("bo"))
    found = pulled(tmp_path, answers)
    assert (found.n_verdicts, found.unreadable) == (4, (why,))
    assert {who for who, _ in verdicts(tmp_path)} == {"al", "bo"}


def test_many_parts_leave_the_files_that_one_part_leaves(tmp_path: Path) -> None:
    """Keys below, between and above all bounds; answers, skips, an edit, and a task that the server forgot."""
    answers = Answers()
    for bounds in ((), ("k2",), ("a", "k1", "k10", "k2", "z")):
        answers.state.clear()
        run = tmp_path / str(len(bounds))
        answers.say("k1", 1, annotation("bo", "a"), annotation("al", is_skipped=True))
        answers.say("k2", 1, annotation("cy", "d"))
        answers.say("zz", 1, annotation("cy"))
        assert pulled(run, answers, bounds) == Pulled(2, 4, 1, 1, 0)
        answers.say("k1", 2, annotation("al", "b", hours=2), annotation("bo"))
        del answers.state["k2"]
        assert pulled(run, answers, bounds) == Pulled(1, 6, 0, 1, 0)
    contents = [
        {path.parent.name: path.read_bytes() for path in sorted((tmp_path / name).rglob("*.parquet"))}
        for name in ("0", "1", "5")
    ]
    assert contents[0].keys() == {"verdicts", "skips"}
    assert contents[0] == contents[1] == contents[2]


def test_a_new_project_takes_over_what_its_predecessor_pulled(tmp_path: Path) -> None:
    old, new = Answers(), Answers(identity="2@2027")
    old.say("k1", 1, annotation("al", "a"))
    old.say("k2", 1, annotation("al", "c"), annotation("bo", is_skipped=True))
    new.say("k1", 5, annotation("cy"))
    for answers in (old, new):
        pulled(tmp_path, answers)
    mine, other = (Ledger.of_project(tmp_path, answers.identity) for answers in (new, old))
    mine.take_over(other, METADATA)
    assert not other.path.exists()
    assert mine.read_marks() == {}
    found = tables.VERDICTS.records(tables.VERDICTS.read(tmp_path))
    assert [(v.task_key, v.annotator, v.candidate_id) for v in found] == [
        ("k1", "cy", "a"), ("k1", "cy", "b"), ("k2", "al", "c"), ("k2", "al", "d"),
    ]  # fmt: skip
    assert skips(tmp_path) == [("k2", "bo")]
