"""A layer of Keras, made in Python."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError, CallError, briefly
from kbuilder.layer_lists.masking import PaddingError, through
from kbuilder.refusals import custom
from kbuilder.spec import Spec

MODULES = ("keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints")
MODELS = ("Sequential", "DTypePolicy")
PROGRAMS = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")
"""Layers of Keras that run code, or read it from a file."""
VALUES = ("__tuple__", "__ellipsis__", "__slice__", "__numpy__", "__tensor__", "__bytes__")


def _classes(value: object) -> Iterator[Mapping[str, Any]]:
    """Every class that a configuration names."""
    if isinstance(value, Mapping):
        if "class_name" in value:
            yield value
        for inner in value.values():
            yield from _classes(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _classes(inner)


def _data(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration as JSON holds it. Refuses what would make a recipe run code: it is data."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(config))
    except (TypeError, ValueError) as error:
        raise custom(f"Expected values that JSON can hold: {error}") from None
    if "class_name" not in plain:
        raise custom("Expected the configuration of a layer of Keras: its class_name, and config")
    for named in _classes(plain):
        name, module = named["class_name"], named.get("module")
        if module in MODULES and name not in PROGRAMS:
            continue
        if (module == "keras" and name in MODELS) or (module is None and name in VALUES):
            continue
        if not _registered(named.get("registered_name")):
            raise custom(
                f"{name!r} is no layer of Keras that is made of data alone. Expected one, or a "
                "class of your own with @keras.saving.register_keras_serializable(), whose module "
                "is imported first"
            )
    return plain


def _registered(name: object) -> bool:
    """Whether the caller has told Keras of a class, by `package>name`."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(name, str) or ">" not in name:
        return False
    return keras.saving.get_registered_object(name) is not None


class KerasLayer(Spec):
    """A layer of Keras that was made in Python; the task adds the last layer.

    In Python the layer itself is given: `kb.Recipe(data=…, model=keras.Sequential([…]))`. It has no
    weights yet, and is made anew for each fit. In a recipe it is its configuration, as
    `keras.saving.serialize_keras_object` gives it; a layer that runs code, such as a Lambda, is
    refused.

    The layers of a Sequential are called one by one with the mask of a sequence that has padding.

    Input shape: vector (batch, d), sequence (batch, time, d) or image (batch, height, width,
        channels), as the layer takes it.
    Output shape: (batch, d), as the layer gives it.
    Source: Chollet et al. 2015, Keras (https://keras.io/api/layers).
    """

    config: Annotated[dict[str, Any], AfterValidator(_data)]
    """The configuration of the layer."""

    forms: ClassVar[tuple[Form, ...]] = ("vector", "sequence", "image")
    """Not text: the number of its words, which an architecture of texts needs, is not handed on."""

    @classmethod
    def of(cls, layer: Any) -> KerasLayer:
        """The architecture of a layer.

        Raises:
            CallError: if it has weights, which would be lost.
        """
        import keras

        if layer.weights:
            raise CallError(
                f"the {type(layer).__name__} has weights already, which a recipe does not keep. "
                "Expected a layer without: leave keras.Input out, or give a function of a tensor, "
                "such as `def network(x): …`"
            )
        return cls(config=keras.saving.serialize_keras_object(layer))

    def apply(self, signal: Signal) -> Any:
        import keras

        try:
            layer = keras.saving.deserialize_keras_object(self.config, safe_mode=True)
            return layer(signal.tensor) if signal.mask is None else _masked(layer, signal)
        except PaddingError as error:
            message = f"{self.config['class_name']} cannot be built: {error.problem.message}."
            raise BuildError(message, key=("model",)) from error
        except Exception as error:  # whatever a configuration, or a layer of others, makes it raise
            message = f"{self.config['class_name']} cannot be built: {briefly(error)}"
            raise BuildError(message, key=("model",)) from error


def _masked(layer: Any, signal: Signal) -> Any:
    """What a layer makes of a sequence with padding; of a Sequential its layers, one by one."""
    import keras

    x, mask = signal.tensor, signal.mask
    for one in layer.layers if isinstance(layer, keras.Sequential) else [layer]:
        x, mask = through(one, x, mask)
    return x
