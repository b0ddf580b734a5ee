"""What an architecture gives: what it leaves open is decided, and its vector is looked at."""

from __future__ import annotations

from typing import Any

from kbuilder import catalog, internals
from kbuilder.contracts import Adaptive, Architecture, Body, Choice, Signal
from kbuilder.errors import BuildError, KBuilderError, briefly


def adapted(architecture: Any, signal: Signal) -> tuple[Any, dict[str, Choice]]:
    """The architecture with what it left open, and what it chose; what the user wrote wins."""
    if not isinstance(architecture, Adaptive):
        return architecture, {}
    choices = {
        field: choice
        for field, choice in architecture.decide(signal).items()
        if getattr(architecture, field) in (None, "auto")
    }
    update = {field: choice.value for field, choice in choices.items()}
    return architecture.model_copy(update=update), choices  # type: ignore[attr-defined]


def body_of(architecture: Architecture, signal: Signal) -> Body:
    """What an architecture gives for a tensor, as a `Body`.

    Raises:
        BuildError: if it gives no vector; and if one of others fails, with its error.
    """
    name = catalog.name_of(architecture)
    try:
        given = architecture.apply(signal)
    except KBuilderError:
        raise
    except Exception as error:  # whatever happens in a program of others
        if catalog.origin_of(architecture) is None:
            raise
        message = f"{name} cannot be built: {briefly(error)}"
        raise BuildError(message, key=("model",)) from error
    body = given if isinstance(given, Body) else Body(given)
    shape = getattr(body.tensor, "shape", None)
    if shape is None or len(shape) != 2:
        sizes = ", ".join(map(_size, shape[1:])) if shape else ""
        what = f"(batch, {sizes})" if shape else type(body.tensor).__name__
        raise BuildError(
            f"{name} gives {what}. Expected a vector (batch, d): end with a Flatten or a global "
            "pooling layer.",
            key=("model",),
        )
    _expect_masked(architecture, signal, body.tensor)
    return body


def _expect_masked(architecture: Architecture, signal: Signal, tensor: Any) -> None:
    """Refuse a network of others that has not looked at which steps are padding.

    Raises:
        BuildError: with what it has to look at.
    """
    own = type(architecture).__module__.startswith("kbuilder.")
    if signal.mask is None or own:
        return
    import keras

    tensors, layers = internals.ancestry(tensor)
    inner = [one for layer in layers if internals.functional(layer) for one in layer.layers]
    masked = any(isinstance(layer, keras.layers.Masking) for layer in (*layers, *inner))
    if masked or any(one is signal.mask for one in tensors):
        return
    name = catalog.name_of(architecture)
    raise BuildError(
        f"{name} does not look at `signal.mask`, and the sequence has padding, which would count "
        "as data. Expected a network that takes `mask=signal.mask` (batch, time), which says which "
        "steps are real; or `masking: none` under the feature.",
        key=("model",),
    )


def _size(size: int | None) -> str:
    return "any" if size is None else str(size)
