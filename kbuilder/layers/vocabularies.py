"""The vocabularies of many columns in one table: an export of a table for each takes minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kbuilder.layers.category_index import CategoryIndex


class Vocabularies(tf.Module):
    """The place of each word in the vocabulary of its column, as the layers of the columns find it.

    Args:
        parts: The layers, all of words.
    """

    def __init__(self, parts: Sequence[CategoryIndex]) -> None:
        super().__init__()
        self._prefixes = tuple((id(part), f"{number}:") for number, part in enumerate(parts))
        keys: list[str] = []
        places: list[int] = []
        for part, (_, prefix) in zip(parts, self._prefixes, strict=True):
            known = part.places()
            keys += [f"{prefix}{word}" for word in known]
            places += known.values()
        known = tf.lookup.KeyValueTensorInitializer(
            tf.constant(keys, tf.string), tf.constant(places, tf.int64)
        )
        self._table = tf.lookup.StaticHashTable(known, default_value=1)

    def indices(self, parts: Sequence[CategoryIndex], words: Sequence[Any]) -> Any:
        """The places of words, as `CategoryIndex` has them without one-hot vectors.

        Args:
            parts: The layers of some columns.
            words: The tensor of each, (batch,) string.

        Returns:
            (batch, number of columns) int64.
        """
        prefixes = dict(self._prefixes)
        first = tf.constant([[prefixes[id(part)]] for part in parts])
        stacked = tf.stack(words)  # (columns, batch)
        found = self._table.lookup(first + stacked)
        unknown = found == 1
        found = tf.cond(
            tf.reduce_any(unknown),
            lambda: tf.where(unknown, self._table.lookup(first + tf.strings.strip(stacked)), found),
            lambda: found,
        )
        return tf.transpose(found)
