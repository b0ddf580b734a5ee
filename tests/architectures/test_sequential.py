"""A network written layer by layer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shared import signal

from kbuilder import catalog
from kbuilder.architectures.sequential import Sequential
from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError, RecipeError
from kbuilder.layer_lists import keras_layers
from kbuilder.recipe.reading import parse, pointing
from kbuilder.recipe.writing import to_yaml
from kbuilder.spec import MOST

FORMS: dict[int, Form] = {1: "vector", 2: "sequence", 3: "image"}
RECIPE = """data: {source: csv, path: rows.csv, target: y}
model:
  name: sequential
  layers:
"""


def network(shape: tuple[int, ...], *layers: Any, vocabulary_size: int = 0) -> Any:
    """The Keras model of the layers alone."""
    import keras

    form = "text" if vocabulary_size else FORMS[len(shape)]
    inputs = keras.Input(shape, dtype="int64" if vocabulary_size else "float32")
    outputs = Sequential(layers=layers).apply(Signal(form, inputs, vocabulary_size))
    return keras.Model(inputs, outputs)


def refusal(shape: tuple[int, ...], *layers: Any, vocabulary_size: int = 0) -> tuple[Any, str]:
    """(key, message) of the BuildError."""
    with pytest.raises(BuildError) as caught:
        network(shape, *layers, vocabulary_size=vocabulary_size)
    return caught.value.problem.key, caught.value.problem.message


def problems(*lines: str) -> list[str]:
    """What a person reads about a recipe whose `layers` are `lines`."""
    with pytest.raises(RecipeError) as caught:
        parse(RECIPE + "".join(f"    {line}\n" for line in lines), name="r.yaml")
    return [str(problem) for problem in caught.value.problems]


def refused(layers: Any) -> list[tuple[Any, str]]:
    """(key, message) of every problem that the class itself finds."""
    with pytest.raises(RecipeError) as caught:
        Sequential(layers=layers)
    return [(error["loc"], error["msg"]) for error in caught.value.__context__.errors()]


def test_a_list_of_layers_is_the_network_in_keras() -> None:
    model = network(
        (28, 28, 1),
        {"conv2d": {"filters": 8, "kernel_size": [3, 5], "activation": "relu"}},
        {"max_pooling2d": 2},
        "flatten",
        {"dense": 64},
    )
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    convolution, dense = model.layers[1], model.layers[4]
    assert (convolution.filters, convolution.kernel_size) == (8, (3, 5))
    assert convolution.activation.__name__ == "relu"
    assert dense.units == 64
    assert model.output_shape == (None, 64)


def test_each_notation_gives_an_equal_object() -> None:
    short = Sequential(layers=["flatten", {"dense": 64}])
    long = Sequential(layers=({"flatten": {}}, {"dense": {"units": 64}}))
    assert short == long
    assert short.layers == ({"flatten": {}}, {"dense": {"units": 64}})


def test_json_and_yaml_give_an_equal_object_back() -> None:
    layers = [
        {"zero_padding2d": [[1, 2], 3]},
        {"conv2d": {"filters": 8, "kernel_size": (3, 5), "activation": None, "name": "first"}},
        {"max_pooling2d": {"pool_size": 2, "strides": None}},
        {"reshape": [-1, 8]},
        {"bidirectional": {"lstm": 4}},
        {"dense": {"units": 4, "kernel_regularizer": {"l1": 0, "l2": 1e-4}}},
        {"dropout": 0.5},
    ]
    made = Sequential(layers=layers)
    assert Sequential.model_validate(json.loads(made.model_dump_json())) == made
    lines = "".join(f"    - {json.dumps(layer)}\n" for layer in layers)
    recipe = parse(RECIPE + lines)
    assert recipe.model == made
    assert parse(to_yaml(recipe)).model == made


def test_the_layers_given_are_copied() -> None:
    written = {"dense": {"units": 4}}
    made = Sequential(layers=[written])
    written["dense"]["units"] = 5
    assert made.layers == ({"dense": {"units": 4}},)


def test_a_text_is_read_by_an_embedding_as_large_as_the_vocabulary() -> None:
    model = network((30,), {"embedding": 5}, {"bidirectional": {"gru": 4}}, vocabulary_size=11)
    embedding, mask, both_ways = model.layers[1:]
    assert (embedding.input_dim, embedding.output_dim) == (11, 5)
    assert type(mask).__name__ == "NotPadding"
    assert type(both_ways).__name__ == "Bidirectional"
    assert type(both_ways.forward_layer).__name__ == "GRU"
    assert model.output_shape == (None, 8)


def test_regularizers_are_given_by_name_or_by_strength() -> None:
    model = network(
        (4,),
        {"dense": {"units": 2, "kernel_regularizer": {"l2": 0.25}, "bias_regularizer": "l1"}},
    )
    kernel, bias = model.layers[1].kernel_regularizer, model.layers[1].bias_regularizer
    assert (type(kernel).__name__, float(kernel.l1), float(kernel.l2)) == ("L1L2", 0.0, 0.25)
    assert type(bias).__name__ == "L1"


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        *(((8, 8, 32), name) for name in keras_layers.names() if "2d" in name),
        *(((8, 32), name) for name in keras_layers.names() if "1d" in name),
        *(((8, 32), name) for name in ("gru", "lstm", "simple_rnn")),
    ],
)
def test_each_layer_of_images_and_sequences_refuses_a_vector(
    shape: tuple[int, ...], layer: str
) -> None:
    rows = keras_layers.table()["layers"][layer]["arguments"]
    given = {name: 0.5 if name == "rate" else 2 for name in rows if "default" not in rows[name]}
    flat = {3: "an image (batch, height, width, channels)", 2: "a sequence (batch, time, d)"}
    network(shape, {layer: given}, "flatten")
    assert refusal((12,), {layer: given}) == (
        ("model", "layers", 0),
        f"{layer} (layers.0) expects {flat[len(shape)]}; its input here is a vector (batch, 12).",
    )


IMAGE = "an image (batch, height, width, channels)"
SEQUENCE = "a sequence (batch, time, d)"
VECTOR = "a vector (batch, d)"
CONV2D = {"conv2d": {"filters": 8, "kernel_size": 5}}
SMALL = {"conv2d": {"filters": 2, "kernel_size": 3}}
CONV1D = {"conv1d": {"filters": 8, "kernel_size": 5}}


@pytest.mark.parametrize(
    ("shape", "layers", "index", "message"),
    [
        (
            (28, 28, 1),
            ["flatten", CONV2D],
            1,
            f"conv2d (layers.1) expects {IMAGE}; its input here is a vector (batch, 784). "
            "Put it before flatten (layers.0).",
        ),
        (
            (28, 28, 1),
            ["global_max_pooling2d", CONV2D],
            1,
            f"conv2d (layers.1) expects {IMAGE}; its input here is a vector (batch, 1). "
            "Put it before global_max_pooling2d (layers.0).",
        ),
        (
            (28, 28, 1),
            [CONV1D],
            0,
            f"conv1d (layers.0) expects {SEQUENCE}; its input here is an image "
            "(batch, 28, 28, 1). Use conv2d in its place.",
        ),
        (
            (28, 4),
            [{"max_pooling2d": 2}],
            0,
            f"max_pooling2d (layers.0) expects {IMAGE}; its input here is a sequence "
            "(batch, 28, 4). Use max_pooling1d in its place.",
        ),
        (
            (28, 4),
            [{"lstm": 8}, {"lstm": 8}],
            1,
            f"lstm (layers.1) expects {SEQUENCE}; its input here is a vector (batch, 8). "
            "Give lstm (layers.0) `return_sequences: true`.",
        ),
        (
            (28, 4),
            [{"bidirectional": {"lstm": 8}}, {"gru": 8}],
            1,
            f"gru (layers.1) expects {SEQUENCE}; its input here is a vector (batch, 16). "
            "Give bidirectional (layers.0) `return_sequences: true`.",
        ),
        (
            (28, 20, 3),
            [{"lstm": 8}],
            0,
            f"lstm (layers.0) expects {SEQUENCE}; its input here is an image (batch, 28, 20, 3). "
            "To read the image row by row, put `- reshape: [28, 60]` before it.",
        ),
        (
            (28, 28, 1),
            ["flatten", {"inception": {"conv1": 1, "conv3": [1, 1], "conv5": [1, 1], "pool": 1}}],
            1,
            f"inception (layers.1) expects {SEQUENCE} or {IMAGE}; its input here is a vector "
            "(batch, 784). Put it before flatten (layers.0).",
        ),
        (
            (28, 4),
            [{"repeat_vector": 2}],
            0,
            f"repeat_vector (layers.0) expects {VECTOR}; its input here is a sequence "
            "(batch, 28, 4).",
        ),
        (
            (28, 4),
            [{"reshape": [7, 2, 2, 4]}, CONV2D],
            1,
            f"conv2d (layers.1) expects {IMAGE}; its input here is an array (batch, 7, 2, 2, 4).",
        ),
        (
            (28, 4),
            [{"embedding": 8}],
            0,
            "embedding (layers.0) expects the words of a text (batch, time); its input here is a "
            "sequence (batch, 28, 4). Remove it.",
        ),
        (
            (3, 3, 1),
            [CONV2D],
            0,
            "conv2d (layers.0) cannot be applied to an image (batch, 3, 3, 1): kernel_size 5 is "
            "too large for it. The smallest image that these layers take is 5 × 5. Give a smaller "
            "one, `padding: same`, less pooling before it, or a larger input.",
        ),
        (
            (3, 3, 1),
            [{"max_pooling2d": [4, 2]}],
            0,
            "max_pooling2d (layers.0) cannot be applied to an image (batch, 3, 3, 1): pool_size "
            "[4, 2] is too large for it. The smallest image that these layers take is 4 × 2. Give "
            "a smaller one, `padding: same`, less pooling before it, or a larger input.",
        ),
        (
            (4, 3),
            [{"reshape": 5}],
            0,
            "reshape (layers.0) cannot be applied to a sequence (batch, 4, 3): the total size of "
            "the tensor must be unchanged.",
        ),
        (
            (4, 3),
            [{"cropping1d": 2}],
            0,
            "cropping1d (layers.0) cannot be applied to a sequence (batch, 4, 3): cropping 2 is "
            "too large for it. The shortest sequence that these layers take has 5 steps. Give a "
            "smaller one, `padding: same`, less pooling before it, or a larger input.",
        ),
        (
            (8, 8, 1),
            [{"conv2d": {"filters": 2, "kernel_size": 3, "strides": 2, "dilation_rate": 2}}],
            0,
            "conv2d (layers.0) cannot be made: strides > 1 not supported in conjunction with "
            "dilation_rate > 1.",
        ),
        (
            (8, 8, 1),
            ["flatten", {"batch_normalization": 3}],
            1,
            "batch_normalization (layers.1) has no axis 3 to work along; its input here is a "
            "vector (batch, 64). Axis 0 is the batch, -1 the last.",
        ),
        (
            (8, 8, 1),
            [{"layer_normalization": [0, 1]}, "flatten"],
            0,
            "layer_normalization (layers.0) has no axis 0 to work along; its input here is an "
            "image (batch, 8, 8, 1). Axis 0 is the batch, -1 the last.",
        ),
    ],
)
def test_a_layer_that_does_not_fit_is_named_with_its_input(
    shape: tuple[int, ...], layers: list[Any], index: int, message: str
) -> None:
    assert refusal(shape, *layers) == (("model", "layers", index), message)


@pytest.mark.parametrize("layer", [{"dense": 3}, {"maxout": 3}])
def test_what_keras_cannot_make_is_said_with_its_place(layer: Any) -> None:
    [name] = layer
    assert refusal((None, 4), "flatten", layer) == (  # type: ignore[arg-type]
        ("model", "layers", 1),
        f"{name} (layers.1) cannot be applied to a vector (batch, any): shapes used to initialize "
        "variables must be fully-defined (no None dimensions).",
    )


@pytest.mark.parametrize(
    ("shape", "layers", "message"),
    [
        (
            (8, 8, 1),
            [{"max_pooling2d": 2}, {"dense": 3}],
            "dense (layers.1) is the last layer and gives (batch, 4, 4, 3). Expected a vector "
            "(batch, d): add `- flatten` or `- global_max_pooling2d` after it.",
        ),
        (
            (8, 4),
            ["relu", {"lstm": {"units": 3, "return_sequences": True}}],
            "lstm (layers.1) is the last layer and gives (batch, 8, 3). Expected a vector "
            "(batch, d): add `- flatten` or `- global_max_pooling1d` after it.",
        ),
        (
            (8, 4),
            ["relu", {"reshape": [2, 2, 2, 4]}],
            "reshape (layers.1) is the last layer and gives (batch, 2, 2, 2, 4). Expected a vector "
            "(batch, d): add `- flatten` after it.",
        ),
    ],
)
def test_the_list_ends_in_a_vector(shape: tuple[int, ...], layers: list[Any], message: str) -> None:
    assert refusal(shape, *layers) == (("model", "layers", 1), message)


def test_a_text_without_an_embedding_is_refused() -> None:
    assert refusal((30,), {"dense": 8}, vocabulary_size=11) == (
        ("model", "layers", 0),
        "a text reaches the layers through an embedding. "
        "Add `- embedding: 64` before the first layer.",
    )


@pytest.mark.parametrize("layers", [[], None, "flatten", {"dense": 3}])
def test_a_list_of_at_least_one_layer_is_expected(layers: Any) -> None:
    assert refused(layers) == [(("layers",), "Expected a list of at least one layer")]


OWN_LAST = (
    "the task adds its own last layer and loss, so the list ends before that layer. Remove this one"
)


@pytest.mark.parametrize(
    "last",
    [
        {"dense": {"units": 10, "activation": "softmax"}},
        {"dense": {"units": 10, "activation": "log_softmax"}},
        {"dense": {"units": 1, "activation": "sigmoid"}},
        {"activation": "softmax"},
    ],
)
def test_the_last_layer_of_the_task_is_not_written_by_hand(last: Any) -> None:
    [name] = last
    assert refused(["flatten", last]) == [(("layers", 1, name, "activation"), OWN_LAST)]
    Sequential(layers=[last, {"dense": 4}])  # in between it is as good as any


@pytest.mark.parametrize(
    ("block", "way"),
    [
        (lambda layers: {"repeat": {"times": 2, "layers": layers}}, ("repeat", "layers", 1)),
        (lambda layers: {"branches": [["flatten"], layers]}, ("branches", "layers", 1, 1)),
    ],
)
def test_nor_is_it_at_the_end_of_a_list_within(block: Any, way: tuple[Any, ...]) -> None:
    last = {"dense": {"units": 10, "activation": "softmax"}}
    key = ("layers", 0, *way, "dense", "activation")
    assert refused([block(["flatten", last])]) == [(key, OWN_LAST)]
    Sequential(layers=[block([last, "relu"])])
    Sequential(layers=[block(["flatten", last]), {"dense": 3}])


def test_a_softmax_that_weighs_the_other_branch_may_end_the_list() -> None:
    gate = [{"dense": {"units": 8, "activation": "softmax"}}]
    Sequential(layers=[{"branches": {"layers": [[{"dense": 8}], gate], "merge": "multiply"}}])


def test_a_sigmoid_of_several_units_may_end_the_list() -> None:
    Sequential(layers=[{"dense": {"units": 8, "activation": "sigmoid"}}])


def test_an_embedding_comes_first() -> None:
    message = "embedding reads the words of a text. Expected it as the first layer"
    assert refused(["relu", {"embedding": 4}]) == [(("layers", 1, "embedding"), message)]


def test_two_layers_do_not_share_a_name() -> None:
    layers = [{"flatten": {"name": "same"}}, "relu", {"dense": {"units": 4, "name": "same"}}]
    message = "layer 0 has this name too. Expected a name of its own"
    assert refused(layers) == [(("layers", 2, "dense", "name"), message)]


def test_nor_do_layers_of_lists_within() -> None:
    named = {"dense": {"units": 4, "name": "same"}}
    layers = [{"branches": [[named], [named]]}, {"residual": {"layers": ["relu", named]}}]
    message = "layer 0.branches.layers.0.0 has this name too. Expected a name of its own"
    assert refused(layers) == [
        (("layers", 0, "branches", "layers", 1, 0, "dense", "name"), message),
        (("layers", 1, "residual", "layers", 1, "dense", "name"), message),
    ]


def test_a_layer_that_is_made_several_times_has_no_name() -> None:
    inner = {"repeat": {"times": 2, "layers": [{"relu": {"name": "same"}}]}}
    message = "this layer is made 6 times, and each needs a name. Remove this one"
    key = ("layers", 0, "repeat", "layers", 0, "repeat", "layers", 0, "relu", "name")
    assert refused([{"repeat": {"times": 3, "layers": [inner]}}]) == [(key, message)]
    Sequential(layers=[{"repeat": {"times": 1, "layers": [{"relu": {"name": "same"}}]}}])


def test_an_embedding_within_a_block_is_refused() -> None:
    message = "embedding reads the words of a text. Expected it as the first layer"
    key = ("layers", 0, "repeat", "layers", 0, "embedding")
    assert refused([{"repeat": {"times": 1, "layers": [{"embedding": 4}]}}]) == [(key, message)]


def test_all_problems_of_a_list_come_at_once() -> None:
    layers = [
        {"conv2d": {"filters": 0, "kernel_siz": 3}},
        "flaten",
        {"embedding": 4},
        {"dense": {"units": 10, "activation": "softmax"}},
    ]
    assert [key for key, _ in refused(layers)] == [
        ("layers", 0, "conv2d", "filters"),
        ("layers", 0, "conv2d", "kernel_size"),
        ("layers", 0, "conv2d", "kernel_siz"),
        ("layers", 1),
        ("layers", 2, "embedding"),
        ("layers", 3, "dense", "activation"),
    ]


def test_a_problem_is_shown_at_its_line_of_the_recipe() -> None:
    assert problems("- conv2d: {filters: 0, kernel_size: 3, activation: rellu}", "- flatten") == [
        "r.yaml:5:25: model.layers.0.conv2d.filters: Expected a number of at least 1. Got 0.\n"
        "    5 |     - conv2d: {filters: 0, kernel_size: 3, activation: rellu}\n"
        "      |                         ^",
        "r.yaml:5:56: model.layers.0.conv2d.activation: Expected one of: "
        f"{', '.join(keras_layers.table()['activations'])}. Got 'rellu'.\n"
        "    5 |     - conv2d: {filters: 0, kernel_size: 3, activation: rellu}\n"
        "      |                                                        ^^^^^\n"
        "    Did you mean 'relu'?",
    ]


def test_an_unknown_argument_lists_those_of_the_layer() -> None:
    assert problems("- embedding: {output_dim: 4, mask_zeros: true}") == [
        "r.yaml:5:34: model.layers.0.embedding.mask_zeros: Expected one of: output_dim, "
        "embeddings_initializer, embeddings_regularizer, mask_zero, name. Got 'mask_zeros'.\n"
        "    5 |     - embedding: {output_dim: 4, mask_zeros: true}\n"
        "      |                                  ^^^^^^^^^^\n"
        "    Did you mean 'mask_zero'?"
    ]


NESTED = [
    "- relu",
    "- repeat:",
    "    times: 2",
    "    layers:",
    "      - branches:",
    "          - - conv2d: {filters: 0, kernel_size: 3}",
    "            - residul: 3",
    "          - - inception: {conv1: 3, conv3: [4], conv_5: [2, 2], pool: 2}",
    "- flatten",
]


def test_problems_deep_within_are_shown_at_their_own_lines() -> None:
    [zero, typo, missing, short, unknown] = problems(*NESTED)
    way = "model.layers.1.repeat.layers.0.branches.layers"
    assert zero == (
        f"r.yaml:10:37: {way}.0.0.conv2d.filters: Expected a number of at least 1. Got 0.\n"
        "    10 |               - - conv2d: {filters: 0, kernel_size: 3}\n"
        "       |                                     ^"
    )
    assert typo.startswith(
        f"r.yaml:11:19: {way}.0.1.residul: Expected one of: activation, alpha_dropout, "
    )
    assert typo.endswith("Did you mean 'residual'?")
    assert missing.startswith(
        f"r.yaml:12:19: {way}.1.0.inception.conv5: the required argument 'conv5' of inception is "
        "missing.\n"
    )
    assert short.startswith(
        f"r.yaml:12:48: {way}.1.0.inception.conv3: Expected at least 2 of them. Got [4].\n"
    )
    assert unknown == (
        f"r.yaml:12:53: {way}.1.0.inception.conv_5: Expected one of: conv1, conv3, conv5, pool, "
        "activation, normalization, kernel_initializer, kernel_regularizer. Got 'conv_5'.\n"
        "    12 |               - - inception: {conv1: 3, conv3: [4], conv_5: [2, 2], pool: 2}\n"
        "       |                                                     ^^^^^^\n"
        "    Did you mean 'conv5'?"
    )


def test_a_layer_within_a_block_that_does_not_fit_is_named_by_its_place() -> None:
    layers = [{"branches": [["flatten"], [{"repeat": {"times": 1, "layers": [CONV1D]}}]]}]
    way = ("branches", "layers", 1, 0, "repeat", "layers", 0)
    assert refusal((8, 8, 1), *layers) == (
        ("model", "layers", 0, *way),
        f"conv1d (layers.0.{'.'.join(map(str, way))}) expects {SEQUENCE}; its input here is an "
        "image (batch, 8, 8, 1). Use conv2d in its place.",
    )


def test_its_line_is_found_where_the_name_of_the_list_is_left_out() -> None:
    lines = ["- branches:", "    - [flatten]", "    - - {conv1d: {filters: 2, kernel_size: 2}}"]
    recipe = parse(RECIPE + "".join(f"    {line}\n" for line in lines), name="r.yaml")
    with pytest.raises(BuildError) as caught, pointing(recipe):
        recipe.model.apply(signal("image"))
    assert caught.value.problem.place == "r.yaml:7:13"


@pytest.mark.parametrize(
    ("channels", "layers", "least"),
    [
        (
            2,
            [
                {"max_pooling2d": 2},
                {"conv2d": {"filters": 2, "kernel_size": [3, 20]}},
                {"residual": 2},
                "global_max_pooling2d",
            ],
            (6, 40),
        ),
        (
            1,
            [{"repeat": {"times": 3, "layers": [SMALL, {"max_pooling2d": 2}]}}, "flatten"],
            (22, 22),
        ),
        (
            2,
            [{"conv1d": {"filters": 2, "kernel_size": 5, "dilation_rate": 4}}, "flatten"],
            (17,),
        ),
    ],
)
def test_the_smallest_input_that_is_told_is_the_smallest_that_works(
    channels: int, layers: list[Any], least: tuple[int, ...]
) -> None:
    image = len(least) == 2
    said = f"smallest image that these layers take is {' × '.join(map(str, least))}. "
    if not image:
        said = f"shortest sequence that these layers take has {least[0]} steps. "
    network((*least, channels), *layers)
    for axis in range(len(least)):
        smaller = [side - (axis == place) for place, side in enumerate(least)]
        assert said in refusal((*smaller, channels), *layers)[1]


def test_no_smallest_input_is_told_where_another_layer_needs_this_one() -> None:
    layers = [{"reshape": [64, 1]}, {"conv1d": {"filters": 2, "kernel_size": 70}}, "flatten"]
    assert refusal((8, 8, 1), *layers)[1] == (
        "conv1d (layers.1) cannot be applied to a sequence (batch, 64, 1): kernel_size 70 is too "
        "large for it. Give a smaller one, `padding: same`, less pooling before it, or a larger "
        "input."
    )


def test_a_text_is_told_how_many_words_are_needed() -> None:
    layers = [{"embedding": 4}, {"conv1d": {"filters": 2, "kernel_size": 7}}, "flatten"]
    assert (
        "The shortest text that these layers take has 7 words. "
        in (refusal((5,), *layers, vocabulary_size=9)[1])
    )


def test_an_activation_may_have_its_argument() -> None:
    model = network(
        (4,),
        {"dense": {"units": 2, "activation": {"leaky_relu": 0.1}}},
        {"activation": {"activation": {"elu": 2}}},
    )
    assert model.layers[1].activation.negative_slope == 0.1
    assert model.layers[2].activation.alpha == 2


def test_the_json_schema_knows_every_layer_and_every_argument() -> None:
    schema = Sequential.model_json_schema()
    classes = schema["$defs"]
    assert schema["properties"]["layers"]["items"] == {"$ref": "#/$defs/AnyLayer"}
    [alone, mapping] = classes["AnyLayer"]["anyOf"]
    assert set(mapping["properties"]) == {*keras_layers.names(), *catalog.names("blocks")}
    assert {"flatten", "relu", "global_max_pooling1d"} < set(alone["enum"])
    assert not {"dense", "conv2d", "bidirectional"} & set(alone["enum"])
    for name, row in keras_layers.table()["layers"].items():
        [reference] = mapping["properties"][name]["anyOf"][0].values()
        whole = classes[reference.removeprefix("#/$defs/")]
        assert list(whole["properties"]) == list(row["arguments"])
        assert whole["additionalProperties"] is False
    dense, pooling, flatten = (
        mapping["properties"][name]["anyOf"] for name in ("dense", "max_pooling2d", "flatten")
    )
    assert dense[1:] == [{"maximum": MOST, "minimum": 1, "title": "Units", "type": "integer"}]
    assert classes["Dense"]["required"] == ["units"]
    assert [option.get("type") for option in pooling[1:]] == [None, "null"]
    assert [option.get("type") for option in flatten[1:]] == ["null"]
    wrapped = mapping["properties"]["bidirectional"]["properties"]
    assert set(wrapped) == {"gru", "lstm", "simple_rnn"}
