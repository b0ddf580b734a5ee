"""A wide and a deep network side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import built, message, mixed

import kbuilder as kb
from kbuilder.contracts import Signal
from kbuilder.errors import BuildError, RecipeError

WIDTHS = {"age": 1, "work": 4, "home": 200}


def apply(**given: Any) -> Any:
    import keras

    tensor = keras.Input((205,))
    body = kb.WideDeep(units=3, **given).apply(Signal("vector", tensor, widths=WIDTHS))
    return keras.Model(tensor, body)


def test_columns_crosses_and_the_deep_part_stand_side_by_side() -> None:
    model = apply(crosses=[["home", "work"], ["age", "work"]])
    row = np.zeros((1, 205), np.float32)
    row[0, 0], row[0, 1 + 2], row[0, 5 + 199] = 7, 1, 1
    out = np.asarray(model(row))[0]
    assert out.shape == (205 + 200 * 4 + 4 + 3,)
    np.testing.assert_array_equal(out[:205], row[0])
    assert np.flatnonzero(out[205 : 205 + 800]).tolist() == [199 * 4 + 2]
    assert out[205 + 800 : 205 + 804].tolist() == [0, 0, 7, 0]


def test_the_columns_of_a_recipe_are_crossed_by_name() -> None:
    data = kb.Frame(frame=mixed(), target="answer")
    model = kb.WideDeep(crosses=[["colour", "floor"]], units=4)
    recipe = kb.Recipe(data=data, features={"floor": kb.Category()}, model=model)
    prepared = built(recipe)
    assert prepared.network.model.layers[-1].input.shape == (None, 14 + 5 * 7 + 4)
    [found] = [layer for layer in prepared.network.model.layers if type(layer).__name__ == "Cross"]
    assert found.parts == [[2, 7], [7, 14]]


def test_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert message(BuildError, apply, crosses=[["age", "work"], ["work", "hom"]]) == (
        "model.crosses.1: no column 'hom' reaches this network. Expected one of: age, work, home."
        "\n    Did you mean 'home'?"
    )


def test_without_names_nothing_is_crossed() -> None:
    model = kb.WideDeep(crosses=[["a", "b"]])
    assert message(BuildError, kb.build, model, kb.Binary(), (5,)) == (
        "model.crosses.0: no column 'a' reaches this network. Nothing is known of the columns of "
        "this input; leave out `crosses`."
    )


def test_too_many_combinations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from kbuilder.architectures import _crossing

    monkeypatch.setattr(_crossing, "MOST", 799)
    assert message(BuildError, apply, crosses=[["work", "home"]]) == (
        "model.crosses.0: this cross has 800 combinations, of: work (4), home (200). Expected at "
        "most 799: cross fewer columns, or join rare values by `rare_below`."
    )


@pytest.mark.parametrize(
    ("cross", "said"),
    [
        (["a"], "Value should have at least 2 items after validation, not 1"),
        (["a", "a"], "Expected columns that all differ"),
    ],
)
def test_a_cross_is_of_two_columns_or_more(cross: list[str], said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        kb.WideDeep(crosses=[cross])
    [error] = caught.value.__context__.errors()
    assert (error["loc"], error["msg"]) == (("crosses", 0), said)
