"""Names of layers, which a network has from whatever process builds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kbuilder import catalog, internals


def name_anew(model: Any) -> None:
    """Name the layers that are built next as a new process does, so that equal fits are equal.

    A network of others may use layers that were made before, whose names nobody knows: for it the
    names go on.

    Args:
        model: What the recipe says of the network.
    """
    given = model.values() if isinstance(model, Mapping) else (model,)
    specs = [one for one in given if hasattr(one, "model_dump")]
    if all(catalog.origin_of(one) is None for one in specs):
        internals.name_anew(name for one in specs for name in _names(one.model_dump()))


def _names(value: Any) -> Iterator[str]:
    """The names that a configuration of Keras gives."""
    if isinstance(value, Mapping):
        if isinstance(value.get("name"), str):
            yield value["name"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner)
