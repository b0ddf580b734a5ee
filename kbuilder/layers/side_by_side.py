"""The columns of one vector, prepared together: a thousand numbers are no thousand operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate, chain
from typing import Any

import numpy as np
import tensorflow as tf

from kbuilder.layers.category_index import CategoryIndex
from kbuilder.layers.standardize import Standardize

SMALL = 64
"""Words of a vocabulary whose one-hot vectors are made together with others'."""

Prepared = tuple[Any, list[list[int]]]
"""A tensor (batch, n), and for each column that is in it where its numbers are."""


def side_by_side(parts: Mapping[str, Any], columns: Mapping[str, Any]) -> Any:
    """What the layer of each column gives, joined along the last axis in their order.

    Plain numbers are standardised at once, and the one-hot vectors of small vocabularies made at
    once; each number is that of its own layer, bit for bit.

    Args:
        parts: The layer by column.
        columns: The tensor by column.

    Returns:
        (batch, n) float32.
    """
    groups: dict[Any, list[str]] = {}
    for column, part in parts.items():
        groups.setdefault(_group(column, part, columns[column]), []).append(column)
    tensors: list[Any] = []
    found: dict[str, list[int]] = {}
    size = 0
    for (_, together), names in groups.items():
        prepare = together if len(names) > 1 else _alone
        tensor, places = prepare([parts[name] for name in names], [columns[n] for n in names])
        for name, own in zip(names, places, strict=True):
            found[name] = [size + place for place in own]
        tensors.append(tensor)
        size += tensor.shape[-1]
    joined = tf.concat(tensors, axis=-1) if len(tensors) > 1 else tensors[0]
    order = list(chain.from_iterable(found[column] for column in parts))
    return joined if order == list(range(size)) else tf.gather(joined, order, axis=-1)


def _group(column: str, part: Any, tensor: Any) -> tuple[Any, Callable[..., Prepared]]:
    """What those columns have in common that are prepared together, and how."""
    if isinstance(part, Standardize) and part.plain and tensor.shape.rank == 1:
        return (tensor.dtype, part.indicator), _numbers
    if isinstance(part, CategoryIndex) and part.one_hot and len(part.vocabulary) <= SMALL:
        return part.words, _categories
    return column, _alone


def _alone(parts: list[Any], tensors: list[Any]) -> Prepared:
    """What the layer of one column gives."""
    [part], [tensor] = parts, tensors
    given = part(tensor)
    return given, [list(range(given.shape[-1]))]


def _numbers(parts: list[Any], tensors: list[Any]) -> Prepared:
    """Values, then where they are missing, if that is wanted."""
    given = Standardize.together(parts)(tf.stack(tensors, axis=-1))
    count, own = len(parts), given.shape[-1] // len(parts)
    return given, [[place + count * n for n in range(own)] for place in range(count)]


def _categories(parts: list[Any], tensors: list[Any]) -> Prepared:
    """Of all one-hot vectors each number is 1 where the index of its column is its own."""
    index = tf.stack(CategoryIndex.indices(parts, tensors), axis=-1)
    sizes = [len(part.vocabulary) + 2 for part in parts]
    owners = np.repeat(np.arange(len(parts)), sizes)
    own = tf.constant(np.concatenate([np.arange(size) for size in sizes]), index.dtype)
    given = tf.cast(tf.equal(tf.gather(index, owners, axis=-1), own), tf.float32)
    ends = list(accumulate(sizes))
    return given, [list(range(end - size, end)) for end, size in zip(ends, sizes, strict=True)]
