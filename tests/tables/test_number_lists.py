"""Cells that hold several numbers are arrays, from the file to the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.columns import Columns
from kbuilder.data import dataset, kinds
from kbuilder.errors import DataError, RecipeError
from kbuilder.features.array import Array
from kbuilder.features.image import Image
from kbuilder.instances import from_instances
from kbuilder.serving import tensorflow_serving
from kbuilder.serving import values as json_values
from kbuilder.serving.exported import Exported
from kbuilder.tables import number_lists
from kbuilder.tables.profile import profile
from kbuilder.tables.whole_rows import whole_numbers

RANDOM = np.random.default_rng(0)
LABELS = np.arange(120) % 2
CURVES = np.round((LABELS * 2 - 1)[:, None] * np.linspace(0.1, 2, 12) + RANDOM.normal(
    0, 0.1, (120, 12)), 3)  # fmt: skip
WRITTEN = {
    "blanks": lambda row: " ".join(map(str, row)),
    "list": lambda row: str(row.tolist()),
    "array": str,  # with line breaks, and blanks before a number
    "tuple": lambda row: str(tuple(row.tolist())),
    "semicolons": lambda row: ";".join(map(str, row)),
    "commas": lambda row: ",".join(map(str, row)),
    "bars": lambda row: "|".join(map(str, row)),
    "bars and blanks": lambda row: " | ".join(map(str, row)),
    "quotes": lambda row: json.dumps([*map(str, row)]),
    "single quotes": lambda row: str([*map(str, row)]),
    "braces": lambda row: "{" + ",".join(map(str, row)) + "}",  # as PostgreSQL has arrays
    "a mark at the end": lambda row: "|".join(map(str, row)) + "|",
    "exponents": lambda row: "|".join(f"{number:.6e}" for number in row),
}


def objects(*cells: Any) -> np.ndarray:
    found = np.empty(len(cells), dtype=object)
    found[:] = cells
    return found


@pytest.mark.parametrize("way", WRITTEN)
def test_cells_of_numbers_are_arrays_however_they_are_written(way: str) -> None:
    cells = objects(*map(WRITTEN[way], CURVES))
    assert profile(cells).numbers == 12
    assert kinds.matches("features", profile(cells))[0][0] == "array"
    np.testing.assert_array_equal(number_lists.read("x", cells), CURVES)
    np.testing.assert_array_equal(json_values.array(cells.tolist(), "float64"), CURVES)
    np.testing.assert_array_equal(json_values.array(cells[0], "float64"), CURVES[0])


@pytest.mark.parametrize(
    "cells",
    [
        ("1,234,567", "2,345,678"), ("1,5", "2,5"), ("030 12", "040 13"), ("1 2", "1 2 3"),
        ("1 2", "a b"), ("12", "13"), ("2024-05-01", "2024-05-02"), ("1 2", "x"), ("nan nan",) * 2,
    ],
)  # fmt: skip
def test_what_may_be_meant_otherwise_is_no_cell_of_numbers(cells: tuple[str, ...]) -> None:
    assert profile(objects(*cells)).numbers == 0


@pytest.mark.parametrize("mark", ["|", ";", " ", ", ", "\t"])
def test_decimals_are_numbers_and_no_names_even_if_they_repeat(mark: str) -> None:
    quarters = RANDOM.integers(0, 5, (200, 3)) / 4
    cells = objects(*(mark.join(map(str, row)) for row in quarters))
    assert kinds.matches("features", profile(cells))[0][0] == "array"
    np.testing.assert_array_equal(number_lists.read("x", cells), quarters)
    lengths = RANDOM.integers(1, 4, 200)
    rows = zip(quarters, lengths, strict=True)
    uneven = objects(*(mark.join(map(str, row[:n])) for row, n in rows))
    assert kinds.matches("features", profile(uneven))[0][0] == "array"
    assert Array().learn("x", uneven)["shape"].value == (3, 1)
    if mark == "|":
        near = kinds.surest(("features", "x"), kinds.matches("features", profile(uneven)))
        assert near.reason.endswith("; nearly as likely: `features: {x: set}`")
        whole = objects(*(mark.join(map(str, row)) for row in (quarters * 4).astype(int)))
        assert kinds.matches("features", profile(whole))[0][0] == "set"
    frame = pd.DataFrame({"x": cells, "n": quarters[:, 0]})
    recipe = kb.Recipe(data=kb.Frame(frame=frame, target="x"))
    assert "data.target: the target 'x' holds cells of 3 numbers" in message(
        DataError, dataset.look, recipe
    )


def test_nothing_between_marks_is_missing() -> None:
    for cell in ("0.5||1.5", "0.5; ;1.5", "[0.5, , 1.5]", "0.5|NA|1.5"):
        np.testing.assert_array_equal(number_lists.numbers_in(cell), [0.5, np.nan, 1.5])
    np.testing.assert_array_equal(number_lists.numbers_in("|0.5"), [np.nan, 0.5])
    assert number_lists.numbers_in("1;2;").tolist() == [1, 2]
    np.testing.assert_array_equal(number_lists.numbers_in('["0.5", "", "nan"]')[1:], [np.nan] * 2)


def test_a_mark_at_the_end_of_some_cells_stands_before_a_number_that_is_missing() -> None:
    whole = [f"{n / 4}|-{n}.5|{n}" for n in range(40)]
    cells = objects(*(c if n % 2 else c[: c.rindex("|") + 1] for n, c in enumerate(whole)))
    assert (profile(cells).numbers, profile(cells).steps) == (3, 0)
    found = number_lists.read("x", cells)
    assert found.shape == (40, 3)
    np.testing.assert_array_equal(found[:2], [[0, -0.5, np.nan], [0.25, -1.5, 1]])
    np.testing.assert_array_equal(number_lists.numbers_of(cells, "float32", 3), found)
    columns = Columns({"x": Array(shape=(3,), raw_shape=(3,))}, ())
    np.testing.assert_array_equal(from_instances(columns, [{"x": cells[0]}], "")["x"], found[:1])
    np.testing.assert_array_equal(json_values.array("0.5||1", "float64"), [0.5, np.nan, 1])
    with pytest.raises(DataError, match="has a cell of 1 numbers here, and 3 are expected"):
        number_lists.read("x", objects("1|2|", "1|"), 3)


def test_a_line_between_digits_groups_none_but_in_python() -> None:
    for cell in ("13_6", "1 2_0", "0.5|1_0"):
        assert number_lists.numbers_in(cell) is None
        with pytest.raises(ValueError, match="to Python alone"):
            whole_numbers(cell, 0)
    assert whole_numbers('["1", "", "3"]', 0).tolist() == [1, 0, 3]


def test_quoted_codes_are_no_numbers_and_quoted_whole_numbers_of_unlike_count_are_names() -> None:
    codes = [f'["0{n % 7}", "0{n % 9}", "02"]' for n in range(80)]
    assert profile(objects(*codes)).numbers == 0
    whole = [json.dumps([*map(str, RANDOM.integers(0, 40, 1 + n % 5))]) for n in range(200)]
    assert kinds.matches("features", profile(objects(*whole)))[0][0] == "set"


@pytest.mark.parametrize("way", ["{};{}", "{}|{}", "{} {}", "[{} ; {}]", "({}; {})"])
def test_a_comma_that_may_stand_before_decimals_is_refused(way: str) -> None:
    cells = [way.format(f"0,{n % 7}", f"1,{n % 5}") for n in range(100)]
    frame = pd.DataFrame({"x": cells, "y": np.arange(100) % 3 / 2})
    said = (
        "in which a comma may stand before decimals or between numbers. If before decimals, write "
        "a point in the file"
    )
    inferred, target = (kb.Recipe(data=kb.Frame(frame=frame, target=name)) for name in "yx")
    assert message(DataError, dataset.look, inferred) == (
        f"features.x: column 'x' holds '{cells[0]}', {said}; if it stands between numbers, "
        "`features: {x: {kind: array, shape: [4]}}`; if these are names, `features: {x: set}`."
    )
    assert message(DataError, dataset.look, target) == (
        f"data.target: column 'x' holds '{cells[0]}', {said}; if these are names, "
        "`task: multilabel`."
    )
    assert said in message(DataError, Array().learn, "x", objects(*cells))
    assert Array(shape=(4,)).learn("x", objects(*cells))["raw_shape"].value == (4,)


def test_a_comma_between_numbers_is_no_doubt() -> None:
    for clear in ("1,2", "[[1,2],[3,4]]", "0.5,1.5;2.5,3.5", "1,2,3", "a,b;c,d", "1 2,5 3 4"):
        assert number_lists.doubtful([clear] * 9) == ""


def test_a_single_number_in_quotes_is_no_number_to_a_server() -> None:
    for value in ("5", ["5"], "", "1 a", [["1"]]):
        with pytest.raises(json_values.RequestError):
            json_values.array(value, "float32")


def test_cells_that_hold_anything_else_are_refused_with_their_row() -> None:
    for cells, said in (
        (("1 2", "1 x"), "column 'x' holds '1 x' here, which are no numbers. Expected numbers with "
         "blanks or , ; | between them, in brackets or not; of words "
         "`features: {x: text}`."),
        (("1 2", "1 2 3", *["1 2"] * 20), "column 'x' has a cell of 3 numbers here, and 2 are "
         "expected. Expected as many in each cell: fill them up, or cut them."),
    ):  # fmt: skip
        with pytest.raises(DataError) as caught:
            Array().learn("x", objects(*cells))
        assert (caught.value.problem.message, caught.value.row) == (said, 1)


def test_pictures_in_cells_are_told_the_shape_to_write() -> None:
    cells = objects(*(" ".join(map(str, RANDOM.integers(0, 256, 64))) for _ in range(9)))
    line = "features: {x: {kind: image, shape: [8, 8, 1]}}"
    assert message(DataError, Image().learn, "x", cells) == (
        "features.x: column 'x' holds cells of 64 numbers. Expected the shape of the pictures, "
        f"such as `{line}`."
    )
    assert Array.recognise(profile(cells)).reason == (
        "64 numbers in each cell; of pixels, `shape: [8, 8, 1]` makes pictures"
    )
    learned = Array(shape=(8, 8, 1)).learn("x", cells)
    assert (learned["raw_shape"].value, len(learned["mean"].value)) == ((64,), 1)


def test_cells_of_pixels_are_pictures_of_the_shape_that_is_written() -> None:
    pixels = RANDOM.integers(0, 256, (9, 8, 6))
    cells = objects(*(" ".join(map(str, row.ravel())) for row in pixels))
    feature = Image(shape=(8, 6, 1))
    learned = feature.learn("x", cells)
    assert (learned["pixels"].value, learned["dtype"].value) == ((48,), "uint8")
    assert (learned["height"].value, learned["width"].value) == (8, 6)
    choices = {name: choice.value for name, choice in learned.items()}
    feature = feature.model_copy(update=choices)
    assert feature.signature() == ((None, 48), "uint8")
    for rows in (cells, pixels.reshape(9, 48), pixels, pixels[..., None]):
        prepared = feature.layer()(feature.raw("x", rows)).numpy()
        np.testing.assert_array_equal(prepared[..., 0], pixels)
    lacking = objects(cells[0], "")
    for wrong, said in (
        (lacking, "column 'x' has no picture here, or one of which numbers are missing. Expected "
         "48 numbers."),
        (objects(cells[0], "1 2 3"), "column 'x' has a cell of 3 numbers here, and 48 are "
         "expected. Expected as many in each cell: fill them up, or cut them."),
    ):  # fmt: skip
        for read in (feature.learn, feature.raw):
            with pytest.raises(DataError) as caught:
                read("x", wrong)
            assert (caught.value.problem.message, caught.value.row) == (said, 1)
    with pytest.raises(RecipeError, match=r"Expected the shape of a picture"):
        Image(shape=(8, 6, 5))


@pytest.mark.slow
def test_a_table_of_pixels_is_fitted_and_read_alike_everywhere(tmp_path: Path) -> None:
    pixels = np.clip(RANDOM.normal(60, 20, (80, 6, 6)), 0, 255).astype(int)
    names = np.array(["left", "right"])[LABELS[:80]]
    for row, label in zip(pixels, LABELS, strict=False):
        row[:, 3 * label : 3 * label + 3] += 120
    cells = [" ".join(map(str, row.ravel())) for row in pixels]
    pd.DataFrame({"pixels": cells, "side": names}).to_csv(tmp_path / "rows.csv", index=False)
    recipe = kb.Recipe(
        data=kb.CSV(path=tmp_path / "rows.csv", target="side"),
        features={"pixels": kb.Image(shape=[6, 6, 1])}, model=kb.CNN(filters=4),
        training=kb.Training(epochs=8, batch_size=8),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    ours = run.predict(tmp_path / "rows.csv")
    assert (ours["label"] == names).mean() > 0.9
    pd.testing.assert_frame_equal(run.predict(pd.DataFrame({"pixels": list(pixels)})), ours)
    export = Exported(run.export(tmp_path / "export"))
    for rows in (cells[:3], pixels.reshape(80, 36)[:3].tolist()):
        body = json.dumps({"instances": [{"pixels": row} for row in rows]}).encode()
        answers = export.predict(tensorflow_serving.read(body, export.signature).columns)
        assert [side.decode() for side in answers["label"]] == ours["label"].tolist()[:3]
    prepared = pipeline.build(kb.prepare(recipe), recipe)
    script = tmp_path / "script.py"
    script.write_text(pipeline.written(prepared, tmp_path), encoding="utf-8")
    code: dict[str, Any] = {"__name__": "script", "__file__": str(script)}
    exec(script.read_text(encoding="utf-8"), code)
    train, *_ = code["divide"](code["read"](tmp_path / "rows.csv"))
    [theirs] = code["inputs"](train, code["preprocessing"](train)).values()
    [known] = prepared.data.rows["train"][0].values()
    np.testing.assert_array_equal(theirs, known)


@pytest.mark.slow
def test_a_table_of_cells_is_fitted_and_read_alike_everywhere(tmp_path: Path) -> None:
    cells = [WRITTEN["blanks"](row) for row in CURVES]
    cells[5] = ""
    names = np.array(["down", "up"])[LABELS]
    frame = pd.DataFrame({"curve": cells, "label": names})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    data = kb.CSV(path=tmp_path / "rows.csv", target="label")
    features = {"curve": kb.Array(shape=[12, 1])}
    training = kb.Training(epochs=4, batch_size=16)
    recipe = kb.Recipe(data=data, features=features, model=kb.GRU(), training=training)
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    ours = run.predict(tmp_path / "rows.csv")
    assert (ours["label"] == names).mean() > 0.9
    lists = pd.DataFrame({"curve": [row if n != 5 else None for n, row in enumerate(CURVES)]})
    pd.testing.assert_frame_equal(run.predict(lists), ours)
    lists["curve"] = [None if row is None else list(row) for row in lists["curve"]]
    pd.testing.assert_frame_equal(run.predict(lists), ours)
    (tmp_path / "rows.json").write_text(frame.drop(5).to_json(orient="records"))
    pd.testing.assert_frame_equal(run.predict(tmp_path / "rows.json"),
                                  ours.drop(5).reset_index(drop=True))  # fmt: skip
    prepared = pipeline.build(kb.prepare(recipe), recipe)
    script = tmp_path / "script.py"
    script.write_text(pipeline.written(prepared, tmp_path), encoding="utf-8")
    code: dict[str, Any] = {"__name__": "script", "__file__": str(script)}
    exec(script.read_text(encoding="utf-8"), code)
    train, *_ = code["divide"](code["read"](tmp_path / "rows.csv"))
    [theirs] = code["inputs"](train, code["preprocessing"](train)).values()
    [known] = prepared.data.rows["train"][0].values()
    np.testing.assert_array_equal(theirs, known)


def test_half_open_ranges_are_names() -> None:
    for bins in (["(-0.099, 19.8]", "(19.8, 39.6]"], ["[0.5, 1.5)", " [1.5, 2.5) "]):
        assert not number_lists.measures(bins * 10)
    assert number_lists.measures(["[0.5, 1.5]", "[1.5, 2.5]"] * 10)
