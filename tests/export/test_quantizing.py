"""Fewer bits for each number, and what is lost by it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message, mostly_slow

import kbuilder as kb
from kbuilder.errors import CallError, ExportError, RunError
from kbuilder.export.formats.litert import LiteRT


def rows() -> pd.DataFrame:
    """Numbers of quite different sizes, some of them missing, and a class that they decide."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"weight": random.normal(3000, 900, 400), "ratio": random.random(400)})
    frame["kind"] = np.where(frame["weight"] / 3000 + frame["ratio"] > 1.5, "big", "small")
    frame.loc[::9, "weight"] = np.nan
    return frame


def fit(folder: Path, **split: float) -> kb.Run:
    rows().to_csv(folder / "rows.csv", index=False)
    recipe = kb.Recipe(
        data=kb.CSV(path=folder / "rows.csv", target="kind", split=kb.Random(**split)),
        model=kb.MLP(units=[128, 64], dropout=0),
        training=kb.Training(epochs=8, batch_size=32),
    )
    return kb.fit(recipe, run_dir=folder / "run", verbose=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    return fit(tmp_path_factory.mktemp("run"), validation=0.2, test=0.1)


def described(version: Path) -> dict[str, Any]:
    return json.loads((version / "assets.extra" / "kbuilder.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("to", "share"), mostly_slow([("float16", 0.7), ("int8", 0.6)], ("int8", 0.6))
)
def test_what_is_lost_is_measured_on_the_validation_rows(
    to: str, share: float, run: kb.Run, capfd: pytest.CaptureFixture[str]
) -> None:
    plain = run.export("plain", format="litert") / "model.tflite"
    version = run.export("small", format="litert", quantize=to)
    known = described(version)
    lost, tolerance = known["quantized"], known["tolerance"]
    assert (lost["to"], lost["metric"], lost["part"]) == (to, "accuracy", "validation")
    assert lost["before"] == pytest.approx(run.metrics["splits"]["validation"]["accuracy"])
    assert abs(lost["after"] - lost["before"]) < 0.03
    assert tolerance == LiteRT.quantizes[to]
    line = f"accuracy {lost['before']:.4f} -> {lost['after']:.4f} on validation\n"
    assert capfd.readouterr().err == line
    assert (version / "model.tflite").stat().st_size < share * plain.stat().st_size


def test_missing_numbers_are_missing_in_int8_too(run: kb.Run) -> None:
    version = run.export("small", format="litert", quantize="int8")
    frame = pd.DataFrame({"weight": [np.nan, np.nan, 3000, 5200], "ratio": [0.1, 0.9, 0.5, 0.2]})
    given = {name: frame[name].to_numpy(np.float32) for name in frame}
    answers = LiteRT.load(version)(given)["probabilities"]
    wanted = run.predict(frame)[["probability of big", "probability of small"]].to_numpy()
    classes = described(version)["targets"][0]["task"]["classes"]
    wanted = wanted if classes == ["big", "small"] else wanted[:, ::-1]
    np.testing.assert_allclose(answers, wanted, atol=0.03)
    assert not np.allclose(answers, wanted, atol=1e-6)  # or nothing would have been quantized


def test_other_rows_than_those_of_the_fit_are_refused(run: kb.Run, tmp_path: Path) -> None:
    file = Path(str(run.recipe.data.path))
    before = file.read_bytes()
    rows().assign(ratio=lambda frame: frame["ratio"] / 2).to_csv(file, index=False)
    try:
        said = message(RunError, run.export, "new", format="litert", quantize="int8")
    finally:
        file.write_bytes(before)
    assert said == (
        f"the rows are not those that {run.path} began with: they were 289 train, 71 validation, "
        "40 test, and are as many, but others. Restore the data, or fit anew."
    )
    assert not Path("new").exists()


def test_rows_that_cannot_be_read_again_are_told(run: kb.Run) -> None:
    file = Path(str(run.recipe.data.path))
    away = file.rename(file.with_name("away.csv"))
    try:
        said = message(ExportError, run.export, "new", format="litert", quantize="int8")
    finally:
        away.rename(file)
    assert said.startswith(
        f"--quantize needs the rows that {run.path} was fitted on, and they cannot be read: "
        f"data.path: there is no {file}. Expected "
    )
    assert not Path("new").exists()


def test_a_run_that_held_no_rows_back_is_refused(tmp_path: Path) -> None:
    run = fit(tmp_path, validation=0, test=0)
    assert message(ExportError, run.export, "new", format="litert", quantize="float16") == (
        f"{run.path} held no rows back, so that nobody would know what --quantize loses. "
        "Expected a run with data.split.validation, or no --quantize."
    )


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("onnx", "ONNX"), ("openvino", "OpenVINO"), ("keras", "Keras"),
        ("saved_model", "TensorFlow SavedModel"),
    ],
)  # fmt: skip
def test_other_formats_are_not_quantized(name: str, title: str, run: kb.Run) -> None:
    assert message(CallError, run.export, "new", format=name, quantize="int8") == (
        f"{title} is not quantized to int8 here. Expected --format litert to float16 or int8, "
        "or no --quantize."
    )


def test_a_quantized_model_that_is_too_far_off_is_refused(
    run: kb.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiteRT, "quantizes", {"int8": 1e-9})
    said = message(ExportError, run.export, "new", format="litert", quantize="int8")
    assert re.fullmatch(
        r"the export answers differently from the model: a number is off by \S+, in 16 rows\. "
        r"Expected equal names and numbers within 1e-09\. Nothing was left behind\.",
        said,
    )
    assert not Path("new").exists()
