"""What the architectures of attention share: the number of heads, one block."""

from __future__ import annotations

from typing import Any

from kbuilder.refusals import refuse


def check_heads(units: int, heads: int) -> None:
    """Refuse heads that do not share the units out evenly."""
    if units % heads:
        raise refuse(("heads",), f"Expected a divisor of the {units} units", heads)


def encoder_block(
    x: Any,
    heads: int,
    feed_forward: int,
    activation: str,
    dropout: float,
    attention_dropout: float,
    normalized: bool = True,
    mask: Any = None,
) -> Any:
    """Self-attention, then two dense layers, each added to its normalised input.

    Normalising the input, not the sum, trains without a warm-up of the learning rate (Xiong et al.
    2020, arXiv:2002.04745). As in the formulas of Vaswani et al. the projections have no bias.

    Args:
        x: (batch, time, units).
        heads: Divides the units.
        feed_forward: Units of the first dense layer.
        activation: Of it; `reglu`: relu of one half of it times the other (arXiv:2002.05202).
        dropout: Share dropped of each sum's new term, and after the first dense layer.
        attention_dropout: Share of the attention dropped.
        normalized: Whether attention takes its input normalised.
        mask: Which steps are attended to, (batch, time) booleans; None: all.
    """
    import keras

    layers = keras.layers
    units = x.shape[-1]

    def dropped(y: Any) -> Any:
        return layers.Dropout(dropout)(y) if dropout else y

    y = layers.LayerNormalization()(x) if normalized else x
    attention = layers.MultiHeadAttention(
        heads, units // heads, dropout=attention_dropout, use_bias=False
    )
    attended = attention(y, y) if mask is None else attention(y, y, value_mask=mask)
    x = layers.Add()([x, dropped(attended)])
    y = layers.LayerNormalization()(x)
    if activation == "reglu":
        gate = layers.Dense(feed_forward, activation="relu")(y)
        y = layers.Multiply()([gate, layers.Dense(feed_forward)(y)])
    else:
        y = layers.Dense(feed_forward, activation=activation)(y)
    y = layers.Dense(units)(dropped(y))
    return layers.Add()([x, dropped(y)])
