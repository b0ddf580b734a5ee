"""Videos, brought to one size and length."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kbuilder.layers.first_steps import first_places
from kbuilder.layers.pixels import fitted


@keras.saving.register_keras_serializable(package="kbuilder")
class Clips(keras.layers.Layer):
    """Resizes the frames of videos (bilinear, antialiased), sets their channels and their number.

    With `masked` videos have any number of frames, and padding at their ends: frames of which all
    numbers are missing, or equal `padding`. The others come first in what it gives; where there are
    fewer of them than `frames`, the last of them is repeated, so that a mean over all frames is one
    over real ones. Below each frame stands a row of ones if it is real, of zeros if it is repeated.

    Args:
        frames: Frames of a video that comes out; of a longer one the last are taken.
        height, width: Size of the frames that come out, in pixels.
        channels: 1 (grey), 3 (red, green, blue), or 4.
        masked: Whether frames may be padding.
        padding: What padding has, beside NaN; None: NaN alone.
        whole: Whether pixels are whole numbers of 0 to 255, given as bytes.

    Input shape: (batch, frames, height, width) or (batch, frames, height, width, channels), uint8
        or float32; float32 if `masked`.
    Output shape: (batch, frames, height, width, channels), with a row more if `masked`; uint8 if
        `whole`, else float32.
    """

    def __init__(
        self,
        frames: int,
        height: int,
        width: int,
        channels: int,
        masked: bool = False,
        padding: float | None = None,
        whole: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.frames = frames
        self.height = height
        self.width = width
        self.channels = channels
        self.masked = masked
        self.padding = padding
        self.whole = whole

    def call(self, videos: Any) -> Any:
        videos = tf.convert_to_tensor(videos)
        videos = videos[..., None] if videos.shape.rank == 4 else videos
        real = None
        if self.masked:
            videos, real = self._aligned(videos)
        if self.whole and videos.dtype != tf.uint8:
            videos = tf.cast(tf.round(tf.clip_by_value(videos, 0.0, 255.0)), tf.uint8)
        flat = tf.reshape(videos, (-1, *videos.shape[2:]))
        flat = fitted(flat, self.height, self.width, self.channels)
        sizes = (self.height, self.width, self.channels)
        videos = tf.reshape(flat, (-1, self.frames, *sizes))
        if real is None:
            return videos
        row = tf.cast(real, videos.dtype)[..., None, None, None]  # (batch, frames, 1, 1, 1)
        row = tf.tile(row, (1, 1, 1, self.width, self.channels))
        return tf.concat([videos, row], axis=2)

    def _aligned(self, videos: Any) -> tuple[Any, Any]:
        """As many frames as come out, the real ones first; and which are real, as booleans."""
        pixels = (2, 3, 4)
        there = tf.logical_not(tf.reduce_all(tf.math.is_nan(videos), axis=pixels))
        if self.padding is not None:
            equal = tf.reduce_all(tf.equal(videos, self.padding), axis=pixels)
            there = tf.logical_and(there, tf.logical_not(equal))
        index, end = first_places(there, self.frames)
        known = tf.clip_by_value(index, 0, tf.maximum(end - 1, 0))
        taken = tf.gather(videos, known, axis=1, batch_dims=1)
        taken = tf.where(tf.math.is_nan(taken), 0.0, taken)  # of a video without a frame
        return tf.ensure_shape(taken, (None, self.frames, *videos.shape[2:])), index < end

    def get_config(self) -> dict[str, Any]:
        own = {
            "frames": self.frames, "height": self.height, "width": self.width,
            "channels": self.channels, "masked": self.masked, "padding": self.padding,
            "whole": self.whole,
        }  # fmt: skip
        return {**super().get_config(), **own}
