"""Text without capitals and punctuation, in any script."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

PUNCTUATION = r"[\p{P}$+<=>^`|~]"


def plain_words(texts: Any) -> Any:
    """`texts` in lower case and without punctuation, for TextVectorization.

    Keras's own `lower_and_strip_punctuation` knows ASCII only: to it "Über" and "über" are two
    words, and so are “good” and good.

    Args:
        texts: Strings in UTF-8, of any shape.
    """
    lower = tf.strings.lower(texts, encoding="utf-8")
    return tf.strings.regex_replace(lower, PUNCTUATION, "")
