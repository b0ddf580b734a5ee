"""Rows of a `.npz` file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bad import real
from shared import message

import kbuilder as kb
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
    said = "arrays.npz has no array of these columns. It has: z."
    assert message(DataError, source().read, Path("arrays.npz")) == said


def test_a_file_that_is_not_there_says_so() -> None:
    assert message(DataError, source(path="nowhere.npz").load) == (
        "data.path: there is no nowhere.npz. Expected a .npz file. "
        "Put it there, or name its place with `-o data.path=…`."
    )


def test_an_array_that_is_not_there_points_to_the_column_that_names_it() -> None:
    test_columns = {"input": "x2", "answer": "y3"}
    assert message(DataError, source(test_columns=test_columns).load) == (
        "data.test_columns.answer: rows.npz has no array 'y3'. It has: x, y, x2, y2.\n"
        "    Did you mean 'y'?"
    )


def test_mnist_has_its_own_test_rows() -> None:
    train, test = kb.Arrays(
        path=real("mnist.npz"), target="digit", columns={"image": "x_train", "digit": "y_train"},
        test_columns={"image": "x_test", "digit": "y_test"},
    ).load()  # fmt: skip
    assert train["image"].shape == (60_000, 28, 28)
    assert len(test) == 10_000
