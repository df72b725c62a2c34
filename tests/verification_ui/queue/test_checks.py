"""The checks of a real server, with pictures in its folder, in a bucket, and on a web server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.verification_ui.bucket_server import file_server
from verification_ui.media.location import MediaPlace
from verification_ui.page.payloads import Payload
from verification_ui.queue.checks import Finding, ServerChecks
from verification_ui.queue.client import LabelStudioClient
from verification_ui.queue.storages import serve
from verification_ui.server.server import find_executable, started, template_file

pytestmark = pytest.mark.labelstudio


@pytest.fixture(scope="module")
def client(served_run: Any) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as made:
        yield made


@pytest.fixture
def local(served_run: Any, client: LabelStudioClient) -> ServerChecks:
    folder = served_run.run.path / "media/queue"
    probe = folder / "probe.txt"
    probe.write_bytes(b"pointvos")
    return ServerChecks(client, MediaPlace(), folder, probe)


@pytest.fixture(scope="module")
def trusting(served_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioClient]:
    """A server that may speak to buckets on this machine, which Label Studio refuses by default."""
    folder = tmp_path_factory.mktemp("trusting")
    real, command = find_executable(), folder / "bin/label-studio"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nSSRF_PROTECTION_ENABLED=false exec {real} "$@"\n')
    command.chmod(0o755)
    template_file(command).symlink_to(template_file(real))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("POINTVOS_LABEL_STUDIO", str(command))
        with (
            started(folder / "run/review", served_run.run.path / "media", port=0) as server,
            LabelStudioClient(server.url, server.credentials.token) as made,
        ):
            yield made


@pytest.fixture
def bucket(local: ServerChecks, trusting: LabelStudioClient, tmp_path: Path) -> Iterator[ServerChecks]:
    """The same picture in a bucket that gives it for signed addresses only."""
    copy = tmp_path / "bucket/some/prefix/queue/probe.txt"
    copy.parent.mkdir(parents=True)
    shutil.copyfile(local.probe, copy)
    keys = tmp_path / "credentials"
    keys.write_text("[default]\naws_access_key_id = AKIA\naws_secret_access_key = hidden\n")
    with file_server(tmp_path, is_bucket=True) as url:
        place = MediaPlace("s3://bucket/some/prefix", region="eu-west-1", endpoint=url, credentials_file=str(keys))
        yield replace(local, client=trusting, place=place)


def found(checks: ServerChecks) -> dict[str, Finding]:
    return {finding.name: finding for finding in checks.findings()}


def test_our_own_server_passes(local: ServerChecks) -> None:
    findings = found(local)
    assert {name: finding.works for name, finding in findings.items() if finding.is_needed} == {
        "server": True, "key": True, "pictures": True,
    }  # fmt: skip
    assert findings["server"].text.startswith("Label Studio 1.23.")
    assert findings["key"].text == "valid, belongs to reviewer@pointvos.local"
    assert findings["sign-up"] == Finding("sign-up", True, "sign-up is closed", is_needed=False)
    assert findings["predictions"] == Finding("predictions", True, "invalid ones are refused", is_needed=False)
    assert findings["pictures"].text == "loaded from local files"


def test_it_leaves_nothing_behind(local: ServerChecks, client: LabelStudioClient) -> None:
    found(local)
    assert [p for p in client.sdk.projects.list() if "doctor" in str(p.title)] == []


def test_a_wrong_key_fails_and_the_rest_is_still_tried(local: ServerChecks, served_run: Any) -> None:
    with LabelStudioClient(served_run.server.url, "f" * 40) as stranger:
        findings = found(replace(local, client=stranger))
    assert findings["key"] == Finding("key", False, "cannot log in: the server refused the API key (HTTP 401)")
    assert findings["server"].works
    assert findings["sign-up"].works
    assert not findings["pictures"].works


def test_pictures_of_another_folder_are_missed(local: ServerChecks, tmp_path: Path) -> None:
    elsewhere = tmp_path / "media/queue"
    elsewhere.mkdir(parents=True)
    (elsewhere / "probe.txt").write_bytes(b"other")
    finding = found(replace(local, folder=elsewhere, probe=elsewhere / "probe.txt"))["pictures"]
    assert not finding.works
    assert "cannot let the server show" in finding.text


def test_pictures_in_a_bucket_are_seen_by_signed_addresses(bucket: ServerChecks) -> None:
    assert found(bucket)["pictures"] == Finding("pictures", True, "loaded from s3://bucket/some/prefix")


def test_pictures_missing_in_the_bucket_are_missed(bucket: ServerChecks, tmp_path: Path) -> None:
    (tmp_path / "bucket/some/prefix/queue/probe.txt").unlink()
    finding = found(bucket)["pictures"]
    assert (finding.works, finding.is_needed) == (False, True)
    assert finding.text.startswith("the server cannot see s3://bucket/some/prefix (")


def test_a_bucket_that_is_not_there_is_named(bucket: ServerChecks) -> None:
    finding = found(replace(bucket, place=replace(bucket.place, place="s3://bucket/nothing/here")))["pictures"]
    assert not finding.works
    assert "check that pictures are there, the region, the endpoint and the credentials" in finding.text


def test_pictures_on_a_web_server_are_seen(local: ServerChecks, tmp_path: Path) -> None:
    shutil.copytree(local.folder, tmp_path / "site/queue")
    with file_server(tmp_path, is_bucket=False) as url:
        there, away = (replace(local, place=MediaPlace(f"{url}/{folder}")) for folder in ("site", "other"))
        assert found(there)["pictures"] == Finding("pictures", True, f"loaded from {url}/site")
        finding = found(away)["pictures"]
    assert finding.text.startswith(f"HTTP 404 from {url}/other instead of queue/probe.txt; copy ")


def test_a_task_s_pictures_come_from_the_bucket(bucket: ServerChecks) -> None:
    """As the annotator's browser gets them: the task names an address of the server, which leads to a signed one."""
    config = (
        '<View><HyperText name="q" value="$html"/><Choices name="c" toName="q"><Choice value="a"/></Choices></View>'
    )
    client = bucket.client
    queue = client.create_queue("pictures in a bucket", config, "")
    serve(queue, bucket.place, bucket.folder)
    serve(queue, bucket.place, bucket.folder)
    html = '<figure><img src="/data/local-files/?d=queue/probe.txt" alt="it\'s"/><figcaption>x</figcaption></figure>'
    queue.add([bucket.place.shown_here(Payload("k", {"data": {"task_key": "k", "html": html}}))])
    shown = str(client.sdk.tasks.get(str(queue.present(["k"])[0].task_id)).data["html"])
    address = shown.split('src="')[1].split('"', maxsplit=1)[0]
    reply = client.http.get(f"{client.url}{address.removeprefix(client.url)}")
    assert reply.content == b"pointvos"
    assert "Signature=" in str(reply.url)
    assert len(list(client.sdk.import_storage.s3.list(project=queue.project_id))) == 1
