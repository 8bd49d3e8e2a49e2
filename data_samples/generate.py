"""Write the invented county's papers into a folder, from Python or `python -m data_samples.generate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from data_samples.areas import COUNTY_CODE
from data_samples.county import County, make_county
from data_samples.delivery import Act, Delivery
from data_samples.history import history
from data_samples.names import COUNTY as COUNTY_NAME
from data_samples.sent_land import send_areas, send_contracts, send_controls, send_ground
from data_samples.sent_reports import send_abandoned, send_plans, send_points, send_transfers
from data_samples.transfers import make_transfers

__all__ = ["COUNTY_CODE", "COUNTY_NAME", "Act", "Delivery", "county_acts", "write_county", "write_small"]

SMALL = Path(__file__).parent / "small"
SMALL_PARCELS = 1_000
_AREA_LAYERS = ("county", "township", "village", "zone")

Progress = Callable[[str], None]


def write_county(
    folder: Path, *, parcels: int = 30_000, seed: int = 7, progress: Progress = lambda step: None
) -> list[Delivery]:
    """Write the papers of a county of 30 townships and 400 villages; what arrived when, areas first.

    The same seed and number of parcels give the same content. progress is told each step by name. ValueError when
    the county has no room for so many parcels (about 1.3 million).
    """
    progress("county")
    return write_papers(folder, make_county(parcels=parcels, seed=seed), progress)


def write_small(folder: Path, *, seed: int = 7, progress: Progress = lambda step: None) -> list[Delivery]:
    """The committed sample: six townships, 24 villages, 1,000 contract parcels; under 1 MB."""
    county = make_county(
        parcels=SMALL_PARCELS, seed=seed, townships=6, villages=24, farmland_share=0.5, abandoned_share=0.4
    )
    return write_papers(folder, county, progress, brief=True)


def county_acts(*, parcels: int = 30_000, seed: int = 7) -> list[Act]:
    """What is done in the county of `write_county` after its last reports, in order of day."""
    return history(make_county(parcels=parcels, seed=seed))


def write_papers(
    folder: Path, county: County, progress: Progress = lambda step: None, *, brief: bool = False
) -> list[Delivery]:
    """Write all papers of `county` into `folder`, over those of an earlier run; sorted by day of arrival.

    brief: fewer editions of each paper, the last among them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sent: list[Delivery] = []
    progress("areas")
    sent += send_areas(folder, county)
    progress("control lines")
    sent += send_controls(folder, county)
    progress("water and roads")
    sent += send_ground(folder, county)
    progress("contract parcels")
    register, let = send_contracts(folder, county)
    sent += register
    progress("transfers")
    if len(let):
        sent += send_transfers(folder, county, make_transfers(county.areas, let, county.seed), brief=brief)
    progress("abandoned parcels")
    sent += send_abandoned(folder, county, brief=brief)
    progress("problem sites")
    sent += send_points(folder, county, brief=brief)
    progress("zone plans")
    sent += send_plans(folder, county, brief=brief)
    return sorted(sent, key=_arrival)


def _arrival(delivery: Delivery) -> tuple[bool, object, str, str]:
    order = str(_AREA_LAYERS.index(delivery.layer)) if delivery.layer in _AREA_LAYERS else ""
    return delivery.layer not in _AREA_LAYERS, delivery.at, order, delivery.path.name


def main(arguments: list[str] | None = None) -> int:
    """The command line; exit code 2 when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m data_samples.generate", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--parcels", type=int, default=30_000, help="contract parcels, up to about 1.3 million")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="the committed sample, into data_samples/small")
    chosen = parser.parse_args(arguments)
    if chosen.small:
        sent = write_small(chosen.folder or SMALL, seed=chosen.seed, progress=_tell)
    elif chosen.folder is None:
        parser.error("name a folder to write into, or --small")
    else:
        try:
            sent = write_county(chosen.folder, parcels=chosen.parcels, seed=chosen.seed, progress=_tell)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
    print(f"{len(sent)} files in {sent[0].path.parent}", file=sys.stderr)
    return 0


def _tell(step: str) -> None:
    print(f"writing {step} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
