import os
import subprocess
import sys

import pytest

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.rejects import Reject
from schemas.videos import Video


def test_a_folder_in_use_is_refused_and_names_the_process(tmp_path):
    run = RunFolder(tmp_path)
    holder = "import sys, time; from pathlib import Path; from pipeline.runs.folder import RunFolder\n"
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


def test_a_killed_command_owns_the_folder_until_its_last_worker_has_ended(tmp_path):
    worker = "import sys, time; print('working', flush=True); time.sleep(1); open(sys.argv[1], 'w').close()"
    holder = f"""import subprocess, sys, time
from pathlib import Path
from pipeline.runs.folder import RunFolder
with RunFolder(Path(sys.argv[1])).lock() as descriptor:
    subprocess.Popen([sys.executable, "-c", {worker!r}, sys.argv[1] + "/ended"], pass_fds=[descriptor])
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"working\n"
        process.kill()
    with RunFolder(tmp_path).lock():
        assert (tmp_path / "ended").exists()


def test_a_folder_that_cannot_be_made_is_wrong_usage(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageProblem, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run").create()


def test_a_folder_without_config_is_no_run(tmp_path):
    with pytest.raises(UsageProblem, match="is not a run folder"):
        RunFolder(tmp_path).require()


def test_a_result_goes_once_there_is_one_of_the_new_input_and_rejects_of_the_old_input_go_at_once(tmp_path):
    run = RunFolder(tmp_path)

    def commit(video_id, unit):
        video = Video(video_id, "uri", 10, 10, 3, 25.0, 0.4, "h264", 0, unit=unit)
        tables.VIDEOS.write(run.table_file(tables.VIDEOS, unit_name(video_id, unit)), [video], {})

    def reject(video_id, unit, key):
        row = Reject("decode", key, "error", "detail", "uri")
        tables.REJECTS.write(run.table_file(tables.REJECTS, unit_name(video_id, unit)), [row], {})

    def left(name):
        return {file.stem for file in (tmp_path / name).glob("*.parquet")}

    commit("a b", "old")
    commit("a_b", "other")
    reject("a b", "older", "a b/1@3")
    reject("a_b", "bad", "a_b")
    run.drop_superseded({"a b": "new"})
    assert (left("videos"), left("rejects")) == ({"a_b.old", "a_b.other"}, {"a_b.bad"})
    commit("a b", "new")
    run.drop_superseded({"a b": "new", "c": "else"})
    assert (left("videos"), left("rejects")) == ({"a_b.new", "a_b.other"}, {"a_b.bad"})


def test_frame_folders_of_overlong_ids_fit_the_file_system(tmp_path):
    run = RunFolder(tmp_path)
    long = run.frames_of("x/" + "ü" * 200)
    long.mkdir(parents=True)
    assert long != run.frames_of("x/" + "ü" * 201)
    assert run.frames_of("x/y") == tmp_path / "frames/x/y"
