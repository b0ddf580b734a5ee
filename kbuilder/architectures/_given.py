"""Networks that Python has at hand, as architectures: a function of a tensor, a layer of Keras."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from kbuilder.architectures.keras_layer import KerasLayer
from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError, CallError
from kbuilder.spec import Spec


@cache
def of_function(function: Callable[[Any], Any]) -> type[Spec]:
    """The architecture of a function from a tensor of a batch to a vector (batch, d).

    Raises:
        CallError: if it cannot be found again by its name, or takes other arguments.
    """
    module, name = function.__module__, function.__qualname__
    if not name.isidentifier():
        raise CallError(
            f"{name} of {module} cannot be found again by its name. Expected a function at the "
            "top of a module, such as `def network(x): …`"
        )
    bound = inspect.signature(function)
    takes_mask = "mask" in bound.parameters
    try:
        bound.bind(None, **({"mask": None} if takes_mask else {}))
    except TypeError:
        raise CallError(
            f"{module}:{name} takes other arguments. Expected a function of one tensor, such as "
            f"`def {name}(x): …`"
        ) from None

    class Function(Spec):
        forms: ClassVar[tuple[Form, ...]] = KerasLayer.forms

        def apply(self, signal: Signal) -> Any:
            if takes_mask:
                return function(signal.tensor, mask=signal.mask)  # type: ignore[call-arg]
            if signal.mask is not None:
                raise BuildError(
                    f"{name} takes no mask, and the sequence has padding, which would count as "
                    f"data. Expected `def {name}(x, mask): …`, where mask (batch, time) says which "
                    "steps are real; or `masking: none` under the feature.",
                    key=("model",),
                )
            return function(signal.tensor)

    Function.__module__, Function.__qualname__, Function.__name__ = module, name, name
    Function.__doc__ = inspect.getdoc(function) or f"The function {name} of {module}."
    return Function


def architecture(value: object) -> Spec | None:
    """A layer of Keras, or a function, as an architecture; None: it is neither.

    Raises:
        CallError: if it cannot be one.
    """
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(value, keras.Layer):
        return KerasLayer.of(value)
    return of_function(value)() if inspect.isfunction(value) else None
