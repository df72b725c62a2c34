"""What becomes of jobs, as the run folder says, whatever happens to their workers and in which order."""

from __future__ import annotations

import pytest

from pipeline.config import load_config
from pipeline.runners.job_queue import JobQueue
from pipeline.runners.progress import ProgressTracker
from pipeline.runners.work import AnnotateWork
from pipeline.runs.batch_rejects import write_reject
from pipeline.runs.commit import is_finished, write_unit
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables
from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.propagate.joining.batch_files import batch_file

CLICKS = Clicks(((5.0, 5.0),), (1,))
CROWD = VideoJob(VideoFile("a", "a.mp4"), tuple(Localization("a", str(i), 0, CLICKS) for i in range(3)), "0" * 16)
BATCHES = CROWD.by_batch(1)
OTHER = VideoJob(VideoFile("b", "b.mp4"), (Localization("b", "1", 0, CLICKS),), "1" * 16)
KILLED = "killed by SIGKILL"


@pytest.fixture
def run(tmp_path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.config_file.write_text("{run_id: '00ff', config_hash: beef}")
    return folder


@pytest.fixture
def queue(run) -> JobQueue[VideoJob]:
    """The three batches of a crowded video, then a video that is one job."""
    jobs = [*BATCHES, OTHER]
    watch = ProgressTracker({job.key: 10.0 for job in jobs}, {job.key: 1.0 for job in jobs})
    found = JobQueue(AnnotateWork(run, load_config(None, {"videos": "v", "localizations": "l"})), watch)
    found.add(jobs)
    return found


def keep(run: RunFolder, job: VideoJob) -> None:
    """As a worker does with a batch that is done."""
    file = batch_file(run.batches, job.unit, job.batch)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"{}")


def commit(run: RunFolder, job: VideoJob) -> None:
    video = Video(job.video_id, job.file.uri, 10, 10, 3, 25.0, 0.4, "h264", 0, unit=job.unit)
    write_unit(run, unit_name(job.video_id, job.unit), [(tables.LOCALIZATIONS, []), (tables.VIDEOS, [video])])


def reject(run: RunFolder, job: VideoJob, error: str) -> None:
    write_reject(run, RejectedVideo(job, Reject("annotate", job.video_id, error, "it is so", job.file.uri)))


def rejects(run: RunFolder) -> list[tuple[str, str]]:
    return [(reject.key, reject.error) for reject in tables.REJECTS.records(tables.REJECTS.read(run.path))]


def test_several_workers_share_a_video_which_is_done_with_its_last_batch(run, queue):
    assert [queue.take() for _ in range(3)] == BATCHES
    for job in (BATCHES[2], BATCHES[0]):
        keep(run, job)
        queue.release(job)
        assert queue.watch.n_videos == 0
    keep(run, BATCHES[1])
    commit(run, CROWD)
    queue.release(BATCHES[1])
    assert (queue.watch.n_videos, queue.watch.n_objects, queue.watch.frames()) == (1, 3, 30)
    assert not run.batches.exists()
    assert queue.take() == OTHER


def test_a_batch_that_is_there_is_over_though_its_worker_dies_and_the_last_one_has_to_make_the_video_whole(run, queue):
    for _ in range(3):
        keep(run, queue.take())
    queue.release(BATCHES[0], KILLED)
    queue.release(BATCHES[1])
    queue.release(BATCHES[2], KILLED)
    assert queue.take() == BATCHES[2]
    commit(run, CROWD)
    queue.release(BATCHES[2])
    assert (queue.take(), rejects(run)) == (OTHER, [])


def test_a_batch_that_kills_its_worker_twice_rejects_the_video_once_and_the_others_are_not_handed_out(run, queue):
    for _ in range(2):
        assert queue.take() == BATCHES[0]
        queue.release(BATCHES[0], KILLED)
    assert queue.take() == OTHER
    assert rejects(run) == [("a", "worker_died")]
    assert "died 2 times on this video (killed by SIGKILL)" in tables.REJECTS.read(run.path)["detail"][0].as_py()
    assert (queue.watch.n_videos, queue.watch.n_objects) == (1, 3)


def test_a_video_is_given_up_only_when_nobody_works_on_it_any_more(run, queue):
    first, second = queue.take(), queue.take()
    queue.release(first, KILLED)
    queue.release(queue.take(), KILLED)
    assert queue.take() == OTHER
    assert rejects(run) == []
    keep(run, second)
    queue.release(second)
    assert rejects(run) == [("a", "worker_died")]
    assert not run.batches.exists()


def test_a_video_that_another_worker_commits_is_not_given_up(run, queue):
    first, second, third = queue.take(), queue.take(), queue.take()
    keep(run, second)
    queue.release(second)
    queue.release(first, KILLED)
    queue.release(queue.take(), KILLED)
    commit(run, CROWD)
    queue.release(third)
    assert (rejects(run), queue.watch.n_videos, queue.take()) == ([], 1, OTHER)


def test_a_batch_that_is_rejected_rejects_its_video_and_the_others_are_not_handed_out(run, queue):
    first, second = queue.take(), queue.take()
    reject(run, first, "damaged")
    queue.release(first)
    queue.release(second, KILLED)
    assert queue.take() == OTHER
    assert rejects(run) == [("a", "damaged")]
    assert queue.watch.n_videos == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_several_batches_that_are_rejected_the_first_one_of_the_video_is_the_reason(run, queue, order):
    jobs = [queue.take(), queue.take()]
    for number in order:
        reject(run, jobs[number], f"reason_{number}")
        queue.release(jobs[number])
    assert queue.take() == OTHER
    assert rejects(run) == [("a", "reason_0")]
    assert is_finished(run, CROWD)


def test_a_batch_that_is_rejected_behind_a_commit_that_was_cut_off_rejects_the_video(run, queue):
    first, second = queue.take(), queue.take()
    tables.LOCALIZATIONS.write(run.table_file(tables.LOCALIZATIONS, unit_name("a", CROWD.unit)), [])
    queue.release(first, KILLED)
    reject(run, queue.take(), "unexpected")
    queue.release(second)
    queue.release(first)
    assert queue.take() == OTHER
    assert (rejects(run), is_finished(run, CROWD)) == ([("a", "unexpected")], True)


def test_what_a_worker_left_is_taken_away_only_when_nobody_else_may_be_writing(run, queue):
    first, second = queue.take(), queue.take()
    tables.LOCALIZATIONS.write(run.table_file(tables.LOCALIZATIONS, unit_name("a", CROWD.unit)), [])
    queue.release(first, KILLED)
    assert tables.LOCALIZATIONS.files(run.path)
    queue.release(second, KILLED)
    assert not tables.LOCALIZATIONS.files(run.path)


def test_a_video_that_is_committed_by_a_worker_which_then_dies_is_done(run, queue):
    for _ in range(3):
        queue.take()
    assert queue.take() == OTHER
    commit(run, OTHER)
    queue.release(OTHER, KILLED)
    assert (queue.has_next(), queue.watch.n_videos, rejects(run)) == (False, 1, [])


def test_a_job_that_gives_no_result_is_tried_once_more(run, queue):
    for _ in range(3):
        queue.take()
    for _ in range(2):
        assert queue.take() == OTHER
        queue.release(OTHER)
    assert rejects(run) == [("b", "worker_died")]
