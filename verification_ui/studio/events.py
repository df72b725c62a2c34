"""Events that the page receives without asking: server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_WAITING = 2000
_ALIVE_EVERY_S = 10.0
_END = ""


@dataclass(eq=False)
class _Listener:
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[str]

    def put(self, text: str) -> None:
        if self.queue.qsize() < _MOST_WAITING:
            self.queue.put_nowait(text)


@dataclass
class Events:
    """Passes what any thread tells on to every open page. A page that lags behind misses some, and asks again."""

    _listeners: list[_Listener] = field(default_factory=list)

    def tell(self, kind: str, content: Mapping[str, Any]) -> None:
        """Send one event; any thread may."""
        text = f"event: {kind}\ndata: {json.dumps(content)}\n\n"
        for listener in list(self._listeners):
            listener.loop.call_soon_threadsafe(listener.put, text)

    def close(self) -> None:
        """End all streams: the server waits for them before it ends."""
        for listener in list(self._listeners):
            listener.loop.call_soon_threadsafe(listener.queue.put_nowait, _END)

    async def stream(self) -> AsyncIterator[str]:
        """Events from now on, as ``text/event-stream``; ends with the page's connection."""
        listener = _Listener(asyncio.get_running_loop(), asyncio.Queue())
        self._listeners.append(listener)
        try:
            yield ": hello\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(listener.queue.get(), _ALIVE_EVERY_S)
                except TimeoutError:
                    text = ": alive\n\n"
                if text == _END:
                    return
                yield text
        finally:
            self._listeners.remove(listener)
