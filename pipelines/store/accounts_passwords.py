"""Passwords: which ones will do, and their hashes, which are all that is kept of them."""

from __future__ import annotations

import secrets
from typing import Any

from geo.errors import Refused

MIN_PASSWORD = 10
MAX_PASSWORD = 200


def first_password() -> str:
    """A password made up for the first sign-in."""
    return secrets.token_urlsafe(12)


def checked(password: str, name: str) -> str:
    """The password itself; Refused when it is short, has the account's name in it, or repeats a few characters."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or name in password or len(set(password)) < 5:
        raise Refused("password_weak", characters=MIN_PASSWORD)
    return password


def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its salt."""
    return str(_hasher().hash(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether a kept hash is that of the password; False for an account that has none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if kept is None:
        return False
    try:
        return bool(_hasher().verify(kept, password))
    except (VerificationError, InvalidHashError):
        return False
