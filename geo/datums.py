"""Old datums of China, whose way to CGCS2000 only a county's own parameters tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Datums = Mapping[int, tuple[float, ...]]

# By EPSG number: Xi'an 80, Beijing 54, New Beijing, each with how desktop programs write its name.
OLD_DATUMS = {4610: r"xi.?an.*(19)?80", 4214: r"beijing.*(19)?54", 4555: r"new.beijing"}


def datum_parameters(table: Mapping[str, Any]) -> Datums:
    """A county's parameters to CGCS2000, of a table of lists by EPSG number, as `geo.systems.with_datum` has them.

    ValueError when a number is not one of the old datums, or a list has not three or seven numbers.
    """
    made = {int(number): tuple(float(value) for value in values) for number, values in table.items()}
    for number, values in made.items():
        if number not in OLD_DATUMS or len(values) not in (3, 7):
            known = ", ".join(str(n) for n in OLD_DATUMS)
            raise ValueError(f"datum_parameters: {number} must be one of {known}, with three or seven numbers")
    return made
