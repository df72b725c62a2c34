"""Locks in an object store, as two machines see them."""

import time
from io import BytesIO

import pytest

from pipeline.runs import object_locks
from pipeline.runs.object_locks import LEASE_S, LockHeldError, ObjectLock, held
from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import RemotePath
from tests.object_stores import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def lock_of(store):
    """The same lock as a machine of this name wants it."""

    def make(holder: str) -> ObjectLock:
        return ObjectLock(RemotePath("s3://bucket/run/.locks/run", store), holder)

    return make


def test_a_lock_is_held_by_one_machine_until_it_is_given_back(store, lock_of):
    with held(lock_of("a"), "run s3://bucket/run"):
        with (
            pytest.raises(UsageProblem, match=r"run s3://bucket/run is in use by .* \(process \d+ on .*\); wait"),
            held(lock_of("b"), "run s3://bucket/run"),
        ):
            pass
        lock_of("a").renew()
    with held(lock_of("b"), "run s3://bucket/run"):
        pass
    assert store.objects == {}


def test_of_two_that_want_it_at_the_same_moment_both_give_way(store, lock_of):
    store.put("s3://bucket/run/.locks/run/b.wants", BytesIO(b'{"who": "process 2 on there"}'))
    with pytest.raises(LockHeldError, match="process 2 on there"):
        lock_of("a").acquire()
    assert list(store.objects) == ["s3://bucket/run/.locks/run/b.wants"]


def test_whoever_tries_in_vain_does_not_take_the_lock_from_its_owner(store, lock_of):
    lock_of("a").acquire()
    store.put("s3://bucket/run/.locks/run/b.wants", BytesIO(b"{}"))
    lock_of("a").renew()


def test_a_lock_that_was_not_renewed_is_taken_by_the_clock_of_the_store(store, lock_of):
    lock_of("a").acquire()
    store.now_s += LEASE_S - 1
    with pytest.raises(LockHeldError):
        lock_of("b").acquire()
    store.now_s += 2
    lock_of("b").acquire()
    with pytest.raises(LockHeldError):
        lock_of("a").renew()


def test_a_command_whose_lock_was_taken_is_ended(store, lock_of, monkeypatch, capsys):
    monkeypatch.setattr(object_locks, "_RENEWED_EVERY_S", 0.05)
    taken = f"{lock_of('b').folder}/b.owns"

    def lose_it() -> None:
        with held(lock_of("a"), "run s3://bucket/run"):
            store.put(taken, BytesIO(b'{"who": "process 2 on there"}'))
            time.sleep(20)

    with pytest.raises(KeyboardInterrupt):
        lose_it()
    assert "run s3://bucket/run was taken over by process 2 on there" in capsys.readouterr().err
    assert list(store.objects) == [taken]


def test_an_owner_that_is_alive_keeps_the_lock(store, lock_of):
    lock_of("a").acquire()
    for _ in range(4):
        store.now_s += LEASE_S / 2
        lock_of("a").renew()
        with pytest.raises(LockHeldError):
            lock_of("b").acquire()


def test_a_command_that_was_killed_here_keeps_nobody_out_here(lock_of):
    lock_of("a").acquire()
    lock_of("a").acquire()
