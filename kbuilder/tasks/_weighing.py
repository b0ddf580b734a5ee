"""Means over rows that do not all count alike."""

from __future__ import annotations

from typing import Any

import numpy as np


def average(values: np.ndarray, weights: np.ndarray | None) -> Any:
    """The mean over the rows, along the first axis.

    Args:
        values: (rows, …).
        weights: How much each row counts, (rows,); None: all alike.
    """
    return values.mean(axis=0) if weights is None else np.average(values, axis=0, weights=weights)
