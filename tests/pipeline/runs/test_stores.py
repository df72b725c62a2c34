"""What every store does, by Beam's file system and by the clients of S3 and Google that are kept."""

from __future__ import annotations

import errno
import pickle
from io import BytesIO

import pytest

from pipeline.runs import stores
from pipeline.runs.stores import BeamStore, GoogleStore, S3Store, find
from tests.object_stores import BUCKET


@pytest.fixture(params=[BeamStore, S3Store, GoogleStore])
def store(request) -> BeamStore:
    request.getfixturevalue("google" if request.param is GoogleStore else "s3")
    return pickle.loads(pickle.dumps(request.param()))  # as it travels to a worker


@pytest.fixture
def folder(store) -> str:
    return f"{scheme(store)}://{BUCKET}/stores/{type(store).__name__}"


def scheme(store: BeamStore) -> str:
    return "gs" if isinstance(store, GoogleStore) else "s3"


def test_what_was_put_is_read_found_and_removed(store, folder):
    content = bytes(range(256)) * 3000
    for name in ("b", "a", "deep/c"):
        store.put(f"{folder}/{name}", BytesIO(content + name.encode()))
    assert store.read(f"{folder}/a") == content + b"a"
    assert [one.address.removeprefix(folder) for one in store.below(f"{folder}/")] == ["/a", "/b", "/deep/c"]
    assert [one.st_size for one in store.below(f"{folder}/deep")] == [len(content) + 6]
    assert [one.address for one in find(f"{folder}/*")] == [f"{folder}/a", f"{folder}/b"]
    with store.open(f"{folder}/b") as file:
        assert file.seek(-2, 2) == len(content) - 1
        assert file.read() == content[-1:] + b"b"
    copy = BytesIO()
    store.copy(f"{folder}/b", copy)
    assert copy.getvalue() == content + b"b"
    store.put(f"{folder}/a", BytesIO(b"new"))
    assert store.read(f"{folder}/a") == b"new"
    store.delete([f"{folder}/a", f"{folder}/b", f"{folder}/never/there"])
    assert (store.exists(f"{folder}/a"), store.exists(f"{folder}/deep/c")) == (False, True)


def test_what_goes_wrong_is_an_os_error_with_the_address(store, folder):
    for act in (store.read, store.open):
        with pytest.raises(FileNotFoundError) as problem:
            act(f"{folder}/none")
        assert (problem.value.errno, f"{folder}/none" in str(problem.value)) == (errno.ENOENT, True)
    with pytest.raises(OSError, match=f"{scheme(store)}://no-such-bucket/x"):
        store.put(f"{scheme(store)}://no-such-bucket/x", BytesIO(b"1"))


def test_more_threads_than_ever_read_at_once_have_a_connection_each_to_s3(s3):
    assert stores._s3_client().meta.config.max_pool_connections == 32
