"""Categories as numbers or one-hot vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
import tensorflow as tf

from kbuilder.tables.values import MISSING_INTEGER

_NOTED: ContextVar[list[Any] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[list[Any]]:
    """Collects of each look-up, while layers are called, whether a word is unknown as it stands.

    Each is a tensor, () bool, of the graph that is being traced.
    """
    noted: list[Any] = []
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


def sought_again(index: Any, again: Callable[[], Any]) -> Any:
    """The places of words, where 1 stands for what was not found, which is looked up once more.

    Args:
        index: (…) int64.
        again: Gives the places of the same words in another spelling; called if it is needed.
    """
    unknown = index == 1
    some = tf.reduce_any(unknown)
    noted = _NOTED.get()
    if noted is not None:
        noted.append(some)
    return tf.cond(some, lambda: tf.where(unknown, again(), index), lambda: index)


@keras.saving.register_keras_serializable(package="kbuilder")
class CategoryIndex(keras.layers.Layer):
    """The place of each value in a vocabulary: 0 missing, 1 unknown, 2 the first word.

    Words that are not known as they stand are looked up again without blanks at both ends.

    Args:
        vocabulary: The known values, all strings or all integers.
        one_hot: Whether to return one-hot vectors in place of the index.
        others: Other spellings of known words, each with the word that is known.
        missing: Words that mean missing, beside the empty one.

    Input shape: (batch,) string ("" where missing) or int64 (`MISSING_INTEGER` where missing).
    Output shape: (batch, 1) int64, or (batch, 2 + len(vocabulary)) float32.
    """

    def __init__(
        self,
        vocabulary: Sequence[str | int],
        one_hot: bool = True,
        others: Mapping[str, str] | None = None,
        missing: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.vocabulary = list(vocabulary)
        self.one_hot = one_hot
        self.others = dict(others or {})
        self.missing = list(missing)
        self.words = isinstance(self.vocabulary[0], str)
        self._table: Any = None

    @property
    def table(self) -> Any:
        """`places`, to look up; made when it is first asked."""
        if self._table is None:
            places = self.places()
            with tf.init_scope():  # it is no part of a function that is being traced
                known = tf.lookup.KeyValueTensorInitializer(
                    tf.constant(list(places), tf.string if self.words else tf.int64),
                    tf.constant(list(places.values()), tf.int64),
                )
                self._table = tf.lookup.StaticHashTable(known, default_value=1)
        return self._table

    def places(self) -> dict[Any, int]:
        """The place of each value that is known or missing."""
        places: dict[Any, int] = {value: at for at, value in enumerate(self.vocabulary, 2)}
        absent: list[Any] = [MISSING_INTEGER]
        if self.words:
            absent = [word for word in ("", *self.missing) if word not in places]
            places |= {other: places[known] for other, known in self.others.items()}
        return places | dict.fromkeys(absent, 0)

    def taking_for_missing(self, words: Sequence[str]) -> CategoryIndex:
        """Itself, with other words that mean missing; for a layer that was not called yet."""
        self.missing = list(words)
        return self

    def call(self, values: Any) -> Any:
        index = self.table.lookup(values)
        if self.words:
            index = sought_again(index, lambda: self.table.lookup(tf.strings.strip(values)))
        if not self.one_hot:
            return keras.ops.expand_dims(index, -1)
        return keras.ops.one_hot(index, len(self.vocabulary) + 2, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        own = {"vocabulary": self.vocabulary, "one_hot": self.one_hot, "others": self.others}
        own |= {"missing": self.missing} if self.missing else {}
        return {**super().get_config(), **own}
