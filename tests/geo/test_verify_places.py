"""Blocks of neighbours within places."""

from __future__ import annotations

import numpy as np

from geo.verify_places import LEAST_IN_BLOCK, blocks_within


def test_blocks_lie_within_a_place_hold_neighbours_and_are_the_same_each_time() -> None:
    x, y = np.meshgrid(np.arange(40.0), np.arange(20.0))
    centre = np.column_stack([x.ravel(), y.ravel()])
    places = np.where(centre[:, 0] < 20, "west", "east").astype(object)
    made = blocks_within(places, centre)
    names, sizes = np.unique(made.astype(str), return_counts=True)
    assert len(names) == 16
    assert sizes.min() >= LEAST_IN_BLOCK
    for name in names:
        inside = centre[made == name]
        assert set(places[made == name]) == {name.split()[0]}
        assert np.prod(np.ptp(inside, axis=0) + 1) == len(inside)
    back = np.arange(len(places))[::-1]
    assert sorted(set(made)) == sorted(set(blocks_within(places[back], centre[back])))


def test_a_place_of_few_parcels_stays_one_block() -> None:
    centre = np.random.default_rng(3).random((LEAST_IN_BLOCK, 2))
    assert set(blocks_within(np.full(len(centre), "a", object), centre)) == {"a 1"}
