"""JSON of other people, which may be nested as deeply as they like."""

from __future__ import annotations

import json
from typing import Any


def parse_json(content: str | bytes) -> Any:
    """The values of a JSON document; of bytes, UTF-8, UTF-16 or UTF-32, with a byte order mark or without one.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.

    >>> parse_json('{"a": [1]}')
    {'a': [1]}
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
