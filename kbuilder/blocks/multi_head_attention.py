"""Attention of a sequence to itself."""

from __future__ import annotations

from typing import Any

from kbuilder.errors import Key
from kbuilder.layer_lists.lists import Block
from kbuilder.spec import Count, Fraction


class MultiHeadAttention(Block):
    """Self-attention: each step becomes a mixture of all steps, by what they hold.

    It is blind to the order of the steps. Padding is skipped.

    Input shape: sequence (batch, time, d).
    Output shape: the same.
    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """

    num_heads: Count
    """Mixtures side by side; >= 1."""
    key_dim: Count
    """Length of the vectors that each head compares; >= 1."""
    dropout: Fraction = 0.0
    """Share of the weights of each mixture dropped in training; 0 <= p < 1."""

    @property
    def ranks(self) -> tuple[int, ...]:
        return (3,)

    def passed(self, x: Any, mask: Any, place: Key) -> tuple[Any, Any]:
        import keras

        layer = keras.layers.MultiHeadAttention(self.num_heads, self.key_dim, dropout=self.dropout)
        return layer(x, x, **({} if mask is None else {"value_mask": mask})), mask
