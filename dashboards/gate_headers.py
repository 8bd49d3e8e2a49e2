"""What every answer tells the browser: fetch from nowhere else, keep nothing for others, be in nobody's frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

FIXED: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    # `no-referrer` would also take the origin from our own forms, by which we know them. Nothing leaves so either.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}
LOCKED = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'self'"
)
"""For pages that need no script."""


def policy(host: str, extra: Iterable[str] = ()) -> str:
    """The content security policy of pages that Streamlit draws.

    Streamlit's own page and the map's frame run inline scripts and evaluate their templates, so both must be
    allowed; what they may fetch is this server's alone, and `extra`'s.
    """
    also = "".join(f" {source}" for source in extra)
    sockets = f" ws://{host} wss://{host}" if host else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{also}",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            f"connect-src 'self' data: blob:{sockets}{also}",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def with_headers(scope: Scope, send: Send, *, open_to_all: bool, extra: Iterable[str] = ()) -> Send:
    """`send` with these headers on each answer. What is not open to all is kept by nobody but its own reader.

    An answer that a browser may keep is bound to the cookie it was asked with, so that the next person at the
    same machine is not shown the last one's.
    """
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")

    async def _sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in FIXED.items():
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", policy(_plain(host), extra))
            if not open_to_all:
                kept = headers.get("cache-control", "private, no-store")
                private = kept if "private" in kept or "no-store" in kept else f"private, {kept}"
                headers["cache-control"] = private.replace("public, ", "").replace(", public", "")
                headers.add_vary_header("Cookie")
        await send(message)

    return _sending


def _plain(host: str) -> str:
    """A host as it may stand in a policy; nothing for one that would end it."""
    return host if all(letter.isalnum() or letter in ".:-[]" for letter in host) else ""
