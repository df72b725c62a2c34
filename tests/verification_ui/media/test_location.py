from __future__ import annotations

from pathlib import Path

import pytest

from verification_ui.media.location import MediaPlace
from verification_ui.page.payloads import Payload

BODY = {
    "data": {
        "task_key": "k",
        "image": "/data/local-files/?d=queue/ab/1-f.jpg",
        "question": "<style>.pv-tile { background-image: url('/data/local-files/?d=queue/ab/1-s.jpg'); }</style>",
        "points": [{"value": "c", "html": '<img src="/data/local-files/?d=queue/ab/2%2B.jpg"/>'}],
    },
    "predictions": [{"model_version": "pointvos", "result": []}],
}


def test_the_server_s_own_files_stay_as_they_are() -> None:
    payload = Payload("k", BODY)
    assert MediaPlace().shown_here(payload) is payload


@pytest.mark.parametrize(
    ("place", "base", "last"),
    [
        ("s3://bucket/some/prefix/", "s3://bucket/some/prefix", "2+.jpg"),
        ("gs://bucket", "gs://bucket", "2+.jpg"),
        ("https://host:8443/m", "https://host:8443/m", "2%2B.jpg"),
    ],
)
def test_every_local_address_becomes_one_of_the_place(place: str, base: str, last: str) -> None:
    data = MediaPlace(place).shown_here(Payload("k", BODY)).body["data"]
    assert data == {
        "task_key": "k",
        "image": f"{base}/queue/ab/1-f.jpg",
        "question": f"<style>.pv-tile {{ background-image: url('{base}/queue/ab/1-s.jpg'); }}</style>",
        "points": [{"value": "c", "html": f'<img src="{base}/queue/ab/{last}"/>'}],
    }


def test_a_bucket_and_its_prefix_are_told_apart() -> None:
    place = MediaPlace("s3://bucket/a/b/")
    assert (place.scheme, place.bucket, place.prefix) == ("s3", "bucket", "a/b")
    assert (MediaPlace("gs://bucket").bucket, MediaPlace("gs://bucket").prefix) == ("bucket", "")


@pytest.mark.parametrize("place", ["", "remote", "s3://", "ftp://host/x", "https://host/a?b", "s3://b/'", "s3://b/a=b"])
def test_a_place_that_no_server_could_show_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="unknown media location"):
        MediaPlace(place)


def test_credentials_are_read_from_their_file_and_never_named(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = AKIA\naws_secret_access_key = hidden\nregion = x\n")
    place = MediaPlace("s3://bucket", credentials_file=str(file))
    assert place.secrets() == {"aws_access_key_id": "AKIA", "aws_secret_access_key": "hidden"}
    assert MediaPlace("s3://bucket").secrets() == {}
    file.write_text("hidden")
    for scheme, kind in (("s3", "an AWS credentials file"), ("gs", "the JSON key of a service account")):
        with pytest.raises(ValueError, match=kind) as problem:
            MediaPlace(f"{scheme}://bucket", credentials_file=str(file)).secrets()
        assert "hidden" not in str(problem.value)
