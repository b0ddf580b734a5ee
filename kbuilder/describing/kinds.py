"""Layers in words: what they are, what they are for, and the most telling of their arguments."""

from __future__ import annotations

from typing import Any

# What a layer is for, by what its class's name contains; the first that fits.
_WORDS: dict[str, tuple[str, ...]] = {
    "input": ("InputLayer",),
    "embedding": ("Embedding", "CategoryEncoding", "Position", "Token"),
    "recurrent": ("RNN", "LSTM", "GRU"),
    "attention": ("Attention",),
    "pooling": ("Pool",),
    "convolution": ("Conv",),
    "normalisation": ("Normalization", "LocalResponse"),
    "activation": ("Activation", "ReLU", "ReLu", "ELU", "Softmax", "Sigmoid", "Tanh", "Relu"),
    "dropout": ("Dropout", "GaussianNoise"),
    "dense": ("Dense", "Maxout"),
    "join": ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Dot"),
}
GROUPS = (*_WORDS, "other")


def kind(layer: Any) -> str:
    """The layer's class, with that of the layer that it wraps."""
    inner = getattr(layer, "layer", None) or getattr(layer, "forward_layer", None)
    name = type(layer).__name__
    return f"{name}({kind(inner)})" if inner is not None else name


def group(layer: Any) -> str:
    """What the layer is for, one of `GROUPS`."""
    name = kind(layer)
    return next((g for g, words in _WORDS.items() if any(word in name for word in words)), "other")


def detail(layer: Any) -> str:
    """The most telling of the layer's arguments, such as `6, 5 × 5, stride 2, tanh`."""
    inner = getattr(layer, "layer", None) or getattr(layer, "forward_layer", None)
    if inner is not None:
        return detail(inner)
    said = [_number(layer, name) for name in ("filters", "units", "num_heads", "rate")]
    said += [_sides(getattr(layer, name, None)) for name in ("kernel_size", "pool_size")]
    for name, word in (("strides", "stride"), ("dilation_rate", "dilation"), ("groups", "groups")):
        sides = _sides(getattr(layer, name, 1), square=False)
        usual = "1" if name != "strides" else _sides(getattr(layer, "pool_size", 1), square=False)
        if sides not in ("", usual):
            said.append(f"{word} {sides}")
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    said.append("" if activation == "linear" else activation)
    return ", ".join(word for word in said if word)


def _number(layer: Any, name: str) -> str:
    value = getattr(layer, name, None)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    return f"{value:,} heads" if name == "num_heads" else f"{value:,}"


def _sides(value: Any, square: bool = True) -> str:
    """Lengths along each axis, as in 5 × 5; without `square`, one number where they are equal."""
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, tuple | list):
        return ""
    if not square and len(set(value)) == 1:
        return str(value[0])
    return " × ".join(map(str, value))
