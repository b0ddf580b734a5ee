"""A transformer for tables."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from kbuilder.architectures._attention import check_heads, encoder_block
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Fraction, Spec


class FTTransformer(Spec):
    """Each column becomes a token; blocks of attention let columns look at each other.

    Where nobody knows the columns of a vector, each of its numbers is a token. The answer is
    gathered in a token of its own. As in the paper the first attention takes the tokens as they
    are, not normalised; the paper's model is wider: 192 units, 8 heads, 3 blocks.

    Input shape: vector (batch, d).
    Output shape: (batch, units).
    Source: Gorishniy et al. 2021, arXiv:2106.11959.
    """

    units: Count = 32
    """Length of a token; a multiple of `heads`; >= 1."""
    blocks: Count = 2
    """Blocks of attention and dense layers; >= 1."""
    heads: Count = 4
    """Attentions side by side in a block, each on its share of the units; >= 1."""
    feed_forward: Count = 64
    """Units of the first of a block's two dense layers; >= 1."""
    activation: Literal["reglu", "gelu", "relu"] = "reglu"
    """Activation of that layer; reglu: relu of one half times the other (arXiv:2002.05202)."""
    dropout: Fraction = 0.0
    """Share dropped of each layer in a block in training; 0 <= p < 1."""
    attention_dropout: Fraction = 0.1
    """Share of the attention dropped in training; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("vector",)

    @model_validator(mode="after")
    def _heads_divide_the_units(self) -> Any:
        check_heads(self.units, self.heads)
        return self

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.class_token import ClassToken
        from kbuilder.layers.feature_tokenizer import FeatureTokenizer
        from kbuilder.layers.pool_over_time import PoolOverTime

        widths = list(signal.widths.values()) or [1] * signal.tensor.shape[-1]
        x = ClassToken()(FeatureTokenizer(widths, self.units)(signal.tensor))
        for place in range(self.blocks):
            x = encoder_block(
                x, self.heads, self.feed_forward, self.activation, self.dropout,
                self.attention_dropout, normalized=place > 0,
            )  # fmt: skip
        x = keras.layers.LayerNormalization()(PoolOverTime("first")(x))
        return keras.layers.Activation("relu")(x)
