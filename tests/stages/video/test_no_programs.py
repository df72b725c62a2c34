import os
import shutil
import subprocess
import sys

from stages.video.no_programs import no_programs


def test_no_program_is_found_while_a_package_is_imported_and_all_are_afterwards():
    before = os.environ["PATH"]
    with no_programs():
        assert shutil.which("sh") is None
    assert shutil.which("sh")
    assert os.environ["PATH"] == before


def test_shots_are_found_without_starting_ffmpeg(tmp_path):
    started = tmp_path / "started"
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(f"#!/bin/sh\ntouch {started}\n")
    ffmpeg.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    code = "import stages.video.shots; import os; print(os.environ['PATH'])"
    answer = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == path
    assert not started.exists()
