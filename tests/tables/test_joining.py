"""Several columns as one of arrays."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message

from kbuilder.errors import DataError
from kbuilder.tables.joining import chosen, ends, joined, runs
from kbuilder.tables.naturally import natural
from kbuilder.tables.table import Table

TABLE = Table(
    {
        "p10": np.array([3, 6]),
        "y": np.array([0, 1]),
        "p2": np.array([2, 5]),
        "p1": np.array([1, 4]),
    },
    "rows.csv",
)


def test_columns_of_a_pattern_are_in_natural_order_and_those_of_a_list_in_its() -> None:
    names = ["p10", "p2", "q1", "p1", "t_10_2", "t_2_10", "t_2_9"]
    assert chosen(["p*"], names) == ["p1", "p2", "p10"]
    assert chosen(["p10", "q1", "p1"], names) == ["p10", "q1", "p1"]
    assert chosen(["q*", "t*"], names) == ["q1", "t_2_9", "t_2_10", "t_10_2"]
    assert chosen(["p[0]", "p?"], ["p[0]", "p0", "p1"]) == ["p[0]", "p0", "p1"]
    assert sorted(["a", "1", "", "10", "a1", "2"], key=natural) == ["", "1", "2", "10", "a", "a1"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["q*"], "no column matches 'q*'. There are: p10, p2."),
        (["p3"], "there is no column 'p3'. There are: p10, p2."),
        (["p2", "p*"], "'p2' is named twice. Expected each column once."),
    ],
)
def test_what_is_no_choice_of_columns_is_refused(written: list[str], said: str) -> None:
    assert message(DataError, chosen, written, ["p10", "p2"]) == said


def test_the_array_stands_where_the_first_column_did_in_the_order_of_the_members() -> None:
    table = joined(TABLE, "p", ["p1", "p2", "p10"], (3, 1))
    assert list(table.columns) == ["y", "p"]
    assert table["p"].tolist() == [[[1], [2], [3]], [[4], [5], [6]]]
    assert table["p"].dtype == np.uint8
    assert table.joined == {"p": ("p1", "p2", "p10")}
    assert table.take(np.array([1]))["p"].tolist() == [[[4], [5], [6]]]
    assert joined(table, "p", ["p1", "p2", "p10"], (3, 1)) is table


def test_empty_cells_are_nan_and_large_numbers_stay() -> None:
    holes = np.array([None, 300], dtype=object)
    table = joined(Table({"a": holes, "b": np.array([np.nan, -1.5])}, "f"), "x", ["a", "b"], (2,))
    assert np.array_equal(table["x"], [[np.nan, np.nan], [300, -1.5]], equal_nan=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            np.array(["1", "on request"], dtype=object),
            "features.p: column 'p2', which 'p' is made of, holds 'on request' (row 2 of f.csv). "
            "Expected numbers alone. If that means missing, write `data: {missing: [on request]}`; "
            "if the column is none of them, other `columns`.",
        ),
        (
            np.array([1.0, -np.inf]),
            "features.p: column 'p2', which 'p' is made of, holds a number that is infinite (row 2 "
            "of f.csv). Expected finite numbers.",
        ),
        (
            np.ones((2, 2)),
            "features.p: column 'p2', which 'p' is made of, holds '[1. 1.]' (row 1 of f.csv). "
            'Expected numbers alone. If that means missing, write `data: {missing: ["[1. 1.]"]}`; '
            "if the column is none of them, other `columns`.",
        ),
    ],
)
def test_other_than_finite_numbers_are_refused_by_column_and_row(
    values: np.ndarray, said: str
) -> None:
    table = Table({"p1": np.array([1, 4]), "p2": values}, "f.csv")
    assert message(DataError, joined, table, "p", ["p1", "p2"], (2,)) == said


def test_columns_that_are_missing_are_named() -> None:
    assert message(DataError, joined, TABLE, "p", ["p1", "p3", "p10", "p11"], (4,)) == (
        "features.p: rows.csv has no column 'p3', 'p11', of the 4 that 'p' is made of "
        "(p1, p3 … p11). It has: p10, y, p2, p1."
    )
    assert ends(["a", "b"]) == "a, b"


def test_many_columns_of_one_stem_with_running_numbers_are_seen() -> None:
    grid = [f"px_{row}_{column}" for row in range(8) for column in range(9)]
    plain = [f"v{n}" for n in range(1, 65)]
    with_a_gap = [f"w{n}" for n in range(66) if n != 7]
    few = [f"x{n}" for n in range(63)]
    seen = runs([*grid[::-1], *plain, *with_a_gap, *few, "y", "2020"])
    assert [(one.stem, one.pattern, one.sizes, one.picture) for one in seen] == [
        ("px_", "px_*", (8, 9), [8, 9, 1]), ("v", "v*", (64,), [8, 8, 1])
    ]  # fmt: skip
    assert seen[0].names == tuple(grid)
    assert [one.picture for one in runs([f"t{n}" for n in range(100, 170)])] == [None]
