"""Columns that are carried over beside predictions."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import encoded, message, picture

import kbuilder as kb
from kbuilder.columns import Columns
from kbuilder.errors import DataError
from kbuilder.evaluation.carrying import Carrying
from kbuilder.instances import read_json
from kbuilder.runs.predicted_csv import to_csv
from kbuilder.tables import chunks
from kbuilder.tables.chunks import Reading
from kbuilder.tables.keeping import carried, named, of_frame, renamed
from kbuilder.tables.table import Table

LONG = 9000000000000000001
WRITTEN = {
    "id": [str(LONG), str(LONG + 2), ""],
    "zip": ["00123", "4", "NA"],
    "day": ["01.02.2024", "2024-02-30", "1/2/24"],
    "x": ["1.50", "2", "1e3"],
}
"""Cells as people write them."""


def kept(path: str, keep: tuple[str, ...] = ("all",), size: int | None = None) -> pd.DataFrame:
    """What is kept of a file, read whole or in chunks of one size."""
    parts = chunks.parts(Path(path), (), Reading(keep=keep), ["x"], size)
    frames = [carried(keep, part.table) for part in parts]
    found = pd.concat([frame for frame in frames if frame is not None], ignore_index=True)
    assert len({tuple(frame.dtypes) for frame in frames if frame is not None}) == 1
    return found


@pytest.mark.parametrize("size", [None, 1, 2])
def test_cells_of_a_csv_file_stay_as_they_are_written(size: int | None) -> None:
    pd.DataFrame(WRITTEN).to_csv("rows.csv", index=False)
    found = kept("rows.csv", size=size)
    assert {name: found[name].fillna("").tolist() for name in found} == WRITTEN
    assert to_csv(found, header=True) == Path("rows.csv").read_bytes()


@pytest.mark.parametrize("size", [None, 1])
def test_columns_of_a_parquet_file_keep_their_types(size: int | None) -> None:
    given = pd.DataFrame({
        "id": pd.array([LONG, None, LONG + 2], dtype="Int64"),
        "price": [Decimal("1.50"), None, Decimal("2.00")],
        "at": pd.to_datetime(["2024-01-01 00:00:00", None, "2024-01-02 03:04:05"]),
        "share": np.array([0.1, np.nan, 2], dtype=np.float32),
        "tags": [["a", "ä"], None, []],
        "x": [1.0, 2.0, 3.0],
    })  # fmt: skip
    given.to_parquet("rows.parquet", index=False)
    found = kept("rows.parquet", size=size)
    assert [str(dtype).partition("[")[0] for dtype in found.dtypes] == [
        "int64", "decimal128(3, 2)", "timestamp", "float", "list<element: string>", "double",
    ]  # fmt: skip
    assert to_csv(found, header=False).decode().splitlines() == [
        f'{LONG},1.50,2024-01-01 00:00:00,0.1,"[""a"", ""ä""]",1.0',
        ",,,,,2.0",
        f"{LONG + 2},2.00,2024-01-02 03:04:05,2.0,[],3.0",
    ]


def test_whole_numbers_of_json_lines_stay_whole_where_some_rows_have_none() -> None:
    rows: list[dict[str, Any]] = [
        {"id": LONG, "x": 1, "code": 7}, {"x": 2, "code": "07"}, {"id": 1, "x": 3, "code": 0.5},
    ]  # fmt: skip
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = kept("rows.jsonl", size=1)
    assert list(found) == ["id", "x", "code"]
    assert to_csv(found, header=False).decode() == f"{LONG},1,7\n,2,07\n1,3,0.5\n"


def test_texts_of_digits_in_excel_stay_texts_and_days_are_days() -> None:
    given = {
        "zip": ["00123", "00456", None], "id": [10001, None, 10003],
        "day": pd.to_datetime(["2024-01-01", None, "2024-02-29"]), "x": [0.5, 1, 2],
    }  # fmt: skip
    pd.DataFrame(given).to_excel("rows.xlsx", index=False)
    assert to_csv(kept("rows.xlsx"), header=False).decode().splitlines() == [
        "00123,10001,2024-01-01,0.5", "00456,,,1.0", ",10003,2024-02-29,2.0",
    ]  # fmt: skip
    table = chunks.read(Path("rows.xlsx"))
    assert table["zip"].tolist() == ["00123", "00456", None]


def test_some_columns_come_in_the_order_asked_for_and_rows_have_a_number() -> None:
    pd.DataFrame(WRITTEN).to_csv("rows.csv", index=False)
    found = kept("rows.csv", ("day", "row", "id"), size=2)
    assert list(found) == ["day", "row", "id"]
    assert found["row"].tolist() == [1, 2, 3]


def test_a_column_that_is_called_row_wins() -> None:
    Path("rows.csv").write_text("row,x\na,1\nb,2\n", encoding="utf-8")
    assert kept("rows.csv", ("row",))["row"].tolist() == ["a", "b"]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "xlsx"])
def test_columns_that_are_not_there_are_named_with_those_that_are(ending: str) -> None:
    frame = pd.DataFrame({"customer": [1, 2], "x": [1.0, 2.0]})
    if ending == "jsonl":
        frame.to_json("rows.jsonl", orient="records", lines=True)
    elif ending == "csv":
        frame.to_csv("rows.csv", index=False)
    else:
        getattr(frame, {"parquet": "to_parquet", "xlsx": "to_excel"}[ending])(
            f"rows.{ending}", index=False
        )
    assert message(DataError, kept, f"rows.{ending}", ("custmer", "row", "nil")) == (
        f"rows.{ending} has no column 'custmer', 'nil' to keep. It has: customer, x. "
        "`row` is there too, and `all` means every column.\n"
        "    Did you mean 'customer'?"
    )


def test_images_are_kept_by_their_file() -> None:
    for label in ("cat", "dog"):
        Path("pictures", label).mkdir(parents=True)
        Path("pictures", label, "1.png").write_bytes(encoded(picture(1)))
    source = kb.ImageFolder(path="pictures")
    table = source.read(Path("pictures"), None, ("all",))
    found = carried(("all",), table)
    assert found is not None
    assert found.to_dict("list") == {
        "file": ["pictures/cat/1.png", "pictures/dog/1.png"], "label": ["cat", "dog"],
    }  # fmt: skip
    [part] = source.parts(Path("pictures/dog"), {}, ["image"], 9, 0, ("file",))
    found = carried(("file",), part.table)
    assert found is not None
    assert found["file"].tolist() == ["pictures/dog/1.png"]
    assert message(DataError, source.read, Path("pictures"), None, ("row",)) == (
        "pictures has no column 'row' to keep. It has: file, label. `file` is there too, and "
        "`all` means every column."
    )


def test_arrays_of_one_value_a_row_are_kept_and_others_of_the_file_by_name() -> None:
    np.savez("rows.npz", x=np.ones((3, 2)), y=np.arange(3), id=np.array([LONG, LONG + 1, LONG + 2]))
    source = kb.Arrays(path="rows.npz", columns={"input": "x", "answer": "y"}, target="answer")
    every = carried(("all",), source.read(Path("rows.npz"), None, ("all",)))
    assert every is not None
    assert every.to_dict("list") == {"row": [1, 2, 3], "answer": [0, 1, 2]}
    [part] = source.parts(Path("rows.npz"), {}, ["input"], 9, 1, ("id", "row"))
    some = carried(("id", "row"), part.table)
    assert some is not None
    assert some.to_dict("list") == {"id": [LONG + 1, LONG + 2], "row": [2, 3]}


def test_an_answer_keeps_its_name_and_the_other_column_is_said() -> None:
    keep = named("all")
    table = Table({"x": np.zeros(2)}, "t", kept=pd.DataFrame({"label": [1, 2], "value": [3, 4]}))
    carrying, said = Carrying(keep), []
    frame = carrying.beside(table, pd.DataFrame({"label": ["a", "b"]}))
    assert list(frame) == ["given label", "value", "label"]
    carrying.say(said.append)
    assert said == ["the column 'label' is called 'given label' here: an answer has its name"]


def test_no_two_columns_get_one_name() -> None:
    names = ["label", "given label", "x"]
    assert renamed(names, ["label"]) == {"label": "given given label"}


def test_bytes_have_no_room_in_csv() -> None:
    frame = pd.DataFrame({"photo": [b"\x89PNG"]})
    assert message(DataError, to_csv, frame, True) == (
        "the column 'photo' holds bytes, which CSV has no room for. Expected Parquet, or other "
        "columns to keep."
    )


def test_other_keys_of_json_rows_are_kept() -> None:
    rows = [{"x": 1.5, "id": LONG, "note": None}, {"x": 2, "id": LONG + 1, "note": "NA"}]
    Path("rows.json").write_text(json.dumps({"instances": rows}), encoding="utf-8")
    columns = Columns({"x": kb.Number(mean=0, scale=1)}, ())
    table = read_json(columns, Path("rows.json"), ("all",))
    found = carried(("id", "row", "note"), table)
    assert found is not None
    assert to_csv(found, header=False).decode() == f"{LONG},1,\n{LONG + 1},2,NA\n"


def test_rows_of_a_frame_are_kept_as_they_are_whatever_its_index() -> None:
    frame = pd.DataFrame({"id": pd.Categorical(["b", "a"]), 7: [1, 2]}, index=[5, 3])
    found = of_frame(("7", "id"), frame, "the frame")
    assert found is not None
    assert list(found.index) == [0, 1]
    assert (found["id"].tolist(), found["7"].tolist()) == (["b", "a"], [1, 2])
    assert of_frame((), frame, "the frame") is None
