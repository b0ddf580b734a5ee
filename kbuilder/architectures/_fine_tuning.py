"""How a trained network is fine-tuned, once the last layer has learned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kbuilder.contracts import Phase
from kbuilder.errors import BuildError
from kbuilder.spec import Count, Positive, Spec


class FineTuning(Spec):
    """A second phase of the fit, in which the last layers of the trained network learn too."""

    layers: Count | None = None
    """How many of its layers learn, counted from the last, those without weights and batch
    normalisation left out; >= 1. Left out: all."""
    epochs: Count | None = None
    """Epochs of the phase, at most `training.epochs`; >= 1. Left out: `training.epochs`."""
    learning_rate: Positive = 1e-5
    """Step size of the phase, far below the usual, which would undo what was learned; > 0."""

    def phases(self, base: Any, network: str) -> tuple[Phase, Phase]:
        """The two phases: the last layer alone, then the last layers of the base as well.

        Args:
            base: The Keras model, all of which may learn.
            network: Its name, for messages.

        Raises:
            BuildError: if it has fewer layers.
        """
        import keras

        every = list(_innermost(base))
        able = [
            layer
            for layer in every
            if layer.trainable_weights and not isinstance(layer, keras.layers.BatchNormalization)
        ]
        count = self.layers or len(able)
        if count > len(able):
            raise BuildError(
                f"{network} has {len(able)} layers that can learn. Expected at most as many, or "
                f"none for all of them. Got {count}.",
                key=("model", "fine_tune", "layers"),
            )
        learning = {id(layer) for layer in able[-count:]}
        kept = [layer for layer in every if id(layer) not in learning]
        which = f"all {count} layers" if count == len(able) else f"the last {count} layers"
        return (
            Phase([base], None, None, f"{network} keeps its weights"),
            Phase(
                kept, self.epochs, self.learning_rate,
                f"{which} of {network} learn too, at a learning rate of {self.learning_rate:g}",
            ),
        )  # fmt: skip


def _innermost(model: Any) -> Iterator[Any]:
    """The layers of a model, and in the place of a model within it those of that."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _innermost(layer)
        else:
            yield layer
