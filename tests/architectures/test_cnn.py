"""The convolutional network."""

from __future__ import annotations

from typing import Any

import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import BuildError


def build(shape: tuple[int | None, ...], words: int = 0, **given: Any) -> Any:
    return kb.build(kb.CNN(**given), kb.Binary(), shape, vocabulary_size=words)


def kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers[1:-1]]


def test_on_images_convolutions_are_2d_and_the_map_is_flattened() -> None:
    model = build((8, 8, 3), filters=[4, 6], kernel_size=5)
    block = ["Conv2D", "Activation", "MaxPooling2D"]
    assert kinds(model) == [*block, *block, "Flatten"]
    assert model.layers[1].kernel.shape == (5, 5, 3, 4)
    assert model.layers[-2].output.shape == (None, 2 * 2 * 6)


@pytest.mark.parametrize(("shape", "words"), [((9, 3), 0), ((9,), 5)])
def test_along_time_convolutions_are_1d_and_the_last_pooling_is_global(
    shape: tuple[int, ...], words: int
) -> None:
    model = build(shape, words, filters=[4, 6], embedding=7)
    body = ["Conv1D", "Activation", "MaxPooling1D", "Conv1D", "Activation", "GlobalMaxPooling1D"]
    skipping = ["Embedding", "NotPadding", "RealSteps", "Conv1D", "Activation", "PoolSteps",
                "SlidMask", "RealSteps", "Conv1D", "Activation", "PoolOverTime"]  # fmt: skip
    assert sorted(kinds(model)) == sorted(skipping if words else body)
    assert model.layers[-2].output.shape == (None, 6)


@pytest.mark.parametrize(
    ("reduce", "last"), [("max", "GlobalMaxPooling2D"), ("average", "GlobalAveragePooling2D")]
)
def test_global_pooling_takes_the_place_of_the_last_pooling(reduce: Any, last: str) -> None:
    model = build((8, 8, 1), filters=[4, 6], pooling="average", reduce=reduce)
    assert kinds(model).count("AveragePooling2D") == 1
    assert kinds(model)[-1] == last


def test_without_pooling_the_map_keeps_its_size() -> None:
    model = build((8, 8, 1), filters=[2], pooling="none")
    assert kinds(model) == ["Conv2D", "Activation", "Flatten"]
    assert model.layers[-2].output.shape == (None, 8 * 8 * 2)


def test_dropout_normalisation_and_dense_layers_come_in_their_places() -> None:
    model = build(
        (8, 8, 1), filters=4, normalization="batch", units=[5], dropout=0.5, input_dropout=0.1
    )
    assert kinds(model) == [
        "Dropout", "Conv2D", "BatchNormalization", "Activation", "MaxPooling2D", "Flatten",
        "Dropout", "Dense", "Activation", "Dropout",
    ]  # fmt: skip
    assert [layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"] == [
        0.1, 0.5, 0.5,
    ]  # fmt: skip


def test_an_input_that_poolings_reduce_to_nothing_is_refused() -> None:
    assert message(BuildError, build, (8, 3, 1)) == (
        "model: the input of cnn is 8 × 3, and 2 poolings by 2 need at least 4 along each side. "
        "Give fewer filters, `pooling: none`, or a larger input."
    )


def test_a_sequence_may_have_any_length() -> None:
    assert build((None, 3)).output_shape == (None, 1)


@pytest.mark.parametrize(("shape", "axes"), [((16, 16, 3), "2D"), ((16, 3), "1D")])
def test_separable_convolutions_with_gaps_and_dropped_channels(
    shape: tuple[int, ...], axes: str
) -> None:
    model = build(
        shape, filters=4, separable=True, dilation_rate=2, spatial_dropout=0.25, l2=0.01,
        kernel_initializer="he_uniform",
    )  # fmt: skip
    assert kinds(model)[:3] == [f"SeparableConv{axes}", "Activation", f"SpatialDropout{axes}"]
    convolution = model.layers[1]
    assert set(convolution.dilation_rate) == {2}
    assert len(model.losses) == 2  # of the depth and of the points
    for part in (convolution.depthwise_initializer, convolution.pointwise_initializer):
        assert type(part).__name__ == "HeUniform"


def test_maxout_takes_the_greatest_of_several_convolutions() -> None:
    model = build((8, 8, 3), filters=4, activation={"maxout": 3}, normalization="group", units=5)
    assert kinds(model) == [
        "Conv2D", "Conv2D", "Conv2D", "Maximum", "GroupNormalization", "MaxPooling2D", "Flatten",
        "Maxout",
    ]  # fmt: skip
