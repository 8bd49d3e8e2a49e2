"""What a parcel is declared to be used for, as far as the satellite check must know it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[Any]

# Words of modes, crops and remarks, in the order in which they decide.
WORDS = (
    ("planned_fallow", r"休耕|轮休|planned.?fallow"),
    ("greenhouse", r"大棚|温室|设施农业|设施栽培|greenhouse"),
    (
        "orchard",
        r"orchard|果园|果树|茶|桑|柑|橘|桔|柚|橙|李子|桃|梨|葡萄|枇杷|猕猴桃|核桃|花椒|油橄榄|苗木|林|竹|tea",
    ),
)


def management_of(*texts: pd.Series) -> Array:
    """One of `geo.verdicts.MANAGED`, "crop" where something else is declared, "" where nothing is; object array.

    texts: the columns that may say so (mode, crop, use), read together.
    """
    if not texts:
        return np.zeros(0, dtype=object)
    joined = texts[0].astype("string").fillna("")
    for more in texts[1:]:
        joined = joined + " " + more.astype("string").fillna("")
    said = joined.str.strip()
    out = np.where(said.to_numpy(object) == "", "", "crop").astype(object)
    for name, pattern in reversed(WORDS):
        out[said.str.contains(pattern, flags=re.IGNORECASE).to_numpy(bool)] = name
    return out
