"""Each image mirrored or not."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class RandomFlip(keras.layers.Layer):
    """In training, mirrors each image or leaves it, with equal chances; else does nothing.

    Keras's own layer also flips where nobody says whether it is training, as in `model(images)`,
    and has one draw for both directions.

    Args:
        direction: "horizontal" (left becomes right), "vertical" (up becomes down) or "both", each
            by its own draw.
        seed: Of the draws; None: as `keras.utils.set_random_seed` says.

    Input shape: (batch, height, width, channels).
    Output shape: the same.
    """

    def __init__(
        self,
        direction: Literal["horizontal", "vertical", "both"] = "horizontal",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.direction = direction
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        if not training:
            return images
        if self.direction != "vertical":
            images = self._flipped(images, axis=2)
        return self._flipped(images, axis=1) if self.direction != "horizontal" else images

    def _flipped(self, images: Any, axis: int) -> Any:
        """Each image mirrored along the axis, or not."""
        shape = (ops.shape(images)[0], 1, 1, 1)
        heads = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator) < 0.5
        return ops.where(heads, ops.flip(images, axis=axis), images)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "direction": self.direction, "seed": self.seed}
