"""Questions of one video into the review queue as soon as it is committed: what the graph of ``annotate`` ends with."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.runs.review_server import ReviewServer
from pipeline.runs.video_review import media_folder, review_of_video
from schemas import tables
from schemas.ranges import VideoKey
from schemas.remote_paths import AnyPath
from verification_ui.media.location import MediaPlace
from verification_ui.page.tasks import build_tasks, queue_order
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.plan import Selection
from verification_ui.queue.push import push
from verification_ui.queue.review_queue import Refused
from verification_ui.server.credentials import read_api_key

DESIGN = "contact_sheet"
"""What ``annotate`` asks."""


def project_title(run: RunFolder, design: str) -> str:
    """Name of the run's project for one design."""
    return f"pointvos {run.metadata()['pointvos.run_id']} {design}"


def tasks_of_video(run: RunFolder, key: VideoKey) -> AnyPath:
    """Our ledger of the tasks of one video, until the next ``review push`` puts them into that of the whole run."""
    return run.table_file(tables.TASKS, f"{DESIGN}.{unit_name(key.video_id, key.unit)}")


def queue_video(run: RunFolder, server: ReviewServer, key: VideoKey) -> int:
    """Draw what a video's tasks show and queue them; how many are new. May be repeated: no task comes twice.

    Raises:
        QueueProblem: the server did not take them.
    """
    review = review_of_video(run, media_folder(run), key)
    tasks = sorted(build_tasks(review.asked(Selection(DESIGN)), DESIGN), key=queue_order)
    rejected = {reject.key for reject in review.maker.make(tasks)}
    shown = [task for task in tasks if task.task_key not in rejected]
    review.cut_clips(shown)
    place = TypeAdapter(MediaPlace).validate_python(run.config().get("review_media") or {})
    tables.TASKS.write(tasks_of_video(run, key), shown, run.metadata())  # before the server hears of them
    queue = _queue(server, project_title(run, DESIGN))
    return push(queue, map(place.shown_here, map(review.payload, shown))).n_added


@lru_cache(1)
def _queue(server: ReviewServer, title: str) -> LabelStudioQueue:
    """The project, which the command has made; the connection stays as long as the process."""
    client = LabelStudioClient(server.url, read_api_key(Path(server.api_key_file)))
    found = client.find_queue(title)
    if found is None:
        raise Refused(f"project {title!r} is not on {server.url}")
    return found
