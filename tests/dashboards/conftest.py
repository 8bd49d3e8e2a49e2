"""The little county, made once, and the pages looking at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dashboards.little_county import build


@pytest.fixture(scope="session")
def county_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three townships, eight villages and 31 parcels."""
    return build(tmp_path_factory.mktemp("little"))
