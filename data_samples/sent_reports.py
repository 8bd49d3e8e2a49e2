"""What townships, inspectors and planners report over the two years, each in its own way."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from data_samples import headings, life, maps
from data_samples.archive import pack, pack_shapefile
from data_samples.county import County
from data_samples.delivery import Delivery
from data_samples.headings import under_headings
from data_samples.terrain import CRS
from data_samples.workbook import HOUSES, House, write_ledger

AGRICULTURE = "县农业农村局"
MAP_DAYS = (date(2024, 12, 20), date(2025, 7, 10), date(2026, 3, 20), date(2026, 10, 15))
TOWNSHIP_DAYS = (date(2025, 6, 30), date(2026, 10, 12))
TRANSFER_DAYS = (date(2025, 12, 15), date(2026, 10, 20))
POINT_DAYS = (date(2025, 5, 31), date(2025, 12, 31), date(2026, 10, 31))
PLAN_DAYS = (date(2025, 9, 30), date(2026, 10, 10))


def send_abandoned(folder: Path, county: County, *, brief: bool) -> list[Delivery]:
    """The bureau's map in four editions; twice each, the townships on paper, on a web map and zoned.

    brief: only the first and the last map, and the townships' last.
    """
    every = county.abandoned
    role = county.township_codes(every).map(county.roles)
    sent = [
        _bureau_map(folder, every[role == "map"], at)
        for at in (MAP_DAYS[:: len(MAP_DAYS) - 1] if brief else MAP_DAYS)
    ]
    for at in TOWNSHIP_DAYS[-1:] if brief else TOWNSHIP_DAYS:
        for number, (code, how) in enumerate(county.roles.items()):
            own = life.as_of(every[county.township_codes(every) == code], at, life.ABANDONED)
            if how == "map" or own.empty:
                continue
            town = own["township_name"].iloc[0]
            stem = folder / f"{at:%Y%m}{town}撂荒地"
            if how == "paper":
                path = stem.with_suffix(".xlsx")
                _abandoned_ledger(path, own, HOUSES[number // 4 % len(HOUSES)], town, at)
            elif how == "shifted":
                path = maps.write_geojson(
                    stem.with_suffix(".geojson"), under_headings(own, headings.ABANDONED), shifted=True
                )
            else:
                frame = under_headings(own.to_crs(maps.PREFIXED), headings.ABANDONED)
                path = maps.write_shapefile(stem.with_suffix(".shp"), frame, at, cpg=True)
            sent.append(Delivery(path, "abandoned_parcel", at, f"{town}人民政府"))
    return sent


def _bureau_map(folder: Path, every: gpd.GeoDataFrame, at: date) -> Delivery:
    """First a bare GBK shapefile without .prj, then GeoPackage, file geodatabase, zipped shapefile."""
    frame = under_headings(life.as_of(every, at, life.ABANDONED), headings.ABANDONED)
    stem = folder / f"{at:%Y%m}撂荒地整治图斑"
    turn = MAP_DAYS.index(at)
    if turn == 0:
        path = maps.write_shapefile(stem.with_suffix(".shp"), frame, at, prj=False)
    elif turn == 1:
        path = maps.write_geopackage(stem.with_suffix(".gpkg"), frame.to_crs(maps.STORED), at, "撂荒地整治图斑")
    elif turn == 2:
        path = maps.write_geodatabase(stem.with_suffix(".gdb"), frame.to_crs(maps.PREFIXED), "LHDZZTB")
    else:
        path = pack_shapefile(maps.write_shapefile(stem.with_suffix(".shp"), frame, at), at)
    return Delivery(path, "abandoned_parcel", at, AGRICULTURE)


def _abandoned_ledger(path: Path, own: gpd.GeoDataFrame, house: House, town: str, at: date) -> None:
    write_ledger(
        path,
        headings.in_words(own.drop(columns="geometry").sort_values("village_code", kind="stable")),
        headings.ABANDONED,
        house,
        title=f"{town}撂荒地整治台账",
        office=f"{town}人民政府",
        at=at,
        amounts=("reported_mu", "planned_mu"),
        groups=headings.ABANDONED_GROUPS,
    )


def send_transfers(folder: Path, county: County, transfers: gpd.GeoDataFrame, *, brief: bool) -> list[Delivery]:
    """A GeoPackage of the townships with a map in two editions (brief: one), ledgers of those without, once."""
    role = county.township_codes(transfers).map(county.roles)
    sent = []
    for at in TRANSFER_DAYS[-1:] if brief else TRANSFER_DAYS:
        mapped = life.as_of(transfers[role != "paper"], at, life.TRANSFERS).to_crs(maps.STORED)
        path = folder / f"{at:%Y%m}土地流转.gpkg"
        maps.write_geopackage(path, under_headings(mapped, headings.TRANSFERS), at, "土地流转")
        sent.append(Delivery(path, "land_transfer", at, AGRICULTURE))
    at = TRANSFER_DAYS[-1]
    for number, (code, how) in enumerate(county.roles.items()):
        own = life.as_of(transfers[county.township_codes(transfers) == code], at, life.TRANSFERS)
        if how != "paper" or own.empty:
            continue
        town = own["township_name"].iloc[0]
        path = folder / f"{at:%Y%m}{town}土地流转备案台账.xlsx"
        write_ledger(
            path,
            headings.in_words(own.drop(columns="geometry").sort_values("village_code", kind="stable")),
            headings.TRANSFERS,
            HOUSES[(number // 4 + 1) % len(HOUSES)],
            title=f"{town}农村土地经营权流转备案台账",
            office=f"{town}人民政府",
            at=at,
            amounts=("contracted_mu",),
            groups=headings.TRANSFER_GROUPS,
        )
        sent.append(Delivery(path, "land_transfer", at, f"{town}人民政府"))
    return sent


def send_points(folder: Path, county: County, *, brief: bool) -> list[Delivery]:
    """Four senders, three times (brief: once): CSV in degrees and minutes, KML, GeoJSON in GCJ-02, Excel.

    A sender repeats a site until it was closed in an earlier report; later news of it comes as acts.
    """
    sent = []
    since: date | None = None
    for at in POINT_DAYS[-1:] if brief else POINT_DAYS:
        now = life.as_of(county.points, at, life.POINTS).to_crs(maps.STORED)
        if since is not None:
            before = life.as_of(county.points, since, life.POINTS)
            now = now.drop(before.index[before["stage"].isin(["closed", "duplicate", "invalid"])])
        since = at
        groups = {
            "城管": now["place_kind"].isin(["城区", "城乡结合部"]),
            "场镇": now["place_kind"] == "场镇",
            "随手拍": now["place_kind"] == "交通沿线",
            "村社": now["place_kind"] == "村社",
        }
        for who, mine in groups.items():
            if mine.any():
                path, sender = _point_file(folder, now[mine], who, at)
                sent.append(Delivery(path, "inspection_point", at, sender))
    return sent


def _point_file(folder: Path, points: gpd.GeoDataFrame, who: str, at: date) -> tuple[Path, str]:
    stem = folder / f"{at:%Y%m}{who}环境问题点位"
    named = under_headings(points, headings.POINTS)
    if who == "场镇":
        return maps.write_kml(stem.with_suffix(".kml"), named), "县住房城乡建设局"
    if who == "随手拍":
        return maps.write_geojson(stem.with_suffix(".geojson"), named, shifted=True), "随手拍小程序"
    flat = pd.DataFrame(named.drop(columns="geometry"))
    if who == "城管":
        flat["经度"], flat["纬度"] = maps.sexagesimal(points.geometry.x), maps.sexagesimal(points.geometry.y)
        path = stem.with_suffix(".csv")
        flat.to_csv(path, index=False, encoding="gb18030", date_format="%Y-%m-%d", lineterminator="\r\n")
        return path, "县综合行政执法局"
    ledger = headings.in_words(pd.DataFrame(points.drop(columns="geometry")))
    ledger["lon"], ledger["lat"] = points.geometry.x.round(6), points.geometry.y.round(6)
    path = stem.with_suffix(".xlsx")
    columns = {**headings.POINTS, "lon": "经度", "lat": "纬度"}
    title = "农村人居环境问题点位台账"
    write_ledger(path, ledger, columns, HOUSES[1], title=title, office="督导组", at=at, by="township_name")
    return path, "县农业农村局督导组"


def send_plans(folder: Path, county: County, *, brief: bool) -> list[Delivery]:
    """The planners' zipped GeoPackage in two editions (brief: one); the plans' outlines are those of the zones."""
    sent = []
    outlines = county.zones.set_index("code").geometry
    for at in PLAN_DAYS[-1:] if brief else PLAN_DAYS:
        frame = headings.in_words(life.as_of(county.plans, at, life.PLANS))
        shapes = gpd.GeoDataFrame(frame, geometry=outlines[frame["zone_id"]].to_numpy(), crs=CRS)
        named = shapes[[*headings.PLANS, "geometry"]].rename(columns=headings.PLANS)
        loose = maps.write_geopackage(folder / "片区规划.gpkg", named, at, "片区规划")
        path = pack(folder / f"{at:%Y%m}片区规划.zip", [loose], at)
        sent.append(Delivery(path, "zone_plan", at, "县自然资源和规划局"))
    return sent
