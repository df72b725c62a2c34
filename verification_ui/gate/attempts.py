"""How often somebody may try to log in: a few attempts at once, then ever longer pauses, for an account and overall."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

_OVERALL = ""
_MOST_NAMES = 1000


@dataclass(slots=True)
class _Failures:
    n: int = 0
    last_at: float = 0.0


@dataclass
class Attempts:
    """Failed attempts of the last hour.

    Attributes:
        free: failures of one account before it has to wait.
        free_overall: failures of all together before everybody has to wait.
        longest_s: the longest pause.
        forget_s: failures older than this do not count.
        clock: monotonic seconds.
    """

    free: int = 5
    free_overall: int = 50
    longest_s: float = 300.0
    forget_s: float = 3600.0
    clock: Callable[[], float] = time.monotonic
    _failures: OrderedDict[str, _Failures] = field(default_factory=OrderedDict)

    def wait_s(self, email: str) -> float:
        """Seconds until the next attempt is allowed; 0 when it is allowed now."""
        return max(self._wait_s(email, self.free), self._wait_s(_OVERALL, self.free_overall))

    def failed(self, email: str) -> None:
        """An attempt failed."""
        for name in {email, _OVERALL}:
            found = self._failures.pop(name, None)
            if found is None or self.clock() - found.last_at > self.forget_s:
                found = _Failures()
            found.n, found.last_at = found.n + 1, self.clock()
            self._failures[name] = found
        while len(self._failures) > _MOST_NAMES:
            self._failures.pop(next(name for name in self._failures if name != _OVERALL))

    def succeeded(self, email: str) -> None:
        """An attempt succeeded: the count of the account is reset, the overall count stays."""
        if email != _OVERALL:
            self._failures.pop(email, None)

    def _wait_s(self, name: str, free: int) -> float:
        found = self._failures.get(name)
        if found is None or found.n < free or self.clock() - found.last_at > self.forget_s:
            return 0.0
        pause = min(self.longest_s, 2.0 ** min(found.n - free, 30))
        return max(0.0, found.last_at + pause - self.clock())
