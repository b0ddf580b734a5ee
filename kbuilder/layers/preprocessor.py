"""All features of a row at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import keras

from kbuilder.layers.category_index import CategoryIndex
from kbuilder.layers.cleaned import Cleaned
from kbuilder.layers.pictures import Pictures
from kbuilder.layers.side_by_side import has_few_words, side_by_side
from kbuilder.layers.vocabularies import Vocabularies
from kbuilder.layers.ways import way_of


class Preprocessor(keras.layers.Layer):
    """One layer per raw column; finished vectors are joined into one.

    Args:
        parts: The layer by column.
        keys: The name of the output by column; columns of one name are joined along the last axis.
        missing: By column of words or numbers the words that mean missing.

    Call arguments:
        columns: A tensor by column, of all or of some.
    Returns:
        A tensor by the names in `keys`.
    """

    def __init__(
        self,
        parts: Mapping[str, Any],
        keys: Mapping[str, str],
        missing: Mapping[str, Collection[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.keys = dict(keys)
        self.cleaned = Cleaned(missing or {})
        self.parts = list(parts.values())  # a list, since names of columns are free of form
        few = [part for part in self.parts if has_few_words(part)]
        self.vocabularies = Vocabularies(few) if len(few) > 1 else None
        self.built = True  # no layer here has weights

    def compiled(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The layer called as a graph, which is traced once for rows of any number.

        Pictures that are all read in one way have a graph that knows no other.
        """
        import tensorflow as tf

        given = {
            name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)
            for name, tensor in columns.items()
        }
        pictures = {
            name: part
            for name, part in zip(self.keys, self.parts, strict=True)
            if isinstance(part, Pictures) and name in columns
        }
        ways = tuple(way_of(part, columns[name]) for name, part in pictures.items())
        if ways not in self._graphs:
            self._graphs[ways] = tf.function(self)
        try:
            for part, way in zip(pictures.values(), ways, strict=True):
                part.way = way
            graph = self._graphs[ways].get_concrete_function(given)
        finally:
            for part in pictures.values():
                part.way = None
        found: dict[str, Any] = graph(columns)
        return found

    @property
    def indexed(self) -> set[str]:
        """The columns whose words are looked up in a vocabulary."""
        parts = zip(self.keys, self.parts, strict=True)
        return {name for name, part in parts if isinstance(part, CategoryIndex) and part.words}

    @cached_property
    def _graphs(self) -> dict[tuple[int | None, ...], Any]:
        """By the ways in which pictures are read; no attribute of the layer, so never exported."""
        return {}

    def call(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        columns = self.cleaned(columns)
        members: dict[str, dict[str, Any]] = {}
        for (column, key), part in zip(self.keys.items(), self.parts, strict=True):
            if column in columns:
                members.setdefault(key, {})[column] = part
        return {key: side_by_side(own, columns, self.vocabularies) for key, own in members.items()}
