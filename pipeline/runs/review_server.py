"""Which Label Studio server ``annotate`` queues questions on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReviewServer:
    """A Label Studio server; none without an address.

    Attributes:
        url: its address.
        api_key_file: file with the access token, the same path on every worker; the token itself never travels.
    """

    url: str = ""
    api_key_file: str = ""

    def __post_init__(self) -> None:
        if bool(self.url) != bool(self.api_key_file):
            raise ValueError("--review-url and --review-key-file go together: give both, or neither")
