"""A commit that is cut off between any two writes, and two at once: half a video never counts, the end is the same."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.runners.outcomes import require_finished
from pipeline.runs.commit import commit_reject, commit_video, is_finished
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import WorkProblem
from schemas import tables
from schemas.elements import PlacedVideo, RejectedVideo, SampledVideo, TrackedVideo
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.masks import Mask, encode_rle
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.sample_points.options import SamplingOptions
from stages.sample_points.videos import sample_points
from stages.video.files import open_local

REPOSITORY = Path(__file__).resolve().parents[3]
COMMIT = """
import os, pickle, sys
from pathlib import Path
from pipeline.runs.folder import RunFolder
from pipeline.runs.commit import commit_video
from stages.video.files import open_local

run, sampled, times, last = RunFolder(Path(sys.argv[1])), pickle.load(open(sys.argv[2], "rb")), *map(int, sys.argv[3:])
renamed = 0

def end(event, _):
    global renamed
    if event == "os.rename":
        renamed += 1
        if renamed > last:
            os._exit(9)

sys.addaudithook(end)
for _ in range(times):
    commit_video(run, sampled, 92, open_local)
print(renamed)
"""


@pytest.fixture
def sampled(tmp_path, make_video) -> SampledVideo:
    """Twelve frames of a square, with candidates."""
    make_video(tmp_path / "v.mp4", 12, (80, 64))
    places = (Localization("v", "1", 0, Clicks(((30.0, 40.0),), (1,))),)
    job = VideoJob(VideoFile("v", str(tmp_path / "v.mp4")), places, "0" * 16)
    video = Video("v", job.file.uri, 12, 64, 80, 10.0, 1.2, "h264", 0, n_objects=1, unit=job.unit)
    drawn = [np.zeros((64, 80), dtype=bool) for _ in range(12)]
    for idx, mask in enumerate(drawn):
        mask[30:62, 20 + 2 * idx : 52 + 2 * idx] = True
    masks = tuple(
        Mask("v", "1", idx, 64, 80, encode_rle(mask), "propagator", "flow", 0.9) for idx, mask in enumerate(drawn)
    )
    tracked = TrackedVideo(PlacedVideo(job), video, masks, (), {"1": 0}, ())
    return sample_points(tracked, SamplingOptions(frames=3, points=8))


def make_run(path: Path) -> RunFolder:
    run = RunFolder(path)
    run.create()
    run.config_file.write_text("{run_id: '00ff', config_hash: beef}")
    return run


def commit(run: RunFolder, sampled: SampledVideo, times: int = 1, last: int = 10**6) -> subprocess.Popen[str]:
    """In a process of its own, which ends before its next rename once ``last`` of them are done."""
    file = run.path.with_suffix(".pickle")
    file.write_bytes(pickle.dumps(sampled))
    command = [sys.executable, "-c", COMMIT, *map(str, (run.path, file, times, last))]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def contents(run: RunFolder) -> dict[str, bytes]:
    files = [file for file in run.path.rglob("*") if file.is_file() and not file.name.endswith(".tmp")]
    return {str(file.relative_to(run.path)): file.read_bytes() for file in files}


def test_a_commit_that_is_cut_off_between_any_two_writes_counts_only_when_whole(sampled, tmp_path):
    whole = make_run(tmp_path / "whole")
    n_writes = int(commit(whole, sampled).communicate()[0])
    assert n_writes == len(contents(whole)) - 1 == 3 + 6
    run = make_run(tmp_path / "run")
    for last in range(n_writes):
        with commit(run, sampled, last=last) as process:
            assert process.wait(timeout=120) == 9
        assert run.committed() == {}
    with commit(run, sampled) as process:
        assert process.wait(timeout=120) == 0
    run.remove_leftovers()
    assert contents(run) == contents(whole)


def test_a_commit_that_comes_to_an_early_end_does_not_look_like_a_reject(sampled, tmp_path):
    run = make_run(tmp_path / "run")
    (run.path / "localizations").write_bytes(b"a file in the place of the folder")
    with pytest.raises(OSError, match="localizations"):
        commit_video(run, sampled, 92, open_local)
    assert not is_finished(run, sampled.job)
    with pytest.raises(WorkProblem, match=r"neither finished nor rejected: 1 \(v\)"):
        require_finished(run, [sampled.job])


def test_two_processes_that_commit_the_same_video_at_once_leave_one_whole_result(sampled, tmp_path):
    whole, run = make_run(tmp_path / "whole"), make_run(tmp_path / "run")
    with commit(run, sampled, times=20) as one, commit(run, sampled, times=20) as other:
        assert [process.wait(timeout=120) for process in (one, other)] == [0, 0]
    with commit(whole, sampled) as process:
        assert process.wait(timeout=120) == 0
    assert contents(run) == contents(whole)
    assert not list(run.path.rglob("*.tmp"))


def test_a_reject_never_takes_the_place_of_a_committed_video_or_of_an_earlier_reject(sampled, tmp_path):
    run = make_run(tmp_path / "run")
    rejected = RejectedVideo(sampled.job, Reject("annotate", "v", "unexpected", "out of memory", ""))
    commit_reject(run, rejected)
    later = RejectedVideo(sampled.job, Reject("annotate", "v", "unexpected", "another batch failed too", ""))
    commit_reject(run, later)
    assert tables.REJECTS.read(run.path)["detail"].to_pylist() == ["out of memory"]
    commit_video(run, sampled, 92, open_local)
    commit_reject(run, rejected)
    assert tables.REJECTS.read(run.path).num_rows == 0
    assert run.committed() == {"v": sampled.job.unit}
