"""What a long command says while it runs, where nobody draws a bar."""

from __future__ import annotations

import io

import pytest

from pipelines import console
from pipelines.console import Console


@pytest.mark.parametrize(("lang", "said"), [("zh", "  影像 12/24\n"), ("en", "  scenes 12/24\n")])
def test_a_log_gets_a_plain_line_of_progress_now_and_then(
    monkeypatch: pytest.MonkeyPatch, lang: str, said: str
) -> None:
    now = iter([0.0, 1.0, console.LINE_SECONDS, console.LINE_SECONDS, console.LINE_SECONDS + 1])
    monkeypatch.setattr("pipelines.console.time.monotonic", lambda: next(now))
    out, err = io.StringIO(), io.StringIO()
    with Console(lang, out=out, err=err).progress() as tick:
        for done in (1, 12, 13):
            tick("影像 / scenes", done, 24)
    assert err.getvalue() == said
    assert out.getvalue() == ""
