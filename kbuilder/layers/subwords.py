"""Words as the groups of characters that they are made of."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kbuilder")
class Subwords:
    """Splits texts at blanks, and each word into the n-grams of its characters.

    A word stands between < and >, so that its beginning and end are told from its middle; it is a
    token itself, after which come its n-grams, the shortest first: of "where" with n = 3 <where>,
    <wh, whe, her, ere, re>. For TextVectorization, as its `split`.

    Args:
        least: Characters of the shortest n-grams, < and > included; >= 1.
        most: Characters of the longest; >= least.

    Source: Bojanowski et al. 2017, TACL 5 (arXiv:1607.04606).
    """

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most

    def __call__(self, texts: Any) -> Any:
        """Tokens of `texts` (batch,), as a ragged tensor (batch, tokens)."""
        words = tf.strings.split(texts)  # (batch, words)
        whole = tf.strings.join(["<", words.flat_values, ">"])
        characters = tf.strings.unicode_split(whole, "UTF-8")  # (all words, characters)
        sizes = tuple(range(self.least, self.most + 1))
        grams = tf.strings.ngrams(characters, sizes, separator="")
        # A word as short as an n-gram is among them.
        length = characters.row_lengths()
        alone = (length < self.least) | (length > self.most)
        tokens = tf.concat([tf.ragged.boolean_mask(whole[:, None], alone[:, None]), grams], axis=1)
        return words.with_flat_values(tokens).merge_dims(1, 2)

    def get_config(self) -> dict[str, int]:
        return {"least": self.least, "most": self.most}
