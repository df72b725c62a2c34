"""Bodies of requests: of limited length, and JSON."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from verification_ui.gate.refusals import Refusal

_MOST_BYTES = 8_000_000
_MOST_FORM_BYTES = 10_000


async def json_body(request: Request) -> Any:
    """The JSON of a request.

    Raises:
        Refusal: it is too long, or it is not JSON. Python alone takes NaN, infinite numbers and halves of surrogate
            pairs; the server would fail on them.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Refusal("changes are sent as application/json")
    content = await _limited(request, _MOST_BYTES)
    try:
        found = json.loads(content or b"{}")
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
        return found
    except (ValueError, RecursionError):
        raise Refusal("the request body is not JSON", 400) from None


async def json_or_form(request: Request) -> dict[str, Any]:
    """What a log-in sends; a form as Label Studio's own page sends it is read too, so that its attempts count.

    Raises:
        Refusal: it is too long, or it is not what it says.
    """
    if request.headers.get("content-type", "").startswith("application/json"):
        found = await json_body(request)
        return found if isinstance(found, dict) else {}
    return dict(parse_qsl((await _limited(request, _MOST_FORM_BYTES)).decode("utf-8", "replace")))


async def _limited(request: Request, most_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most_bytes:
            raise Refusal(f"the request is longer than {most_bytes:,} bytes", 413)
    return bytes(content)
