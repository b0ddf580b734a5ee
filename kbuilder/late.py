"""NumPy, imported when it is first used: what a recipe loads and `check` never computes with.

`from kbuilder.late import np` reads as `import numpy as np` and costs nothing until then, a quarter
of the time that `check` has. It is for the plug-ins, and for the files that they import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["np"]


class _Module:
    """A module that is imported when the first of its names is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self._name), name)
        setattr(self, name, value)  # asked for once: from then on it is a name as any other
        return value


if not TYPE_CHECKING:
    np = _Module("numpy")
