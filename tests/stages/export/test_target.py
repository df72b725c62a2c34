from __future__ import annotations

import pytest

from stages.export.target import ExportTarget


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(FileExistsError, match="was not made by an export"):
        ExportTarget.prepare(tmp_path)
    with pytest.raises(FileExistsError):
        ExportTarget.prepare(tmp_path / "thesis.tex")
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_an_export_of_ours_is_made_anew(tmp_path):
    ExportTarget.prepare(tmp_path / "out").write("a/b.json", b"1")
    target = ExportTarget.prepare(tmp_path / "out")
    assert not (tmp_path / "out" / "a").exists()
    target.write("c.json", b"2")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [".pointvos-export", "c.json"]
