"""Columns that a feature puts together, from a recipe to a served model."""

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
from kbuilder.data import dataset
from kbuilder.ejecting import helpers
from kbuilder.errors import DataError
from kbuilder.export import exporting
from kbuilder.serving import (
    open_inference,
    prediction_service,
    tensorflow_serving,
    together,
)
from kbuilder.serving.exported import Exported
from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Signature, Tensor
from kbuilder.summaries import summary

RANDOM = np.random.default_rng(0)
ROWS = 96
QUICK = kb.Training(epochs=1)


def frame() -> pd.DataFrame:
    """64 pixels in the order that sorted names have, twelve steps, a number and a label."""
    label = np.arange(ROWS) % 2
    pixels = RANDOM.integers(0, 200, (ROWS, 64)) + 40 * label[:, None] * (np.arange(64) < 32)
    columns: dict[str, Any] = {f"pixel{n}": pixels[:, n] for n in sorted(range(64), key=str)}
    columns |= {f"t{n}": RANDOM.normal(size=ROWS) for n in range(12)}
    return pd.DataFrame({"label": label, **columns, "price": RANDOM.normal(size=ROWS)})


FRAME = frame()
IMAGE = kb.Image(columns="pixel*", shape=(8, 8, 1))
STEPS = kb.Array(columns="t[0-9]*", shape=(12, 1))


def recipe(features: dict[str, Any], table: pd.DataFrame = FRAME, **fields: Any) -> kb.Recipe:
    data = kb.Frame(frame=table, target="label", **fields)
    return kb.Recipe(data=data, features=features, training=QUICK)


def looked(*given: Any, **fields: Any) -> dataset.Looked:
    return dataset.look(recipe(*given, **fields))


def test_arrays_have_the_numbers_of_their_columns_in_natural_order_which_is_said() -> None:
    seen = looked({"pixels": IMAGE, "power": STEPS, "ends": kb.Array(columns=("price",))})
    train = dataset.divided(seen.given)[0].table
    assert list(train.columns) == ["label", "pixels", "power", "ends"]
    assert train["pixels"].shape == (ROWS, 8, 8, 1)
    assert np.array_equal(train["pixels"][:, 1, 2, 0], FRAME["pixel10"])
    assert np.array_equal(train["power"][:, 10, 0], FRAME["t10"])
    lines = summary(seen.resolved.decisions)
    assert (
        "features.pixels.columns: 64 columns: pixel0, pixel1 … pixel63 (pixel* in natural order of "
        "the names, 2 before 10)"
    ) in lines
    assert "features.ends.columns: 1 columns: price (in the order of the recipe)" in lines
    assert not any("write" in line for line in lines)


def test_a_pattern_takes_no_column_that_is_something_else_and_says_so() -> None:
    given = {"all": kb.Array(columns="*"), "t0": "number"}
    seen = looked(given, ignore=["t1"], weight="pixel9")
    [said] = [d for d in seen.resolved.decisions if d.key == ("features", "all", "columns")]
    assert said.value == "74 columns: pixel0, pixel1 … t11"
    assert said.reason == (
        "* in natural order of the names, 2 before 10; 'label' is the target, 'pixel9' is the "
        "weight of the rows, 't0' is a feature of its own, 't1' is ignored"
    )
    assert said.write == 'features: {all: {kind: array, columns: ["*"]}}'


def test_columns_whose_cells_are_empty_are_named() -> None:
    table = FRAME.copy()
    table.loc[3, "t4"] = None
    seen = looked({"power": STEPS}, table)
    assert seen.resolved.decisions[0].reason.endswith("; some cells are empty in 't4'")


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (
            {"pixels": kb.Image(columns="pixel*", shape=(8, 7))},
            "features.pixels.shape: 'pixels' is made of 64 columns, and the shape [8, 7] has "
            "8 × 7 = 56 numbers. Expected as many.",
        ),
        (
            {"power": kb.Array(columns="t*", shape=(4, 1))},
            "features.power.shape: 'power' is made of 12 columns, and the shape [4, 1] has "
            "4 × 1 = 4 numbers. Expected as many.",
        ),
        (
            {"pixels": kb.Image(columns="pixel*")},
            "features.pixels: 'pixels' is made of 64 columns, and nothing says which pixels they "
            "are. Expected their shape, such as `features: {pixels: {kind: image, columns: "
            '["pixel*"], shape: [8, 8, 1]}}`.',
        ),
        (
            {"price": kb.Array(columns="t*")},
            "features.price: the frame has a column 'price' already. Expected another name for "
            "what `columns` puts together.",
        ),
        (
            {"x": kb.Array(columns=("t1", "label"))},
            "features.x.columns: column 'label' is the target. Expected others in `columns`.",
        ),
        (
            {"x": kb.Array(columns="t*"), "z": kb.Array(columns=("t1", "price"))},
            "features.z.columns: column 't1' is in 'x' and in 'z'. Expected each column in one of "
            "them.",
        ),
        (
            {"x": kb.Array(columns="steps*")},
            "features.x.columns: of the frame: no column matches 'steps*'. There are: pixel0, "
            "pixel1, pixel10, pixel11, pixel12, pixel13, pixel14, pixel15, pixel16, pixel17, "
            "pixel18, pixel19 and 65 more.",
        ),
    ],
)
def test_what_cannot_be_put_together_is_refused(features: dict[str, Any], said: str) -> None:
    assert message(DataError, looked, features) == said


def test_many_columns_are_told_the_line_by_which_they_are_one() -> None:
    [line] = [one for one in summary(looked({}).resolved.decisions) if one.startswith("features:")]
    assert line == (
        "features: 64 columns pixel0, pixel1 … pixel63 (each by itself; if together they are a "
        "picture in each row, write `features: {pixel: {kind: image, columns: pixel*, shape: "
        "[8, 8, 1]}}`)"
    ).replace("pixel*", '"pixel*"')
    several = pd.DataFrame({f"t{n}": RANDOM.normal(size=ROWS) for n in range(70)} | {"label": 1})
    several["label"] = FRAME["label"]
    [hint] = [d for d in looked({}, several).resolved.decisions if d.key == ("features",)]
    assert hint.write == 'features: {t: {kind: array, columns: "t*", shape: [70, 1]}}'


def test_a_network_for_sequences_names_the_shape_with_the_columns() -> None:
    given = recipe({"power": kb.Array(columns="t[0-9]*")}, FRAME[["label", *FRAME.columns[65:77]]])
    given = given.model_copy(update={"model": kb.LSTM(units=2)})
    with pytest.raises(kb.KBuilderError) as caught:
        pipeline.build(pipeline.prepare(given), given)
    assert str(caught.value).endswith(
        '`features: {power: {kind: array, columns: ["t[0-9]*"], shape: [12, 1]}}`.'
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    folder = tmp_path_factory.mktemp("together")
    FRAME.to_csv(folder / "rows.csv", index=False)
    given = kb.Recipe(
        data=kb.CSV(path=folder / "rows.csv", target="label"),
        features={"pixels": IMAGE, "power": kb.Array(columns="t[0-9]*")},
        model={"image": kb.CNN(filters=2), "vector": kb.Linear()},
        training=QUICK,
    )
    return kb.fit(given, run_dir=folder / "run", verbose=False)


def test_a_run_reads_the_columns_again_in_any_order_and_by_every_way(run: kb.Run) -> None:
    told = kb.load(run.path).record.columns
    assert told.members("power") == tuple(f"t{n}" for n in range(12))
    assert told.features["power"].columns == ("t[0-9]*",)  # type: ignore[attr-defined]
    wanted = run.predict(FRAME, verbose=False)
    turned = FRAME[FRAME.columns[::-1]]
    turned.to_csv("turned.csv", index=False)
    turned.to_parquet("turned.parquet")
    Path("turned.json").write_text(json.dumps(turned.to_dict("records")))
    for name in ("turned.csv", "turned.parquet", "turned.json"):
        pd.testing.assert_frame_equal(run.predict(name, verbose=False), wanted)
        run.predict_file(name, "out.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet("out.parquet"), wanted, check_dtype=False)
        Path("out.parquet").unlink()
    assert run.evaluate("turned.csv", verbose=False)["data"]["accuracy"] >= 0


def test_rows_to_predict_are_refused_by_the_name_of_a_column(run: kb.Run) -> None:
    gap, word = FRAME.astype({"pixel7": object}), FRAME.astype({"t3": object})
    gap.loc[1, "pixel7"] = None
    word.loc[2, "t3"] = "high"
    assert message(DataError, run.predict, FRAME.drop(columns=["t3", "t10"])).startswith(
        "features.power: the frame has no column 't3', 't10', of the 12 that 'power' is made of "
        "(t0, t1 … t11). It has: label, pixel0,"
    )
    assert message(DataError, run.predict, gap) == (
        "features.pixels: row 2 of the frame: column 'pixel7', which 'pixels' is made of, has no "
        "number here, and a picture has all pixels. Expected a number."
    )
    assert message(DataError, run.predict, word).startswith(
        "features.power: column 't3', which 'power' is made of, holds 'high' (row 3 of the frame)."
    )
    Path("rows.json").write_text(json.dumps([{"t0": 1}]))
    assert "has no pixel0, pixel1," in message(DataError, run.predict, "rows.json")


def test_an_export_has_one_input_and_the_server_takes_rows_as_the_file_has_them(
    run: kb.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "verify", lambda folder: 0.0)  # it takes a process of its own
    path = run.export("exported", verbose=False)
    export = Exported(path)
    shapes = {name: tensor.shape for name, tensor in export.signature.inputs.items()}
    assert shapes == {"pixels": (None, 8, 8, 1), "power": (None, 12), "price": (None,)}
    wanted = run.predict(FRAME[:5], verbose=False)["probability"].to_numpy()

    def ask(**body: Any) -> np.ndarray:
        request = tensorflow_serving.read(json.dumps(body).encode(), export.signature)
        return export.predict(request.columns)["probability"]

    rows = FRAME[:5].to_dict("records")
    np.testing.assert_allclose(ask(instances=rows), wanted, rtol=1e-5)
    np.testing.assert_allclose(ask(inputs=FRAME[:5].to_dict("list")), wanted, rtol=1e-5)
    arrays = [
        {
            "pixels": [[[row[f"pixel{8 * y + x}"]] for x in range(8)] for y in range(8)],
            "power": [row[f"t{n}"] for n in range(12)],
            "price": row["price"],
        }
        for row in rows
    ]
    np.testing.assert_allclose(ask(instances=arrays), wanted, rtol=1e-5)


def test_a_script_puts_the_same_columns_together(run: kb.Run) -> None:
    code = pipeline.eject(run.recipe)
    code = "".join(code.split())
    assert 'joined(table,[f"pixel{n}"forninrange(0,64)],[8,8,1])' in code
    assert 'joined(table,[f"t{n}"forninrange(0,12)],[12])' in code
    rows = {name: FRAME[name].astype(str).to_numpy() for name in FRAME}
    arrays = helpers.joined(rows, [f"pixel{n}" for n in range(64)], [8, 8, 1])
    assert np.array_equal(arrays, dataset.divided(recipe({"pixels": IMAGE}))[0].table["pixels"])


SIGNATURE = Signature(
    {"x": Tensor("float32", (None, 2)), "p": Tensor("uint8", (None, 2, 1))}, {},
    columns={"x": "x y"}, members={"x": ("x0", "x1"), "p": ("p0", "p1")},
)  # fmt: skip


def test_columns_of_a_request_are_put_together_where_the_input_is_not_there() -> None:
    assert together.rows([{"x0": 1, "x1": None, "p": 3}, 5], SIGNATURE) == [
        {"p": 3, "x": [1, None]}, 5
    ]  # fmt: skip
    assert together.columns({"x0": [1, 2], "x1": [3, 4.5], "z": 0}, SIGNATURE) == {
        "z": 0, "x": [[1, 3], [2, 4.5]]
    }  # fmt: skip
    assert together.rows([{"x y": 1, "x0": 2}], SIGNATURE) == [{"x y": 1, "x0": 2}]
    assert together.columns([1], SIGNATURE) == [1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"x0": 1}, "1 of 2 columns are missing: x1 (a value that is missing is null)"),
        (
            {"x0": 1, "x1": "a"},
            "column 'x1' holds \"a\". Expected a number, or null where it is missing",
        ),
        ({"x0": True, "x1": 1}, "column 'x0' holds true. Expected a number, or null where it is "
         "missing"),
        ({"p0": 1, "p1": None}, "column 'p1' holds null. Expected a whole number of 0 to 255"),
        ({"p0": 256, "p1": 0}, "column 'p0' holds 256. Expected a whole number of 0 to 255"),
    ],
)  # fmt: skip
def test_a_row_that_lacks_a_number_is_refused_by_its_column(row: Any, said: str) -> None:
    where = "Failed to process element: 1 of 'instances' list: "
    assert message(RequestError, together.rows, [{}, row], SIGNATURE) == where + said


def test_columns_of_unlike_length_are_refused() -> None:
    assert message(RequestError, together.columns, {"x0": [1], "x1": [1, 2]}, SIGNATURE) == (
        "input 'x1': expected a list of as many numbers as the other columns of 'x y' have"
    )


def test_the_other_protocols_say_which_array_to_send_in_place_of_columns() -> None:
    hint = (
        "\"p1\" is one of the 2 columns that 'p' is made of: send one input 'p' of the shape "
        "[rows, 2, 1], its numbers in the order p0 … p1; or rows as the file has them to "
        "TensorFlow Serving's REST interface."
    )
    tensor = {"name": "p1", "datatype": "UINT8", "shape": [1], "data": [3]}
    body = json.dumps({"inputs": [tensor]}).encode()
    assert message(RequestError, open_inference.read, body, SIGNATURE) == (
        f'unknown input "p1". Expected: x y, p. {hint}'
    )
    plain = json.dumps({"inputs": [{**tensor, "name": "q"}]}).encode()
    assert message(RequestError, open_inference.read, plain, SIGNATURE) == (
        'unknown input "q". Expected: x y, p'
    )
    said = message(RequestError, prediction_service._read, {"p1": None}, SIGNATURE, None)
    assert said.endswith(f"Missing but required: {{p,x y}}. {hint}")
