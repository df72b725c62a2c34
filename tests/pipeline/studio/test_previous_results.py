"""Masks that are made again: until the new ones are there, the old ones come back after a stop or a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.runs.folder import ALL_UNIT_TABLES, RunFolder
from pipeline.runs.names import unit_name
from pipeline.studio.previous_results import keep_previous, restore_previous
from schemas import tables
from tests.pipeline.runs.test_rounds import VIDEO, clicks, do, mask, run  # noqa: F401 - a fixture


def contents(run: RunFolder) -> dict[str, bytes]:  # noqa: F811
    files = [file for table in ALL_UNIT_TABLES for file in table.files(run.path)]
    return {f"{file.parent.name}/{file.name}": file.read_bytes() for file in files}


@pytest.fixture
def before(run: RunFolder) -> dict[str, bytes]:  # noqa: F811
    do(run, clicks(3, 1), f3=mask("1", 3, 2))
    return contents(run)


def test_what_is_set_aside_is_put_back_with_its_rounds(run: RunFolder, before: dict[str, bytes]) -> None:  # noqa: F811
    keep_previous(run, VIDEO)
    assert contents(run) == {}
    restore_previous(run)
    assert contents(run) == before
    assert not (Path(run.path) / "studio" / "aside").exists()


def test_a_result_that_was_cut_off_gives_way_to_the_old_one(run: RunFolder, before: dict[str, bytes]) -> None:  # noqa: F811
    keep_previous(run, VIDEO)
    tables.MASKS.write(run.table_file(tables.MASKS, unit_name(VIDEO.video_id, VIDEO.unit)), [], run.metadata())
    restore_previous(run)
    assert contents(run) == before


def test_a_new_result_stays(run: RunFolder, before: dict[str, bytes]) -> None:  # noqa: F811
    keep_previous(run, VIDEO)
    for name, content in before.items():
        if not name.startswith(("corrections", "superseded")):
            (Path(run.path) / name).write_bytes(content)
    after = contents(run)
    restore_previous(run)
    assert contents(run) == after


def test_a_move_that_was_cut_off_leaves_the_result_where_it_was(run: RunFolder, before: dict[str, bytes]) -> None:  # noqa: F811
    keep_previous(run, VIDEO)
    restore_previous(run)
    aside = Path(run.path) / "studio" / "aside" / "masks"
    aside.mkdir(parents=True)
    (aside / f"{unit_name(VIDEO.video_id, VIDEO.unit)}.parquet").write_bytes(b"half")
    restore_previous(run)
    assert contents(run) == before
