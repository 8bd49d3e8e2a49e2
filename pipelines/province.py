"""A province: a folder of county workspaces, each worked out by itself, and added up."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import Refused, XiangtuError
from pipelines.days import today
from pipelines.figures import Row, keep_rows, kept_rows

if TYPE_CHECKING:
    import pandas as pd

    from geo.layers import Layer
    from pipelines.workspace import Workspace

FILE = "province.toml"
SUMS = "sums"
LEVELS = ("county", "province")


@dataclass(frozen=True)
class Province:
    """The folder, the two-digit code and name, and the workspaces of its counties by six-digit code, in order."""

    root: Path
    code: str
    name: str
    counties: Mapping[str, Path]


def is_province(root: Path) -> bool:
    """Whether a folder is one of county workspaces, and not a county's own."""
    return not (root / "county.toml").exists() and (
        (root / FILE).exists() or any(root.glob("county=*/county.toml"))
    )


def read_province(root: Path) -> Province:
    """The counties that `province.toml` lists (`counties`, folders beside it), or the folders `county=CODE`.

    Refused when the file cannot be read, when there are none, and when two are the same county.
    """
    from pipelines.settings import read_settings

    told: dict[str, Any] = {}
    path = root / FILE
    if path.exists():
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Refused("province_file_wrong", path=str(path), reason=str(error)) from None
    listed = told.get("counties")
    folders = [root / str(one) for one in listed] if listed else sorted(root.glob("county=*"))
    found: dict[str, Path] = {}
    for folder in (one for one in folders if listed or (one / "county.toml").exists()):
        code = read_settings(folder).code
        if code in found:
            raise Refused("county_twice", first=str(found[code]), second=str(folder), county=code)
        found[code] = folder
    if not found:
        raise Refused("province_empty", path=str(root))
    counties = dict(sorted(found.items()))
    code = str(told.get("code") or next(iter(counties))[:2])
    return Province(root, code, str(told.get("name") or code), counties)


def run_county(root: str, day: str) -> dict[str, Row]:
    """Join and summarise what changed in one county; layer id → its sums over the whole county, whole numbers.

    It can be cut off at any moment and done again: what was worked out by then is kept, whole tables only.
    """
    from pipelines.join import join_all
    from pipelines.standing import leave_moves
    from pipelines.summarise import summarise_all
    from pipelines.workspace import Workspace

    workspace, asked = Workspace(root), date.fromisoformat(day)
    with workspace.writing():
        join_all(workspace)
        summarise_all(workspace, as_of=asked)
        leave_moves(workspace)
        return county_sums(workspace, asked)


def county_sums(workspace: Workspace, day: date) -> dict[str, Row]:
    """Layer id → what a whole county has of it on a day, in whole numbers; kept."""
    from pipelines.tallies import leaf_tally

    found: dict[str, Row] = {}
    for layer in workspace.layers().values():
        if not layer.indicators or not workspace.imports(layer.id):
            continue
        sums = leaf_tally(workspace, layer, day).sum()
        found[layer.id] = {str(name): int(value) for name, value in sums.items()}
        keep_rows(workspace.root, layer.id, SUMS, day, 0, [found[layer.id]])
    return found


def run_province(
    province: Province,
    executor: Executor,
    *,
    day: date | None = None,
    done: Callable[[str, dict[str, Row]], None] = lambda code, sums: None,
) -> dict[str, dict[str, Row]]:
    """Every county worked out wherever the executor does so; county code → layer id → sums, in order of code.

    done: told of each county as it is finished. Refused names the first county that failed, after all the others
    were done; `worker_lost` when a local process died.
    """
    asked = str(day or today())
    futures = {
        executor.submit(run_county, str(folder.resolve()), asked): code
        for code, folder in province.counties.items()
    }
    found: dict[str, dict[str, Row]] = {}
    failed: dict[str, XiangtuError] = {}
    for future in as_completed(futures):
        code = futures[future]
        try:
            found[code] = future.result()
        except BrokenExecutor:
            raise Refused("worker_lost") from None
        except XiangtuError as error:
            failed[code] = error
            continue
        done(code, found[code])
    for code, refusal in sorted(failed.items()):
        reasons = {"reason": refusal.words("zh"), "reason_en": refusal.words("en")}
        raise Refused("county_failed", county=code, **reasons)
    return dict(sorted(found.items()))


def province_progress(
    province: Province, layer_id: str, by: str, day: date | None = None, *, decimals: int = 6
) -> pd.DataFrame:
    """Progress of a province by county, or as a whole: columns as of `pipelines.summarise.progress`.

    Refused for another level, and while a county has no sums of that day.
    """
    from geo.progress import printed, roll_up
    from pipelines.summarise import denominators, with_rates
    from pipelines.workspace import Workspace

    if by not in LEVELS:
        raise Refused("province_levels")
    workspace = Workspace(next(iter(province.counties.values())))
    layer, asked = workspace.layer(layer_id), day or today()
    areas = _areas(province)
    own = _tally(province, layer, asked)
    others = {
        one.id: (one, roll_up(_tally(province, one, asked), areas, by)) for one in denominators(workspace, layer)
    }
    return with_rates(printed(own, areas, by, layer, decimals=decimals), roll_up(own, areas, by), layer, others)


def _areas(province: Province) -> pd.DataFrame:
    """The counties, and the province as their parent, as an areas frame without shapes."""
    import pandas as pd

    from pipelines.settings import read_settings

    rows = [(code, read_settings(path).name, "county", province.code) for code, path in province.counties.items()]
    rows.append((province.code, province.name, "province", ""))
    return pd.DataFrame(rows, columns=["code", "name", "level", "parent"])


def _tally(province: Province, layer: Layer, day: date) -> pd.DataFrame:
    """A layer's sums by county: index `area`, the position of the county; a county without the layer has none."""
    import numpy as np
    import pandas as pd

    from geo.progress import additive

    columns = ["features", *(one.id for one in additive(layer))]
    rows, at = [], []
    for position, root in enumerate(province.counties.values()):
        if not any((root / "imports" / layer.id).glob("*/source.json")):
            continue
        kept = kept_rows(root, layer.id, SUMS, day, 0)
        if not kept:
            raise Refused("county_not_run", county=root.name, day=str(day))
        rows.append([kept[0][name] for name in columns])
        at.append(position)
    index = pd.Index(np.array(at, dtype=np.int64), name="area")
    return pd.DataFrame(np.array(rows, dtype=np.int64).reshape(-1, len(columns)), columns=columns, index=index)
