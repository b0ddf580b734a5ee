"""Text as words, in any script: without capitals, tags and punctuation."""

from __future__ import annotations

from typing import Any

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
KEPT = "\u02bc"
"""Stands for an apostrophe within a word while all others go."""


def plain_words(texts: Any) -> Any:
    """`texts` in lower case, tags and punctuation as blanks, for TextVectorization.

    An apostrophe between two letters stays: "don't" is one word. Of Chinese, Japanese, Thai and
    the like, which have no blanks, each character is a word, and so is each emoji. What web pages
    write as `&amp;` is read. Keras's own `lower_and_strip_punctuation` knows ASCII only, and glues
    "him,but" together.

    Args:
        texts: Strings in UTF-8, of any shape.
    """
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
