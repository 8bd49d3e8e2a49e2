"""Which townships and villages one thing takes in: a planning zone spans several of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.joins import area_shares
from geo.measure import area_mm2
from pipelines.covers import Cover

if TYPE_CHECKING:
    import shapely

    from pipelines.workspace import Workspace

SLIVER_PERCENT, WHOLE_PERCENT = 1.0, 99.0
"""What takes less than the one of an area and of the thing is a hairline; the other of an area is all of it."""


def footprint(workspace: Workspace, shape: shapely.Geometry) -> pd.DataFrame:
    """The villages that a polygon (EPSG:4490) takes in, the township with most of it first.

    Columns: township, township_name (the unit above, or the unit itself where it is no village), code, name, mm2
    (of the polygon in it), whole (at least 99 % of it is taken in); the villages of a township in order of code.
    Hairlines, under 1 % of the village and of the polygon, are left out. Empty without areas.
    """
    areas, leaves = workspace.areas(), Cover(workspace).leaves
    shares = area_shares(np.array([shape], dtype=object), leaves)
    shares = shares[(shares["area"] >= 0) & (shares["mm2"] > 0)]
    units = areas.iloc[shares["area"].to_numpy(np.intp)]
    mm2 = shares["mm2"].to_numpy(np.int64)
    own = pd.Series(area_mm2(leaves.shapes), index=leaves.position).groupby(level=0).sum()
    part = 100.0 * mm2 / own.reindex(shares["area"]).to_numpy(float)
    village = units["level"].to_numpy(object) == "village"
    names = dict(zip(areas["code"], areas["name"], strict=True))
    township = np.where(village, units["parent"].to_numpy(object), units["code"].to_numpy(object))
    made = pd.DataFrame(
        {
            "township": township,
            "township_name": [str(names.get(code, code)) for code in township],
            "code": units["code"].to_numpy(object),
            "name": units["name"].to_numpy(object),
            "mm2": mm2,
            "whole": part >= WHOLE_PERCENT,
        }
    )
    made = made[(part >= SLIVER_PERCENT) | (100.0 * mm2 / max(mm2.sum(), 1) >= SLIVER_PERCENT)]
    most = made.groupby("township")["mm2"].transform("sum")
    order = made.assign(most=most).sort_values(["most", "township", "code"], ascending=[False, True, True])
    return order.drop(columns="most").reset_index(drop=True)
