"""Make and work on the next items while the last one is used."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_POLL_S = 0.1


class _End:
    """No more items; ``error`` is what ended them, if it was not their end."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def prefetched(items: Generator[Item, None, None], depth: int) -> Generator[Item, None, None]:
    """The same items in the same order, up to ``depth`` of them made ahead in a thread.

    What ``items`` raises is raised here, at its place in the order. Closing this generator stops the thread, and
    ``items`` is closed in the thread that ran it.

    Args:
        items: ``depth`` 0 runs it in the caller's thread.
        depth: 0 for none.
    """
    if depth == 0:
        yield from items
        return
    producer = _Producer(items, depth)
    try:
        yield from producer.received()
    finally:
        producer.stop()


def prefetched_results(
    items: Iterator[Item], work: Callable[[Item], Result], depth: int
) -> Generator[tuple[Item, Result], None, None]:
    """Every item with what ``work`` makes of it, in order; up to ``depth`` items are worked on at once, in threads.

    One more waits its turn, so that no thread is idle while the caller uses an item.

    What ``items`` or ``work`` raises is raised here, at its place in the order.

    Args:
        items: pulled by the caller's thread.
        work: called once an item; it must not depend on the order of the calls.
        depth: 0 works in the caller's thread.
    """
    if depth == 0:
        for item in items:
            yield item, work(item)
        return
    with ThreadPoolExecutor(depth, thread_name_prefix="prefetch") as pool:
        pending: deque[tuple[Item, Future[Result]]] = deque()
        failed: list[Exception] = []
        try:
            for item in until_error(items, failed):
                pending.append((item, pool.submit(work, item)))
                if len(pending) > depth:
                    yield _done(pending)
            while pending:
                yield _done(pending)
        finally:
            for _, future in pending:
                future.cancel()
    if failed:
        raise failed[0]


def until_error(items: Iterator[Item], failed: list[Exception]) -> Iterator[Item]:
    """The items before an error; the error goes into ``failed``."""
    try:
        yield from items
    except Exception as raised:
        failed.append(raised)


def _done(pending: deque[tuple[Item, Future[Result]]]) -> tuple[Item, Result]:
    item, future = pending.popleft()
    return item, future.result()


class _Producer(Generic[Item]):
    def __init__(self, items: Generator[Item, None, None], depth: int) -> None:
        self._items = items
        self._queue: queue.Queue[Item | _End] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._produce, name="prefetch", daemon=True)
        self._thread.start()

    def received(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _produce(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._sent(item):
                    break
        except BaseException as raised:
            error = raised
        finally:
            self._items.close()
        self._sent(_End(error))

    def _sent(self, item: Item | _End) -> bool:
        """Wait for room in the queue; False when the consumer has left."""
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False
