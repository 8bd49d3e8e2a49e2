"""Errors that a person can act on: each carries a code and parameters, and is put into words from the catalog."""

from __future__ import annotations

from typing import Any

from geo.issues import wording


class XiangtuError(Exception):
    """Something the user asked for cannot be done.

    `code` is a key of `geo/catalog/issues.toml`; `params` fill its sentence. The text is made when it is
    shown, in the reader's language, so nothing below the edge of the program decides on a language.
    """

    exit_code = 2

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)

    def words(self, lang: str = "zh") -> str:
        """The one sentence for the user: what, where, and what to do next."""
        return wording(self.code, self.params, lang)

    def __str__(self) -> str:
        return self.words("en")


class Refused(XiangtuError):
    """A file or a table that cannot be taken in at all; nothing was stored."""


class Forbidden(XiangtuError):
    """An act that the actor's rights or the lifecycle do not allow; nothing was changed."""


class Conflict(XiangtuError):
    """Somebody else changed the same thing meanwhile; nothing was changed."""
