"""Which texts are among others."""

from __future__ import annotations

import pandas as pd
import pytest

from geo.membership import among


@pytest.mark.parametrize("kind", ["str", object, "category"])
def test_a_missing_text_is_among_none(kind: str | type) -> None:
    texts = pd.Series(["A", None, "B", "A"], dtype=kind)
    assert among(texts, ["A", "C"]).tolist() == [True, False, False, True]
    assert among(texts, pd.Series(["B", None], dtype=object)).tolist() == [False, False, True, False]


def test_of_nothing_nothing_is_among_nothing() -> None:
    assert among(pd.Series([], dtype="str"), {"A"}).tolist() == []
    assert among(pd.Series(["A"]), ()).tolist() == [False]


def test_it_says_of_many_what_pandas_says() -> None:
    texts, others = pd.Series([f"P{n % 700}" for n in range(5_000)]), [f"P{n}" for n in range(0, 900, 7)]
    assert (among(texts, others) == texts.isin(others).to_numpy()).all()
