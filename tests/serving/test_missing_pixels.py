"""A null in an array of pixels is refused by the server, as `predict` refuses it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import DataError
from kbuilder.serving import tensorflow_serving
from kbuilder.serving.exported import Exported
from kbuilder.serving.refusals import RowError


@pytest.mark.slow
def test_a_pixel_that_is_null_is_refused_by_row(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).random((40, 8, 8, 1)).astype(np.float32)
    frame = pd.DataFrame({"x": list(pictures), "y": np.arange(40) % 2})
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="y"), features={"x": kb.Image()},
        model=kb.CNN(filters=[2]), training=kb.Training(epochs=1),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    frame["x"][1][0, 0, 0] = np.nan
    assert "a picture has all pixels" in message(DataError, run.predict, frame.head(3))
    export = Exported(run.export(tmp_path / "export", verbose=False))
    rows = [{"x": one.tolist()} for one in pictures[[0, 2, 3]]]
    asked = tensorflow_serving.read(json.dumps({"instances": rows}).encode(), export.signature)
    assert len(export.predict(asked.columns)["label"]) == 3
    rows[1]["x"][0][0][0] = None
    asked = tensorflow_serving.read(json.dumps({"instances": rows}).encode(), export.signature)
    assert message(RowError, export.predict, asked.columns) == (
        "row 2, input 'x': a pixel is missing, and a picture has all of them"
    )
