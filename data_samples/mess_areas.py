"""What goes wrong with borders: overlaps, gaps, parts, codes, and things that are no units at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import pandas as pd
import shapely

from data_samples import maps
from data_samples.delivery import LAST_DAY
from data_samples.mess import Make, Mess, sample

Frame: TypeAlias = gpd.GeoDataFrame


def _borders(level: str, change: Callable[[Frame], Frame]) -> Make:
    """The township or village layer of the sample after `change`, as GeoPackage; columns code, name, geometry."""

    def _make(folder: Path) -> Path:
        areas = sample().areas
        frame = (areas.townships if level == "township" else areas.villages)[["code", "name", "geometry"]].copy()
        named = change(frame).rename(columns={"code": "XZQDM", "name": "XZQMC"})
        return maps.write_geopackage(folder / "界线.gpkg", named.to_crs(maps.STORED), LAST_DAY, "界线")

    return _make


def _reshaped(frame: Frame, row: int, shape: shapely.Geometry) -> Frame:
    shapes = frame.geometry.to_numpy().copy()
    shapes[row] = shape
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _wider(frame: Frame) -> Frame:
    return _reshaped(frame, 1, frame.geometry.iloc[1].buffer(120))


def _hole(frame: Frame) -> Frame:
    inner = frame.geometry.distance(frame.union_all().exterior)
    row = int(inner.argmax())
    shape = frame.geometry.iloc[row]
    return _reshaped(frame, row, shape.difference(shape.representative_point().buffer(300)))


def _zone_among_townships(frame: Frame) -> Frame:
    park = shapely.box(*frame.geometry.iloc[0].representative_point().buffer(700).bounds)
    extra = {"code": ["519721400"], "name": ["砚澜经济开发区"], "geometry": [park]}
    return pd.concat([frame, gpd.GeoDataFrame(extra, crs=frame.crs)], ignore_index=True)


def _in_two_parts(frame: Frame) -> Frame:
    west, south, east, north = frame.geometry.iloc[1].bounds
    middle = (west + east) / 2
    half = shapely.box(west - 1, south - 1, middle, north + 1)
    other = frame.iloc[[1]].set_geometry(frame.geometry.iloc[[1]].difference(half))
    first = _reshaped(frame, 1, frame.geometry.iloc[1].intersection(half))
    return pd.concat([first, other], ignore_index=True)


def _one_code_for_two(frame: Frame) -> Frame:
    frame.loc[2, "code"] = frame.loc[1, "code"]
    return frame


def _other_county(frame: Frame) -> Frame:
    return frame.assign(code="519799" + frame["code"].str[6:])


def _without_code(frame: Frame) -> Frame:
    frame.loc[2, ["code", "name"]] = [None, "霁月新坪乡"]
    return frame


def _village_codes(frame: Frame) -> Frame:
    frame.loc[2, "code"] = "519721"
    return frame


def _village_moved(frame: Frame) -> Frame:
    """A village listed under a township other than the one it lies in."""
    others = frame["code"].str[:9].unique()
    frame.loc[2, "code"] = f"{others[-1]}299"
    return frame


AREAS = (
    Mess("townships overlapping", "areas_overlap", "township", _borders("township", _wider)),
    Mess("gap between villages", "areas_gap", "village", _borders("village", _hole)),
    Mess(
        "development zone among townships",
        "not_administrative",
        "township",
        _borders("township", _zone_among_townships),
    ),
    Mess("township in two parts", "area_merged", "township", _borders("township", _in_two_parts)),
    Mess("one code for two townships", "area_code_twice", "township", _borders("township", _one_code_for_two)),
    Mess("codes of another county", "county_code_differs", "township", _borders("township", _other_county)),
    Mess("township without a code", "code_made", "township", _borders("township", _without_code)),
    Mess("county code on a township", "area_code_level", "township", _borders("township", _village_codes)),
    Mess(
        "village in another township", "village_straddles_township", "village", _borders("village", _village_moved)
    ),
)
