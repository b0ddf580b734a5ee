"""Recurrent and convolutional networks of windows with gaps, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder import catalog
from kbuilder.errors import ExportError
from kbuilder.serving import tensorflow_serving
from kbuilder.serving.exported import Exported

ROWS, TIME = 120, 8
RANDOM = np.random.default_rng(21)
LABELS = RANDOM.integers(0, 3, ROWS)
WINDOWS = RANDOM.normal(size=(ROWS, TIME, 2)).astype(np.float32)
WINDOWS[:, 5:, 0] += (LABELS[:, None] - 1) * 1.5
WINDOWS[RANDOM.random(WINDOWS.shape) < 0.05] = np.nan
COLUMNS: dict[str, np.ndarray] = {
    "x": WINDOWS, "y": np.array(["low", "mid", "high"])[LABELS],
    "site": RANDOM.integers(0, 4, ROWS), "ahead": np.nan_to_num(WINDOWS[:, -3:, 1]),
}  # fmt: skip
RECIPES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "steps ahead": (["x", "ahead"], {"name": "gru", "units": [4], "bidirectional": True}),
    "stacked": (["x", "y"], {"name": "lstm", "units": [4, 3], "bidirectional": True}),
    "beside numbers": (["x", "site", "y"], {"sequence": "tcn", "vector": "mlp"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
def test_windows_with_gaps_are_answered_alike_in_every_format(kind: str) -> None:
    names, model = RECIPES[kind]
    np.savez("w.npz", **{name: COLUMNS[name] for name in names})
    recipe = kb.Recipe(
        data=kb.Arrays(path="w.npz", columns={name: name for name in names}, target=names[-1]),
        model=model, training=kb.Training(epochs=1, batch_size=32),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir="run", verbose=False)
    for format in catalog.names("export/formats"):
        if (kind, format) == ("beside numbers", "keras"):
            with pytest.raises(ExportError, match="that only kbuilder has: PoolOverTime"):
                run.export("keras", format=format, verbose=False)
            continue
        run.export(Path(f"exported-{format}"), format=format, verbose=False)  # which proves it
    run.export("int8", format="litert", quantize="int8", verbose=False)
    export = Exported(Path("exported-saved_model/1"))
    rows = [{name: COLUMNS[name][row].tolist() for name in names[:-1]} for row in range(5)]
    for row in rows:
        row["x"] = [[None if one != one else one for one in step] for step in row["x"]]
    body = json.dumps({"instances": rows}).encode()
    answers = export.predict(tensorflow_serving.read(body, export.signature).columns)
    ours = run.predict("w.npz")
    if kind == "steps ahead":
        np.testing.assert_allclose(answers["value"], ours.to_numpy(float)[:5], atol=1e-5)
    else:
        assert [word.decode() for word in answers["label"]] == ours["label"].tolist()[:5]
