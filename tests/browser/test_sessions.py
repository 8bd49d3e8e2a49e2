"""Readers at once, over Streamlit's own websocket: the measurement of `tests.bench.sessions`, kept short."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.bench.serving import serving
from tests.bench.sessions import middle_of, soak

pytestmark = pytest.mark.browser


def test_two_readers_click_for_ten_seconds_without_an_error(county_folder: Path) -> None:
    # In a thread of its own: the browser tests before may have left this one with a running loop.
    with serving(county_folder) as (server, process), ThreadPoolExecutor(1) as apart:
        middle = middle_of(county_folder)
        found = apart.submit(soak, server, process, sessions=2, seconds=10, middle=middle).result()
    assert found["first_errors"] == []
    assert found["clicks"] >= 2
    assert found["memory_mb"]["after"] > 0
