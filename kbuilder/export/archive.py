"""A function of tensors as a SavedModel: one format of exports, and where others begin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from kbuilder import internals
from kbuilder.errors import ExportError
from kbuilder.export.contract import Exchange

Endpoint = tuple[Callable[[Mapping[str, Any]], dict[str, Any]], Collection[str]]
"""A function from a dictionary of tensors to one, and the names of those that it takes."""


def write(
    folder: Path, exchange: Exchange, tracked: Any, beside: Mapping[str, Endpoint] | None = None
) -> None:
    """Write what an export computes into `folder`.

    Args:
        folder: Empty, or not there.
        exchange: Its function and signature.
        tracked: The Keras layer or model whose tables and weights are to be written.
        beside: Other functions by name, each with the inputs that it takes.

    Raises:
        ExportError: if TensorFlow cannot write it.
    """
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(tracked)
    archive.add_endpoint("serve", exchange.call, input_signature=[dict(exchange.signature)])
    for name, (call, inputs) in (beside or {}).items():
        given = {one: exchange.signature[one] for one in inputs}
        archive.add_endpoint(name, call, input_signature=[given])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        raise ExportError(f"the export cannot be written: {error.message}.") from None


def on_any_device(model: Any) -> None:
    """Have recurrent layers compute by plain operations: cuDNN's do not load on a CPU."""
    for layer in internals.layers(model):  # keras#18504
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
