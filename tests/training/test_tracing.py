"""What replaces an operation while a step is traced gives the same, and its gradient too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kbuilder import internals
from kbuilder.training import tracing
from kbuilder.training.tracing import faster_on_cpu

RANDOM = np.random.default_rng(0)


def results(apply: Callable[..., Any], replaced: bool, *given: np.ndarray) -> list[np.ndarray]:
    """What is given back, and the gradients by what was given, of a sum of squares."""

    def run(*tensors: tf.Tensor) -> Any:
        with faster_on_cpu() if replaced else nullcontext(), tf.GradientTape() as tape:
            tape.watch(tensors)
            result = apply(*tensors)
            loss = tf.reduce_sum(tf.square(result))
        return [result, *tape.gradient(loss, tensors)]

    function = tf.function(run, autograph=False)
    return [value.numpy() for value in function(*map(tf.constant, given))]


def assert_alike(apply: Callable[..., Any], *given: np.ndarray, exactly: bool = False) -> None:
    plain, replaced = results(apply, False, *given), results(apply, True, *given)
    for mine, its in zip(replaced, plain, strict=True):
        assert mine.shape == its.shape
        if exactly:
            np.testing.assert_array_equal(mine, its)
        else:
            np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-4)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(3, 6, 8, 2), (1, 2, 2, 1), (2, 4, 4, 5)])
def test_the_pooling_of_squares_is_the_same_bit_for_bit(shape: tuple[int, ...]) -> None:
    assert_alike(lambda x: keras.ops.max_pool(x, 2), normal(*shape), exactly=True)


def test_of_equal_numbers_the_first_has_the_gradient() -> None:
    images = RANDOM.integers(0, 2, (4, 8, 8, 3)).astype(np.float32)
    assert_alike(lambda x: keras.ops.max_pool(x, 2), images, exactly=True)


@pytest.mark.parametrize(
    ("pool_size", "strides", "padding"),
    [(3, None, "valid"), (2, 1, "valid"), (2, None, "same"), ((2, 1), None, "valid")],
)
def test_other_pooling_is_as_it_was(pool_size: Any, strides: Any, padding: str) -> None:
    images = normal(2, 7, 6, 2)
    assert_alike(lambda x: keras.ops.max_pool(x, pool_size, strides, padding), images, exactly=True)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("images", "kernel"),
    [
        ((2, 12, 12, 1), (5, 5, 1, 6)),  # several places at once: 2 by 4
        ((2, 8, 9, 3), (3, 3, 3, 4)),
        ((2, 7, 7, 3), (3, 3, 3, 4)),  # odd: no places at once
        ((2, 6, 8, 3), (1, 3, 3, 4)),
        ((2, 6, 8, 16), (3, 3, 16, 4)),  # many channels: as it was
        ((2, 5, 5, 16), (5, 5, 16, 20)),  # over the whole input
        ((2, 8, 8, 4), (3, 3, 2, 6)),  # in groups: as it was
    ],
)
def test_a_convolution_is_the_same(images: Any, kernel: Any, padding: str) -> None:
    assert_alike(
        lambda x, w: keras.ops.conv(x, w, padding=padding), normal(*images), normal(*kernel)
    )


@pytest.mark.parametrize("given", [{"strides": 2}, {"dilation_rate": 2}])
def test_strided_and_dilated_convolutions_are_as_they_were(given: dict[str, int]) -> None:
    images, kernel = normal(2, 12, 12, 1), normal(3, 3, 1, 4)
    assert_alike(lambda x, w: keras.ops.conv(x, w, **given), images, kernel, exactly=True)


def test_something_is_replaced_only_within() -> None:
    names = {name: getattr(internals.operations(), name) for name in ("conv", "max_pool")}
    algorithm = tracing.random_ops_util.get_key_counter_alg
    with faster_on_cpu():
        for name, plain in names.items():
            assert getattr(internals.operations(), name) is not plain
        assert tracing.random_ops_util.get_key_counter_alg is not algorithm
    for name, plain in names.items():
        assert getattr(internals.operations(), name) is plain
    assert tracing.random_ops_util.get_key_counter_alg is algorithm


def test_dropout_within_draws_the_numbers_of_xla_itself() -> None:
    ones = np.ones((64, 64), np.float32)
    drawn = []
    for replaced in (False, True):
        seeds = keras.random.SeedGenerator(5)

        def run(x: tf.Tensor, seeds: Any = seeds, replaced: bool = replaced) -> Any:
            with faster_on_cpu() if replaced else nullcontext():
                return keras.random.dropout(x, 0.5, seed=seeds)

        drawn.append(tf.function(run, jit_compile=True, autograph=False)(ones).numpy())
    np.testing.assert_array_equal(*drawn)
    assert 0.4 < (drawn[0] == 0).mean() < 0.6
