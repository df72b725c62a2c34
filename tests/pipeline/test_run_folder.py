import os
import subprocess
import sys

import pytest

from pipeline.console import UsageProblem
from pipeline.run_folder import RunFolder, unit_name


def test_a_folder_in_use_is_refused_and_names_the_process(tmp_path):
    run = RunFolder(tmp_path)
    holder = "import sys, time; from pathlib import Path; from pipeline.run_folder import RunFolder\n"
    holder += "with RunFolder(Path(sys.argv[1])).lock(): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(UsageProblem, match=f"in use by another pointvos command \\(process {process.pid}\\)"),
            run.lock(),
        ):
            pass
        process.kill()
    with run.lock():
        assert (tmp_path / ".lock").read_text() == str(os.getpid())


def test_a_folder_that_cannot_be_made_is_wrong_usage(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageProblem, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run").create()


def test_a_folder_without_config_is_no_run(tmp_path):
    with pytest.raises(UsageProblem, match="is not a run folder"):
        RunFolder(tmp_path).require()


def test_unit_names_are_short_and_unique_for_ids_that_read_alike():
    assert unit_name("a b" * 100, "0" * 16) == f"{('a_b' * 20)}.{'0' * 16}"


def test_frame_folders_of_overlong_ids_fit_the_file_system(tmp_path):
    run = RunFolder(tmp_path)
    long = run.frames_of("x/" + "ü" * 200)
    long.mkdir(parents=True)
    assert long != run.frames_of("x/" + "ü" * 201)
    assert run.frames_of("x/y") == tmp_path / "frames/x/y"
