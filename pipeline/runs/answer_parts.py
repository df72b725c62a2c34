"""The answers of a whole run, a part of the candidates at a time, so that a command holds no more than that.

What is counted over all parts are numbers and tasks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs.folder import RunFolder
from pipeline.runs.partitioning import (
    ASKED_COLUMNS,
    AskedCandidate,
    VerdictPartitioner,
    asked_candidates,
    n_parts,
    verdict_pieces,
    verdict_rows,
)
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.runs.units import unit_rows
from pipeline.runs.verdicts import read_verdicts
from schemas import tables
from stages.consensus.audit import AuditTally
from stages.consensus.blind import BlindCheck
from stages.consensus.pace import PaceTally
from stages.consensus.run_verdicts import RunVerdicts


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """All that was said of some candidates.

    Attributes:
        verdicts: on them; with all gold and all tasks of checking designs that concern them.
        asked: what the answered ones are about, by id; verdicts may be on candidates of other runs.
    """

    verdicts: RunVerdicts
    asked: Mapping[str, AskedCandidate]


ObjectKey = tuple[str, str]
"""(video_id, object_id)"""


@dataclass(slots=True)
class AnswerTally:
    """How far the answers of a run can be trusted, and how long objects take; counted part by part.

    Attributes:
        audit: of all answers.
        objects: work by object.
        excluded: annotators whose verdicts are ignored.
    """

    audit: AuditTally
    objects: PaceTally[ObjectKey] = field(default_factory=PaceTally)
    excluded: Collection[str] = ()
    _blind: list[BlindCheck] = field(default_factory=list)

    @classmethod
    def begin(cls, run: RunFolder, excluded: Collection[str] = ()) -> AnswerTally:
        """Nothing is counted yet."""
        return cls(AuditTally(tables.GOLD.records(tables.GOLD.read(run.path))), excluded=excluded)

    def add(self, part: AnswerPart) -> None:
        """Count a part."""
        votes = part.verdicts.votes(self.excluded)
        self.audit.add(votes)
        for candidate_id, group in votes.items():
            if about := part.asked.get(candidate_id):
                for verdict in group:
                    self.objects.add(verdict, (about.video_id, about.object_id))
        claims = {name: about.is_fg for name, about in part.asked.items()}
        self._blind.append(part.verdicts.blind_check(claims, self.excluded))

    def blind_check(self) -> BlindCheck:
        """Answers with the claim in view against blind answers."""
        return BlindCheck.joined(self._blind)


@contextmanager
def answer_parts(run: RunFolder) -> Iterator[Iterator[AnswerPart]]:
    """The answers of a run in parts of about :data:`~pipeline.runs.partitioning.PART_ROWS` verdicts, in table order.

    The answers of a run that is one part are read directly. Those of a larger one are partitioned into files of a
    temporary folder, which is removed when the block ends.
    """
    if n_parts(run) == 1:
        yield iter([_only_part(run)])
        return
    with TemporaryDirectory(prefix="pointvos-") as folder:
        partitioner = VerdictPartitioner(run, Path(folder), n_parts(run), 1)
        partitioned = [name for piece in verdict_pieces(run) for name in partitioner.partition(piece)]
        partitioned += [partitioner.partition_asked(found) for found in in_ranges(video_keys(run))]
        yield (_read_part(partitioner, number, partitioned) for number in range(partitioner.n_parts))


def _only_part(run: RunFolder) -> AnswerPart:
    verdicts = read_verdicts(run)
    rows = (unit_rows(run, tables.CANDIDATES, key, ASKED_COLUMNS).select(ASKED_COLUMNS) for key in video_keys(run))
    return AnswerPart(verdicts, asked_candidates(rows, verdicts.answered()))


def _read_part(partitioner: VerdictPartitioner, number: int, partitioned: Sequence[str]) -> AnswerPart:
    verdicts = partitioner.part(number, partitioned).verdicts
    return AnswerPart(verdicts, partitioner.asked(number, partitioned, verdicts.answered()))


def remarked_verdicts(run: RunFolder) -> RunVerdicts:
    """The verdicts beside which something was said, or that somebody else entered; no others."""
    found = [tables.VERDICTS.schema.empty_table()]
    for rows in verdict_rows(run, tables.VERDICTS.schema.names):
        has_remark = (pc.not_equal(rows[name], "") for name in ("flag", "note", "entered_by"))
        found.append(rows.filter(reduce(pc.or_, has_remark)))
    return RunVerdicts(tables.VERDICTS.records(pa.concat_tables(found)), ())
