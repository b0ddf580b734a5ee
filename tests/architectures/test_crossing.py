"""Crosses of columns, in the networks that take them beside the columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder.contracts import Signal
from kbuilder.errors import BuildError

TAKING = [kb.Linear, kb.MLP, kb.WideDeep]
"""The networks that take crosses."""


@pytest.mark.parametrize("network", TAKING)
def test_a_cross_is_beside_the_columns(network: Any) -> None:
    import keras

    tensor = keras.Input((6,))
    signal = Signal("vector", tensor, widths={"age": 1, "home": 3, "work": 2})
    network(crosses=[["home", "work"]]).apply(signal)
    [cross] = [n.operation for n in tensor._keras_history.operation._outbound_nodes
               if type(n.operation).__name__ == "Cross"]  # fmt: skip
    row = np.array([[7, 0, 1, 0, 0, 1]], np.float32)
    assert np.asarray(cross(row)).tolist() == [[0, 0, 0, 1, 0, 0]]


@pytest.mark.parametrize("network", TAKING)
def test_a_column_that_is_not_there_is_refused(network: Any) -> None:
    said = message(BuildError, kb.build, network(crosses=[["a", "b"]]), kb.Binary(), (5,))
    assert "no column 'a' reaches this network" in said


@pytest.mark.slow
def test_a_linear_model_learns_by_a_cross_what_no_column_tells() -> None:
    import pandas as pd

    a, b = np.indices((2, 2)).reshape(2, -1).repeat(60, axis=1)
    words = np.array(["no", "yes"])
    frame = pd.DataFrame({"a": words[a], "b": words[b], "unlike": words[a ^ b]})
    data = kb.Frame(frame=frame, target="unlike", checks={"repeated_rows": "ignore"})
    training = kb.Training(epochs=20, optimizer={"name": "adam", "learning_rate": 0.1})
    reached = {}
    for crosses in ([], [["a", "b"]]):
        model = kb.Linear(crosses=crosses)
        run = kb.fit(kb.Recipe(data=data, model=model, training=training), verbose=False)
        reached[len(crosses)] = run.evaluate()["test"]["accuracy"]
    assert reached[1] == 1
    assert reached[0] < 0.9
