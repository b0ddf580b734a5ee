"""The vocabularies of several columns, which are looked up together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kbuilder.layers.category_index import CategoryIndex, sought_again

MANY = 32
"""Columns from which on they share one table: an export with a table for each of 400 takes minutes,
while a few tables are looked up side by side, in half the time."""


class Vocabularies(tf.Module):
    """The index of each word in the vocabulary of its column, as the layers of the columns find it.

    Args:
        parts: The layers, all of words.
    """

    def __init__(self, parts: Sequence[CategoryIndex]) -> None:
        super().__init__()
        self._prefixes = tuple((id(part), f"{number}:") for number, part in enumerate(parts))
        self._table: Any = None
        if len(parts) < MANY:
            return
        keys: list[str] = []
        indices: list[int] = []
        for part, (_, prefix) in zip(parts, self._prefixes, strict=True):
            known = part.places()
            keys += [f"{prefix}{word}" for word in known]
            indices += known.values()
        known = tf.lookup.KeyValueTensorInitializer(
            tf.constant(keys, tf.string), tf.constant(indices, tf.int64)
        )
        self._table = tf.lookup.StaticHashTable(known, default_value=1)

    def indices(self, parts: Sequence[CategoryIndex], words: Sequence[Any]) -> Any:
        """The indices of words, as `CategoryIndex` has them without one-hot vectors.

        Args:
            parts: The layers of some columns.
            words: The tensor of each, (batch,) string.

        Returns:
            (number of columns, batch) int64.
        """
        return sought_again(
            self._lookup(parts, words),
            lambda: self._lookup(parts, [tf.strings.strip(own) for own in words]),
        )

    def _lookup(self, parts: Sequence[CategoryIndex], words: Sequence[Any]) -> Any:
        if self._table is None:
            pairs = zip(parts, words, strict=True)
            return tf.stack([part.table.lookup(own) for part, own in pairs])
        prefixes = dict(self._prefixes)
        first = tf.constant([[prefixes[id(part)]] for part in parts])
        return self._table.lookup(first + tf.stack(words))
