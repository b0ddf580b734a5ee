"""Sequences that are texts in the cells of a file: `0.5 1 2`, `[[1, 2], [3, 4]]`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError
from kbuilder.features.array import Array
from kbuilder.serving import tensorflow_serving
from kbuilder.serving.exported import Exported
from kbuilder.serving.signature import Tensor
from kbuilder.serving.values import array, evened
from kbuilder.tables import number_lists

RANDOM = np.random.default_rng(7)
ROWS = 160
Y = np.arange(ROWS) % 2
LISTS = [
    [*RANDOM.normal(0, 1, RANDOM.integers(2, 9)).round(2).tolist(), 3.5 if y else -3.5] for y in Y
]


def column(*values: Any) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


LAST = [row[-3:] for row in LISTS]
SEQUENCES = {
    "blanks": [" ".join(map(str, row)) for row in LISTS],
    "commas": [",".join(map(str, row)) for row in LISTS],
    "JSON": [json.dumps(row) for row in LISTS],
    "NumPy": [str(np.array(row)) for row in LISTS],
    "nested JSON": [json.dumps([[one, 0.5] for one in row]) for row in LISTS],
    "nested NumPy": [str(np.array([[one, 0.5] for one in row])) for row in LISTS],
    "nested, of 3": [json.dumps([[one, 0.5] for one in row]) for row in LAST],
}
OTHERS = {
    "vectors of which one is broken": [*(json.dumps(row) for row in LAST), "[1.5, 2]", "1.5"],
    "vectors": [json.dumps(row) for row in LAST],
    "amounts": [f"{row[0]:.2f}" for row in LISTS],
    "decimal commas": [f"{abs(row[0]):.1f}".replace(".", ",") for row in LISTS],
    "a pair among numbers": [*(f"{row[0]:.2f}" for row in LISTS), "1.5 2.5"],
    "words among them": [*(" ".join(map(str, row)) for row in LISTS), "none of it"],
}


@pytest.mark.parametrize("way", SEQUENCES)
def test_cells_of_numbers_in_unlike_lengths_are_sequences(way: str) -> None:
    rows, numbers = LAST if "3" in way else LISTS, 2 if "nested" in way else 1
    longest = max(map(len, rows))
    pd.DataFrame({"s": SEQUENCES[way], "y": Y}).to_csv("rows.csv", index=False)
    found = dataset.look(kb.Recipe(data=kb.CSV(path="rows.csv", target="y"))).resolved
    assert isinstance(found.recipe.features["s"], Array)
    said = [one.reason for one in found.decisions if one.key == ("features", "s")]
    assert said == [f"cells of up to {longest} numbers, or lists of numbers"]
    learned = Array().learn("s", column(*SEQUENCES[way]))
    assert learned["shape"].value == (longest, numbers)
    mean = np.mean([one for row in rows for one in row])
    assert learned["mean"].value[0] == pytest.approx(mean)


@pytest.mark.parametrize("way", OTHERS)
def test_other_cells_are_no_sequences(way: str) -> None:
    assert number_lists.longest(OTHERS[way]) == 0


def test_a_step_that_is_missing_is_so_and_what_is_no_number_is_refused_with_its_row() -> None:
    values = column("[0.5, null, 2]", "[1.5]", None, "[1, 2, 3, 4]")
    feature = Array(**{name: one.value for name, one in Array().learn("s", values).items()})
    raw = feature.raw("s", values)[..., 0]
    assert np.isnan(raw).tolist() == [
        [False, True, False, True], [False, True, True, True], [True] * 4, [False] * 4,
    ]  # fmt: skip
    assert feature.raw("s", np.array([1.0, 2.0])).shape == (2, 1, 1)  # a file of single numbers
    assert message(DataError, feature.raw, "s", column("1 2", "1 a")) == (
        "features.s: column 's' holds '1 a' here, which are no numbers. Expected numbers "
        "with blanks or , ; | between them, in brackets or not; of words "
        "`features: {s: text}`."
    )


@pytest.mark.parametrize(
    ("dtype", "given", "read"),
    [
        ("int64", ["100", "1 2"], [[100, None], [1, 2]]),
        ("int64", ["[7]", 5], [[7], [5]]),
        ("int64", ["9007199254740993"], [[9007199254740993]]),
        ("float32", ["1.5", "", "[2, 3]"], [[[1.5], [None]], [[None]] * 2, [[2], [3]]]),
        ("float32", [[1, 2], [3]], [[[1], [2]], [[3], [None]]]),
        ("float32", ["[1, null]"], [[[1], [None]]]),
    ],
)
def test_the_server_reads_a_text_of_steps_as_predict_does(
    dtype: Any, given: list[Any], read: list[Any]
) -> None:
    tensor = Tensor(dtype, (None, None) if dtype == "int64" else (None, None, 1))
    found = array(evened(given, tensor), dtype)
    np.testing.assert_array_equal(found, array(read, dtype))


@pytest.mark.slow
def test_a_table_of_them_is_fitted_predicted_and_served_alike(tmp_path: Path) -> None:
    frame = pd.DataFrame({"s": SEQUENCES["blanks"], "y": Y})
    frame.to_csv("rows.csv", index=False)
    recipe = kb.Recipe(
        data=kb.CSV(path="rows.csv", target="y"),
        model=kb.LSTM(units=[8]),
        training=kb.Training(epochs=12, batch_size=16, early_stopping=None,
                             optimizer={"name": "adam", "learning_rate": 0.03}),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    assert run.evaluate("rows.csv")["data"]["accuracy"] >= 0.95
    known = run.predict("rows.csv").filter(like="probability of").to_numpy()
    lists = run.predict(pd.DataFrame({"s": LISTS})).filter(like="probability of").to_numpy()
    np.testing.assert_allclose(lists, known, atol=1e-6)
    server = Exported(run.export(tmp_path / "served"))
    for way in ("blanks", "JSON"):
        body = json.dumps({"instances": [{"s": cell} for cell in SEQUENCES[way]]}).encode()
        given = tensorflow_serving.read(body, server.signature).columns
        np.testing.assert_allclose(server.predict(given)["probabilities"], known, atol=1e-5)
        Path("rows.json").write_bytes(body)
        found = run.predict("rows.json").filter(like="probability of").to_numpy()
        np.testing.assert_allclose(found, known, atol=1e-6)


@pytest.mark.parametrize(
    ("cell", "how"),
    [
        (str(np.arange(2000) / 7), "cut with `...`, so that numbers are gone"),
        (str(np.ones((1500, 2)) / 7), "cut with `...`, so that numbers are gone"),
        (repr(np.arange(3) / 7), "as `array([…])`"),
    ],
)
def test_arrays_as_python_prints_them_are_refused(cell: str, how: str) -> None:
    cells = [cell.replace("0.", f"{row}.", 1) for row in range(1, ROWS + 1)]
    recipe = kb.Recipe(data=kb.Frame(frame=pd.DataFrame({"s": cells, "y": Y}), target="y"))
    assert message(DataError, dataset.look, recipe) == (
        f"features.s: column 's' holds arrays as Python prints them, {how}. Expected all numbers: "
        "write each as `json.dumps(array.tolist())`, or the rows as Parquet or .npz; or leave the "
        "column out: `data: {ignore: [s]}`."
    )
    assert number_lists.are_printed(["[1] see ... there", "array of 3"]) == ""
