"""Who may ask what: this machine's own address only, a token for whatever changes or computes, no foreign pages."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

TOKEN_HEADER = "x-planner-token"
MOST_BYTES = 64 * 1024
"""Largest body of a question."""

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""Headers of every answer that does not set them itself."""

_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_READS = ("GET", "HEAD")

Headers = list[tuple[str, str]]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def refusal(method: str, headers: Headers, token: str) -> tuple[int, str] | None:
    """Say why a request is refused, as status and words; None: it may pass.

    A name that resolves to 127.0.0.1 is refused whatever it resolves to (DNS rebinding), and so is every request
    that changes or computes without the token, from another page, too large or of unknown length.
    """
    named = [value for name, value in headers if name == "host"]
    if len(named) != 1 or not _OWN_HOST.fullmatch(named[0]):
        return 421, "this server answers to 127.0.0.1 and localhost only"
    if method in _READS:
        return None
    sent = dict(headers)
    if sent.get("origin", f"http://{named[0]}") != f"http://{named[0]}":
        return 403, "requests of other pages are refused"
    if not hmac.compare_digest(sent.get(TOKEN_HEADER, "").encode(), token.encode()):
        return 403, "the token is missing or wrong; open the address that `planner serve` printed"
    length = sent.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return 411, "the length of the question must be stated"
    if int(length) > MOST_BYTES:
        return 413, f"a question of {length} bytes is too long; at most {MOST_BYTES} are read"
    if int(length) and sent.get("content-type", "").partition(";")[0].strip() != "application/json":
        return 415, "questions are JSON (content-type application/json)"
    return None


class Guard:
    """Wraps an application: refuses what `refusal` refuses, and sets `HEADERS`."""

    def __init__(self, app: App, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message.get("headers", ())}
                more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in own]
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        headers = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in scope["headers"]]
        refused = refusal(scope["method"], headers, self.token)
        if refused is None:
            await self.app(scope, receive, guarded)
            return
        status, words = refused
        body = json.dumps({"error": words}).encode()
        sent = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await guarded({"type": "http.response.start", "status": status, "headers": sent})
        await guarded({"type": "http.response.body", "body": body})
