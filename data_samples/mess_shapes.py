"""What goes wrong with shapes and where they lie: topology, coordinate systems, offsets, amounts of land."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from data_samples import headings, life, maps
from data_samples.delivery import LAST_DAY
from data_samples.headings import under_headings
from data_samples.mess import Make, Mess, abandoned, drawn, sample

ABANDONED = "abandoned_parcel"
Frame: TypeAlias = gpd.GeoDataFrame


def _shape(change: Callable[[shapely.Polygon], shapely.Geometry]) -> Make:
    """A map in which the third shape was changed."""

    def swap(frame: Frame) -> Frame:
        shapes = frame.geometry.to_numpy().copy()
        shapes[2] = change(shapes[2])
        return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))

    return drawn(swap)


def _bow_tie(shape: shapely.Polygon) -> shapely.Polygon:
    west, south, east, north = shape.bounds
    return shapely.Polygon([(west, south), (east, north), (east, south), (west, north + 15)])


def _spiked(shape: shapely.Polygon) -> shapely.Polygon:
    ring = shapely.get_coordinates(shape)[:-1]
    tip = ring[0] + (ring[0] - ring.mean(axis=0)) * 6
    return shapely.Polygon(np.concatenate([ring[:1], [tip], [ring[0] + 0.02], ring[1:]]))


def _thin(shape: shapely.Polygon) -> shapely.Polygon:
    x, y = shape.bounds[:2]
    return shapely.Polygon([(x, y), (x + 40, y), (x + 40, y + 0.02), (x, y + 0.02)])


def _over_the_next(frame: Frame) -> Frame:
    near = frame.geometry.distance(frame.geometry[2]).drop(2).idxmin()
    return frame.set_geometry(frame.geometry.where(frame.index != 2, frame.geometry[near].buffer(3)))


def _same_as_the_first(frame: Frame) -> Frame:
    return frame.set_geometry(frame.geometry.where(frame.index != 2, frame.geometry[0]))


def _boasting(frame: Frame) -> Frame:
    frame["上报面积"] = frame["上报面积"].where(frame.index != 2, frame["上报面积"] * 1.6)
    return frame


def _far_off(frame: Frame) -> Frame:
    moved = frame.geometry.translate(60_000, 0)
    return frame.set_geometry(frame.geometry.where(frame.index != 2, moved))


def _in_another_village(frame: Frame) -> Frame:
    village = sample().areas.villages
    home = frame.loc[2, "村代码"]
    away = village[village["code"].str[:9] != home[:9]].geometry.iloc[0].representative_point()
    start = frame.geometry[2].centroid
    moved = frame.geometry.translate(away.x - start.x, away.y - start.y)
    return frame.set_geometry(frame.geometry.where(frame.index != 2, moved))


def _declared(stored: int, declared: int | None) -> Make:
    """A shapefile with the coordinates of one system under the .prj of another, or under none."""

    def _make(folder: Path) -> Path:
        frame = abandoned().to_crs(stored)
        path = maps.write_shapefile(folder / "撂荒地.shp", frame, LAST_DAY, cpg=True, prj=declared is not None)
        if declared is not None:
            wkt = CRS.from_epsg(declared).to_wkt("WKT1_ESRI")
            path.with_suffix(".prj").write_text(wkt, encoding="ascii")
        return path

    return _make


def _turned(folder: Path) -> Path:
    frame = abandoned().to_crs(maps.STORED)
    turned = shapely.transform(frame.geometry.to_numpy(), lambda c: c[:, ::-1])
    path = folder / "撂荒地.geojson"
    pyogrio.write_dataframe(frame.set_geometry(turned, crs=maps.STORED).astype({}), path, driver="GeoJSON")
    return path


def _from_a_web_map(folder: Path) -> Path:
    return maps.write_geojson(folder / "撂荒地.geojson", abandoned(), shifted=True)


def _sites(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Make:
    """A CSV of problem sites in degrees after `change`."""

    def _make(folder: Path) -> Path:
        points = life.as_of(sample().points, LAST_DAY, life.POINTS).to_crs(maps.STORED)
        named = pd.DataFrame(under_headings(points, headings.POINTS).drop(columns="geometry"))
        named["经度"], named["纬度"] = points.geometry.x.round(7), points.geometry.y.round(7)
        path = folder / "点位.csv"
        change(named.reset_index(drop=True)).to_csv(path, index=False, encoding="utf-8-sig")
        return path

    return _make


def _one_turned(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[2, ["经度", "纬度"]] = rows.loc[2, ["纬度", "经度"]].to_numpy()
    return rows


def _one_zero(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[2, ["经度", "纬度"]] = 0.0
    return rows


def _one_unreadable(rows: pd.DataFrame) -> pd.DataFrame:
    rows["经度"] = rows["经度"].astype(object)
    rows.loc[2, "经度"] = "见照片"
    return rows


def _in_minutes(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(经度=maps.sexagesimal(rows["经度"]), 纬度=maps.sexagesimal(rows["纬度"]))


def _register(change: Callable[[Frame], Frame]) -> Make:
    """A DK shapefile of contract parcels after `change`."""

    def make(folder: Path) -> Path:
        parcels = next(sample().contract_parcels()).iloc[:60].reset_index(drop=True)
        frame = parcels[["DKBM", "DKMC", "SCMJ", "SCMJM", "geometry"]]
        return maps.write_shapefile(folder / "DK.shp", change(frame), LAST_DAY)

    return make


def _digit_lost(frame: Frame) -> Frame:
    return frame.assign(DKBM=frame["DKBM"].where(frame.index != 2, frame["DKBM"].str[:-1]))


def _not_drawn(frame: Frame) -> Frame:
    return frame.set_geometry(frame.geometry.where(frame.index != 2))


def _points_only(folder: Path) -> Path:
    frame = abandoned()
    return maps.write_geopackage(
        folder / "撂荒地.gpkg", frame.set_geometry(frame.representative_point()), LAST_DAY, "撂荒地"
    )


SHAPES = (
    Mess("ring crossing itself", "geometry_invalid", ABANDONED, _shape(_bow_tie)),
    Mess("row without shape", "geometry_missing", "contract_parcel", _register(_not_drawn)),
    Mess("parcel code one digit short", "code_malformed", "contract_parcel", _register(_digit_lost)),
    Mess("line instead of area", "geometry_wrong_type", ABANDONED, _shape(lambda shape: shape.exterior)),
    Mess("sliver", "sliver", ABANDONED, _shape(_thin)),
    Mess("spike", "spike", ABANDONED, _shape(_spiked)),
    Mess("shape drawn twice", "duplicate_geometry", ABANDONED, drawn(_same_as_the_first)),
    Mess("shape over its neighbour", "overlaps_neighbour", ABANDONED, drawn(_over_the_next)),
    Mess("more land reported than drawn", "area_disagrees", ABANDONED, drawn(_boasting)),
    Mess("shape outside the county", "outside_county", ABANDONED, drawn(_far_off)),
    Mess("shape outside the village it names", "not_in_named_village", ABANDONED, drawn(_in_another_village)),
    Mess("points instead of areas", "points_place_only", ABANDONED, _points_only),
    Mess("latitude before longitude", "axes_swapped", ABANDONED, _turned),
    Mess("latitude before longitude in one row", "axes_swapped_in_row", "inspection_point", _sites(_one_turned)),
    Mess("coordinates zero", "coordinate_zero", "inspection_point", _sites(_one_zero)),
    Mess("coordinates in words", "coordinate_unreadable", "inspection_point", _sites(_one_unreadable)),
    Mess("degrees, minutes, seconds", "dms_read", "inspection_point", _sites(_in_minutes)),
    Mess("no .prj", "crs_assumed", ABANDONED, _declared(4544, None)),
    Mess("the neighbouring zone declared", "zone_wrong", ABANDONED, _declared(4544, 4545)),
    Mess("zone number in front, not declared", "zone_prefix", ABANDONED, _declared(4523, 4544)),
    Mess("degrees under a metric .prj", "degrees_in_projected", ABANDONED, _declared(4490, 4544)),
    Mess("metres under a .prj in degrees", "metres_in_degrees", ABANDONED, _declared(4544, 4490)),
    Mess("old datum without parameters", "crs_ballpark", ABANDONED, _declared(4490, 4610)),
    Mess("drawn on a web map", "gcj02_shifted", ABANDONED, _from_a_web_map),
)
