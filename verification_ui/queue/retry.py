"""Asking again after an unknown outcome, for requests that may be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from verification_ui.queue.review_queue import OutcomeUnknown

BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Pauses after an unknown outcome; when they are used up the command stops and can be repeated."""

Answer = TypeVar("Answer")


def with_retries(ask: Callable[[], Answer], pause: Callable[[float], None] = time.sleep) -> Answer:
    """The answer of ``ask``, which is asked again after every unknown outcome: it must look before it changes a thing.

    Raises:
        Refused: the server said no.
        OutcomeUnknown: it did not recover in time.
    """
    for wait_s in BACKOFF_S:
        try:
            return ask()
        except OutcomeUnknown:
            pause(wait_s)
    return ask()
