"""What a county lays below its maps: `[basemap]` of county.toml and a file of heights, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from geo.errors import Refused
from pipelines.tile_files import ENDINGS, TileFile, open_tiles

if TYPE_CHECKING:
    from pipelines.hillshade import Relief
    from pipelines.workspace import Workspace

DEM = "dem.tif"
TIANDITU = "01234567"
"""The numbers of 天地图's servers, where the settings name none."""
T = TypeVar("T")


@dataclass(frozen=True)
class BaseMap:
    """What lies below the maps.

    remote: address of another server's tiles with {z}, {x}, {y} and perhaps {s}, one of `servers`; local: pictures
    of a file. mark: changes when the file or the heights do. approval and source: 审图号 and whose map it is, as
    the settings (or the file) say; "" for nothing said. faults: what was configured and cannot be used.
    """

    remote: str = ""
    servers: tuple[str, ...] = ()
    local: TileFile | None = None
    relief: Relief | None = None
    approval: str = ""
    source: str = ""
    mark: str = ""
    max_zoom: int = 18
    faults: tuple[Refused, ...] = ()


def base_map(workspace: Workspace) -> BaseMap:
    """What the settings of a workspace name, opened once and again when a file has changed; never raises."""
    told = {str(key): str(value) for key, value in workspace.settings.basemap.items()}
    files = [_file(workspace.root, told.get("tiles", "")), _heights(workspace.root, told)]
    return _opened(str(workspace.root), tuple(sorted(told.items())), tuple(_stamp(one) for one in files))


@lru_cache(maxsize=4)
def _opened(root: str, told: tuple[tuple[str, str], ...], stamps: tuple[str, ...]) -> BaseMap:
    from pipelines.hillshade import Relief

    named = dict(told)
    faults: list[Refused] = []
    tiles = named.get("tiles", "").strip()
    remote = servers = ""
    file = _file(Path(root), tiles)
    if is_remote(tiles):
        remote, servers = tiles, named.get("subdomains", TIANDITU if "tianditu" in tiles else "abc")
    elif tiles and file is None:
        faults.append(Refused("basemap_unknown", value=tiles))
    local = _tried(lambda: open_tiles(file), faults) if file is not None else None
    heights = _heights(Path(root), named)
    relief = _tried(lambda: Relief(heights), faults) if heights is not None else None
    said = (
        named.get("source", "")
        or (local.attribution if local else "")
        or ("天地图" if "tianditu" in remote else "")
    )
    deepest = named.get("max_zoom", "")
    return BaseMap(
        remote=remote,
        servers=tuple(servers),
        local=local,
        relief=relief,
        approval=named.get("approval_number", "").strip().removeprefix("审图号").lstrip("：: "),
        source=said.strip(),
        mark="-".join(one for one in stamps if one),
        max_zoom=local.max_zoom if local else int(deepest) if deepest.isdigit() else 18,
        faults=tuple(faults),
    )


def is_remote(tiles: str) -> bool:
    """Whether what the settings name as tiles is the address of another server, with places to fill in."""
    places = set(re.findall(r"\{([^}]*)\}", tiles))
    return re.match(r"https?://", tiles) is not None and {"x", "y", "z"} <= places <= {"x", "y", "z", "s", "r"}


def sources(told: Mapping[str, Any]) -> tuple[str, ...]:
    """The other servers that pages must be allowed to fetch from for the tiles of a `[basemap]`; none without."""
    tiles = str(told.get("tiles", ""))
    found = re.match(r"(https?)://([^/]+)", tiles)
    if found is None or not is_remote(tiles):
        return ()
    numbers = str(told.get("subdomains", TIANDITU if "tianditu" in tiles else "abc"))
    hosts = [found.group(2).replace("{s}", one) for one in (numbers if "{s}" in found.group(2) else "-")]
    return tuple(f"{found.group(1)}://{host}" for host in hosts if re.fullmatch(r"[\w.-]+(:\d+)?", host))


def _tried(make: Callable[[], T], faults: list[Refused]) -> T | None:
    try:
        return make()
    except Refused as refusal:
        faults.append(refusal)
        return None


def _file(root: Path, tiles: str) -> Path | None:
    """The file that the settings name as tiles, relative to the workspace; None for anything else."""
    return root / tiles.strip() if tiles.strip().lower().endswith(ENDINGS) and "://" not in tiles else None


def _heights(root: Path, told: Mapping[str, str]) -> Path | None:
    named = told.get("dem", "").strip()
    if named:
        return root / named
    return root / DEM if (root / DEM).is_file() else None


def _stamp(path: Path | None) -> str:
    """A short mark of a file's edition; "" for none."""
    if path is None or not path.is_file():
        return ""
    state = path.stat()
    return f"{state.st_size:x}.{state.st_mtime_ns:x}"
