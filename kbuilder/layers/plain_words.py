"""Text as words, in any script: without capitals, tags and punctuation."""

from __future__ import annotations

import unicodedata
from itertools import chain
from typing import Any

import numpy as np
import tensorflow as tf

ENTITIES = {
    "&(?:amp|#0*38|#x0*26);": "&",  # first: some are written twice
    "&(?:lt|#0*60|#[xX]0*3[cC]);": "<",
    "&(?:gt|#0*62|#[xX]0*3[eE]);": ">",
    "&(?:apos|[lr]squo|#0*39|#[xX]0*27|#821[67]|#[xX]201[89]);": "'",
    "&([A-Za-z])(?:acute|grave|circ|uml|tilde|cedil|ring|slash|caron);": r"\1",
    "&(?:nbsp|e[nm]sp|thinsp|quot|[lr]dquo|[lr]aquo|[nm]dash|hellip|bull|middot|copy|reg|trade|deg"
    "|euro|pound|yen|cent|times|#[0-9]+|#[xX][0-9A-Fa-f]+);": " ",
}
"""Characters as web pages write them."""
UNSEEN = r"[\x{ad}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}\x{fe0e}\x{fe0f}]"
"""Marks within words that are not seen: soft hyphens, directions, ways to draw an emoji."""
TAGS = r"<(?:/?[A-Za-z][^<>]*|!--[^<>]*--)>"
APOSTROPHES = r"(\p{L})['\x{2019}](\p{L})"
PUNCTUATION = r"[\p{P}$+<=>^`|~\p{Z}\p{Cc}\x{200b}]+"
CHARACTERS = r"([\p{Han}\p{Hiragana}\p{Katakana}\x{30fc}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)"
"""Characters of scripts that have no blanks between words, each with its marks."""
SIGNS = r"(\p{So}[\p{M}\p{Sk}\x{200d}]*)"
"""Emoji and the like, each with its colour of skin."""
PAIRED = r"(?s).*[\x{300}-\x{36f}\x{653}-\x{655}\x{93c}\x{1161}-\x{11c2}\x{3099}\x{309a}].*"
"""A text with a character that may be one with the character before it."""
SHIFT = 2**21
"""More than any character's number."""
PAIRS = {
    SHIFT * ord(pair[0]) + ord(pair[1]): number
    for number in chain(range(0x3100), range(0xAC00, 0xD7A4))
    for pair in [unicodedata.normalize("NFD", chr(number))]
    if len(pair) > 1
    for pair in [unicodedata.normalize("NFC", pair[:-1]) + pair[-1]]
    if len(pair) == 2 and unicodedata.normalize("NFC", pair) == chr(number)
}
"""Two characters that Unicode's NFC writes as one, and that one; of Korean syllables, too."""
KEPT = "\u02bc"
"""Stands for an apostrophe within a word while all others go."""


def plain_words(texts: Any) -> Any:
    """`texts` in lower case, tags and punctuation as blanks, for TextVectorization.

    A letter and its accent are one character, in whichever of Unicode's forms they come. An
    apostrophe between two letters stays: "don't" is one word. Of Chinese, Japanese, Thai and the
    like, which have no blanks, each character is a word, and so is each emoji. What web pages write
    as `&amp;` is read. Keras's own `lower_and_strip_punctuation` knows ASCII only, and glues
    "him,but" together.

    Args:
        texts: Strings in UTF-8, of any shape.
    """
    texts = tf.cond(
        tf.reduce_any(tf.strings.regex_full_match(texts, PAIRED)),
        lambda: composed(texts),
        lambda: tf.convert_to_tensor(texts),
    )
    for entity, character in ENTITIES.items():
        texts = tf.strings.regex_replace(texts, entity, character)
    texts = tf.strings.regex_replace(texts, TAGS, " ")
    texts = tf.strings.regex_replace(texts, UNSEEN, "")
    texts = tf.strings.lower(texts, encoding="utf-8")
    texts = tf.strings.regex_replace(texts, "i\u0307", "i")  # of a Turkish capital
    for _ in range(2):  # of rock'n'roll the first pass takes one
        texts = tf.strings.regex_replace(texts, APOSTROPHES, rf"\1{KEPT}\2")
    texts = tf.strings.regex_replace(texts, PUNCTUATION, " ")
    texts = tf.strings.regex_replace(texts, KEPT, "'")
    texts = tf.strings.regex_replace(texts, SIGNS, r" \1 ")
    return tf.strings.regex_replace(texts, CHARACTERS, r" \1 ")


def composed(texts: Any) -> Any:
    """`texts` with each letter and its accents as one character, where Unicode has one.

    Args:
        texts: Strings in UTF-8, of any shape.
    """
    keys = np.array(sorted(PAIRS), np.int64)
    ones = tf.constant([PAIRS[key] for key in keys.tolist()], tf.int32)
    flat = tf.reshape(texts, [-1])
    codes = tf.strings.unicode_decode(flat, "UTF-8")  # (texts, characters)
    for _ in range(3):  # a letter has that many marks at most
        values = codes.flat_values
        first = tf.scatter_nd(
            codes.row_starts()[:, None], tf.ones_like(codes.row_starts()), [tf.size(values) + 1]
        )
        follows = tf.concat([values[1:], [0]], 0)
        pairs = SHIFT * tf.cast(values, tf.int64) + tf.cast(follows, tf.int64)
        place = tf.minimum(tf.searchsorted(keys, pairs), len(keys) - 1)
        joined = (tf.gather(keys, place) == pairs) & (first[1:] == 0)
        values = tf.where(joined, tf.gather(ones, place), values)
        kept = ~tf.concat([[False], joined], 0)[: tf.size(values)]
        codes = tf.ragged.boolean_mask(codes.with_flat_values(values), codes.with_flat_values(kept))
    return tf.reshape(tf.strings.unicode_encode(codes, "UTF-8"), tf.shape(texts))
