"""Inputs, run, pictures and dataset on gs://, at an emulator: the commands of a local run give the same bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from pipeline.commands.compact import compact
from pipeline.commands.export import ExportFormat, export
from pipeline.commands.merge import merge
from pipeline.commands.review.planning import planned
from pipeline.commands.review.push import copy_pictures
from pipeline.commands.review.session import ReviewSession
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.runs.storage import remote_path
from pipeline.terminal.console import UsageProblem
from tests.object_stores import BUCKET
from tests.pipeline.test_object_store import REPOSITORY, SUFFIXES, local, require_same
from verification_ui.page.media_paths import QUEUE
from verification_ui.queue.plan import Selection

RUN = f"gs://{BUCKET}/runs/first"


@pytest.fixture(scope="module")
def run(google, corpus, fast, tmp_path_factory) -> RunFolder:
    """The corpus annotated by worker processes, with everything on gs://."""
    place = tmp_path_factory.mktemp("place")
    for file in (*corpus.rglob("*.mp4"), corpus.parent / "clicks.json"):
        name = f"in/{file.relative_to(corpus.parent).as_posix()}"
        google.bucket(BUCKET).blob(name).upload_from_filename(str(file))
    (place / "settings.yaml").write_text(json.dumps({"review_media": {"place": f"gs://{BUCKET}/media"}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINTVOS_STATE", str(place / "state"))
        command = [
            "annotate", f"gs://{BUCKET}/in/corpus", "--localizations", f"gs://{BUCKET}/in/clicks.json", "--run", RUN,
            "--config", str(place / "settings.yaml"), "--workers", "2", *fast,
        ]  # fmt: skip
        answer = subprocess.run(
            [sys.executable, "-m", "pipeline", *command],
            capture_output=True, text=True, cwd=REPOSITORY, timeout=300, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr + answer.stdout
        yield RunFolder.parse(RUN)


def there(google, prefix: str) -> dict[str, bytes]:
    found = google.list_blobs(BUCKET, prefix=prefix)
    return {blob.name.removeprefix(prefix): blob.download_as_bytes() for blob in found if blob.name.endswith(SUFFIXES)}


def test_a_run_is_that_of_a_local_folder_and_its_locks_are_given_back(google, run, annotated):
    require_same(there(google, "runs/first/"), local(annotated))
    assert not [b.name for b in google.list_blobs(BUCKET, prefix="runs/first/.")]


def test_all_pictures_of_the_tasks_are_copied_to_the_bucket(google, run):
    session = ReviewSession(run)
    with planned(session, Selection("contact_sheet")) as push:
        assert push.n_tasks == 9
        assert not [reject for drawn in push.draw() for reject in drawn.rejects]
    copy_pictures(session)
    drawn = local(session.media / QUEUE)
    assert len(drawn) > 9
    assert there(google, f"media/{QUEUE}/") == drawn


def test_what_follows_is_the_same_too(google, run, annotated, truth_of_corpus, tmp_path):
    here = RunFolder(tmp_path / "run")
    shutil.copytree(annotated, here.path)
    for one, out in ((run, remote_path(f"gs://{BUCKET}/out")), (here, tmp_path / "out")):
        simulate(one, truth_of_corpus, 0.0, 0)
        merge(one, 0.0)
        export(one, ExportFormat.POINTVOS, out)
        compact(one)
    require_same(there(google, "runs/first/"), local(here.path))
    require_same(there(google, "out/"), local(tmp_path / "out"))


def test_a_run_in_use_is_refused(run, tmp_path, monkeypatch):
    with run.lock():
        monkeypatch.setenv("POINTVOS_STATE", str(tmp_path))
        with pytest.raises(UsageProblem, match=f"run folder {RUN} is in use by"):
            merge(run)
    with pytest.raises(UsageProblem, match="gs://no-such-bucket/run is not a run folder"):
        merge(RunFolder.parse("gs://no-such-bucket/run"))
