"""Raw columns as a table is read: blanks at both ends of words go, and what means missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import keras
import tensorflow as tf

from kbuilder.tables.values import MISSING_INTEGER, is_number


class Cleaned(keras.layers.Layer):
    """Columns of words and numbers, with the words and numbers that mean missing as missing.

    So a row that comes as it stands in the file is answered as a row of the table.

    Args:
        missing: By column the words that mean missing; columns of other tensors are left alone.

    Call arguments:
        columns: A tensor by column, of all or of some; those of words (batch,) string.
    Returns:
        The same, cleaned.
    """

    def __init__(self, missing: Mapping[str, Collection[str]], **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        # Columns that have the same words are looked up together.
        self.groups = [
            (sorted(words), [name for name, own in missing.items() if set(own) == words])
            for words in map(set, dict.fromkeys(map(frozenset, missing.values())))
        ]
        self.tables = [_table(words) for words, _ in self.groups if words]

    def call(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        cleaned, tables = dict(columns), iter(self.tables)
        for words, members in self.groups:
            table = next(tables) if words else None
            names = [name for name in members if name in columns]
            texts = [name for name in names if columns[name].dtype == tf.string]
            if texts:
                read = _texts([columns[name] for name in texts], table)
                cleaned.update(zip(texts, read, strict=True))
            marks = [float(word) for word in words if is_number(word)]
            marks = [mark for mark in marks if mark == mark]
            for name in names if marks else ():
                if name not in texts:
                    cleaned[name] = _numbers(columns[name], marks)
        return cleaned


def _table(words: Collection[str]) -> Any:
    """Looks up whether a word means missing."""
    keys = tf.constant(list(words), tf.string)
    values = tf.ones(len(words), tf.int64)
    known = tf.lookup.KeyValueTensorInitializer(keys, values)
    return tf.lookup.StaticHashTable(known, default_value=0)


def _texts(columns: list[Any], table: Any) -> list[Any]:
    words = tf.strings.strip(tf.stack(columns, axis=0) if len(columns) > 1 else columns[0])
    if table is not None:
        words = tf.where(table.lookup(words) > 0, "", words)
    return tf.unstack(words, axis=0) if len(columns) > 1 else [words]


def _numbers(values: Any, marks: list[float]) -> Any:
    whole = values.dtype.is_integer
    missing = MISSING_INTEGER if whole else float("nan")
    marks = [int(mark) for mark in marks if mark == int(mark)] if whole else marks
    gone = tf.reduce_any(values[..., None] == tf.constant(marks, values.dtype), axis=-1)
    return tf.where(gone, tf.constant(missing, values.dtype), values)
