"""Values that a served model does not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import kbuilder as kb
from kbuilder.columns import Columns
from kbuilder.export import sidecar
from kbuilder.serving.exported import Exported
from kbuilder.serving.metrics import Metrics
from kbuilder.serving.strangers import Strangers


def words(*values: Any) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def test_what_is_unknown_is_counted_by_column_and_said_once() -> None:
    features = {
        "Colour": kb.Category(vocabulary=["red", "True"]), "zone": kb.Category(vocabulary=[1, 7]),
        "tags": kb.Set(vocabulary=["a", "b"], separator="|"), "note": kb.Text(vocabulary=["x"]),
        "slot": kb.Category(hash=8, whole=False),
    }  # fmt: skip
    columns = Columns(features, (), missing=("NA", "-1"))
    names = {name: name.lower() for name in features}
    said: list[str] = []
    strangers = Strangers([sidecar.entry(columns, names, name) for name in features], said.append)
    given = {
        "colour": words("red", b" red ", "true", "", "NA", "teal", b"teal", "Red"),
        "zone": np.array([1, 7, -(2**63), -1, 2, 2, 2, 1]),
        "tags": words("a|c", '["b"]', "[]", "", "NA", '["c"]', "c|d", b"a"),
        "note": words(*"abcdefgh"), "slot": words(*"abcdefgh"),
    }  # fmt: skip
    for _ in range(2):
        strangers.see(given)
    assert strangers.counts == {"Colour": 6, "zone": 6, "tags": 4}
    assert said == [
        f"column {name!r} has values that the model does not know; /metrics counts them in "
        "kbuilder_unknown_values"
        for name in ("Colour", "zone", "tags")
    ]
    assert not any("teal" in line for line in said)
    metrics = Metrics()
    metrics.watch("m", lambda: 0, lambda: 1, lambda: strangers.counts)
    assert 'kbuilder_unknown_values_total{column="Colour",model="m"} 6.0' in metrics.text().decode()


def test_an_export_counts_what_it_answers_and_not_its_own_examples(
    exported: Callable[[str], Path],
) -> None:
    export = Exported(exported("mixed"))
    export.verify()
    assert not export.strangers.counts
    row = {
        "size": np.array([np.nan], "float32"),
        "colour": words(""),
        "floor": np.array([-(2**63)]),
    }
    export.predict(row)
    assert not +export.strangers.counts
    export.predict({**row, "colour": words("never seen"), "floor": np.array([99])})
    assert export.strangers.counts == {"colour": 1, "floor": 1}
