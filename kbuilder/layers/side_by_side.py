"""The columns of one vector, prepared together: a thousand numbers are no thousand operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import accumulate, chain
from typing import Any

import numpy as np
import tensorflow as tf

from kbuilder.layers.category_index import CategoryIndex
from kbuilder.layers.standardize import Standardize
from kbuilder.layers.vocabularies import MANY, Vocabularies

SMALL = 64
"""Words of a vocabulary whose one-hot vectors are made together with others'."""

Prepared = tuple[list[Any], list[list[int]]]
"""Tensors (batch, n), and for each column that is in them where its numbers are, of all of them."""


def side_by_side(
    parts: Mapping[str, Any], columns: Mapping[str, Any], vocabularies: Vocabularies | None = None
) -> Any:
    """What the layer of each column gives, joined along the last axis in their order.

    Plain numbers are standardised at once, and the one-hot vectors of small vocabularies made at
    once; each number is that of its own layer, bit for bit.

    Args:
        parts: The layer by column.
        columns: The tensor by column.
        vocabularies: Of all columns that `has_few_words` finds; None: there are none, or one.

    Returns:
        (batch, n) float32; of one column alone whatever its layer gives.
    """
    if len(parts) == 1:
        [(column, part)] = parts.items()
        return part(columns[column])
    groups: dict[Any, list[str]] = {}
    for column, part in parts.items():
        groups.setdefault(_group(column, part, columns[column]), []).append(column)
    tensors: list[Any] = []
    found: dict[str, list[int]] = {}
    size = 0
    for (_, together), names in groups.items():
        prepare = together if len(names) > 1 else _alone
        if prepare is _categories:
            prepare = partial(prepare, vocabularies=vocabularies)
        given, places = prepare([parts[name] for name in names], [columns[n] for n in names])
        for name, own in zip(names, places, strict=True):
            found[name] = [size + place for place in own]
        tensors += given
        size += sum(tensor.shape[-1] for tensor in given)
    return _in_order(tensors, list(chain.from_iterable(found[column] for column in parts)))


def _in_order(tensors: list[Any], order: list[int]) -> Any:
    """The numbers of all tensors in an order; whole pieces are moved, each once.

    Args:
        tensors: (batch, n) each.
        order: Places in all of them as they follow each other.
    """
    begins = list(accumulate((tensor.shape[-1] for tensor in tensors), initial=0))
    starts = set(begins)
    pieces: list[list[int]] = []
    for place in order:
        if pieces and place == pieces[-1][-1] + 1 and place not in starts:
            pieces[-1].append(place)
        else:
            pieces.append([place])
    if len(pieces) > 2 * MANY:
        joined = tf.concat(tensors, axis=-1) if len(tensors) > 1 else tensors[0]
        return joined if order == sorted(order) else tf.gather(joined, order, axis=-1)
    moved: dict[int, Any] = {}
    for tensor, begin, end in zip(tensors, begins, begins[1:], strict=False):
        own = sorted(piece for piece in pieces if begin <= piece[0] < end)
        cut = tf.split(tensor, [len(piece) for piece in own], -1) if len(own) > 1 else [tensor]
        moved |= {piece[0]: part for piece, part in zip(own, cut, strict=True)}
    given = [moved[piece[0]] for piece in pieces]
    return tf.concat(given, axis=-1) if len(given) > 1 else given[0]


def width(part: Any) -> int | None:
    """How many numbers a layer makes of a value; None: it has to be tried."""
    if isinstance(part, CategoryIndex):
        return len(part.vocabulary) + 2 if part.one_hot else 1
    return 1 + part.indicator if _plain(part) else None


def has_few_words(part: Any) -> bool:
    """Whether a layer makes one-hot vectors of a small vocabulary of words."""
    return _is_small(part) and part.words


def _is_small(part: Any) -> bool:
    return isinstance(part, CategoryIndex) and part.one_hot and len(part.vocabulary) <= SMALL


def _plain(part: Any) -> bool:
    """Whether a layer standardises values as they come, by one mean."""
    if not isinstance(part, Standardize) or np.ndim(part.mean):
        return False
    return part.shape is None and part.steps is None and not part.channels_first


def _group(column: str, part: Any, tensor: Any) -> tuple[Any, Callable[..., Prepared]]:
    """What those columns have in common that are prepared together, and how."""
    if _plain(part) and tensor.shape.rank == 1:
        return (tensor.dtype, part.indicator), _numbers
    if _is_small(part):
        return part.words, _categories
    return column, _alone


def _alone(parts: list[Any], tensors: list[Any]) -> Prepared:
    """What the layer of one column gives."""
    [part], [tensor] = parts, tensors
    given = part(tensor)
    return [given], [list(range(given.shape[-1]))]


def _numbers(parts: list[Any], tensors: list[Any]) -> Prepared:
    """Values, then where they are missing, if that is wanted."""
    bounds: Any = None
    if any(part.bounds for part in parts):
        pairs = [part.bounds or (-np.inf, np.inf) for part in parts]
        bounds = [low for low, _ in pairs], [high for _, high in pairs]
    means, scales = [part.mean for part in parts], [part.scale for part in parts]
    layer = Standardize(means, scales, parts[0].indicator, bounds)
    given = layer(tf.stack(tensors, axis=-1))
    count, own = len(parts), given.shape[-1] // len(parts)
    return [given], [[place + count * n for n in range(own)] for place in range(count)]


def _categories(
    parts: list[Any], tensors: list[Any], vocabularies: Vocabularies | None = None
) -> Prepared:
    """The one-hot vectors of all; of many, each number is 1 where the index is its own."""
    if parts[0].words:
        assert vocabularies is not None, "they are several"
        index = vocabularies.indices(parts, tensors)  # (columns, batch)
    else:
        pairs = zip(parts, tensors, strict=True)
        index = tf.stack([part.table.lookup(own) for part, own in pairs])
    sizes = [len(part.vocabulary) + 2 for part in parts]
    if len(parts) < MANY:
        each = zip(tf.unstack(index), sizes, strict=True)
        given = [tf.one_hot(own, size) for own, size in each]
    else:
        owners = np.repeat(np.arange(len(parts)), sizes)
        own = tf.constant(np.concatenate([np.arange(size) for size in sizes]), index.dtype)
        meant = tf.gather(tf.transpose(index), owners, axis=-1)
        given = [tf.cast(tf.equal(meant, own), tf.float32)]
    ends = list(accumulate(sizes))
    return given, [list(range(end - size, end)) for end, size in zip(ends, sizes, strict=True)]
