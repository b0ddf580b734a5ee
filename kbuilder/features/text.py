"""Text: sentences of words."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Form, Holds, Match, Signal
from kbuilder.errors import DataError
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Names, Spec
from kbuilder.tables.profile import Profile, profile
from kbuilder.tables.values import missing

LONGEST = 512


class Text(Spec):
    """Words in lower case, without tags and punctuation, as numbers of a vocabulary.

    0 is padding, on the right; 1 is any unknown word. A missing text is an empty one. In scripts
    that have no blanks between words, such as Chinese, each character is a word. What becomes of
    them is Keras's TextVectorization.
    """

    max_tokens: Annotated[int, Field(ge=3)] = 20_000
    """Most words in the vocabulary, padding and the unknown word included; >= 3."""
    length: Count | None = None
    """Words kept of each text; left out: enough for 95 in 100 training texts, at most 512."""
    vocabulary: Names | None = None
    """The known words; left out: the most frequent of the training rows."""

    @model_validator(mode="after")
    def _words_differ(self) -> Any:
        known = self.vocabulary or ()
        if len(set(known)) < len(known) or "" in known or self.vocabulary == ():
            raise refuse(
                ("vocabulary",), "Expected words that all differ, none of them empty", list(known)
            )
        return self

    holds: ClassVar[Holds] = "texts"

    @property
    def form(self) -> Form:
        return "text"

    @property
    def packed(self) -> bool:
        return False

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Strings of several words, most of them different."""
        if profile.kind != "string" or not profile.present:
            return None
        # A few words, often repeated, may be names of a category as well.
        nearly = (
            not profile.reads_as_text
            and profile.words >= 3
            and 0.3 < profile.distinct / profile.present <= 0.5
        )
        if not profile.reads_as_text and not nearly:
            return None
        reason = f"{profile.words:.0f} words in the mean, {profile.distinct:,} different texts"
        return Match(0.8 if profile.reads_as_text else 0.72, reason)

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The vocabulary and the length."""
        import keras

        from kbuilder.layers.plain_words import plain_words

        texts = self.raw(column, values)
        unspaced = profile(values).unspaced
        kind = "characters, since there are no blanks between words," if unspaced else "words"
        vectorize = keras.layers.TextVectorization(self.max_tokens, standardize=plain_words)
        vectorize.adapt(texts)
        words = tuple(str(word) for word in vectorize.get_vocabulary()[2:])
        if not words:
            raise DataError(
                f"column {column!r} has no word in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        lengths = np.concatenate(
            [
                np.count_nonzero(np.asarray(vectorize(texts[start : start + 1024])), axis=1)
                for start in range(0, len(texts), 1024)
            ]
        )
        length = int(np.clip(np.ceil(np.percentile(lengths, 95)), 1, LONGEST))
        whole = float(np.mean(lengths <= length))
        return {
            "vocabulary": Choice(
                words, f"the most frequent {kind} of {len(texts):,} training texts"
            ),
            "length": Choice(length, f"holds {whole:.0%} of the training texts whole"),
        }

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Strings as objects, "" where missing."""
        absent = missing(values)
        return np.array(
            ["" if gone else str(value) for value, gone in zip(values, absent, strict=True)],
            dtype=object,
        )

    def layer(self) -> Any:
        """TextVectorization with the learned vocabulary. (batch,) string to (batch, length)"""
        import keras

        from kbuilder.layers.plain_words import plain_words

        return keras.layers.TextVectorization(
            standardize=plain_words,
            output_sequence_length=self.length,
            vocabulary=list(self.vocabulary or ()),
        )

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), "string"

    def embed(self, tensor: Any) -> Signal:
        return Signal("text", tensor, vocabulary_size=len(self.vocabulary or ()) + 2)

    @property
    def choices(self) -> None:
        return None

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Texts of which no word is known."""
        there = raw != ""
        tokens = np.asarray(self.layer()(raw)) if len(raw) else np.zeros((0, 1), dtype=int)
        return there, there & ~(tokens > 1).any(axis=1)

    def describe(self) -> str:
        return (
            "lower case, tags and punctuation as blanks but for apostrophes within words, split at "
            "white space and around each character of scripts without blanks; the places of the "
            "words in [padding, unknown, *vocabulary], cut or padded to length"
        )

    def numeric(self, integers: str) -> None:
        return None

    def script(self, values: str) -> str:
        return f"words({values})"

    def unlearned(self, written: Any) -> Any | None:
        if written.vocabulary is not None:
            return None
        import keras

        from kbuilder.layers.plain_words import plain_words

        return keras.layers.TextVectorization(
            self.max_tokens, standardize=plain_words, output_sequence_length=self.length
        )
