"""Commands at the same time on one run: nobody takes another's file away, and pulls wait for each other."""

import subprocess
import sys
import threading
import time

import pytest

from pipeline.runs.folder import RunFolder
from pipeline.runs.turns import one_at_a_time
from schemas import tables

WRITER = """
import sys
from pathlib import Path
from schemas import tables
from schemas.rejects import Reject
for i in range(150):
    tables.REJECTS.write(Path(sys.argv[1]) / "rejects" / "ledger.parquet", [Reject("s", sys.argv[2], "e", "d", "u")])
"""


def test_two_commands_that_write_one_table_do_not_meet_in_a_temporary_name(tmp_path):
    processes = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), who]) for who in ("a", "b")]
    assert [process.wait() for process in processes] == [0, 0]
    assert tables.REJECTS.read(tmp_path)["key"].to_pylist() in (["a"], ["b"])
    assert [path.name for path in (tmp_path / "rejects").iterdir()] == ["ledger.parquet"]


def test_the_second_command_waits_for_the_first_and_says_so(tmp_path, capsys):
    order = []

    def second() -> None:
        with one_at_a_time(RunFolder(tmp_path), "pull"):
            order.append("second")

    with one_at_a_time(RunFolder(tmp_path), "pull"):
        other = threading.Thread(target=second)
        other.start()
        while "waiting …" not in capsys.readouterr().out:
            time.sleep(0.01)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_a_lock_that_is_a_symbolic_link_is_not_followed(tmp_path):
    (tmp_path / "review").mkdir(mode=0o700)
    (tmp_path / "review" / "pull.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"symbolic links.*pull\.lock"), one_at_a_time(RunFolder(tmp_path), "pull"):
        pass
    assert not (tmp_path / "elsewhere").exists()
