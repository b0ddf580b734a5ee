"""A network written layer by layer."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError
from kbuilder.layer_lists.build import TooSmallError, applied, described, shape, smallest, title
from kbuilder.layer_lists.lists import Layer, Listed
from kbuilder.lines import to_line
from kbuilder.spec import Spec

PLACE = ("model", "layers")
MEND = "Give a smaller one, `padding: same`, less pooling before it, or a larger input."


class Sequential(Spec):
    """Layers of Keras and blocks, one after the other, as listed; the task adds the last layer.

    A layer is its Keras name in snake_case with its arguments (`conv2d: {filters: 32, kernel_size:
    3}`), with its first argument alone (`dense: 64`), or by itself (`flatten`). Arguments are those
    of Keras 3, with its defaults. A text is read by an `embedding`, which comes first; its padding
    is masked, unless `mask_zero: false` is written. A block is several layers under one name
    (`residual: {filters: 64}`), and may hold lists of layers itself.

    Input shape: vector (batch, d), text (batch, time), sequence (batch, time, d) or image (batch,
        height, width, channels), as the first layer takes it.
    Output shape: (batch, d), as the last layer gives it.
    Source: Chollet et al. 2015, Keras (https://keras.io/api/layers).
    """

    layers: Annotated[tuple[Layer, ...], Listed(whole=True)]
    """The layers, the first nearest to the input, without the last layer of the task."""

    forms: ClassVar[tuple[Form, ...]] = ("vector", "text", "sequence", "image")

    def apply(self, signal: Signal) -> Any:
        layers = self._read(signal)
        try:
            x, _ = applied(layers, signal.tensor, PLACE, signal.mask)
        except TooSmallError as error:
            sized = signal.form != "vector"  # or a reshape has made something else of it
            least = smallest(layers, signal.tensor, PLACE) if sized else ""
            message = f"{error.problem.message} {least}{MEND}"
            raise BuildError(message, key=error.problem.key) from error
        if len(x.shape) != 2:
            [last] = layers[-1]
            key = (*PLACE, len(layers) - 1)
            pooling = {3: "global_max_pooling1d", 4: "global_max_pooling2d"}.get(len(x.shape))
            mend = f"`- flatten` or `- {pooling}`" if pooling else "`- flatten`"
            raise BuildError(
                f"{title(key, last)} is the last layer and gives {shape(x)}. Expected a vector "
                f"(batch, d): add {mend} after it.",
                key=key,
            )
        return x

    def _read(self, signal: Signal) -> tuple[Layer, ...]:
        """The layers, of which the embedding that reads a text has its vocabulary and its mask."""
        [(name, arguments)] = self.layers[0].items()
        key = (*PLACE, 0)
        if signal.form != "text" and name == "embedding":
            line = to_line(("features", signal.column), "tokens")
            words = f"; or, where whole numbers stand for words, write `{line}`"
            one = signal.column and len(signal.widths) < 2
            raise BuildError(
                f"{title(key, name)} expects the words of a text (batch, time); its input here is "
                f"{described(signal.tensor)}. Remove it{words if one else ''}.",
                key=key,
            )
        if signal.form != "text":
            return self.layers
        if name != "embedding":
            raise BuildError(
                "a text reaches the layers through an embedding. "
                "Add `- embedding: 64` before the first layer.",
                key=key,
            )
        own = {"input_dim": signal.vocabulary_size, "mask_zero": True}
        first = {name: {**own, **arguments}}
        return first, *self.layers[1:]
