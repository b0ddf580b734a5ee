"""The unit, the offset and the order of columns and channels change nothing that is learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb

ROWS = 500
random = np.random.default_rng(29)
MEANT = random.integers(0, 2, ROWS)
SIGNS = np.where(MEANT, 1.0, -1.0)


def table(values: np.ndarray) -> tuple[kb.Frame, Any]:
    frame = pd.DataFrame({f"c{place}": numbers for place, numbers in enumerate(values.T)})
    return kb.Frame(frame=frame.assign(y=MEANT), target="y"), kb.MLP(units=(8,))


def arrays(values: np.ndarray, model: Any) -> tuple[kb.Arrays, Any]:
    np.savez("rows.npz", x=values, y=MEANT)
    return kb.Arrays(path="rows.npz", columns={"x": "x", "y": "y"}, target="y"), model


def plain(kind: str) -> np.ndarray:
    """What is meant shows in the sum of two channels, each of which alone tells little."""
    shape = {"table": (3,), "sequence": (6, 3), "picture": (9, 7, 3)}[kind]
    values = random.normal(size=(ROWS, *shape))
    noise = random.normal(size=values.shape[:-1]) * 2
    values[..., 0] += 0.9 * SIGNS.reshape(-1, *[1] * (len(shape) - 1)) + noise
    values[..., 1] += 0.9 * SIGNS.reshape(-1, *[1] * (len(shape) - 1)) - noise
    return values


def accuracy(kind: str, values: np.ndarray) -> float:
    model = {"sequence": kb.GRU(units=(8,)), "picture": kb.CNN(filters=(4,), reduce="average")}
    data, network = table(values) if kind == "table" else arrays(values, model[kind])
    training = kb.Training(
        epochs=12, batch_size=20, early_stopping=None,
        optimizer={"name": "adam", "learning_rate": 0.01},
    )  # fmt: skip
    data = data.model_copy(update={"split": kb.Random(test=0.4, validation=0.0)})
    run = kb.fit(kb.Recipe(data=data, model=network, training=training), verbose=False)
    return float(run.metrics["splits"]["test"]["accuracy"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["table", "sequence", "picture"])
def test_the_accuracy_is_that_of_the_plain_data(kind: str) -> None:
    values = plain(kind)
    altered = values[..., ::-1] * [1.0, 1e6, 1.0] + [0.0, 0.0, 1e9]
    wanted = accuracy(kind, values)
    assert wanted >= 0.8
    assert accuracy(kind, altered) == pytest.approx(wanted, abs=0.06)
