"""Sets of labels as vectors of 0 and 1."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kbuilder.tables.sets import BLANK, ITEM, LIST, LISTS, NO_LABEL

BETWEEN, OPEN, CLOSE = "\x01\x02\x01", "\x03", "\x04"
"""What stands between two labels, and around the quoted part of an item of a list, in the graph."""
ENDS = f"(^|{OPEN}){BLANK}+|{BLANK}+($|{CLOSE})"
"""Blanks around a label; TensorFlow's own function takes off those of ASCII alone."""


@keras.saving.register_keras_serializable(package="kbuilder")
class LabelFlags(keras.layers.Layer):
    """For each label of a vocabulary 1 where the cell has it, and else 0.

    A cell is a list as JSON, Python or NumPy writes it, or a text of labels between separators.
    Blanks around labels go; a label that comes twice counts once.

    Args:
        vocabulary: The known labels, all different, none of them empty.
        separator: What stands between two labels of a text, or "[]": nothing does.
        unknown: Whether to add a column that is 1 where a label is none of the vocabulary.
        indicator: Whether to add a column that is 1 where there is no cell: it is empty.
        empty_is_missing: Whether this column is 1 also where a cell has no labels, such as "[]".

    Input shape: (batch,) string, "" where missing.
    Output shape: (batch, len(vocabulary) + unknown + indicator) float32.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        separator: str,
        unknown: bool = False,
        indicator: bool = False,
        empty_is_missing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.vocabulary = list(vocabulary)
        self.separator = separator
        self.unknown = unknown
        self.indicator = indicator
        self.empty_is_missing = empty_is_missing
        size = len(self.vocabulary)
        keys = dict.fromkeys(["", *(OPEN + CLOSE + item for item in ("", *NO_LABEL))], size + 1)
        for index, label in enumerate(self.vocabulary):
            keys.update(dict.fromkeys(_spellings(label), index))
        known = tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(keys), tf.string), tf.constant(list(keys.values()), tf.int64)
        )
        self.table = tf.lookup.StaticHashTable(known, default_value=size)

    def indices(self, cells: Any) -> Any:
        """The index of each label: n of n if it is unknown. (batch, …) ragged int64"""
        cells = tf.convert_to_tensor(cells)
        inner = tf.strings.regex_replace(cells, r"(?s)^[^\[]*\[(.*)\][^\]]*$", r"\1")
        items = tf.strings.regex_replace(inner, ITEM, rf"{BETWEEN}{OPEN}\1\2{CLOSE}\3")
        text = cells
        if self.separator != LISTS:
            text = tf.strings.regex_replace(cells, re.escape(self.separator), BETWEEN)
        listed = tf.strings.regex_full_match(cells, LIST)
        labels = tf.strings.split(tf.where(listed, items, text), BETWEEN)
        found = self.table.lookup(tf.strings.regex_replace(labels.flat_values, ENDS, r"\1\2"))
        ragged = labels.with_flat_values(found)
        return tf.ragged.boolean_mask(ragged, ragged <= len(self.vocabulary))

    def call(self, cells: Any) -> Any:
        cells = tf.convert_to_tensor(cells)
        found = self.indices(cells)
        places = tf.stack([found.value_rowids(), found.flat_values], axis=1)  # (labels, 2)
        size = len(self.vocabulary)
        shape = tf.stack([tf.size(cells, tf.int64), tf.constant(size + 1, tf.int64)])
        counts = tf.scatter_nd(places, tf.ones_like(found.flat_values), shape)
        flags = tf.cast(counts > 0, tf.float32)[:, : size + self.unknown]
        if self.indicator:
            absent = tf.strings.regex_full_match(cells, f"{BLANK}*")
            if self.empty_is_missing:
                absent |= found.row_lengths() == 0
            flags = tf.concat([flags, tf.cast(absent, tf.float32)[:, None]], axis=1)
        return tf.ensure_shape(flags, (None, size + self.unknown + self.indicator))

    def get_config(self) -> dict[str, Any]:
        own = {"vocabulary": self.vocabulary, "separator": self.separator}
        flags = {"unknown": self.unknown, "indicator": self.indicator}
        return {
            **super().get_config(), **own, **flags, "empty_is_missing": self.empty_is_missing
        }  # fmt: skip


def _spellings(label: str) -> set[str]:
    """How a label stands in a text, and how JSON and Python write it in a list."""
    ascii_, upper = json.dumps(label), re.compile(r"\\u[0-9a-f]{4}")
    quoted = {repr(label), ascii(label), ascii_, json.dumps(label, ensure_ascii=False)}
    quoted |= {upper.sub(lambda code: r"\u" + code[0][2:].upper(), ascii_)}
    inner = {one[1:-1] for one in quoted}
    inner |= {one.replace("/", r"\/") for one in inner}
    inner |= {label} if "\\" not in label else set()
    keys = {label, *(OPEN + one + CLOSE for one in inner)}
    plain = {label, label.lower()} if label in ("True", "False") else {label}
    if re.fullmatch("-?(?:0|[1-9][0-9]*)|True|False", label):
        keys |= {OPEN + CLOSE + one for one in plain}
    return keys
