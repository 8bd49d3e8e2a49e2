"""GeoParquet written in batches: whole files or none, readable by others, typed as the layer says."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.layers import builtin_layers
from pipelines.store.geoparquet import layer_writer, read_columns, schema_of

LAYER = builtin_layers()["inspection_point"]


def batch(start: int, count: int) -> pd.DataFrame:
    ids = [f"P{n}" for n in range(start, start + count)]
    return pd.DataFrame(
        {
            "id": ids,
            "point_id": ids,
            "reported_on": pd.Series(pd.to_datetime(["2024-05-06"] * count)).dt.as_unit("s"),
            "geometry": shapely.points(np.linspace(105, 105.1, count), 30.5),
            "source:经办": ["甲"] * count,
        }
    )


def test_other_programs_read_what_was_written_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    with layer_writer(path, schema_of(LAYER, ["经办"])) as writer:
        writer.write(batch(0, 3))
        writer.write(batch(3, 2))
    frame = gpd.read_parquet(path)
    assert frame.crs == "EPSG:4490"
    assert list(frame["id"]) == ["P0", "P1", "P2", "P3", "P4"]
    assert frame.total_bounds.tolist() == [105.0, 30.5, 105.1, 30.5]
    assert frame["reported_on"].tolist() == [pd.Timestamp("2024-05-06")] * 5
    assert frame["source:经办"].tolist() == ["甲"] * 5


def test_nothing_is_left_when_writing_fails_half_way(tmp_path: Path) -> None:
    def fail() -> None:
        with layer_writer(tmp_path / "data.parquet", schema_of(LAYER)) as writer:
            writer.write(batch(0, 3))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_columns_asked_for_but_not_stored_come_back_blank(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    with layer_writer(path, schema_of(LAYER)) as writer:
        writer.write(batch(0, 2))
    frame = read_columns(path, ["id", "not_there"])
    assert list(frame.columns) == ["id", "not_there"]
    assert frame["not_there"].isna().all()
