"""Answers that are read in many small parts come to the same as in one."""

from __future__ import annotations

import json
import shutil
import tempfile

import pytest

from pipeline.runs import answer_parts, partitioning, statuses
from pipeline.runs.answer_parts import AnswerTally
from pipeline.runs.flagged import FlagTally
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.runs.statuses import statuses_by_video
from pipeline.runs.verdicts import read_verdicts
from pipeline.statistics.people import people_json
from schemas import tables
from stages.consensus.audit import audit
from stages.consensus.opinions import majority
from tests.bench.corpus import Corpus


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two videos, 1,440 verdicts of twenty people."""
    corpus = Corpus(tmp_path_factory.mktemp("corpus") / "c", 2)
    corpus.write()
    return corpus.run


def counted(run):
    tally, flags = AnswerTally.begin(run), FlagTally()

    def look(part):
        tally.add(part)
        flags.add(part.verdicts.deciding(), part.asked)

    with statuses_by_video(run, look) as statuses_of:
        by_video = {key.video_id: statuses_of(key.video_id) for key in video_keys(run)}
    found = tally.audit.audit()
    return by_video, found, tally.objects.paces(), tally.blind_check(), flags.frames()


def test_many_parts_come_to_what_one_does(run, monkeypatch):
    whole = counted(run)
    monkeypatch.setattr(partitioning, "PART_ROWS", 100)
    monkeypatch.setattr(statuses, "in_ranges", lambda keys: in_ranges(keys, 1))
    assert partitioning.n_parts(run) == 15
    parts = counted(run)
    assert all(parts[0][video_id].items() <= found.items() for video_id, found in whole[0].items())
    assert sum(map(len, parts[0].values())) == len(whole[0]["corpus/000000"]) == 1200
    assert json.dumps(people_json(parts[1])) == json.dumps(people_json(whole[1]))
    assert list(parts[1].conflicts) == list(whole[1].conflicts)
    assert len(parts[1].conflicts) == len(list(parts[1].conflicts)) > 0
    assert parts[2] == whole[2]
    assert parts[3:] == whole[3:]
    assert len(parts[4]) > 0


def test_they_come_to_what_all_verdicts_at_once_do(run):
    verdicts = read_verdicts(run)
    by_video, found, *_ = counted(run)
    opinions = majority(verdicts.deciding())
    assert by_video["corpus/000001"] == {name: opinion.status for name, opinion in opinions.items()}
    assert found == audit(verdicts.votes(), verdicts.golds)


def test_a_run_of_one_part_needs_no_temporary_folder(run, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with answer_parts.answer_parts(run) as parts:
        (part,) = parts
    assert part.verdicts == read_verdicts(run)


@pytest.mark.parametrize(("part_rows", "n_parts"), [(200_000, 1), (50, 3)])
def test_only_candidates_that_were_answered_are_held(run, tmp_path, monkeypatch, part_rows, n_parts):
    begun = RunFolder(shutil.copytree(run.path, tmp_path / "run", symlinks=True))
    given = tables.VERDICTS.records(tables.VERDICTS.read(run.path))[::10]
    tables.VERDICTS.write(begun.table_file(tables.VERDICTS, "label_studio-0"), given, begun.metadata())
    monkeypatch.setattr(partitioning, "PART_ROWS", part_rows)
    with answer_parts.answer_parts(begun) as parts:
        asked = [set(part.asked) for part in parts]
    assert len(asked) == n_parts
    assert set().union(*asked) == {verdict.candidate_id for verdict in given}


def test_only_verdicts_with_a_remark_are_held(run):
    assert answer_parts.remarked_verdicts(run).given == []
