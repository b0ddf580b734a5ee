"""A network of words and their neighbours, without an order beyond."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from kbuilder.architectures._composition import pooled, real
from kbuilder.contracts import Choice, Form, Signal
from kbuilder.spec import Count, Fraction, Spec

FEW = 1_000
"""Training rows below which a text has fewer weights, and more of what they give is dropped."""
OF_MANY: dict[str, Any] = {"embedding": 100, "ngrams": 2, "dropout": 0.5}
OF_FEW: dict[str, Any] = {"embedding": 16, "ngrams": 1, "dropout": 0.8}


class FastText(Spec):
    """The mean of the vectors of all words, beside that of all groups of neighbouring words.

    The groups are hashed, so that they need no vocabulary; their vectors are shorter than those of
    the words, as each is seen less often. It learns in seconds, and of some thousand texts more
    than a network that reads words in their order.

    Input shape: text (batch, time).
    Output shape: (batch, embedding + ngram_embedding), or (batch, embedding) without groups.
    Source: Joulin et al. 2016, arXiv:1607.01759; Iyyer et al. 2015, doi:10.3115/v1/P15-1162.
    """

    embedding: Count | None = None
    """Length of the vector of a word; >= 1. Left out: 100, or 16 of less than 1,000 training
    rows."""
    ngrams: Annotated[int, Field(ge=1, le=5)] | None = None
    """Words of the longest group; 1: there are no groups; 1 to 5. Left out: 2, or 1 of less than
    1,000 training rows."""
    ngram_embedding: Count = 16
    """Length of the vector of a group; >= 1."""
    buckets: Annotated[int, Field(ge=1, le=65_536)] = 65_536
    """Vectors that the groups share, by their hash; 1 to 65,536."""
    dropout: Fraction | None = None
    """Share of the output dropped in training; 0 <= p < 1. Left out: 0.5, or 0.8 of less than 1,000
    training rows."""

    forms: ClassVar[tuple[Form, ...]] = ("text",)

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """A small network for few texts, which a larger one knows by heart."""
        why = f"{signal.rows:,} training rows are few"
        few = OF_FEW if 0 < signal.rows < FEW else {}
        return {
            name: Choice(value, why) for name, value in few.items() if getattr(self, name) is None
        }

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.hashed_ngrams import HashedNGrams
        from kbuilder.layers.not_padding import NotPadding

        layers, words = keras.layers, signal.tensor
        own = {name: getattr(self, name) for name in OF_MANY}
        given = {name: OF_MANY[name] if one is None else one for name, one in own.items()}
        vectors = layers.Embedding(signal.vocabulary_size, given["embedding"])(words)
        x = pooled(vectors, "average", real(signal))
        if given["ngrams"] > 1:
            groups = HashedNGrams(given["ngrams"], self.buckets)(words)
            vectors = layers.Embedding(self.buckets + 1, self.ngram_embedding)(groups)
            beside = pooled(vectors, "average", NotPadding()(groups))
            x = layers.Concatenate()([x, beside])
        return layers.Dropout(given["dropout"])(x) if given["dropout"] else x
