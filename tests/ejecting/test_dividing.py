"""A script divides the rows as the fit does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder import pipeline

SPLITS = {
    "random": kb.Random(test=0.2),
    "group": kb.Group(column="customer", test=0.2),
    "time": kb.Time(column="day", test=0.2),
    "number": kb.Time(column="id"),
    "order": kb.Time(test=0.2, gap=7),
    "gap": kb.Time(column="day", group="customer", test=0.2, gap=3),
    "both": kb.Time(column="day", group="customer", test=0.2),
    "column": kb.Column(column="part"),
    "named": kb.Column(column="x", names={"test": ("0.126", "-0.132")}, validation=0.2),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(0)
    days = np.datetime64("2023-11-01") + random.integers(0, 200, 400)
    frame = pd.DataFrame({
        "id": random.permutation(400), "x": random.choice([0.126, -0.132, 2.5, 4], 400),
        "y": random.choice(["a", "b"], 400), "customer": random.integers(0, 20, 400),
        "day": pd.Series(days).dt.strftime("%d.%m.%Y"),
        "part": random.choice(["train", "Val", "TEST"], 400, p=[0.7, 0.1, 0.2]),
    })  # fmt: skip
    frame.loc[7, "customer"] = None
    file = tmp_path_factory.mktemp("splits") / "rows.csv"
    frame.astype({"customer": "Int64"}).to_csv(file, index=False)
    return file


@pytest.mark.parametrize("name", SPLITS)
def test_a_script_divides_the_rows_as_the_fit_does(name: str, rows: Path) -> None:
    data = kb.CSV(path=rows, target="y", split=SPLITS[name])
    recipe = kb.Recipe(data=data, model=kb.Linear())
    prepared = pipeline.build(kb.prepare(recipe), recipe)
    code: dict[str, Any] = {"__name__": "script", "__file__": str(rows.parent / "script.py")}
    exec(pipeline.written(prepared, rows.parent), code)
    found = [part["id"].astype(int).tolist() for part in code["divide"](code["read"](rows))]
    assert found == [part["id"].tolist() for _, part in prepared.data.parts]


def test_a_script_reads_the_rows_for_validation_from_their_file(rows: Path) -> None:
    frame = pd.read_csv(rows)
    (rows.parent / "held.csv").write_text(frame.iloc[:50].to_csv(index=False))
    data = kb.CSV(path=rows, validation_path=rows.parent / "held.csv", target="y")
    recipe = kb.Recipe(data=data, model=kb.Linear())
    prepared = pipeline.build(kb.prepare(recipe), recipe)
    text = pipeline.written(prepared, rows.parent)
    assert "\n    validation = read(validation_path)\n" in text
    assert "\n    train, test = divide(rows)\n" in text
    assert "validation_data=validating" in text


@pytest.mark.parametrize(
    "split",
    [
        kb.Group(column="owner", test=0.3), kb.Column(column="year", names={"test": ("2024",)}),
        kb.Time(column="stamp", test=0.1),
    ],
)  # fmt: skip
def test_a_script_takes_numbers_for_the_same_however_they_are_written(
    split: Any, rows: Path
) -> None:
    frame = pd.read_csv(rows)
    frame["owner"] = [["1", "1.0", "+2", "2", "3", "4.5", ""][n % 7] for n in range(400)]
    frame["year"] = [["2023.0", "2024.0", "2024"][n % 3] for n in range(400)]
    frame["stamp"] = [str(10**18 + n) for n in np.random.default_rng(1).permutation(400)]
    file = rows.parent / "numbers.csv"
    frame.to_csv(file, index=False)
    recipe = kb.Recipe(data=kb.CSV(path=file, target="y", split=split), model=kb.Linear())
    prepared = pipeline.build(kb.prepare(recipe), recipe)
    code: dict[str, Any] = {"__name__": "script", "__file__": str(rows.parent / "script.py")}
    exec(pipeline.written(prepared, rows.parent), code)
    found = [part["id"].astype(int).tolist() for part in code["divide"](code["read"](file))]
    assert found == [part["id"].tolist() for _, part in prepared.data.parts]
