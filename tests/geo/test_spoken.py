"""What a thing has besides its fields is called by words in both languages, never by a column's name."""

from __future__ import annotations

import pytest

from geo.layers import builtin_layers
from geo.spoken import STATE, VALUES, field_called, field_words, fields_told, value_words


@pytest.mark.parametrize("layer_id", sorted(builtin_layers()))
def test_every_column_that_a_thing_is_shown_with_has_a_heading_of_its_own(layer_id: str) -> None:
    layer = builtin_layers()[layer_id]
    given = [name for one in layer.relations for name in (one.gives, f"{one.gives}_m2")]
    names = [*(f.name for f in layer.fields), *STATE, *given]
    words = {name: field_words(layer, name) for name in names}
    assert [name for name, one in words.items() if not one.zh or not one.en or one.zh == name] == []


def test_the_values_of_state_are_called_by_words() -> None:
    layer = builtin_layers()["abandoned_parcel"]
    assert value_words(layer, "kind", "in_progress").zh == "在办"
    assert value_words(layer, "placed_by", "name").en == "its place names"
    assert {name: set(one) for name, one in VALUES.items()} == {
        "kind": {"open", "in_progress", "done", "void"},
        "placed_by": {"geometry", "name", "none"},
        "zone_kind": {"township", "village"},
    }


def test_a_field_is_known_by_its_id_or_its_heading_and_a_refusal_offers_both() -> None:
    layer = builtin_layers()["inspection_point"]
    assert [field_called(layer, text) for text in ("category", "nothing")] == ["category", "nothing"]
    assert field_called(layer, layer.field("category").label.zh) == "category"
    told = fields_told(layer, ["x", "y"], ["category"])
    assert told["named"] == f"{layer.field('category').label.zh}（category）" and told["known"] == "category"
    assert told["fields"] == "x、y" and told["layer"] == layer.label.zh
