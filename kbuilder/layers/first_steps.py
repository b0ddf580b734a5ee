"""Rows of unlike length with their real steps first."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def first_steps(values: Any, there: Any, steps: int) -> tuple[Any, Any]:
    """All from the first to the last real step of each row; of more than `steps` the last.

    Args:
        values: (batch, time, ...), with any number of steps.
        there: Which steps are no padding, (batch, time) booleans.
        steps: How many are kept.

    Returns:
        (batch, steps, ...), and which of them are such, (batch, steps) booleans. What stands in the
        others is any of the row's values.
    """
    index, end = first_places(there, steps)
    last = tf.shape(values)[1] - 1
    taken = tf.gather(values, tf.clip_by_value(index, 0, last), axis=1, batch_dims=1)
    return tf.ensure_shape(taken, (None, steps, *values.shape[2:])), tf.less(index, end)


def first_places(there: Any, steps: int) -> tuple[Any, Any]:
    """Where the steps stand that come first, beyond the end where there are fewer; and the end.

    Args:
        there: Which steps are no padding, (batch, time) booleans.
        steps: How many are kept, the last ones of more.

    Returns:
        (batch, steps) and (batch, 1) whole numbers.
    """
    time = tf.shape(there)[1]
    places = tf.range(time)[None, :]
    end = tf.reduce_max(tf.where(there, places + 1, 0), axis=1, keepdims=True)
    begin = tf.reduce_min(tf.where(there, places, time), axis=1, keepdims=True)
    return tf.maximum(begin, end - steps) + tf.range(steps)[None, :], end
