"""Numbers within names."""

from __future__ import annotations

from geo.numbers import in_order


def test_names_with_numbers_stand_in_the_order_of_the_numbers() -> None:
    batches = ["第十批", "第三批", "第二批", "第一批", "10号", "9号", "其他"]
    expected = ["9号", "10号", "其他", "第一批", "第二批", "第三批", "第十批"]
    assert sorted(batches, key=in_order) == expected
