"""kbuilder: a short recipe becomes a trained, evaluated, exported Keras model.

    import kbuilder as kb

    run = kb.fit(kb.Recipe(data=kb.CSV(path="adult-train.csv", target="income")))
    run.evaluate()

Beside the names in `__all__`, every plug-in class is found here by its name: `kb.CSV`, `kb.LSTM`,
`kb.Multiclass`, `kb.Image`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Both are read when TensorFlow and Keras are imported, which happens inside functions, later.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

_HOMES = {
    "Checkpoints": "kbuilder.recipe.training",
    "Choice": "kbuilder.contracts",
    "EarlyStopping": "kbuilder.recipe.training",
    "KBuilderError": "kbuilder.errors",
    "Dataset": "kbuilder.data.dataset",
    "Plan": "kbuilder.recipe.training",
    "Recipe": "kbuilder.recipe.recipe",
    "Run": "kbuilder.run",
    "Training": "kbuilder.recipe.training",
    "build": "kbuilder.building.alone",
    "compare": "kbuilder.trials",
    "fit": "kbuilder.pipeline",
    "load": "kbuilder.run",
    "plugins": "kbuilder.catalog",
    "prepare": "kbuilder.pipeline",
    "read": "kbuilder.recipe.reading",
    "resume": "kbuilder.pipeline",
}

_RENAMED = {"Split": "Random"}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name[:1].isupper():
        try:
            return import_module("kbuilder.catalog").public(name)
        except KeyError:
            pass
    now = f"; it is called {_RENAMED[name]!r} now" if name in _RENAMED else ""
    raise AttributeError(f"module 'kbuilder' has no attribute {name!r}{now}")


def __dir__() -> list[str]:
    from kbuilder import catalog

    plugins = [
        catalog.find(folder, name).__name__
        for folder in catalog.FOLDERS
        for name in catalog.names(folder)
    ]
    return sorted([*__all__, *plugins, "__version__"])
