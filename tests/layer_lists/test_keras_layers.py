"""The generated table of layers, against the Keras that is installed."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kbuilder.layer_lists import keras_layers

ROOT = Path(__file__).parents[2]
LAYERS = sorted(keras_layers.table()["layers"])

# A value of each kind that every layer takes together with the others.
VALUES: dict[str, Any] = {
    "activation": "tanh",
    "axes": [-1],
    "axis": -1,
    "causal padding": "causal",
    "count": 2,
    "counts 1": [1],
    "counts 2": [1, 1],
    "flag": True,
    "initializer": "random_normal",
    "interpolation": "bilinear",
    "margins 1": [1, 2],
    "margins 2": [[1, 2], 1],
    "name": "a_layer",
    "not negative": 0.5,
    "number": -0.5,
    "order": [1],
    "padding": "same",
    "positive": 0.01,
    "rate": 0.25,
    "regularizer": "l2",
    "seed": 3,
    "shape": [-1, 2],
    "share": 0.5,
    "sizes 1": [0],
    "sizes 2": [0, 0],
    "spatial axes": [1],
    "weights initializer": "he_normal",
}
# Keras's configuration holds these kinds just as they were given.
KEPT = (
    "axis",
    "count",
    "flag",
    "name",
    "not negative",
    "number",
    "positive",
    "rate",
    "seed",
    "share",
)
IMAGE, SEQUENCE, VECTOR = (2, 8, 8, 32), (2, 8, 32), (2, 32)


def arguments_of(layer: str) -> dict[str, Any]:
    found: dict[str, Any] = keras_layers.table()["layers"][layer]["arguments"]
    return found


def a_batch(layer: str) -> Any:
    import numpy as np

    if layer == "embedding":
        return np.ones((2, 8), dtype="int64")
    flat = layer.endswith("2d") or "2d_" in layer
    sequence = layer in keras_layers.table()["recurrent"] or "1d" in layer
    shape = IMAGE if flat else SEQUENCE if sequence else VECTOR
    return np.ones(shape, dtype="float32")


def keras_class(layer: str) -> Any:
    import keras

    return getattr(keras.layers, keras_layers.table()["layers"][layer]["class"])


def filled_in(layer: str) -> dict[str, int]:
    return {"input_dim": 10} if layer == "embedding" else {}


def problems(value: Any) -> list[tuple[tuple[Any, ...], str, str]]:
    """(key, type, message) of every problem with a layer."""
    with pytest.raises(ValidationError) as caught:
        keras_layers.read(value)
    return [(error["loc"], error["type"], error["msg"]) for error in caught.value.errors()]


def test_the_committed_table_is_what_the_tool_writes() -> None:
    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools" / "write_layer_table.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.TABLE.read_bytes() == tool.render().encode()


def test_the_layers_are_those_that_were_agreed_on() -> None:
    assert len(LAYERS) == 49
    assert keras_layers.names() == tuple(sorted([*LAYERS, "bidirectional"]))
    for code in ("lambda", "torch_module_wrapper", "tfsm_layer", "string_lookup"):
        assert code not in keras_layers.names()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_made_of_its_required_arguments_and_can_be_called(layer: str) -> None:
    rows = arguments_of(layer)
    needed = {name: VALUES[row["kind"]] for name, row in rows.items() if "default" not in row}
    [arguments] = keras_layers.read({layer: needed}).values()
    assert set(arguments) == set(needed)
    output = keras_class(layer)(**arguments, **filled_in(layer))(a_batch(layer))
    assert output.shape[0] == 2


@pytest.mark.parametrize("layer", LAYERS)
def test_every_argument_of_the_table_is_one_of_the_keras_layer(layer: str) -> None:
    rows = arguments_of(layer)
    everything = {name: VALUES[row["kind"]] for name, row in rows.items()}
    [arguments] = keras_layers.read({layer: everything}).values()
    assert set(arguments) == set(everything)
    kind = keras_class(layer)
    assert set(everything) <= {*inspect.signature(kind).parameters, "name"}
    config = kind(**arguments, **filled_in(layer)).get_config()
    for name, value in arguments.items():
        if rows[name]["kind"] in KEPT and (layer, name) != ("simple_rnn", "seed"):  # not in config
            assert config[name] == value, name


@pytest.mark.parametrize("layer", LAYERS)
def test_the_defaults_of_the_table_are_accepted_by_its_own_check(layer: str) -> None:
    rows = arguments_of(layer)
    written = {
        name: row.get("default", VALUES[row["kind"]])
        for name, row in rows.items()
        if row.get("default", "") is not None
    }
    [arguments] = keras_layers.read({layer: written}).values()
    assert set(arguments) == set(written)


def test_every_kind_is_used_and_tried() -> None:
    rows = [row for layer in LAYERS for row in arguments_of(layer).values()]
    assert {row["kind"] for row in rows} == set(keras_layers.kinds()) == set(VALUES)


@pytest.mark.parametrize("name", keras_layers.table()["activations"])
def test_every_activation_can_be_used_by_name_and_keeps_the_shape(name: str) -> None:
    import keras
    import numpy as np

    assert keras.layers.Dense(3, activation=name)(np.ones((2, 4), "float32")).shape == (2, 3)


def test_names_that_need_numbers_are_no_names_of_the_table() -> None:
    table = keras_layers.table()
    assert not {"glu", "threshold"} & set(table["activations"])
    assert not {"constant", "stft", "initializer"} & set(table["initializers"])
    assert table["regularizers"] == ["l1", "l2", "orthogonal_regularizer"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("flatten", {"flatten": {}}),
        ({"flatten": None}, {"flatten": {}}),
        ({"flatten": {}}, {"flatten": {}}),
        ({"dense": 64}, {"dense": {"units": 64}}),
        ({"max_pooling2d": [2, 3]}, {"max_pooling2d": {"pool_size": (2, 3)}}),
        ({"max_pooling2d": {"strides": None}}, {"max_pooling2d": {}}),
        ({"reshape": 6}, {"reshape": {"target_shape": (6,)}}),
        ({"relu": 6}, {"relu": {"max_value": 6.0}}),
        ({"embedding": 8}, {"embedding": {"output_dim": 8}}),
        ({"zero_padding2d": [[1, 2], 3]}, {"zero_padding2d": {"padding": ((1, 2), 3)}}),
        ({"bidirectional": {"lstm": 4}}, {"bidirectional": {"lstm": {"units": 4}}}),
        (
            {"activation": {"activation": {"elu": 2}}},
            {"activation": {"activation": {"elu": 2}}},
        ),
        (
            {"dense": {"units": 2, "activation": {"leaky_relu": {"negative_slope": 0.1}}}},
            {"dense": {"units": 2, "activation": {"leaky_relu": 0.1}}},
        ),
        (
            {"dense": {"units": 2, "bias_initializer": "ones"}},
            {"dense": {"units": 2, "bias_initializer": "ones"}},
        ),
        (
            {"dense": {"units": 2, "kernel_regularizer": {"l2": 0.5}}},
            {"dense": {"units": 2, "kernel_regularizer": {"l2": 0.5}}},
        ),
    ],
)
def test_each_notation_is_kept_as_a_name_with_its_arguments(written: Any, kept: Any) -> None:
    assert keras_layers.read(written) == kept
    assert keras_layers.read(kept) == kept


ONE_LAYER = "Expected one layer: its name, or its name with its arguments indented below it"
MAXOUT = (
    "maxout is a layer of its own in a list: leave the activation out, and write "
    "`- maxout: {units: 64, pieces: 2}` in place of a dense layer"
)
PLAIN_NUMBER = "Expected a whole number, or a list of 2"


@pytest.mark.parametrize(
    ("written", "key", "message"),
    [
        (3, (), ONE_LAYER),
        (None, (), ONE_LAYER),
        ({"dense": None, "units": 3}, (), ONE_LAYER),
        ({"bidirectional": None}, ("bidirectional",), ONE_LAYER),
        ({"flatten": 3}, ("flatten",), "flatten takes no value. Expected it alone"),
        ("dense", ("dense", "units"), "the required argument 'units' of dense is missing"),
        (
            {"bidirectional": "gru"},
            ("bidirectional", "gru", "units"),
            "the required argument 'units' of gru is missing",
        ),
        (
            {"flatten": {"data_format": "channels_first"}},
            ("flatten", "data_format"),
            "'data_format' has no place in a recipe: channels always come last. Remove it",
        ),
        (
            {"embedding": {"output_dim": 4, "input_dim": 9}},
            ("embedding", "input_dim"),
            "'input_dim' has no place in a recipe: it is filled in from the vocabulary, or from "
            "the layer before. Remove it",
        ),
        (
            {"dense": {"units": 2, "kernel_initializer": "zeros"}},
            ("dense", "kernel_initializer"),
            "with zeros all units of a hidden layer start equal, get equal gradients and stay "
            "equal. Expected a random one, such as glorot_uniform or he_normal",
        ),
        (
            {"separable_conv2d": {"filters": 1, "kernel_size": 1, "pointwise_initializer": "one"}},
            ("separable_conv2d", "pointwise_initializer"),
            "with one all units of a hidden layer start equal, get equal gradients and stay "
            "equal. Expected a random one, such as glorot_uniform or he_normal",
        ),
        ({"dense": {"units": 2, "activation": "maxout"}}, ("dense", "activation"), MAXOUT),
        ({"dense": {"units": 2, "activation": {"maxout": 3}}}, ("dense", "activation"), MAXOUT),
        (
            {"activation": {"activation": {"relu": 6}}},
            ("activation", "activation"),
            "relu has no argument. Expected the name alone",
        ),
        (
            {"dense": {"units": 2, "kernel_regularizer": {"l3": 1}}},
            ("dense", "kernel_regularizer"),
            "Expected a name, or strengths such as {l2: 0.0001}",
        ),
        (
            {"dense": {"units": 2, "kernel_regularizer": {}}},
            ("dense", "kernel_regularizer"),
            "Expected a name, or strengths such as {l2: 0.0001}",
        ),
        ({"max_pooling2d": [1, 2, 3]}, ("max_pooling2d", "pool_size"), PLAIN_NUMBER),
        ({"cropping2d": [[1, 2, 3], 1]}, ("cropping2d", "cropping", 0), PLAIN_NUMBER),
        (
            {"reshape": [-1, -1]},
            ("reshape", "target_shape"),
            "Expected the sizes of the axes, each at least 1; -1 for one that follows",
        ),
        (
            {"reshape": [0]},
            ("reshape", "target_shape"),
            "Expected the sizes of the axes, each at least 1; -1 for one that follows",
        ),
        (
            {"permute": [1, 3]},
            ("permute", "dims"),
            "Expected each axis of a row once, the first being 1, such as [2, 1]",
        ),
        (
            {"flatten": {"name": "a/b"}},
            ("flatten", "name"),
            "Expected a name of letters, digits and _",
        ),
    ],
)
def test_what_is_refused_is_refused_with_the_reason(
    written: Any, key: tuple[Any, ...], message: str
) -> None:
    assert problems(written) == [(key, "refused", message)]


@pytest.mark.parametrize(
    ("written", "key", "kind"),
    [
        ({"dense": 0}, ("dense", "units"), "greater_than_equal"),
        ({"dense": True}, ("dense", "units"), "int_type"),
        ({"dense": "64"}, ("dense", "units"), "int_type"),
        ({"max_pooling2d": 0}, ("max_pooling2d", "pool_size"), "greater_than_equal"),
        ({"max_pooling2d": [2, 0]}, ("max_pooling2d", "pool_size", 1), "greater_than_equal"),
        ({"max_pooling2d": [2, "2"]}, ("max_pooling2d", "pool_size", 1), "int_type"),
        ({"cropping1d": -1}, ("cropping1d", "cropping"), "greater_than_equal"),
        ({"dropout": 1}, ("dropout", "rate"), "less_than"),
        ({"dropout": -0.1}, ("dropout", "rate"), "greater_than_equal"),
        ({"gaussian_noise": 1.5}, ("gaussian_noise", "stddev"), "less_than_equal"),
        ({"activation": "rellu"}, ("activation", "activation"), "literal_error"),
        (
            {"conv2d": {"filters": 1, "kernel_size": 1, "padding": "causal"}},
            ("conv2d", "padding"),
            "literal_error",
        ),
        ({"dense": {"units": 1, "use_bias": 1}}, ("dense", "use_bias"), "bool_type"),
        ({"dense": {"units": 1, "use_bias": None}}, ("dense", "use_bias"), "bool_type"),
        (
            {"dense": {"units": 1, "kernel_regularizer": {"l2": -1}}},
            ("dense", "kernel_regularizer", "l2"),
            "greater_than_equal",
        ),
        (
            {"dense": {"units": 1, "kernel_regularizer": {"l2": float("inf")}}},
            ("dense", "kernel_regularizer", "l2"),
            "finite_number",
        ),
        ({"rescaling": float("nan")}, ("rescaling", "scale"), "finite_number"),
    ],
)
def test_values_are_checked_by_what_their_argument_means(
    written: Any, key: tuple[Any, ...], kind: str
) -> None:
    assert [(found[0], found[1]) for found in problems(written)] == [(key, kind)]


def test_an_unknown_layer_and_an_unknown_argument_name_the_nearest() -> None:
    with pytest.raises(ValidationError) as caught:
        keras_layers.read({"MaxPooling2D": 2})
    [error] = caught.value.errors()
    assert error["ctx"]["suggestion"] == "max_pooling2d"
    with pytest.raises(ValidationError) as caught:
        keras_layers.read({"flatten": {"nome": "a"}})
    [error] = caught.value.errors()
    assert (error["loc"], error["type"]) == (("flatten", "nome"), "unknown_name")
    assert (error["msg"], error["input"]) == ("Expected one of: name", "nome")
    assert error["ctx"]["suggestion"] == "name"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("xavier_uniform", "glorot_uniform"),
        ("Xavier_Normal", "glorot_normal"),
        ("kaiming_normal", "he_normal"),
    ],
)
def test_an_initializer_by_a_first_name_is_told_by_its_family_name(
    written: str, meant: str
) -> None:
    for argument in ("kernel_initializer", "recurrent_initializer"):
        with pytest.raises(ValidationError) as caught:
            keras_layers.read({"lstm": {"units": 2, argument: written}})
        [error] = caught.value.errors()
        assert (error["type"], error["ctx"]["suggestion"]) == ("unknown_name", meant)


def test_bidirectional_takes_recurrent_layers_only() -> None:
    assert problems({"bidirectional": {"dense": 3}}) == [
        (("bidirectional", "dense"), "unknown_name", "Expected one of: gru, lstm, simple_rnn")
    ]


def test_all_problems_of_a_layer_come_at_once() -> None:
    written = {"conv2d": {"filters": 0, "strid": 2, "dtype": "float16", "padding": "full"}}
    assert [key for key, _, _ in problems(written)] == [
        ("conv2d", "filters"),
        ("conv2d", "kernel_size"),
        ("conv2d", "padding"),
        ("conv2d", "strid"),
        ("conv2d", "dtype"),
    ]


def test_the_check_needs_no_keras_and_reads_the_table_only_when_asked() -> None:
    # In a process of its own: this one has imported Keras.
    program = """
import sys
from kbuilder.architectures.sequential import Sequential
from kbuilder.layer_lists import keras_layers
assert keras_layers.table.cache_info().currsize == 0, "read on import"
Sequential(layers=[{"conv2d": {"filters": 1, "kernel_size": 3}}, {"residual": 3}, "flatten"])
Sequential.model_json_schema()
print(sorted({"keras", "numpy", "tensorflow"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
