"""Objects of a store on this machine, as long as they are needed."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.runs.fetching import on_disk
from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import RemotePath
from tests.object_stores import MemoryStore


@pytest.fixture
def folder_of() -> Callable[..., RemotePath]:
    def make(*names: str) -> RemotePath:
        store = MemoryStore()
        for name in names:
            store.put(f"s3://bucket/d/{name}", io.BytesIO(name.encode(errors="replace")))
        return RemotePath("s3://bucket/d", store)

    return make


def test_a_folder_is_there_while_the_block_runs(folder_of: Callable[..., RemotePath]) -> None:
    with on_disk(folder_of("a", "b/c", "b/d/e", "empty/")) as folder:
        found = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}
    assert found == {name: name for name in ("a", "b/c", "b/d/e")}
    assert not folder.exists()


def test_an_object_alone_is_a_file_of_its_name(folder_of: Callable[..., RemotePath]) -> None:
    with on_disk(folder_of("b/c") / "b" / "c") as file:
        assert (file.name, file.read_text()) == ("c", "b/c")


@pytest.mark.parametrize("name", ["../x", "b//c", "./x", "x" * 300, "a/b", "a\0b", "a\ud800"])
def test_an_object_whose_name_no_file_can_have_is_named(folder_of: Callable[..., RemotePath], name: str) -> None:
    with pytest.raises(UsageProblem, match="has a name that no file can have") as told, on_disk(folder_of("a", name)):
        pass
    assert "s3://bucket/d/" in str(told.value)


def test_a_local_path_stays_where_it_is(tmp_path: Path) -> None:
    with on_disk(tmp_path) as same:
        assert same == tmp_path
