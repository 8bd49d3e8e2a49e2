"""What the land bureau sends: borders, control lines and the register of contract parcels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from data_samples import headings, maps
from data_samples.archive import pack, pack_shapefile
from data_samples.county import County
from data_samples.delivery import FIRST_DAY, Delivery
from data_samples.transfers import let_parcels

BUREAU = "县自然资源和规划局"
_DK = ["DKBM", "DKMC", "SYQXZ", "DKLB", "TDLYLX", "DLDJ", "TDYT", "SFJBNT", "SCMJ", "SCMJM"]
_DK_SIDES = ["DKDZ", "DKXZ", "DKNZ", "DKBZ", "DKBZXX"]


def send_areas(folder: Path, county: County) -> list[Delivery]:
    """County (GeoJSON), townships (GeoPackage), villages (zipped file geodatabase), zones (zip)."""
    at = FIRST_DAY
    edition = pd.Timestamp(2024, 10, 31)
    areas = county.areas
    outline = _areas(areas.county, edition).drop(columns="parent")
    towns = _areas(areas.townships, edition).rename(columns={"parent": "县级代码"})
    villages = _areas(areas.villages, edition).rename(columns={"parent": "所属乡镇代码"})
    name_of = areas.townships.set_index("code")["name"]
    villages.insert(3, "所属乡镇", name_of[villages["所属乡镇代码"]].to_numpy())
    zones = county.zones.drop(columns="members")
    zones = headings.in_words(zones)[["code", "name", "zone_kind", "geometry"]]
    zones.columns = pd.Index(["片区编号", "片区名称", "片区类型", "geometry"])
    geodatabase = maps.write_geodatabase(folder / "村界.gdb", villages.to_crs(maps.STORED), "村界")
    sent = [
        ("county", maps.write_geojson(folder / "县界.geojson", outline)),
        ("township", maps.write_geopackage(folder / "乡镇界.gpkg", towns.to_crs(maps.STORED), at, "乡镇界")),
        ("village", pack(folder / "村界.gdb.zip", [geodatabase], at)),
        ("zone", pack_shapefile(maps.write_shapefile(folder / "片区.shp", zones, at), at)),
    ]
    return [Delivery(path, layer, at, BUREAU) for layer, path in sent]


def _areas(frame: gpd.GeoDataFrame, edition: pd.Timestamp) -> gpd.GeoDataFrame:
    named = frame.rename(columns={"code": "XZQDM", "name": "XZQMC"})
    named.insert(3, "界线日期", edition)
    return named


def send_controls(folder: Path, county: County) -> list[Delivery]:
    """Farmland as a GBK shapefile with neither .cpg nor .prj, red line as FlatGeobuf, boundaries as GeoJSON."""
    at = date(2024, 11, 12)
    named = {layer: headings.under_headings(f, headings.CONTROLS) for layer, f in county.controls.items()}
    sent = [
        (
            "permanent_farmland",
            maps.write_shapefile(folder / "永久基本农田.shp", named["permanent_farmland"], at, prj=False),
        ),
        (
            "ecological_redline",
            maps.write_flatgeobuf(folder / "生态保护红线.fgb", named["ecological_redline"]),
        ),
        ("urban_boundary", maps.write_geojson(folder / "城镇开发边界.geojson", named["urban_boundary"])),
    ]
    return [Delivery(path, layer, at, BUREAU) for layer, path in sent]


def send_ground(folder: Path, county: County) -> list[Delivery]:
    """Rivers and roads as FlatGeobuf, reservoirs as GeoJSON."""
    at = date(2024, 11, 13)
    rivers, reservoirs, roads = (
        headings.under_headings(county.ground[name], words)
        for name, words in (("rivers", headings.WATER), ("reservoirs", headings.WATER), ("roads", headings.ROADS))
    )
    return [
        Delivery(maps.write_flatgeobuf(folder / "河流.fgb", rivers), "water", at, "县水利局"),
        Delivery(maps.write_geojson(folder / "水库.geojson", reservoirs), "water", at, "县水利局"),
        Delivery(maps.write_flatgeobuf(folder / "道路.fgb", roads), "road", at, "县交通运输局"),
    ]


def send_contracts(folder: Path, county: County) -> tuple[list[Delivery], gpd.GeoDataFrame]:
    """The register as one GeoParquet, but for one township whose surveyors send a zone-prefixed DK set.

    Also gives the parcels that are let on, from which the transfers are made.
    """
    at = date(2024, 11, 25)
    own = next(code for code, role in county.roles.items() if role == "zoned")
    let: list[gpd.GeoDataFrame] = []
    held: list[gpd.GeoDataFrame] = []

    def _others() -> Iterator[gpd.GeoDataFrame]:
        for chunk in county.contract_parcels():
            let.append(let_parcels(chunk, county.seed))
            mine = chunk["DKBM"].str.startswith(own)
            held.append(chunk[mine])
            yield chunk[~mine].rename(columns={"holder": "CBFMC"})[[*_DK, *_DK_SIDES, "CBFMC", "geometry"]]

    register = maps.write_geoparquet(folder / "承包地块.parquet", _others())
    sent = [Delivery(register, "contract_parcel", at, "县农业农村局")]
    surveyed = pd.concat(held, ignore_index=True)
    if len(surveyed):
        frame = surveyed[[*_DK, *_DK_SIDES, "geometry"]].to_crs(maps.PREFIXED)
        path = pack_shapefile(maps.write_shapefile(folder / f"DK{own}2024.shp", frame, at), at)
        sent.append(Delivery(path, "contract_parcel", at, "测绘单位"))
    return sent, gpd.GeoDataFrame(pd.concat(let, ignore_index=True), crs=surveyed.crs)
