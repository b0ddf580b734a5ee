"""Lists of layers side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

from kbuilder.blocks.branches import Branches
from kbuilder.errors import BuildError, RecipeError

PLACE = ("model", "layers", 1, "branches")
ROW = np.array([[1.0, -2.0]], "float32")


def answer(**fields: Any) -> Any:
    import keras

    inputs = keras.Input((2,))
    model = keras.Model(inputs, Branches(**fields).apply(inputs, PLACE))
    return keras.ops.convert_to_numpy(model(ROW)).tolist()


@pytest.mark.parametrize(
    ("merge", "merged"),
    [
        ("concatenate", [[1, -2, 3, -6]]),
        ("add", [[4, -8]]),
        ("multiply", [[3, 12]]),
        ("average", [[2, -4]]),
        ("maximum", [[3, -2]]),
    ],
)
def test_their_outputs_are_merged_as_written(merge: str, merged: Any) -> None:
    assert answer(layers=[[], [{"rescaling": 3}]], merge=merge) == merged


@pytest.mark.parametrize(
    ("merge", "layers", "text"),
    [
        (
            "concatenate",
            [[], [{"reshape": [2, 1]}]],
            "(batch, 2), (batch, 2, 1). Expected equal sizes but for the last axis, to "
            "concatenate them.",
        ),
        (
            "add",
            [[], [{"dense": 3}], []],
            "(batch, 2), (batch, 3), (batch, 2). Expected equal sizes on every axis, to add them.",
        ),
    ],
)
def test_outputs_that_do_not_go_together_are_refused(merge: str, layers: Any, text: str) -> None:
    assert message(BuildError, answer, layers=layers, merge=merge) == (
        f"model.layers.1: branches (layers.1) gives {text}"
    )


@pytest.mark.parametrize(
    ("layers", "key", "text"),
    [
        ([["relu"]], (), "Tuple should have at least 2 items after validation, not 1"),
        (
            [["relu"], ["relu"], "relu"],
            (2,),
            "Expected a list of layers; an empty one passes its input on",
        ),
    ],
)
def test_two_lists_or_more_are_expected(layers: Any, key: tuple[int, ...], text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Branches(layers=layers)
    found = [(error["loc"], error["msg"]) for error in caught.value.__context__.errors()]
    assert found == [(("layers", *key), text)]
