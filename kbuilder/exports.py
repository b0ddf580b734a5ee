"""What the folder of an export holds, and whether answers are those of its examples.

Only the standard library and NumPy are imported: `export/verify.py` runs this file where there is
no kbuilder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

MANIFEST = "manifest.json"
EXTRA = "assets.extra"
SAVED_MODEL = "saved_model"
TELLS = "tells"
"""The function of a SavedModel that gives all outputs, and beside them what it knows of the rows:
by `READS:input` of which texts it knows a word, and by `KNOWN` whether it knows all words of
categories as they stand, and no number is far from those of training. In `kbuilder.json` the inputs
are marked with the same."""
READS, KNOWN = "reads", "known"
EXPLAIN = "explain"
"""The function of a SavedModel that explains its answers; and the key of what is said of it."""


def described(version: Path) -> dict[str, Any]:
    """What goes in and what comes out of an export: its `kbuilder.json`."""
    return _mapping(version / EXTRA / "kbuilder.json")


def examples(version: Path) -> dict[str, Any]:
    """The `instances` that an export is asked for, and their `predictions`."""
    return _mapping(version / EXTRA / "examples.json")


def format_of(version: Path) -> str | None:
    """The format of an export; None: it is none of kbuilder's, or says nothing."""
    try:
        return str(described(version).get("format", SAVED_MODEL))
    except (OSError, ValueError):
        return None


def difference(name: str, got: np.ndarray | None, expected: np.ndarray) -> tuple[float, str]:
    """How far the answers of an output are from those expected.

    Returns:
        The greatest difference of a number, relative to those over 1; and what else is wrong, as
        "2 of 9 values of label differ"; empty: nothing.
    """
    if got is None or got.shape != expected.shape:
        return 0.0, f"{name} has the shape {None if got is None else got.shape}"
    if expected.dtype.kind == "f":
        gap = np.abs(got.astype(np.float64) - expected)
        gap = np.where(np.isnan(got) & np.isnan(expected), 0.0, gap)
        gap = gap / np.maximum(1.0, np.abs(expected))
        return float("inf" if np.isnan(gap).any() else gap.max()), ""
    named = np.vectorize(_word, otypes=[object])(got)
    differ = int((named != expected).sum())
    return 0.0, f"{differ} of {expected.size} values of {name} differ" if differ else ""


def _word(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


def _mapping(file: Path) -> dict[str, Any]:
    known = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(known, dict):
        raise ValueError(f"{file} is no mapping")
    return known
