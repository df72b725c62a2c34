"""Push through a proxy that drops, refuses, cuts and delays, to a real server: no task twice, none missing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.verification_ui.fault_proxy import FAULTS, fault_proxy
from verification_ui.page.payloads import Payload
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.push import push
from verification_ui.queue.retry import with_retries
from verification_ui.queue.review_queue import OutcomeUnknown
from verification_ui.server.server import started

pytestmark = pytest.mark.labelstudio

TIMEOUT_S, LATE_S, PAUSE_S = 1.5, 2.0, 0.7
LAST_LOOK_S = 6.0
"""Much less than a user waits: the proxy holds requests back for less than a second past the client's timeout."""
CONFIG = (
    '<View><Text name="key" value="$task_key"/><Choices name="c" toName="key"><Choice value="a"/></Choices></View>',
    "No guidelines.",
)


def payloads(n: int) -> list[Payload]:
    return [Payload(f"key{i:03}", {"data": {"task_key": f"key{i:03}"}}) for i in range(n)]


def until_done(client: LabelStudioClient, title: str, given: list[Payload]) -> LabelStudioQueue:
    """What a person does: repeats the command until it says that it is done."""

    def pause(seconds: float) -> None:
        time.sleep(seconds if seconds == LAST_LOOK_S else PAUSE_S)

    for attempt in range(20):
        try:
            queue = with_retries(lambda: client.open_queue(title, *CONFIG), pause)
            push(queue, given, pause=pause, batch_size=10, late_s=LAST_LOOK_S, was_cut_off=attempt > 0)
            return queue
        except OutcomeUnknown:
            continue
    raise AssertionError("20 pushes did not get through")


def keys(n: int) -> list[str]:
    return [payload.task_key for payload in payloads(n)]


@pytest.fixture(scope="module")
def direct(served_run: Any) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as client:
        yield client


def through_faults(served_run: Any, seed: int) -> Counter[str]:
    """One run: 30 tasks, then 20 more are asked for; the result is read past the proxy. What the requests met."""
    server, title = served_run.server, f"faults {seed} {time.time()}"
    with (
        fault_proxy(server.url, seed, late_s=LATE_S) as proxy,
        LabelStudioClient(proxy.url, server.credentials.token, timeout_s=TIMEOUT_S) as client,
    ):
        until_done(client, title, payloads(30))
        until_done(client, title, payloads(50))
        proxy.drain()
    with LabelStudioClient(server.url, server.credentials.token) as direct:
        direct.open_queue(title, *CONFIG)
        assert_all_once(direct, title, 50)
    return proxy.met


def assert_all_once(direct: LabelStudioClient, title: str, n: int) -> None:
    projects = [p.id for p in direct.sdk.projects.list(title=title) if p.title == title]
    queue = direct.find_queue(title)
    assert queue is not None
    assert sorted(t.task_key for t in queue.present(keys(n))) == keys(n)
    assert projects == [queue.project_id]


def runs(served_run: Any, n: int) -> Counter[str]:
    """Runs beside each other: most of the time of each is waiting."""
    with ThreadPoolExecutor(5) as pool:
        return sum(pool.map(lambda seed: through_faults(served_run, seed), range(n)), Counter())


def test_no_task_twice_and_none_missing(served_run: Any) -> None:
    assert set(FAULTS) <= set(runs(served_run, 5))


@pytest.mark.slow
def test_no_task_twice_and_none_missing_in_50_runs(served_run: Any) -> None:
    met = runs(served_run, 50)
    print(dict(met))
    assert min(met[fault] for fault in FAULTS) > 50


def test_two_pushes_at_the_same_time_make_one_queue(served_run: Any, direct: LabelStudioClient) -> None:
    title = f"two {time.time()}"

    def one(_: int) -> None:
        with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as client:
            until_done(client, title, payloads(60))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(2)))
    assert_all_once(direct, title, 60)


class Repeated(LabelStudioClient):
    """A server whose database is locked now and then: it begins the request again and leaves what it had made."""

    def create_queue(self, title: str, label_config: str, guidelines: str) -> LabelStudioQueue:
        for _ in range(2):
            super().create_queue(title, label_config, guidelines)
        return super().create_queue(title, label_config, guidelines)


@pytest.mark.parametrize("n_commands", [1, 2])
def test_projects_that_the_server_made_in_vain_are_removed(
    served_run: Any, direct: LabelStudioClient, n_commands: int
) -> None:
    title = f"repeated {time.time()}"

    def one(_: int) -> int:
        with Repeated(served_run.server.url, served_run.server.credentials.token) as client:
            return client.open_queue(title, *CONFIG).project_id

    with ThreadPoolExecutor(n_commands) as pool:
        opened = set(pool.map(one, range(n_commands)))
    assert opened == {p.id for p in direct.sdk.projects.list(title=title)}
    assert len(opened) == 1


def test_a_push_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    folder, media = tmp_path / "review", tmp_path / "media"
    title = "restart"
    with ExitStack() as first:
        server = first.enter_context(started(folder, media, port=0))
        with (
            fault_proxy(server.url, rate=0.0) as proxy,
            LabelStudioClient(proxy.url, server.credentials.token, timeout_s=60.0) as client,
            ThreadPoolExecutor(1) as pool,
        ):
            pushing = pool.submit(until_done, client, title, payloads(200))
            while proxy.met["fine"] < 8:
                time.sleep(0.01)
            first.close()
            is_half_done = not pushing.done()
            with started(folder, media, port=0) as again:
                proxy.upstream = again.url
                pushing.result(120)
                with LabelStudioClient(again.url, again.credentials.token) as direct:
                    assert_all_once(direct, title, 200)
    assert is_half_done


def test_a_pull_asks_again_for_the_pages_that_it_did_not_get(served_run: Any, direct: LabelStudioClient) -> None:
    queue = direct.open_queue(f"pull {time.time()}", *CONFIG)
    said = {"result": [], "lead_time": 3.0}
    queue.add([Payload(p.task_key, {**p.body, "annotations": [said]}) for p in payloads(250)])
    with (
        fault_proxy(served_run.server.url, seed=3, rate=0.4, faults=FAULTS[:4]) as proxy,
        LabelStudioClient(proxy.url, served_run.server.credentials.token) as client,
    ):
        found = with_retries(lambda: client.find_queue(queue_title(direct, queue)))
        assert found is not None
        assert [task.task_key for task in found.answered(None)] == keys(250)
    assert proxy.met.total() > proxy.met["fine"]


def queue_title(client: LabelStudioClient, queue: LabelStudioQueue) -> str:
    return str(client.sdk.projects.get(queue.project_id).title)
