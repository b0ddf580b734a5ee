"""Large offsets: whatever the format, the numbers are those that `predict` writes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import ExportError

ROWS = 300


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    """A fit of seconds since 1970, by numbers whose offsets float32 has no room for."""
    share = np.random.default_rng(0).random(ROWS)
    frame = pd.DataFrame({
        "seconds": (1.7e9 + 120 * share).astype(int), "easting": (4_512_300 + share).round(3),
        "finish": (1.7e9 + 1000 * share).astype(int),
    })  # fmt: skip
    data = kb.Frame(frame=frame, target="finish")
    recipe = kb.Recipe(data=data, training=kb.Training(epochs=30, batch_size=32))
    return kb.fit(recipe, run_dir=tmp_path_factory.mktemp("offsets") / "run", verbose=False)


def test_the_metrics_are_of_the_numbers_that_are_predicted(run: kb.Run) -> None:
    examples = pd.DataFrame({"seconds": 1_700_000_000 + np.arange(120), "easting": 4_512_300.5})
    predicted = run.predict(examples)["value"]
    assert predicted.dtype == np.float64
    assert predicted.nunique() == 120
    assert run.metrics["splits"]["test"]["r2"] > 0.9


@pytest.mark.parametrize("format", ["saved_model", "onnx", "openvino"])
def test_an_export_answers_to_the_second(format: str, run: kb.Run) -> None:
    assert run.export(f"exported-{format}", format=format, verbose=False).name == "1"


def test_litert_has_no_float64_and_says_so(run: kb.Run) -> None:
    assert message(ExportError, run.export, "exported", format="litert", verbose=False) == (
        "the output value is float64, since float32 would round it, and LiteRT computes in "
        "float32. Expected --format onnx, openvino or saved_model."
    )
