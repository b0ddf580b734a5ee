"""Text: sentences of words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from kbuilder import room
from kbuilder.contracts import Choice, Form, Holds, Match, Signal
from kbuilder.errors import DataError, cut
from kbuilder.features._spelling import UNKNOWN
from kbuilder.features._tally import Tally
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Counts, Names, Numbers, Spec, given, learned
from kbuilder.tables.dictionary import codes_of
from kbuilder.tables.profile import Profile, is_unspaced
from kbuilder.tables.values import missing, odd_one

LONGEST = 512
WHOLE = 0.9
"""With fewer of the training texts whole it is said how all their words are read."""
BATCH = 1024
AT_ONCE = 2**17
"""Texts that are there as objects at once."""
MOST_NUMBERED = 20_000
MOST_COUNTED = 10_000
"""Words of a vocabulary at most, where each text is a vector of as many numbers."""
LONGEST_SUBWORD = 20
COPIES = 3
"""So often the vectors of all texts are in memory while they are prepared."""


class Text(Spec):
    """Words in lower case, without tags and punctuation: their numbers in a vocabulary, or counts.

    As numbers 0 is padding, on the right, and 1 any unknown word. As counts a text is a vector with
    a number for each word of the vocabulary. A missing text is an empty one. In scripts that have
    no blanks between words, such as Chinese, each character is a word. What becomes of them is
    Keras's TextVectorization.
    """

    output_mode: Literal["int", "multi_hot", "count", "tf_idf"] = "int"
    """int: words as numbers, in their order, for `gru` and its kin; for `mlp` and its kin a vector
    for each text. multi_hot: 1 for each word that comes; count: how often it comes; tf_idf: how
    often, times the weight of the word, which is the less the more texts have it."""
    ngrams: Annotated[int, Field(ge=1, le=8)] = 1
    """Groups of up to so many words count as words too: with 2 "not", "good" and "not good"; not
    with int."""
    subwords: Annotated[Counts, Field(max_length=2)] | None = None
    """The least and the greatest length of the n-grams of characters that each word is split into,
    < before it and > after it included; 3 to 6 in fastText (Bojanowski et al. 2017,
    arXiv:1607.04606). So forms of a word share most of it, as in Korean. Left out: whole words."""
    max_tokens: Annotated[int, Field(ge=3)] | None = None
    """Most words in the vocabulary, padding and the unknown word included; >= 3. Left out: 20,000,
    and 10,000 where a text is a vector."""
    length: Count | None = None
    """Words kept of each text, with int; left out: enough for 95 in 100 training texts, at most
    512."""
    vocabulary: Names | None = None
    """The known words; left out: the most frequent of the training rows."""
    idf_weights: Numbers | None = None
    """The weight of each word of the vocabulary, with tf_idf; left out: log(1 + n / (1 + m)) of the
    n training texts, of which m have the word."""

    @model_validator(mode="after")
    def _words_differ(self) -> Any:
        known = self.vocabulary or ()
        if len(set(known)) < len(known) or "" in known or self.vocabulary == ():
            raise refuse(
                ("vocabulary",), "Expected words that all differ, none of them empty", list(known)
            )
        return self

    @model_validator(mode="after")
    def _fields_go_together(self) -> Any:
        counted = "`output_mode: tf_idf`, count or multi_hot"
        if self.ngrams > 1 and not self.packed:
            raise refuse(
                ("ngrams",), "groups of words overlap, so they are no sequence. "
                f"Expected {counted} beside them", self.ngrams,
            )  # fmt: skip
        if self.ngrams > 1 and self.subwords:
            raise refuse(
                ("subwords",), "words are split, or grouped. Expected one of ngrams and subwords",
                list(self.subwords),
            )  # fmt: skip
        if self.subwords and self.subwords[-1] < self.subwords[0]:
            raise refuse(
                ("subwords",), "Expected the least length before the greatest", list(self.subwords)
            )
        if self.subwords and self.subwords[-1] > LONGEST_SUBWORD:
            raise refuse(
                ("subwords",), f"Expected lengths of at most {LONGEST_SUBWORD}", list(self.subwords)
            )
        if self.length is not None and self.packed:
            raise refuse(
                ("length",), f"with {self.output_mode} all words of a text are counted. "
                "Expected `output_mode: int` beside it, or none", self.length,
            )  # fmt: skip
        weights = self.idf_weights
        if weights is not None and self.output_mode != "tf_idf":
            raise refuse(
                ("idf_weights",), "Expected `output_mode: tf_idf` beside them", len(weights)
            )
        if weights is not None and len(weights) != len(self.vocabulary or ()):
            raise refuse(
                ("idf_weights",), "Expected a vocabulary, and a weight for each word of it",
                len(weights),
            )  # fmt: skip
        return self

    holds: ClassVar[Holds] = "texts"

    @property
    def form(self) -> Form:
        return "vector" if self.packed else "text"

    @property
    def packed(self) -> bool:
        return self.output_mode != "int"

    @property
    def width(self) -> int:
        """How many numbers a text becomes."""
        return len(self.vocabulary or ()) if self.packed else self.length or 1

    def reform(self, forms: Collection[Form]) -> Mapping[str, Any] | None:
        """Numbers of words where a text is wanted, TF-IDF where a vector is."""
        if "text" in forms and self.packed:
            return {}
        if "vector" in forms and not self.packed:
            return {"output_mode": "tf_idf", "ngrams": 2}
        return None

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
        """The vocabulary, and the length or the weights."""
        tally = Tally()
        for first in range(0, len(values), AT_ONCE):
            texts = self._some(column, values, first)
            for start in range(0, len(texts), BATCH):
                tally.add(self._tokens(texts[start : start + BATCH]))
        words = self.vocabulary or tally.frequent(self._most - 1 - (not self.packed))
        if not tally.counts:
            raise DataError(
                f"column {column!r} has no word in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        kinds = self._kinds(is_unspaced(values[:AT_ONCE]))
        rows = f"{len(values):,} training texts"
        found = {"vocabulary": Choice(words, f"the most frequent {kinds} of {rows}")}
        if self.packed:
            self._expect_room(column, len(values), len(words))
            if self.output_mode == "tf_idf":
                why = f"log(1 + n / (1 + m)), where m of n = {rows} have the word"
                found["idf_weights"] = Choice(tally.idf_weights(words), why)
            return found
        lengths = np.asarray(tally.lengths)
        length = int(np.clip(np.ceil(np.percentile(lengths, 95)), 1, LONGEST))
        whole = float(np.mean(lengths <= length))
        why = f"holds {whole:.0%} of the training texts whole"
        if length == LONGEST and whole < WHOLE:
            line = to_line(
                ("features", column), {"kind": "text", "output_mode": "tf_idf", "ngrams": 2}
            )
            why += f"; of the others only the beginning is read. `{line}` counts all their words"
        found["length"] = Choice(length, why)
        return found

    def _some(self, column: str, values: np.ndarray, first: int) -> np.ndarray:
        """What `raw` gives of some rows from a row on: as objects all of them take much room."""
        try:
            return self.raw(column, values[first : first + AT_ONCE])
        except DataError as error:
            if error.row is not None:
                error.row += first
            raise

    @property
    def _most(self) -> int:
        return self.max_tokens or (MOST_COUNTED if self.packed else MOST_NUMBERED)

    def _kinds(self, unspaced: bool) -> str:
        """What the words are, for people."""
        if self.subwords:
            least, most = self.subwords[0], self.subwords[-1]
            sizes = f"{least}" if least == most else f"{least} to {most}"
            return f"words and groups of {sizes} characters in them"
        words = "characters, since there are no blanks between words," if unspaced else "words"
        return words if self.ngrams == 1 else f"{words} and groups of up to {self.ngrams} of them"

    def _expect_room(self, column: str, rows: int, width: int) -> None:
        """Refuse vectors of all texts that do not fit into the memory."""
        need, left = COPIES * 4 * rows * width, room.free()
        if need > left:
            fitting = max(3, int(left / (2 * COPIES * 4 * rows)))
            line = to_line(
                ("features", column), {"kind": "text", **given(self), "max_tokens": fitting}
            )
            raise DataError(
                f"column {column!r}: {rows:,} training texts as vectors of {width:,} numbers take "
                f"{need / room.GIB:,.1f} GiB of memory, and {left / room.GIB:,.1f} GiB are left. "
                f"Expected fewer words: `{line}`.",
                key=("features", column),
            )

    def _tokens(self, texts: np.ndarray) -> list[list[bytes]]:
        """The words of some texts, as the layer takes them."""
        import tensorflow as tf

        from kbuilder.layers.plain_words import plain_words

        plain = plain_words(tf.constant(texts.tolist(), tf.string))
        tokens = self._splitter()(plain) if self.subwords else tf.strings.split(plain)
        if self.ngrams > 1:
            tokens = tf.strings.ngrams(tokens, tuple(range(1, self.ngrams + 1)), separator=" ")
        found: list[list[bytes]] = tokens.to_list()
        return found

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Strings as objects, "" where missing."""
        codes = codes_of(values)
        if codes is not None:
            texts = np.asarray(values)
            texts[codes < 0] = ""
            return texts
        if values.ndim > 1 or any(isinstance(value, np.ndarray) for value in values):
            line = to_line(("features", column), "tokens")
            raise DataError(
                f"column {column!r} holds arrays, and a text is a string. Expected strings; of "
                f"whole numbers that stand for words `{line}`.",
                key=("features", column),
            )
        absent = missing(values)
        odd = odd_one(values, (str, bool, int, float, np.generic, list, tuple))
        if odd is not None:
            raise DataError(
                f"column {column!r} is a text, but here {cut(str(values[odd]))!r}, of type "
                f"{type(values[odd]).__name__}. Expected a string.",
                key=("features", column), row=odd,
            )  # fmt: skip
        return np.array(
            ["" if gone else str(value) for value, gone in zip(values, absent, strict=True)],
            dtype=object,
        )

    def layer(self) -> Any:
        """TextVectorization with what was learned. (batch,) string to (batch, length or words)"""
        known = {"vocabulary": list(self.vocabulary or ())}
        if self.output_mode == "tf_idf":
            return self._layer(**known, idf_weights=list(learned(self.idf_weights)))
        if self.packed:
            return self._layer(**known)
        return self._layer(**known, output_sequence_length=self.length)

    def _layer(self, **options: Any) -> Any:
        import keras

        from kbuilder.layers.plain_words import plain_words
        from kbuilder.layers.word_counts import WordCounts

        options = {"standardize": plain_words, **options}
        if self.subwords:
            options["split"] = self._splitter()
        if not self.packed:
            return keras.layers.TextVectorization(**options)
        if self.ngrams > 1:
            options["ngrams"] = self.ngrams
        return WordCounts(output_mode=self.output_mode, **options)

    def _splitter(self) -> Any:
        from kbuilder.layers.subwords import Subwords

        sizes = self.subwords or (1,)
        return Subwords(sizes[0], sizes[-1])

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), "string"

    def embed(self, tensor: Any) -> Signal:
        if self.packed:
            return Signal("vector", tensor)
        return Signal("text", tensor, vocabulary_size=len(self.vocabulary or ()) + 2)

    def spell(self, prepared: np.ndarray) -> list[str]:
        """The words that a text has, in their order, or in that of the vocabulary."""
        known = self.vocabulary or ()
        if self.packed:
            return [word if n else "" for word, n in zip(known, prepared, strict=True)]
        return [("", UNKNOWN, *known)[index] for index in prepared]

    @property
    def choices(self) -> None:
        return None

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Texts of which no word is known."""
        there, layer = raw != "", self.layer()
        known = [
            np.asarray(self.reads(layer(raw[start : start + BATCH])))
            for start in range(0, len(raw), BATCH)
        ]
        return there, there & ~np.concatenate([np.zeros(0, bool), *known])

    def reads(self, prepared: Any) -> Any:
        """Which texts have a known word."""
        from keras import ops

        return ops.any(ops.greater(prepared, 0 if self.packed else 1), axis=1)

    @property
    def unlike(self) -> str:
        return "a text of which the model knows no word"

    def describe(self) -> str:
        split = "split at white space and around each character of scripts without blanks"
        if self.subwords:
            split += (
                f"; each word, as <word>, and its n-grams of {self.subwords[0]} to "
                f"{self.subwords[-1]} characters"
            )
        if self.ngrams > 1:
            split += f"; groups of up to {self.ngrams} words, a blank between them, count as words"
        ends = {
            "int": "the indices of the words in [padding, unknown, *vocabulary], cut or padded to "
            "length",
            "multi_hot": "1 for each word of the vocabulary that comes, else 0",
            "count": "how often each word of the vocabulary comes",
            "tf_idf": "how often each word of the vocabulary comes, times its idf weight",
        }
        return (
            "lower case, tags and punctuation as blanks but for apostrophes within words, "
            f"{split}; {ends[self.output_mode]}"
        )

    def numeric(self, integers: str) -> None:
        return None

    def script(self, values: str) -> str:
        return f"words({values})"

    def unlearned(self, written: Any) -> Any | None:
        if written.vocabulary is not None:
            return None
        if self.packed:
            return self._layer(max_tokens=self._most)
        return self._layer(max_tokens=self._most, output_sequence_length=self.length)
