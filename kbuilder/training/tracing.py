"""Operations that XLA does slowly on a CPU, replaced by equal ones while a step is traced.

Found by measuring (benchmarks/results/fit.md). Numbers for dropout cost forty times as much where
TensorFlow leaves the choice of their generator to XLA, which then takes the same one. A convolution
of few channels, or over its whole input, and the pooling of 2 by 2 are several times as fast in
other words. All are of the backend of Keras 3.15.1 and TensorFlow 2.21.0: where a name is no longer
there, nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import random_ops_util

from kbuilder import internals

FEW = 8
"""Input channels below which a convolution is computed for several places at once."""


@contextmanager
def faster_on_cpu() -> Iterator[None]:
    """Within it, what is traced uses the replacements."""
    nn = internals.operations()
    with ExitStack() as replaced:
        for module, name, made in (
            (random_ops_util, "get_key_counter_alg", _philox),
            (nn, "max_pool", _max_pool),
            (nn, "conv", _conv),
        ):
            plain = getattr(module, name, None)
            if plain is not None:
                setattr(module, name, made(plain))
                replaced.callback(setattr, module, name, plain)
        yield


def _philox(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Names the generator that is meant by `auto_select`."""
    auto = random_ops_util.Algorithm.AUTO_SELECT

    def get_key_counter_alg(seed: Any, alg: Any) -> Any:
        left_open = alg is None or alg in ("auto_select", auto, auto.value)
        return plain(seed, "philox" if left_open else alg)

    return get_key_counter_alg


def _max_pool(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Maxima of 2 by 2 by reshaping, with the gradient to the first of equal ones, as elsewhere."""

    def max_pool(
        inputs: Any,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
    ) -> Any:
        halves = (
            len(inputs.shape) == 4
            and data_format == "channels_last"
            and _pair(pool_size) == _pair(strides or pool_size) == (2, 2)
            and None not in inputs.shape[1:]
            and inputs.shape[1] % 2 == inputs.shape[2] % 2 == 0
        )
        if not halves:
            return plain(inputs, pool_size, strides, padding, data_format)
        return _halved(inputs)

    return max_pool


@tf.custom_gradient
def _halved(images: tf.Tensor) -> Any:
    """Maxima of 2 by 2. (batch, height, width, channels) -> (batch, height/2, width/2, channels)"""
    _, height, width, channels = images.shape
    squares = tf.reshape(images, (-1, height // 2, 2, width // 2, 2, channels))
    largest = tf.reduce_max(squares, (2, 4))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        equal = tf.equal(squares, largest[:, :, None, :, None, :])
        left, right = equal[..., 0, :], equal[..., 1, :]  # (batch, h/2, 2, w/2, channels)
        above = tf.reduce_any(equal[:, :, 0], axis=3)  # (batch, h/2, w/2, channels)
        free = tf.stack([tf.ones_like(above), ~above], axis=2)
        first = tf.stack([left & free, right & ~left & free], axis=4)
        share = tf.cast(first, upstream.dtype) * upstream[:, :, None, :, None, :]
        return tf.reshape(share, tf.shape(images))

    return largest, gradient


def _conv(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Convolutions over the whole input as a product, those of few channels several at once."""

    def conv(
        inputs: Any,
        kernel: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
    ) -> Any:
        weights = tf.convert_to_tensor(kernel)
        usual = (
            len(inputs.shape) == 4
            and data_format == "channels_last"
            and None not in inputs.shape[1:]
            and _pair(strides) == _pair(dilation_rate) == (1, 1)
            and padding in ("valid", "same")
            and inputs.shape[-1] == weights.shape[2]
        )
        if usual:
            (rows, columns), (high, wide) = inputs.shape[1:3], weights.shape[:2]
            if padding == "valid" and (rows, columns) == (high, wide):
                return _whole(inputs, weights)
            if padding == "same":
                rows, columns = rows + high - 1, columns + wide - 1
            down = _divisor(rows - high + 1, 2)
            across = _divisor(columns - wide + 1, 4)
            if weights.shape[2] < FEW and high > 1 and down * across > 1:
                if padding == "same":
                    sides = [[(size - 1) // 2, size // 2] for size in (high, wide)]
                    inputs = tf.pad(inputs, [[0, 0], *sides, [0, 0]])
                return _several(inputs, weights, down, across)
        return plain(inputs, kernel, strides, padding, data_format, dilation_rate)

    return conv


def _whole(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """A convolution whose kernel covers its input. -> (batch, 1, 1, filters)"""
    high, wide, channels, filters = kernel.shape
    flat = tf.reshape(images, (-1, high * wide * channels))
    return tf.reshape(flat @ tf.reshape(kernel, (-1, filters)), (-1, 1, 1, filters))


def _several(images: tf.Tensor, kernel: tf.Tensor, down: int, across: int) -> tf.Tensor:
    """A convolution without padding that computes a rectangle of places as channels of one."""
    high, wide, channels, filters = kernel.shape
    height, width = images.shape[1] - high + 1, images.shape[2] - wide + 1
    shifted = [
        tf.pad(kernel, [[y, down - 1 - y], [x, across - 1 - x], [0, 0], [0, 0]])
        for y in range(down)
        for x in range(across)
    ]
    together = tf.reshape(
        tf.stack(shifted, axis=3), (high + down - 1, wide + across - 1, channels, -1)
    )
    found = tf.nn.conv2d(images, together, [down, across], "VALID")
    found = tf.reshape(found, (-1, height // down, width // across, down, across, filters))
    return tf.reshape(tf.transpose(found, (0, 1, 3, 2, 4, 5)), (-1, height, width, filters))


def _divisor(size: int, most: int) -> int:
    """The largest power of 2 up to `most` that divides `size`."""
    return next(part for part in (4, 2, 1) if part <= most and size % part == 0)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)
