"""The encoder of the transformer."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from kbuilder.architectures._attention import check_heads, encoder_block
from kbuilder.architectures._composition import pooled, real
from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError
from kbuilder.spec import Count, Fraction, Spec


class Transformer(Spec):
    """Blocks in which each step attends to all others, then one vector from them.

    Text is embedded; sequences go through a dense layer. Padding is masked: however much there is,
    the answer is the same. Blocks normalise their input, not their output (Xiong et al. 2020,
    arXiv:2002.04745).

    Input shape: text (batch, time) or sequence (batch, time, d).
    Output shape: (batch, units).
    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """

    units: Count = 64
    """Width of the model: length of the vector of each step; a multiple of `heads`; >= 1."""
    blocks: Count = 2
    """Blocks of attention and dense layers; >= 1."""
    heads: Count = 4
    """Attentions side by side in a block, each on its share of the units; >= 1."""
    feed_forward: Count = 128
    """Units of the first of a block's two dense layers; >= 1."""
    activation: Literal["relu", "gelu"] = "relu"
    """Activation of that layer."""
    dropout: Fraction = 0.1
    """Share dropped of the positioned input and of each layer in a block; 0 <= p < 1."""
    attention_dropout: Fraction = 0.0
    """Share of the attention dropped in training; 0 <= p < 1."""
    positions: Literal["learned", "sinusoidal", "none"] = "learned"
    """How a step knows its place: by a learned vector; by sines, for inputs of any length; none:
    not at all, a bag of words."""
    pooling: Literal["average", "max", "attention", "token"] = "average"
    """One vector from the steps: mean or maximum; mean by learned weights; or a learned step of its
    own that attends to all others (Devlin et al. 2018, arXiv:1810.04805)."""

    forms: ClassVar[tuple[Form, ...]] = ("text", "sequence")

    @model_validator(mode="after")
    def _heads_divide_the_units(self) -> Any:
        check_heads(self.units, self.heads)
        return self

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.class_token import ClassToken
        from kbuilder.layers.positions import Positions
        from kbuilder.layers.token_mask import TokenMask

        layers = keras.layers
        x, mask = signal.tensor, real(signal)
        if self.positions == "learned" and x.shape[1] is None:
            raise BuildError(
                "learned positions need inputs of one length, and these may have any. "
                "Write `positions: sinusoidal`.",
                key=("model", "positions"),
            )
        if signal.form == "text":
            x = layers.Embedding(signal.vocabulary_size, self.units)(x)
        else:
            x = layers.Dense(self.units)(x)
        if self.positions != "none":
            x = Positions(self.positions)(x)
        if self.pooling == "token":
            x = ClassToken()(x)
            mask = None if mask is None else TokenMask()(mask)
        if self.dropout:
            x = layers.Dropout(self.dropout)(x)
        for _ in range(self.blocks):
            x = encoder_block(
                x, self.heads, self.feed_forward, self.activation, self.dropout,
                self.attention_dropout, mask=mask,
            )  # fmt: skip
        x = layers.LayerNormalization()(x)
        return pooled(x, "first" if self.pooling == "token" else self.pooling, mask)
