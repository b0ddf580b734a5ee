"""A network of words and their neighbours, without an order beyond."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from kbuilder.architectures._composition import pooled, real
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Fraction, Spec


class FastText(Spec):
    """The mean of the vectors of all words, beside that of all groups of neighbouring words.

    The groups are hashed, so that they need no vocabulary; their vectors are shorter than those of
    the words, as each is seen less often. It learns in seconds, and of some thousand texts more
    than a network that reads words in their order.

    Input shape: text (batch, time).
    Output shape: (batch, embedding + ngram_embedding), or (batch, embedding) without groups.
    Source: Joulin et al. 2016, arXiv:1607.01759; Iyyer et al. 2015, doi:10.3115/v1/P15-1162.
    """

    embedding: Count = 100
    """Length of the vector of a word; >= 1."""
    ngrams: Annotated[int, Field(ge=1, le=5)] = 2
    """Words of the longest group; 1: there are no groups; 1 to 5."""
    ngram_embedding: Count = 16
    """Length of the vector of a group; >= 1."""
    buckets: Annotated[int, Field(ge=1, le=65_536)] = 65_536
    """Vectors that the groups share, by their hash; 1 to 65,536."""
    dropout: Fraction = 0.5
    """Share of the output dropped in training; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("text",)

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.hashed_ngrams import HashedNGrams
        from kbuilder.layers.not_padding import NotPadding

        layers, words = keras.layers, signal.tensor
        vectors = layers.Embedding(signal.vocabulary_size, self.embedding)(words)
        x = pooled(vectors, "average", real(signal))
        if self.ngrams > 1:
            groups = HashedNGrams(self.ngrams, self.buckets)(words)
            vectors = layers.Embedding(self.buckets + 1, self.ngram_embedding)(groups)
            beside = pooled(vectors, "average", NotPadding()(groups))
            x = layers.Concatenate()([x, beside])
        return layers.Dropout(self.dropout)(x) if self.dropout else x
