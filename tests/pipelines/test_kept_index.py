"""Indexes are kept as they are in memory, and made anew where the file is not whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.flat import flatten
from geo.kernels import common_areas, index
from geo.pieces import Leaves, leaf_areas
from pipelines.kept_index import KeptLeaves, index_path, keep_index, keep_leaves, kept_index, leaves_from

SQUARES = np.array([shapely.box(0, 0, 0.1, 0.1), shapely.box(0.1, 0, 0.2, 0.1)], dtype=object)


def leaves() -> Leaves:
    return leaf_areas(pd.DataFrame({"level": ["village", "village"], "geometry": SQUARES}))


def test_a_kept_index_joins_as_the_one_it_was_kept_of(tmp_path: Path) -> None:
    made = index(flatten(shapely.segmentize(SQUARES, 0.001)))
    path = index_path(tmp_path, "areas", "mark")
    keep_index(path, made, position=np.arange(2))
    kept = kept_index(path)
    assert kept is not None
    assert kept[1]["position"].tolist() == [0, 1]
    parcel = flatten([shapely.box(0.09, 0.01, 0.13, 0.02)])
    for one, other in zip(common_areas(parcel, made), common_areas(parcel, kept[0]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("left", [0, 10, 200])
def test_a_file_that_is_not_whole_is_no_index(tmp_path: Path, left: int) -> None:
    path = index_path(tmp_path, "areas", "mark")
    keep_index(path, index(flatten(SQUARES)))
    path.write_bytes(path.read_bytes()[:left])
    assert kept_index(path) is None


def test_leaves_with_a_kept_index_read_their_shapes_only_when_asked(tmp_path: Path) -> None:
    path, asked = index_path(tmp_path, "areas", "mark"), []
    first = leaves()
    assert first.index is not None
    keep_leaves(path, first)

    def read() -> Leaves:
        asked.append("shapes")
        return leaves()

    again = leaves_from(path, read)
    assert isinstance(again, KeptLeaves)
    assert again.position.tolist() == first.position.tolist()
    assert len(again.index.owner) == len(first.index.owner)
    assert asked == []
    assert len(again.shapes) == 2
    assert asked == ["shapes"]
