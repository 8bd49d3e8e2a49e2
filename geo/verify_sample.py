"""A sample of parcels to be seen on the spot: by verdict, size and township, with a random share, in a route."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.accuracy import Estimate

Array = NDArray[Any]
# Of every hundred visits, so many go to each verdict first; the rest is drawn from all, whatever the verdict.
QUOTAS = {"contradicted": 0.40, "inconclusive": 0.20, "not_observable": 0.15, "confirmed": 0.10}
SIZES_MU = (1.0, 3.0)


def field_sample(parcels: pd.DataFrame, visits: int, rng: np.random.Generator) -> pd.DataFrame:
    """`visits` parcels to look at (all when there are fewer), without repetition.

    parcels: id, verdict, mu, township, lon, lat. Within a verdict the visits are spread over townships and
    sizes in proportion; what QUOTAS leave over is the control share, drawn from all that remain. Returned:
    the same columns with size_class, drawn_as (the verdict, or `control`), stratum, weight (parcels each
    visit stands for in its stratum) and visit (order of the route, nearest next within a township).
    """
    frame = parcels.reset_index(drop=True)
    frame["size_class"] = np.digitize(frame["mu"].to_numpy(float), SIZES_MU)
    wanted = min(visits, len(frame))
    taken: list[int] = []
    drawn_as: list[str] = []
    for verdict, quota in QUOTAS.items():
        pool = frame.index[(frame["verdict"] == verdict).to_numpy()]
        chosen = _spread(frame.loc[pool], min(int(quota * wanted), len(pool)), rng)
        taken += chosen
        drawn_as += [verdict] * len(chosen)
    rest = frame.index.difference(taken).to_numpy()
    control = rng.permutation(rest)[: wanted - len(taken)].tolist()
    taken += control
    drawn_as += ["control"] * len(control)
    sample = frame.loc[taken].assign(drawn_as=drawn_as)
    sample["stratum"] = sample["verdict"]
    size = frame["verdict"].value_counts()
    sample["weight"] = sample["stratum"].map(size / sample["stratum"].value_counts())
    sample["visit"] = _route(sample)
    return sample.sort_values("visit", ignore_index=True)


def _spread(pool: pd.DataFrame, count: int, rng: np.random.Generator) -> list[int]:
    """`count` rows taken at even steps through the pool, ordered by township and size, shuffled within."""
    if count <= 0:
        return []
    shuffled = pool.iloc[rng.permutation(len(pool))]
    ordered = shuffled.sort_values(["township", "size_class"], kind="stable")
    steps = (rng.random() + np.arange(count)) * len(ordered) / count
    return [int(ordered.index[int(step)]) for step in steps]


def _route(sample: pd.DataFrame) -> Array:
    """Order of visits: township after township, in each the nearest next from its westernmost parcel."""
    order = np.zeros(len(sample), np.int64)
    position = 0
    for _, part in sample.assign(row=np.arange(len(sample))).groupby("township", sort=True, dropna=False):
        at = part[["lon", "lat"]].to_numpy(float) * (np.cos(np.radians(part["lat"].mean())), 1.0)
        left = list(range(len(part)))
        here = int(np.argmin(at[:, 0]))
        while left:
            left.remove(here)
            position += 1
            order[int(part["row"].iloc[here])] = position
            if left:
                here = min(left, key=lambda i: float(((at[i] - at[here]) ** 2).sum()))
    return order


def estimate(parcels: pd.DataFrame, seen: pd.DataFrame) -> Estimate:
    """亩 truly in use in the county, from what the visits found, with its standard error.

    parcels: verdict, mu of all. seen: id, verdict, mu, in_use (bool) of those visited. Within each verdict
    the share in use is a ratio of 亩 (Cochran 1977, 6.13); a verdict nobody visited makes a ValueError.
    """
    value = variance = 0.0
    for verdict, part in parcels.groupby("verdict"):
        visited = seen[seen["verdict"] == verdict]
        if visited.empty:
            raise ValueError(f"no visit to a parcel found {verdict}")
        mu = visited["mu"].to_numpy(float)
        used = mu * visited["in_use"].to_numpy(bool)
        ratio = used.sum() / mu.sum()
        n, size = len(visited), len(part)
        whole = float(part["mu"].sum())
        value += ratio * whole
        if n > 1:
            residual = ((used - ratio * mu) ** 2).sum() / (n - 1)
            variance += (1 - n / size) * residual / n * (whole / mu.mean()) ** 2
    return Estimate(float(value), float(np.sqrt(variance)))
