"""The average row of training, from which explanations of rows begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import RANKS

ROWS, FEWEST, NUMBERS = 2**16, 1024, 2**28
"""Training rows that it is the mean of, at most, at equal distances; of long rows fewer,
and how many at least; and how many numbers they have."""
BATCH = 1024


def average_row(columns: Columns, arrays: Arrays) -> Arrays:
    """The mean of the prepared training rows, by input of the network.

    Of numbers, one-hot categories, words that are counted, sequences and pictures it is the mean of
    each number, of a masked sequence or video that of all its real steps, (channels,) or
    (height, width, channels). Of an index that goes through an embedding it is the share of each,
    from 0 on. A text has none: on average there is no word.

    Args:
        columns: The learned features.
        arrays: The prepared training rows.
    """
    found: Arrays = {}
    for column, key in columns.keys().items():
        feature = columns.features[column]
        if key in found or feature.form == "text":
            continue
        values = arrays[key]
        width = int(np.prod(values.shape[1:]))
        most = int(np.clip(NUMBERS // max(1, width), FEWEST, ROWS))
        step = -(-len(values) // most)
        if feature.form == "vector" and values.dtype.kind in "iu":
            places = np.asarray(values[::step]).ravel()
            found[key] = (np.bincount(places) / len(places)).astype(np.float32)
            continue
        total, count = np.zeros(1), 0
        for start in range(0, len(values), BATCH * step):
            some = np.asarray(values[start : start + BATCH * step : step])
            if getattr(feature, "masked", False):
                some = of_real_steps(some, feature.form)
            total = total + some.sum(axis=0, dtype=np.float64)
            count += len(some)
        found[key] = (total / max(1, count)).astype(np.float32)
    return found


def real_steps(prepared: Any, form: str) -> Any:
    """Which steps of masked sequences or videos are real. (rows, time) bool"""
    told = prepared[..., -1] if form == "sequence" else prepared[:, :, -1, 0, 0]
    return told > 0.5


def of_real_steps(prepared: np.ndarray, form: str) -> np.ndarray:
    """The numbers of the real steps of masked sequences or videos, without the mask.

    (rows, time, d + 1) to (real steps, d), or (rows, frames, height + 1, width, channels) to
    (real frames, height, width, channels).
    """
    some = prepared[real_steps(prepared, form)]
    return some[..., :-1] if form == "sequence" else some[:, :-1]


def begin(columns: Columns, average: Arrays, rows: Mapping[str, Any]) -> dict[str, Any]:
    """Where the path to each row begins, for the inputs that are numbers. Each as the row, float32

    What says which steps are padding, and padding itself, is as in the row.

    Args:
        columns: The learned features.
        average: What `average_row` gave.
        rows: Prepared rows, as tensors.
    """
    import tensorflow as tf

    found: dict[str, Any] = {}
    for column, key in columns.keys().items():
        feature, own = columns.features[column], rows[key]
        if key in found or is_index(columns, column, own):
            continue
        own = tf.cast(own, tf.float32)
        if not getattr(feature, "masked", False):
            found[key] = tf.broadcast_to(average[key], tf.shape(own))
            continue
        real = real_steps(own, feature.form)
        if feature.form == "sequence":
            start = tf.where(real[..., None], average[key], own[..., :-1])
            found[key] = tf.concat([start, own[..., -1:]], axis=-1)
        else:
            start = tf.where(real[..., None, None, None], average[key], own[:, :, :-1])
            found[key] = tf.concat([start, own[:, :, -1:]], axis=2)
    return found


def is_index(columns: Columns, column: str, prepared: Any) -> bool:
    """Whether a column goes into the network as numbers of embeddings.

    Args:
        columns: The learned features.
        column: Which.
        prepared: Its rows, as an array or a tensor.
    """
    kind = np.dtype(getattr(prepared.dtype, "as_numpy_dtype", prepared.dtype)).kind
    return kind in "iu" and RANKS[columns.features[column].form] == 2
