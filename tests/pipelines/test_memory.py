"""Memory grows slowly with a county's size: what is in memory is a few batches, not the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell how much a process held")

FEW, MANY = 200_000, 350_000
"""Both are many batches: as many as are worked on at a time."""
MB_PER_100_000 = 120
FIXED_MB = 1_300
"""With the bound on growth this keeps a million parcels under 2.5 GB."""

STEP = """
import sys
from pathlib import Path
from pipelines.__main__ import main
code = main(sys.argv[1:])
lines = Path("/proc/self/status").read_text().splitlines()
print(code, next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024)
"""


def peak_mb(*arguments: str) -> int:
    """The most that a command of its own process held; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", STEP, *arguments], capture_output=True, text=True, timeout=300, check=True
    )
    code, peak = done.stdout.split()[-2:]
    assert code == "0", done.stderr
    return int(peak)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Villages and the parcels' files: `few.parquet` and `many.parquet`."""
    import geopandas as gpd

    from pipelines.bench_data import make_county

    folder = tmp_path_factory.mktemp("county")
    parcels = gpd.read_parquet(make_county(folder, MANY)["parcels"])
    parcels = parcels.assign(DKBM=[f"519801{n:013d}" for n in range(len(parcels))])
    parcels["SCMJM"] = (parcels["area_m2"] * 0.0015).round(2)
    parcels = parcels.drop(columns=["id", "area_m2"])
    parcels.iloc[:FEW].to_parquet(folder / "few.parquet")
    parcels.to_parquet(folder / "many.parquet")
    west, south, east, north = parcels.total_bounds
    import shapely

    towns = {"XZQDM": ["519801100"], "XZQMC": ["大镇"]}
    gpd.GeoDataFrame(towns, geometry=[shapely.box(west, south, east, north)], crs=4490).to_file(
        folder / "township.gpkg"
    )
    return folder


@pytest.mark.timeout(400)
def test_memory_grows_by_no_more_than_the_bound(county: Path, tmp_path: Path) -> None:
    assert FIXED_MB + 10 * MB_PER_100_000 <= 2_500
    peaks: dict[str, list[int]] = {"add": [], "run": []}
    for name in ("few", "many"):
        root = str(tmp_path / name)
        peak_mb("new", root, "--county", "519801", "--name", "试县")
        peak_mb("add", root, str(county / "township.gpkg"), "--layer", "township")
        peaks["add"].append(peak_mb("add", root, str(county / f"{name}.parquet"), "--layer", "contract_parcel"))
        peaks["run"].append(peak_mb("run", root))
    for command, (few, many) in peaks.items():
        assert few <= FIXED_MB, (command, few)
        assert (many - few) / (MANY - FEW) * 100_000 <= MB_PER_100_000, (command, few, many)
