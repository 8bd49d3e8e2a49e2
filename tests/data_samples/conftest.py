"""The invented county, made once for all tests of this folder."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from data_samples.county import County, make_county


@pytest.fixture(scope="session")
def county() -> County:
    return make_county(parcels=30_000, seed=7)


@pytest.fixture(scope="session")
def contract_parcels(county: County) -> gpd.GeoDataFrame:
    chunks = list(county.contract_parcels())
    return gpd.GeoDataFrame(pd.concat(chunks, ignore_index=True), crs=chunks[0].crs)
