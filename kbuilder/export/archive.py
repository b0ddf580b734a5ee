"""A function of tensors as a SavedModel: one format of exports, and where others begin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kbuilder import exports, internals
from kbuilder.errors import ExportError
from kbuilder.export.contract import Exchange


def write(
    folder: Path,
    exchange: Exchange,
    tracked: Any,
    tells: Callable[..., Any] | None = None,
) -> None:
    """Write what an export computes into `folder`.

    Args:
        folder: Empty, or not there.
        exchange: Its function and signature.
        tracked: The Keras layer or model whose tables and weights are to be written.
        tells: Gives all outputs, and what is known of the rows; from a dictionary of tensors to
            one.

    Raises:
        ExportError: if TensorFlow cannot write it.
    """
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(tracked)
    archive.add_endpoint("serve", exchange.call, input_signature=[dict(exchange.signature)])
    if tells is not None:
        archive.add_endpoint(exports.TELLS, tells, input_signature=[dict(exchange.signature)])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        raise ExportError(f"the export cannot be written: {error.message}.") from None


def on_any_device(model: Any) -> None:
    """Have recurrent layers compute by plain operations: cuDNN's do not load on a CPU."""
    for layer in internals.layers(model):  # keras#18504
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
