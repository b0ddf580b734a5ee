"""What is used of Keras's private parts is there, and is what it is taken for.

A test that fails here after an upgrade says what has moved.
"""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pytest
from bad import ROOT

from kbuilder import internals

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def model() -> object:
    inputs = keras.Input((4, 3))
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(2))(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


def test_the_call_behind_a_tensor(model: object) -> None:
    call = internals.made_by(model.output)  # type: ignore[attr-defined]
    assert type(call.layer) is keras.layers.Dense
    [before] = call.node.input_tensors
    assert internals.made_by(before).layer is model.layers[1]  # type: ignore[attr-defined]


def test_all_that_a_tensor_comes_out_of(model: object) -> None:
    tensors, layers = internals.ancestry(model.output)  # type: ignore[attr-defined]
    assert len(tensors) == 3
    assert any(one is model.input for one in tensors)  # type: ignore[attr-defined]
    assert {id(layer) for layer in layers} == {id(layer) for layer in model.layers}  # type: ignore[attr-defined]


def test_the_graph_of_a_model(model: object) -> None:
    assert internals.functional(model) is model
    assert internals.functional(keras.layers.Dense(1)) is None
    sequential = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    assert internals.functional(sequential).outputs


def test_names_are_counted_from_the_first_on() -> None:
    keras.layers.Dense(1)
    internals.name_anew()
    assert [keras.layers.Dense(1).name for _ in range(2)] == ["dense", "dense_1"]
    internals.name_anew(["dense_2", "dropout", "my_gru"])
    kinds = (keras.layers.Dense, keras.layers.Dropout, keras.layers.GRU)
    assert [kind(1).name for kind in kinds] == ["dense_3", "dropout_1", "gru"]


def test_the_layers_within_a_layer(model: object) -> None:
    kinds = {type(layer).__name__ for layer in internals.layers(model)}
    assert kinds >= {"InputLayer", "Bidirectional", "LSTM", "Dense"}


def test_the_variable_that_is_being_made() -> None:
    import tensorflow as tf

    seen = []

    def made(create: object, **given: object) -> object:
        seen.append(internals.variable_of(given["initial_value"]))
        return create(**given)  # type: ignore[operator]

    with tf.variable_creator_scope(made):
        keras.layers.Dense(5).build((None, 3))
        tf.Variable(1.0)
    assert [None if one is None else tuple(one.shape) for one in seen] == [(3, 5), (5,), None]


def test_the_functions_that_layers_call(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    for name in ("conv", "max_pool"):
        plain = getattr(internals.operations(), name)

        def noted(
            *given: object, _plain: object = plain, _name: str = name, **named: object
        ) -> object:
            called.append(_name)
            return _plain(*given, **named)  # type: ignore[operator]

        monkeypatch.setattr(internals.operations(), name, noted)
    images = np.zeros((1, 8, 8, 1), np.float32)
    keras.layers.MaxPooling2D()(keras.layers.Conv2D(2, 3)(images))
    assert {"conv", "max_pool"} <= set(called)


def test_the_build_before_the_fit() -> None:
    method = internals.symbolic_build()
    assert method is None or "data_batch" in inspect.signature(method).parameters


def test_names_and_places() -> None:
    assert keras.layers.Conv2D(1, 1).name.startswith(internals.automatic_name(keras.layers.Conv2D))
    assert internals.home()
    for inner, public in internals.PUBLIC.items():
        module = keras
        for part in public.split(".")[1:]:
            module = getattr(module, part)
        assert any(
            str(getattr(member, "__module__", "")).startswith(inner)
            for member in vars(module).values()
        ), inner


def test_nothing_else_reaches_into_keras() -> None:
    private = {"_keras_history", "_inbound_nodes", "_flatten_layers", "_functional"}
    found = []
    for file in sorted((ROOT / "kbuilder").rglob("*.py")):
        if file.name == "internals.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            inner = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras.src")
            inner |= isinstance(node, ast.Attribute) and node.attr in private
            inner |= isinstance(node, ast.Attribute) and ast.unparse(node) == "keras.src"
            if inner:
                found.append(f"{file.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]
    assert found == []


def test_each_layer_on_the_way_through_a_model_is_called_as_one_likes(model: object) -> None:
    rows, seen = np.ones((2, 4, 3), np.float32), []

    def call(layer: object) -> object:
        seen.append(type(layer).__name__)
        return layer

    found = internals.walk(model, rows, call)  # type: ignore[arg-type]
    assert np.array_equal(found, model(rows))  # type: ignore[operator]
    assert seen == ["Bidirectional", "Dense"]


def test_logits_and_masks_are_known_of_what_layers_give() -> None:
    dense = keras.layers.Dense(2, "softmax")
    given = np.ones((1, 3), np.float32)
    likely = dense(given)
    assert np.allclose(internals.logits(likely), given @ np.asarray(dense.kernel))
    assert internals.logits(keras.layers.Dense(2)(given)) is None
    words = keras.layers.Embedding(3, 2, mask_zero=True)(np.array([[1, 0]]))
    assert np.asarray(internals.mask_of(words)).tolist() == [[True, False]]
    again = internals.masked(words + 1.0, internals.mask_of(words))
    assert internals.mask_of(again) is internals.mask_of(words)
    assert internals.mask_of(dense(given)) is None
