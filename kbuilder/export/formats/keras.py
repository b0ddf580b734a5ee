"""The network alone, as Keras keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.columns import Columns
    from kbuilder.export.contract import Exchange, Fitted, Quantizing


class Keras:
    """`model.keras`, which plain Keras loads: prepared rows in, the network's own outputs out.

    How the inputs were prepared stands in `kbuilder.json`, with all that was learned.
    """

    title: ClassVar[str] = "Keras"
    runtime: ClassVar[str] = "keras"
    packages: ClassVar[Mapping[str, str]] = {}
    tolerance: ClassVar[float] = 1e-5
    quantizes: ClassVar[Mapping[str, float]] = {}

    def refuse(self, columns: Columns) -> str | None:
        """No column is refused: rows come prepared."""
        return None

    def exchange(self, fitted: Fitted) -> Exchange:
        """The network's inputs and outputs.

        Raises:
            ExportError: if there are layers in it that only kbuilder has.
        """
        from kbuilder.errors import ExportError, listed
        from kbuilder.export import sidecar
        from kbuilder.export.contract import Exchange
        from kbuilder.instances import to_instances

        model = _by_operations(fitted.model)
        own = sorted(set(_own(model.get_config())))
        if own:
            raise ExportError(
                f"the network has layers that only kbuilder has: {listed(own)}. Expected Keras's "
                "own layers alone, or --format saved_model, which needs no class of a layer."
            )
        described = {
            "inputs": [
                {
                    "name": key,
                    "dtype": values.dtype.name,
                    "shape": [None, *values.shape[1:]],
                    "columns": _prepared(fitted, key),
                }
                for key, values in fitted.prepared.items()
            ],
            "outputs": [
                {"name": output, "dtype": "float32", "shape": [None, *values.shape[1:]]}
                for output, values in fitted.outputs.items()
            ],
            "targets": sidecar.targets(fitted.columns),
        }
        instances, answers = to_instances(fitted.prepared), to_instances(fitted.outputs)
        return Exchange(described, instances, answers, model, {}, dict)

    def write(
        self, folder: Path, fitted: Fitted, exchange: Exchange, quantizing: Quantizing | None
    ) -> None:
        """Keras's own file."""
        network: Any = exchange.call
        network.save(folder / "model.keras")

    @staticmethod
    def load(folder: Path) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
        """`keras.models.load_model`, in its safe mode."""
        import keras

        model = keras.models.load_model(folder / "model.keras", compile=False, safe_mode=True)

        def answer(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return dict(model.predict(given, verbose=0))

        return answer


def _by_operations(model: Any) -> Any:
    """The network with Keras's own operations in place of layers of ours that are no more."""
    import keras

    from kbuilder import internals

    if not any(getattr(layer, "of_operations", False) for layer in internals.layers(model)):
        return model

    def call(layer: Any, *arguments: Any, **named: Any) -> Any:
        plain = getattr(layer, "of_operations", False)
        return (layer.call if plain else layer)(*arguments, **named)

    other = keras.models.clone_model(model, call_function=call, recursive=True)
    other.set_weights(model.get_weights())
    return other


def _own(config: Any) -> Iterator[str]:
    """The names of kbuilder's classes and functions in what Keras writes of a model."""
    if isinstance(config, dict):
        name = str(config.get("registered_name"))
        if name.startswith("kbuilder>"):
            yield name.removeprefix("kbuilder>")
        config = list(config.values())
    if isinstance(config, list | tuple):
        for value in config:
            yield from _own(value)


def _prepared(fitted: Fitted, key: str) -> list[dict[str, Any]]:
    """The columns of one input, in their order, and how each was prepared."""
    import json

    columns = fitted.columns
    learned = json.loads(columns.to_json())["features"]
    here = [column for column, it in columns.keys().items() if it == key]
    return [
        {
            "column": column,
            "how": columns.features[column].describe(),
            "learned": learned[column],
        }
        for column in here
    ]
