"""Text as words, in any script: without capitals, tags and punctuation."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

TAGS = r"<(?:/?[A-Za-z][^<>]*|!--[^<>]*--)>"
APOSTROPHES = r"(\p{L})['\x{2019}](\p{L})"
PUNCTUATION = r"[\p{P}$+<=>^`|~\p{Zs}]+"
CHARACTERS = r"([\p{Han}\p{Hiragana}\p{Katakana}\x{30fc}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)"
"""Characters of scripts that have no blanks between words, each with its marks."""
KEPT = "\u02bc"
"""Stands for an apostrophe within a word while all others go."""


def plain_words(texts: Any) -> Any:
    """`texts` in lower case, tags and punctuation as blanks, for TextVectorization.

    An apostrophe between two letters stays: "don't" is one word. Of Chinese, Japanese, Thai and
    the like, which have no blanks, each character is a word. Keras's own
    `lower_and_strip_punctuation` knows ASCII only, and glues "him,but" together.

    Args:
        texts: Strings in UTF-8, of any shape.
    """
    texts = tf.strings.regex_replace(texts, TAGS, " ")
    texts = tf.strings.lower(texts, encoding="utf-8")
    for _ in range(2):  # of rock'n'roll the first pass takes one
        texts = tf.strings.regex_replace(texts, APOSTROPHES, rf"\1{KEPT}\2")
    texts = tf.strings.regex_replace(texts, PUNCTUATION, " ")
    texts = tf.strings.regex_replace(texts, KEPT, "'")
    return tf.strings.regex_replace(texts, CHARACTERS, r" \1 ")
