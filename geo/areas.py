"""The county's areas: counties, townships and villages built into one hierarchy, with what does not fit named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.area_faults import level_faults, outline_faults, shares_in, straddles
from geo.area_units import AreaUnit, units_of
from geo.codes import DIGITS, canonical, made_code, padded
from geo.issues import Issue
from geo.placenames import county_stem, stem

if TYPE_CHECKING:
    import geopandas as gpd

COLUMNS = ["code", "name", "level", "parent", "made", "edition_date", "geometry"]
NO_COUNTY = "000000"


def build_areas(
    county: pd.DataFrame,
    townships: pd.DataFrame,
    villages: pd.DataFrame,
    *,
    county_code: str | None = None,
    county_name: str | None = None,
) -> tuple[gpd.GeoDataFrame, list[Issue]]:
    """The areas frame of three imported layers, any of which may be empty, and what was found on the way.

    Each frame has columns code, name, geometry (EPSG:4490), and where the layer has them county_code,
    township_code, township_name, edition_date, source_row. Returned: EPSG:4490, sorted by code, columns code
    (6, 9 or 12 digits), name, level, parent (code, "" at the top), made (the code is provisional), edition_date,
    geometry. A missing level above is made by union: townships of villages that name one, the county of all.
    Parents: by code and name together; by most of the area where they are missing or contradict each other.
    """
    issues: list[Issue] = []
    read = {}
    for level, frame in (("county", county), ("township", townships), ("village", villages)):
        read[level], found = units_of(frame, level)  # type: ignore[arg-type]
        issues += found
    counties, found = _counties(read["county"], county_code, county_name)
    issues += found
    over, below = read["township"], read["village"]
    home = counties[0].code if len(counties) == 1 else _home(counties, over, below, county_code)
    issues += _under_counties(over, counties, str(home))
    over += _townships_of_villages(below, over, str(home), issues)
    issues += _under_townships(below, over, str(home))
    issues += level_faults(over, "township") + level_faults(below, "village")
    if not counties and (over or below):
        made = shapely.union_all([u.geometry for u in over or below])
        counties = [AreaUnit("county", county_name or str(home), made, code=str(home))]
        issues.append(
            Issue("county_outline_made", None, None, {"name": counties[0].name, "count": len(over or below)})
        )
    else:
        main = next((c for c in counties if c.code == (county_code or home)), None)
        issues += outline_faults(main.geometry if main else None, over, "township", main.name if main else "")
    return _frame([*counties, *over, *below]), issues


def empty_areas() -> gpd.GeoDataFrame:
    """An areas frame of no areas."""
    return _frame([])


def outline_of(areas: gpd.GeoDataFrame, county_code: str | None = None) -> Any:
    """The county's outline (EPSG:4490) in an areas frame: that of `county_code`, else of all counties; or None."""
    if areas is None or areas.empty:
        return None
    top = areas[areas["level"] == "county"]
    if county_code is not None and (top["code"] == county_code).any():
        top = top[top["code"] == county_code]
    shapes = top["geometry"].to_numpy(object)
    return shapely.union_all(shapes) if len(shapes) > 1 else (shapes[0] if len(shapes) else None)


def _frame(units: Sequence[AreaUnit]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    ordered = sorted(units, key=lambda u: u.code or "")
    data = {
        "code": np.array([u.code for u in ordered], dtype=object),
        "name": np.array([u.name for u in ordered], dtype=object),
        "level": np.array([u.level for u in ordered], dtype=object),
        "parent": np.array([u.parent for u in ordered], dtype=object),
        "made": np.array([u.made for u in ordered], dtype=bool),
        "edition_date": pd.to_datetime(pd.Series([u.edition for u in ordered], dtype=object)).to_numpy(
            "datetime64[s]"
        ),
    }
    shapes = np.array([u.geometry for u in ordered], dtype=object)
    return gpd.GeoDataFrame(data, geometry=shapes, crs="EPSG:4490")[COLUMNS]


def _counties(
    units: list[AreaUnit], county_code: str | None, county_name: str | None
) -> tuple[list[AreaUnit], list[Issue]]:
    """The workspace's county among those of the layer; all of them, with a finding, when it is not there."""
    issues: list[Issue] = []
    named = [u for u in units if county_name and county_stem(u.name) == county_stem(county_name)]
    for unit in units:
        if unit.code is None:
            _give_county_code(unit, units, named, county_code, issues)
    if county_code is None or not units:
        return units, issues
    prefix = canonical(county_code) or county_code
    own = [u for u in units if str(u.code).startswith(prefix)]
    if not own:
        params = {"code": county_code, "name": county_name or "", "count": len(units), "first": units[0].name}
        return units, [*issues, Issue("county_not_found", None, None, params)]
    if len(own) < len(units):
        params = {"code": county_code, "count": len(units) - len(own)}
        issues.append(Issue("areas_elsewhere", None, None, params))
    for unit in own:
        if unit.code == county_code and county_name and county_stem(unit.name) != county_stem(county_name):
            params = {"code": county_code, "code_name": county_name, "name": unit.name}
            issues.append(Issue("code_name_disagree", unit.row, "code", params))
        elif unit.code != county_code and any(o.code == county_code for o in own):
            unit.parent = county_code
    return own, issues


def _give_county_code(
    unit: AreaUnit, units: list[AreaUnit], named: list[AreaUnit], county_code: str | None, issues: list[Issue]
) -> None:
    """A county without a code is the workspace's when it is alone or bears its name; else its code is made."""
    if county_code is not None and (len(units) == 1 or named == [unit]):
        unit.code = county_code
        return
    unit.code, unit.made = (
        made_code((county_code or NO_COUNTY)[:2], unit.name, 6, {str(u.code) for u in units}),
        True,
    )
    issues.append(unit.says("code_made", code=unit.code))


def _home(counties: list[AreaUnit], over: list[AreaUnit], below: list[AreaUnit], county_code: str | None) -> str:
    """The code of the county that units without another go under."""
    if county_code is not None and (not counties or any(c.code == county_code for c in counties)):
        return county_code
    if counties:
        return str(counties[0].code)
    prefixes = pd.Series([u.code[:6] for u in [*over, *below] if u.code], dtype=object)
    return str(prefixes.mode().iloc[0]) if len(prefixes) else NO_COUNTY


def _under_counties(over: list[AreaUnit], counties: list[AreaUnit], home: str) -> list[Issue]:
    """Give each township its county and, where it has none, a provisional code."""
    issues: list[Issue] = []
    known = {c.code for c in counties} or {home}
    shares = shares_in(over, counties) if len(counties) > 1 else None
    foreign = []
    for at, unit in enumerate(over):
        stated = unit.code[:6] if unit.code else padded(unit.over_code, 6) if unit.over_code else None
        if stated in known:
            unit.parent = str(stated)
        else:
            unit.parent = _largest(shares, at, counties) or home
            if stated is not None:
                foreign.append(unit)
    if foreign:
        first = foreign[0]
        params = {
            "count": len(foreign),
            "code": home,
            "found": (first.code or first.over_code or "")[:6],
            "first": first.name,
        }
        issues.append(Issue("county_code_differs", None, None, params))
    return issues + _made_codes(over)


def _largest(shares: NDArray[np.float64] | None, at: int, over: Sequence[AreaUnit]) -> str | None:
    """The unit above that holds more than half of a unit."""
    if shares is None or not shares.shape[1]:
        return None
    most = int(shares[at].argmax())
    return over[most].code if shares[at, most] > 0.5 else None


def _made_codes(units: list[AreaUnit]) -> list[Issue]:
    """Provisional codes for units without."""
    taken = {str(u.code) for u in units}
    issues = []
    for unit in sorted((u for u in units if u.code is None), key=lambda u: (u.parent, u.name)):
        unit.code, unit.made = made_code(unit.parent, unit.name, DIGITS[unit.level], taken), True
        taken.add(unit.code)
        issues.append(unit.says("code_made", code=unit.code))
    return issues


def _townships_of_villages(
    below: list[AreaUnit], over: list[AreaUnit], home: str, issues: list[Issue]
) -> list[AreaUnit]:
    """Townships that villages name or whose code they bear, made by union where no township layer has any."""
    if over:
        return []
    groups: dict[tuple[str, str], list[AreaUnit]] = {}
    for unit in below:
        code = (
            unit.code[:9] if unit.code else unit.over_code if unit.over_code and len(unit.over_code) == 9 else ""
        )
        if code or unit.over_name:
            groups.setdefault((code or "", "" if code else stem(str(unit.over_name))), []).append(unit)
    made = []
    for (code, _), parts in groups.items():
        name = next((p.over_name for p in parts if p.over_name), None) or code
        shape = shapely.union_all([p.geometry for p in parts])
        made.append(
            AreaUnit("township", name, shape, code=code or None, parent=code[:6] if code[:6] == home else home)
        )
    issues += _made_codes(made)
    if made:
        issues.append(Issue("townships_made", None, None, {"count": len(made)}))
    return made


def _under_townships(below: list[AreaUnit], over: list[AreaUnit], home: str) -> list[Issue]:
    """Give each village its township: by code and name, else by most of its area; and codes to those without."""
    issues: list[Issue] = []
    shares = shares_in(below, over)
    by_code = {u.code: u for u in over}
    for at, unit in enumerate(below):
        coded = by_code.get(unit.code[:9] if unit.code else None) or by_code.get(unit.over_code)
        named = [u for u in over if unit.over_name and stem(u.name) == stem(unit.over_name)]
        lies = _largest(shares, at, over)
        if coded is not None and named and coded not in named:
            params = {"code": unit.code or unit.over_code or "", "code_name": coded.name, "name": unit.over_name}
            issues.append(Issue("code_name_disagree", unit.row, "code", params))
            coded = named[0] if len(named) == 1 and lies == named[0].code else coded
        elif coded is None and len(named) == 1:
            coded = named[0]
        if coded is not None:
            unit.parent = str(coded.code)
            continue
        if over and (unit.code or unit.over_name):
            wanted = unit.over_name or str(unit.code)[:9]
            issues.append(unit.says("parent_unknown", parent=wanted, used=by_code[lies].name if lies else ""))
        unit.parent = lies or home
    return issues + _made_codes(below) + straddles(below, over, shares)
