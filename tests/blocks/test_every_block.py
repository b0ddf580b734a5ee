"""What every block promises, for every number of axes that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder import catalog
from kbuilder.errors import RecipeError
from kbuilder.layer_lists.lists import Block

BLOCKS = catalog.names("blocks")
CONVOLUTION = {"filters": 5, "kernel_size": 3, "padding": "same"}
# What a recipe writes for each, and the number of channels that come out of 4.
WRITTEN: dict[str, tuple[Any, int]] = {
    "branches": ([[], ["relu"], [{"dense": 3}]], 11),
    "inception": ({"conv1": 1, "conv3": [2, 3], "conv5": [1, 2], "pool": 1}, 7),
    "maxout": (6, 6),
    "multi_head_attention": ({"num_heads": 2, "key_dim": 3}, 4),
    "repeat": ({"times": 2, "layers": [{"dense": 5}, "relu"]}, 5),
    "residual": ({"filters": 5, "normalization": "group"}, 5),
}
SHAPES = {2: (4,), 3: (6, 4), 4: (6, 7, 4)}
CASES = [
    (name, rank)
    for name in BLOCKS
    for rank in (kb.Sequential(layers=[{name: WRITTEN[name][0]}]).layers[0][name].ranks or SHAPES)
]


def model(name: str, rank: int) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPES[rank])
    [layer] = kb.Sequential(layers=[{name: WRITTEN[name][0]}]).layers
    return keras.Model(inputs, layer[name].apply(inputs, ("model", "layers", 0, name)))


def test_every_block_is_tried() -> None:
    assert set(WRITTEN) == set(BLOCKS)


@pytest.mark.parametrize(("name", "rank"), CASES)
def test_it_learns_with_every_weight_and_answers_alike_once_saved(
    name: str, rank: int, tmp_path: Path
) -> None:
    import keras
    import tensorflow as tf

    network = model(name, rank)
    assert network.output_shape == (None, *SHAPES[rank][:-1], WRITTEN[name][1])
    batch = np.random.default_rng(0).normal(size=(8, *SHAPES[rank])).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(network(batch, training=True) ** 3)
    weights = network.trainable_weights
    assert weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
    network.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(batch), network(batch))


@pytest.mark.parametrize("name", BLOCKS)
def test_it_is_given_as_an_object_too(name: str) -> None:
    [written] = kb.Sequential(layers=[{name: WRITTEN[name][0]}]).layers
    block = written[name]
    assert isinstance(block, Block)
    assert kb.Sequential(layers=[block]).layers == (written,)
    assert kb.Sequential(layers=[{name: block}]).layers == (written,)


@pytest.mark.parametrize("value", ["zeros", "ones"])
@pytest.mark.parametrize("name", ["inception", "maxout", "residual"])
def test_weights_that_start_equal_are_refused(name: str, value: str) -> None:
    given = WRITTEN[name][0]
    fields = given if isinstance(given, dict) else {"units": given}
    with pytest.raises(RecipeError) as caught:
        kb.Sequential(layers=[{name: {**fields, "kernel_initializer": value}}])
    assert [(error["loc"], error["msg"]) for error in caught.value.__context__.errors()] == [
        (
            ("layers", 0, name, "kernel_initializer"),
            f"with {value} all units of a hidden layer start equal, get equal gradients and stay "
            "equal. Expected a random one, such as glorot_uniform or he_normal",
        )
    ]


@pytest.mark.parametrize("name", ["inception", "maxout", "residual"])
def test_its_penalty_is_on_every_kernel(name: str) -> None:
    import keras

    given = WRITTEN[name][0]
    fields = given if isinstance(given, dict) else {"units": given}
    [layer] = kb.Sequential(layers=[{name: {**fields, "kernel_regularizer": {"l2": 0.5}}}]).layers
    inputs = keras.Input(SHAPES[4])
    network = keras.Model(inputs, layer[name].apply(inputs, ("model", "layers", 0, name)))
    kernels = [weight for weight in network.weights if weight.name == "kernel"]
    assert len(network.losses) == len(kernels) > 0
    wanted = sum(0.5 * float(np.square(kernel.numpy()).sum()) for kernel in kernels)
    assert float(sum(network.losses)) == pytest.approx(wanted, rel=1e-5)
