"""All verdicts of a run, or of some of its candidates, and which of them count for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.gold import Gold
from schemas.reviews import Verdict
from stages.consensus.blind import BlindCheck, check_blindly
from stages.consensus.opinions import counted_verdicts, majority
from stages.consensus.second_look import contradictions, with_second_looks


@dataclass(frozen=True, slots=True)
class RunVerdicts:
    """What was answered in a run by anybody, gold included.

    Attributes:
        given: every verdict of every source.
        golds: all gold of the run.
        blind_tasks: keys of the tasks that were asked without a claim in view, to measure the others.
        adjudication_tasks: keys of the tasks that ask what annotators differ on.
        adjudicators: whose answers to those decide; none: those of whoever had not answered otherwise.
        second_looks: keys of the tasks that ask once more what contradicts the proposal.
    """

    given: Sequence[Verdict]
    golds: Sequence[Gold]
    blind_tasks: frozenset[str] = frozenset()
    adjudication_tasks: frozenset[str] = frozenset()
    adjudicators: frozenset[str] = frozenset()
    second_looks: frozenset[str] = frozenset()

    def answered(self) -> set[str]:
        """Ids of the candidates that anybody answered, gold included."""
        return {verdict.candidate_id for verdict in self.given}

    def deciding(self, excluded: Collection[str] = ()) -> dict[str, list[Verdict]]:
        """The verdicts that make points, by candidate id: answers to gold never do.

        Blind answers measure the others and must not touch what they measure: they make a point only where no person
        has answered otherwise. A second look takes the place of what it asks again
        (:func:`~stages.consensus.second_look.with_second_looks`). Adjudication overrides all other verdicts on a
        candidate.

        Args:
            excluded: annotators whose verdicts are ignored.
        """
        passed_over = {gold.candidate_id for gold in self.golds}
        left = [v for v in self.given if v.candidate_id not in passed_over and v.annotator not in excluded]
        # whoever gave a second look and later answers in adjudication has changed that second answer
        looked = {(v.candidate_id, v.annotator) for v in left if v.task_key in self.second_looks}
        later = self.second_looks | self.adjudication_tasks
        is_again = [v.task_key in later and (v.candidate_id, v.annotator) in looked for v in left]
        again = [v for v, is_second in zip(left, is_again, strict=True) if is_second]
        once = [v for v, is_second in zip(left, is_again, strict=True) if not is_second]
        seen = {v.candidate_id for v in once if v.source != "simulated" and v.task_key not in self.blind_tasks}
        asked = [v for v in once if v.task_key not in self.blind_tasks or v.candidate_id not in seen]
        return {**with_second_looks(counted_verdicts(asked), counted_verdicts(again)), **self.adjudicated(excluded)}

    def to_look_again(self, is_fg: Mapping[str, bool], excluded: Collection[str] = ()) -> list[str]:
        """Ids of the candidates that one person alone answered against the proposal and no person has looked at again.

        What was adjudicated is not among them: a second look would change nothing.

        Args:
            is_fg: what each candidate claims; answers to other candidates are passed over.
            excluded: annotators whose verdicts are ignored.
        """
        done = self.looked_again(excluded) | self.adjudicated(excluded).keys()
        people = {n: g for n, g in self.deciding(excluded).items() if n not in done and g[0].source != "simulated"}
        return contradictions(people, is_fg)

    def looked_again(self, excluded: Collection[str] = ()) -> set[str]:
        """Ids of the candidates with a second look that counts: a simulated one does not where a person answered."""
        left = [v for v in self.given if v.annotator not in excluded]
        by_people = {v.candidate_id for v in left if v.source != "simulated"}
        again = (v for v in left if v.task_key in self.second_looks)
        return {v.candidate_id for v in again if v.source != "simulated" or v.candidate_id not in by_people}

    def adjudicated(self, excluded: Collection[str] = ()) -> dict[str, list[Verdict]]:
        """The verdicts of adjudication, by candidate id.

        Without named adjudicators they are those of people who gave no other answer to the candidate; another look of
        one who did counts like any answer of hers, the latest one.
        """
        if not self.adjudication_tasks:
            return {}
        answers = [v for v in self.given if v.annotator not in excluded]
        others = {(v.candidate_id, v.annotator) for v in answers if v.task_key not in self.adjudication_tasks}
        return counted_verdicts(
            v
            for v in answers
            if v.task_key in self.adjudication_tasks
            and (v.annotator in self.adjudicators if self.adjudicators else (v.candidate_id, v.annotator) not in others)
        )

    def conflicts(self, excluded: Collection[str] = ()) -> list[str]:
        """Ids of the candidates on which people differ and that nobody has adjudicated."""
        return conflicts_in(self.deciding(excluded), self.adjudicated(excluded))

    def votes(self, excluded: Collection[str] = ()) -> dict[str, list[Verdict]]:
        """The verdicts that tell how far annotators can be trusted, by candidate id, gold included.

        What a person said blindly is an opinion of its own, by ``NAME (blind)``. Adjudications and second looks
        are left out: only what is hard is asked there.
        """
        measuring = (v for v in self._measuring() if v.annotator not in excluded)
        return counted_verdicts(
            replace(v, annotator=f"{v.annotator} (blind)") if v.task_key in self.blind_tasks else v for v in measuring
        )

    def remarks(self) -> list[Verdict]:
        """One verdict of every task and person with a flag or a note, the latest first."""
        said = {(v.task_key, v.annotator): v for v in self.given if v.flag or v.note}
        return sorted(said.values(), key=lambda v: (v.decided_at, v.task_key, v.annotator), reverse=True)

    def entered_by_others(self) -> list[tuple[str, str, int]]:
        """(annotator, who was logged in, answered tasks) where these two people differ, by name."""
        tasks = {(v.annotator, v.entered_by, v.task_key) for v in self.given if v.entered_by}
        return sorted((*pair, n) for pair, n in Counter((who, by) for who, by, _ in tasks).items())

    def blind_check(self, is_fg: Mapping[str, bool], excluded: Collection[str] = ()) -> BlindCheck:
        """Answers with the claim in view against blind answers; ``is_fg`` is the claim by candidate id."""
        seen, blind = (
            counted_verdicts((v for v in self._measuring() if (v.task_key in self.blind_tasks) == is_blind), excluded)
            for is_blind in (False, True)
        )
        return check_blindly(_statuses(seen), _statuses(blind), is_fg)

    def _measuring(self) -> list[Verdict]:
        """Answers to what is asked of everybody, whatever others said of it."""
        later = self.adjudication_tasks | self.second_looks
        return [v for v in self.given if v.task_key not in later]


def conflicts_in(deciding: Mapping[str, Sequence[Verdict]], adjudicated: Collection[str]) -> list[str]:
    """Ids of the candidates on which the deciding verdicts differ and that nobody has adjudicated."""
    return [
        candidate_id
        for candidate_id, group in deciding.items()
        if candidate_id not in adjudicated and len({verdict.status for verdict in group}) > 1
    ]


def _statuses(counted: Mapping[str, Sequence[Verdict]]) -> dict[str, str]:
    return {candidate_id: opinion.status for candidate_id, opinion in majority(counted).items()}
