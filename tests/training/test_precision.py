"""In bfloat16 matrices alone are multiplied, and only while the network is fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder import internals
from kbuilder.training import precision


def network() -> Any:
    images, steps = keras.Input((8, 8, 3)), keras.Input((5, 4))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(images)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    y = keras.layers.MultiHeadAttention(2, 4, name="attention")(steps, steps)
    y = keras.layers.LSTM(3, name="lstm")(y)
    both = keras.layers.Dense(8, name="dense")(keras.layers.Concatenate()([x, y]))
    one = keras.layers.Dense(2, name="one")(both)
    other = keras.layers.Rescaling(2.0, name="scaled")(keras.layers.Dense(1, name="two")(both))
    return keras.Model([images, steps], [keras.layers.Softmax(name="odds")(one), other])


def policies(model: Any) -> dict[str, str]:
    return {layer.name: layer.compute_dtype for layer in internals.layers(model)}


def test_those_that_multiply_do_but_for_the_last_of_each_output() -> None:
    model = network()
    with precision.computing(model, "bfloat16"):
        found = policies(model)
        half = {name for name, dtype in found.items() if dtype == "bfloat16"}
        assert {"conv", "attention", "dense"} < half
        assert half.isdisjoint(
            {"norm", "pool", "lstm", "one", "two", "odds", "scaled", "concatenate"}
        )
        within = {layer.name for layer in internals.layers(model.get_layer("attention"))}
        assert len(within) > 4
        assert within < half
        given = [np.ones((2, 8, 8, 3), np.float32), np.ones((2, 5, 4), np.float32)]
        assert [answer.dtype.name for answer in model(given)] == ["float32", "float32"]
    assert set(policies(model).values()) == {"float32"}
    with precision.computing(model, "float32"):
        assert set(policies(model).values()) == {"float32"}


def test_an_error_leaves_the_network_in_float32() -> None:
    model = network()
    with pytest.raises(KeyError), precision.computing(model, "bfloat16"):
        raise KeyError("a step")
    assert set(policies(model).values()) == {"float32"}


@pytest.mark.slow
def test_a_fit_learns_resumes_exactly_and_is_saved_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=600), "b": random.normal(size=600)})
    frame["y"] = np.where(frame["a"] * frame["b"] > 0, "same", "other")
    data = kb.Frame(frame=frame, target="y")

    def fit(epochs: int, kind: Any = "bfloat16") -> Any:
        training = kb.Training(
            epochs=epochs, precision=kind, early_stopping=None, batch_size=32,
            optimizer={"learning_rate": 0.01},
        )  # fmt: skip
        recipe = kb.Recipe(data=data, model=kb.MLP(units=[32, 32]), training=training)
        return kb.fit(recipe, run_dir=f"{kind}{epochs}", verbose=False)

    run, plain = fit(12), fit(12, "float32")
    weights = run.model.get_weights()
    other = plain.model.get_weights()
    assert not all(np.array_equal(a, b) for a, b in zip(weights, other, strict=True))
    assert {w.dtype.name for w in weights} == {"float32"}
    assert set(policies(run.model).values()) == {"float32"}
    assert run.metrics["splits"]["test"]["accuracy"] > 0.9
    fit(6)
    longer = kb.resume("bfloat166", override=["training.epochs=12"], data=data, run_dir="longer",
                       verbose=False)  # fmt: skip
    assert all(
        np.array_equal(a, b) for a, b in zip(longer.model.get_weights(), weights, strict=True)
    )
    assert set(policies(kb.load("longer").model).values()) == {"float32"}
