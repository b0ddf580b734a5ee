"""The same metrics of several networks: their mean, and how far they are apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def spread(scores: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The scores, their mean, and the standard deviation of one from another (n - 1).

    Args:
        scores: Metrics of each; none: nobody knows them. A metric that one lacks is left out of
            mean and deviation.
    """
    if not scores:
        return {}
    names = [name for name in scores[0] if all(name in one for one in scores)]
    values = {name: np.array([one[name] for one in scores]) for name in names}
    return {
        "scores": [dict(one) for one in scores],
        "mean": {name: float(own.mean()) for name, own in values.items()},
        "deviation": {name: float(own.std(ddof=1)) for name, own in values.items()},
    }
