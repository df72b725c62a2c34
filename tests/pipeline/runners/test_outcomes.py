import pytest

from pipeline.runners.outcomes import require_finished
from pipeline.runs.commit import commit_reject, is_finished
from pipeline.runs.folder import UNIT_TABLES, RunFolder
from pipeline.runs.names import unit_name
from pipeline.terminal.console import WorkProblem
from schemas import tables
from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from schemas.videos import Video

JOBS = [VideoJob(VideoFile(name, f"{name}.mp4"), (), name * 16) for name in "abcd"]


@pytest.fixture
def run(tmp_path):
    """Video a is committed, b is rejected, the commit of c was cut off before its mark, nothing is there of d."""
    folder = RunFolder(tmp_path)
    folder.config_file.write_text("{run_id: '00ff', config_hash: beef}")
    for job in (JOBS[0], JOBS[2]):
        for table in UNIT_TABLES:
            table.write(folder.table_file(table, unit_name(job.video_id, job.unit)), [], {})
    video = Video("a", "a.mp4", 10, 10, 3, 25.0, 0.4, "h264", 0, unit=JOBS[0].unit)
    tables.VIDEOS.write(folder.table_file(tables.VIDEOS, unit_name("a", JOBS[0].unit)), [video], {})
    commit_reject(folder, RejectedVideo(JOBS[1], Reject("annotate", "b", "unexpected", "detail", "")))
    return folder


def test_a_video_is_settled_once_it_is_committed_or_rejected(run):
    assert [is_finished(run, job) for job in JOBS] == [True, True, False, False]
    require_finished(run, JOBS[:2])
    with pytest.raises(WorkProblem, match=r"neither finished nor rejected: 2 \(c, d\); run the same command again"):
        require_finished(run, JOBS)
