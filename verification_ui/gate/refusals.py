"""How the gate says no: one exception with a status and a plain reason."""

from __future__ import annotations


class Refusal(Exception):
    """The gate does not do what it was asked; ``str()`` is the reason that is sent back.

    Attributes:
        status: of the reply.
        retry_after_s: when to come back, for 429.
    """

    def __init__(self, reason: str, status: int = 403, retry_after_s: float = 0.0) -> None:
        """Refuse with a reason."""
        super().__init__(reason)
        self.status, self.retry_after_s = status, retry_after_s
