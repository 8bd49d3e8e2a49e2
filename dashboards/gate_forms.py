"""That what is sent to be done was sent from a page of this server."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers

TOKEN_HEADER = "x-xiangtu-token"
"""Under which name a page's own request carries the token of `form_token`."""
_OF_THIS_PROCESS = secrets.token_hex(32)


def comes_from_here(headers: Headers) -> bool:
    """Whether a browser says that the page it acts for is this server's; whoever is no browser says nothing."""
    origin = headers.get("origin")
    if origin is not None:
        return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc == headers.get("host")
    return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


def form_token(session: str | None) -> str:
    """What a page sends along with what is to be done, bound to the session of its cookie and of no other use.

    session: None where a workspace has no accounts, and so no sessions.
    """
    key = (session or _OF_THIS_PROCESS).encode("utf-8", "replace")
    return hmac.new(key, b"xiangtu form", "sha256").hexdigest()


def same_token(given: str | None, expected: str) -> bool:
    """Whether a token is the one expected, told in the same time whatever is given."""
    return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
