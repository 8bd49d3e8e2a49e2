"""The three control lines 三区三线: farmland in the valleys, red lines on the heights, town boundaries."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data_samples.areas import COUNTY_CODE, Areas
from data_samples.blocks import Blocks, Bools, draw
from data_samples.fields import M2_PER_MU
from data_samples.terrain import CRS


def permanent_farmland(blocks: Blocks, seed: int, *, share: float = 1.0) -> gpd.GeoDataFrame:
    """Good valley blocks, each shrunk by a few metres. share: how many of them to give (a small sample)."""
    which = np.arange(len(blocks.rank))
    good = (blocks.rank < 0.45) & ~blocks.urban & (draw(seed, 20, which) < 0.82 * share)
    outlines = shapely.buffer(blocks.outline[good], -4, join_style="mitre")
    return _frame("JBNT", "永久基本农田", shapely.set_precision(outlines, 0.01))


def ecological_redline(blocks: Blocks, seed: int) -> gpd.GeoDataFrame:
    """The remotest heights, joined into large areas with winding edges and holes; islands under 30 ha left out."""
    high = (blocks.rank > 0.74) & (blocks.town_m > 1_800) & (blocks.neglect > 0.3) & ~blocks.urban
    return _joined("HX", "生态保护红线", blocks, high, 300_000)


def urban_boundary(blocks: Blocks, areas: Areas) -> gpd.GeoDataFrame:
    """The county town and the market towns, each one area named after its township."""
    joined = _joined("CZ", "城镇开发边界", blocks, blocks.urban, 0)
    near = gpd.sjoin_nearest(joined, areas.towns[["code", "geometry"]]).groupby(level=0).first()
    name_of = areas.townships.set_index("code")["name"]
    joined["plan_name"] = [f"{name_of[code]}城镇开发边界" for code in near["code"]]
    return joined


def _joined(prefix: str, kind: str, blocks: Blocks, which: Bools, least_m2: float) -> gpd.GeoDataFrame:
    parts = shapely.get_parts(shapely.coverage_union_all(blocks.outline[which]))
    parts = shapely.set_precision(parts[shapely.area(parts) > least_m2], 0.01)
    return _frame(prefix, kind, parts)


def _frame(prefix: str, kind: str, outlines: shapely.Geometry) -> gpd.GeoDataFrame:
    """The fields of the three layers for outlines in EPSG:4544."""
    numbers = pd.Series(range(1, len(outlines) + 1)).map("{:05d}".format)
    frame = {
        "plan_id": COUNTY_CODE + prefix + numbers,
        "plan_name": kind + numbers,
        "kind": kind,
        "reported_mu": np.round(shapely.area(outlines) / M2_PER_MU, 2),
    }
    return gpd.GeoDataFrame(frame, geometry=outlines, crs=CRS)
