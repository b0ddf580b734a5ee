"""The figures of each epoch as TensorBoard reads them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any


class Board:
    """Writes the figures of a fit as logs of TensorBoard: `train` and `validation`.

    Args:
        folder: Where to; a fit that is resumed writes another file there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _writers(self) -> dict[str, Any]:
        import tensorflow as tf

        parts = ("train", "validation")
        return {part: tf.summary.create_file_writer(str(self.folder / part)) for part in parts}

    @cached_property
    def _scalars(self) -> Any:
        """What TensorBoard knows scalars by; TensorFlow writes them itself without TensorBoard."""
        import tensorflow as tf

        plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
        return tf.compat.v1.SummaryMetadata(plugin_data=plugin, data_class="DATA_CLASS_SCALAR")

    def epoch(self, figures: Mapping[str, float]) -> None:
        """Write the figures of an epoch, each by its own name: those of both parts meet there."""
        import tensorflow as tf

        epoch = int(figures["epoch"])
        for name, value in figures.items():
            if name != "epoch":
                part = "validation" if name.startswith("val_") else "train"
                with self._writers[part].as_default():
                    tag = f"epoch_{name.removeprefix('val_')}"
                    tf.summary.write(tag, tf.constant(value), epoch, self._scalars)
        for writer in self._writers.values():
            writer.flush()
