"""Rows of a `.npz` file."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad import real
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError


@pytest.fixture(autouse=True)
def _file() -> None:
    np.savez("rows.npz", x=np.zeros((3, 2)), y=np.arange(3), x2=np.zeros((2, 2)), y2=np.arange(2))


def source(**fields: object) -> kb.Arrays:
    columns = {"input": "x", "answer": "y"}
    return kb.Arrays(**{"path": "rows.npz", "columns": columns, "target": "answer", **fields})


def test_columns_are_the_arrays_that_are_named() -> None:
    train, test = source(test_columns={"input": "x2", "answer": "y2"}).load()
    assert {name: values.shape for name, values in train.columns.items()} == {
        "input": (3, 2), "answer": (3,),
    }  # fmt: skip
    assert len(test) == 2
    assert source().load()[1] is None


def test_another_file_may_call_its_arrays_like_the_columns_or_like_this_one() -> None:
    np.savez("columns.npz", input=np.zeros((4, 2)))
    np.savez("arrays.npz", x=np.zeros((4, 2)), y=np.arange(4))
    assert list(source().read(Path("columns.npz")).columns) == ["input"]
    assert sorted(source().read(Path("arrays.npz")).columns) == ["answer", "input"]


def test_another_file_is_read_in_parts() -> None:
    np.savez("arrays.npz", x=np.arange(10).reshape(5, 2))
    parts = list(source().parts(Path("arrays.npz"), (), ["input"], size=2, start=1))
    assert [part.table["input"].tolist() for part in parts] == [
        [[2, 3], [4, 5]], [[6, 7], [8, 9]],
    ]  # fmt: skip
    assert parts[1].table.row(0) == "row 4 of arrays.npz"


def test_another_file_needs_no_target() -> None:
    np.savez("arrays.npz", x=np.zeros((4, 2)))
    assert list(source().read(Path("arrays.npz")).columns) == ["input"]


def test_another_file_needs_only_the_arrays_that_are_columns_to_be_of_one_length() -> None:
    assert sorted(source().read(Path("rows.npz")).columns) == ["answer", "input"]


def test_another_file_without_any_of_the_arrays_says_what_it_has() -> None:
    np.savez("arrays.npz", z=np.zeros(4))
    said = "arrays.npz has no array of these columns. It has: z (4, float64)."
    assert message(DataError, source().read, Path("arrays.npz")) == said


def test_a_file_that_is_not_there_says_so() -> None:
    assert message(DataError, source(path="nowhere.npz").load) == (
        "data.path: there is no nowhere.npz. Expected a .npz file. "
        "Put it there, or give its path with `-o data.path=…`."
    )


def test_an_array_that_is_not_there_points_to_the_column_that_names_it() -> None:
    test_columns = {"input": "x2", "answer": "y3"}
    assert message(DataError, source(test_columns=test_columns).load) == (
        "data.test_columns.answer: rows.npz has no array 'y3'. It has: x (3 × 2, float64), "
        "y (3, int64), x2 (2 × 2, float64), y2 (2, int64).\n"
        "    Did you mean 'y'?"
    )


def test_mnist_has_its_own_test_rows() -> None:
    train, test = kb.Arrays(
        path=real("mnist.npz"), target="digit", columns={"image": "x_train", "digit": "y_train"},
        test_columns={"image": "x_test", "digit": "y_test"},
    ).load()  # fmt: skip
    assert train["image"].shape == (60_000, 28, 28)
    assert len(test) == 10_000


def test_files_of_one_array_are_taken_by_their_names() -> None:
    Path("parts").mkdir()
    np.save("parts/X.npy", np.arange(6.0).reshape(3, 2))
    np.save("parts/y.npy", np.arange(3))
    np.save("parts/short.npy", np.arange(2))
    for path, array in (("parts/X.npy", "X"), ("parts", "X.npy")):
        given = source(path=path, columns={"input": array, "answer": "y"})
        train, _ = given.load()
        assert train["input"].tolist() == [[0, 1], [2, 3], [4, 5]]
        assert list(given.read(Path(path)).columns) == ["input", "answer"]
        names: dict[str, Any] = {"np": np}
        exec("\n".join(given.script().functions), names)
        rows = names["read"](Path(path), given.columns)
        assert {name: values.shape for name, values in rows.items()} == {
            "input": (3, 2), "answer": (3,),
        }  # fmt: skip
    assert message(DataError, source(path="parts", columns={"a": "z", "answer": "y"}).load) == (
        "data.columns.a: parts has no array 'z'. It has: X (3 × 2, float64), short (2, int64), "
        "y (3, int64)."
    )
    uneven = source(path="parts", columns={"input": "short", "answer": "y"})
    assert "different numbers of rows: input 2, answer 3" in message(DataError, uneven.load)


def test_a_file_of_one_array_runs_no_code_and_claims_no_more_than_it_has() -> None:
    np.save("objects.npy", {"x": 1}, allow_pickle=True)
    np.save("X.npy", np.zeros((3, 2)))
    with Path("X.npy").open("rb+") as content:
        content.truncate(100)
    for array in ("objects", "X"):
        given = source(path=f"{array}.npy", columns={"input": array})
        assert f"{array}.npy cannot be read: " in message(DataError, given.load)


def test_python_objects_in_a_file_of_one_array_are_named_with_what_to_do() -> None:
    np.save("dict.npy", {"x": np.zeros((3, 2)), "y": np.arange(3)}, allow_pickle=True)
    said = message(DataError, source(path="dict.npy", columns={"input": "dict"}).load)
    assert said.startswith(
        "data.path: dict.npy cannot be read: it holds a Python object, such as a dict of arrays, "
        "which may run code when it is opened. Expected a .npz file of plain arrays. Write it as "
        "one, if you trust it: `import numpy; numpy.savez('dict.npz', "
    )
    exec(said.split("`")[1])
    assert len(source(path="dict.npz").load()[0]) == 3
    lists = np.array([np.zeros(2), np.zeros(3)], dtype=object)
    np.save("lists.npy", lists, allow_pickle=True)
    assert message(DataError, source(path="lists.npy", columns={"input": "lists"}).load) == (
        "data.path: lists.npy cannot be read: it holds 2 Python objects, such as arrays of unlike "
        "length, which may run code when it is opened. Expected plain arrays. If they are lists of "
        "unlike length, write each as a .npy file in the folder of its class, or all as a column "
        "of a Parquet file."
    )


def test_records_are_a_table_of_their_fields() -> None:
    fields = [("x", "f4", (2,)), ("name", "U5"), ("y", "i8")]
    table = np.array([((1, 2), "a", 3), ((4, 5), "", 6)], fields)
    np.save("table.npy", table)
    given = source(path="table.npy", columns={"input": "x", "word": "name", "answer": "y"})
    train, _ = given.load()
    assert {name: values.tolist() for name, values in train.columns.items()} == {
        "input": [[1, 2], [4, 5]], "word": ["a", None], "answer": [3, 6],
    }  # fmt: skip
    assert given.read(Path("table.npy"))["answer"].tolist() == [3, 6]
    names: dict[str, Any] = {"np": np}
    exec("\n".join(given.script().functions), names)
    assert names["read"](Path("table.npy"), given.columns)["answer"].tolist() == [3, 6]
    assert message(DataError, source(path="table.npy", columns={"a": "z", "answer": "y"}).load) == (
        "data.columns.a: table.npy has no array 'z'. It has: x (2 × 2, float32), name (2, <U5), "
        "y (2, int64)."
    )
    np.savez("rows.npz", table=table)
    assert message(DataError, source(columns={"a": "table"}, target="a").load) == (
        "data.columns.a: the array table of rows.npz holds records with the fields x, name, y. "
        "Expected plain arrays: numpy.save it as a file of its own and name that as `path`; its "
        "fields are the arrays then."
    )


@pytest.mark.parametrize(
    ("head", "kind", "module"),
    [
        (b"\x89HDF\r\n\x1a\n", "HDF5", "h5py"), (b"MATLAB 5.0 MAT-file", "MATLAB", "scipy.io"),
        (b"\x80\x04\x95", "a pickle, which may run code when it is opened", "pickle"),
    ],
)  # fmt: skip
def test_other_files_of_arrays_are_named_with_the_line_that_converts_them(
    head: bytes, kind: str, module: str
) -> None:
    Path("rows.x").write_bytes(head + bytes(100))
    said = message(DataError, source(path="rows.x").load)
    assert said.startswith(
        f"data.path: rows.x is {kind}. Expected a .npz file. Write it as one, if you trust it: "
    )
    code = said.split("`")[1]
    compile(code, "line", "exec")
    assert module in code
    assert "numpy.savez('rows.npz'" in code


def test_a_pickle_is_converted_by_the_line_that_is_printed() -> None:
    Path("rows.pkl").write_bytes(pickle.dumps({"x": np.zeros((3, 2)), "y": np.arange(3)}))
    exec(message(DataError, source(path="rows.pkl").load).split("`")[1])
    assert len(source(path="rows.npz").load()[0]) == 3


def test_pytorch_files_are_named() -> None:
    with zipfile.ZipFile("rows.pt", "w") as content:
        content.writestr("rows/data.pkl", b"")
    said = message(DataError, source(path="rows.pt").load)
    assert said.startswith("data.path: rows.pt is PyTorch, which may run code when it is opened.")


def test_a_target_that_is_named_twice_is_refused() -> None:
    recipe = kb.Recipe(data=source(target=["answer", "answer"]))
    assert message(DataError, dataset.look, recipe) == (
        "data.target: the target 'answer' is named 2 times. Expected each column once."
    )
