"""What a person reads when something is wrong."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from kbuilder import errors
from kbuilder.errors import (
    DataError,
    Interrupted,
    KBuilderError,
    Problem,
    RecipeError,
    listed,
    nearest,
)

CODES = {
    "RecipeError": 2, "CallError": 2, "DataError": 1, "BuildError": 1, "TrainingError": 1,
    "Interrupted": 130, "RunError": 1, "ExportError": 1,
}  # fmt: skip


def test_every_error_has_its_exit_code_and_stands_in_the_tree() -> None:
    kinds = {kind.__name__: kind.exit_code for kind in KBuilderError.__subclasses__()}
    assert kinds == CODES
    tree = re.findall(r"── (\w+) .*\(exit (\d+)(?:, (\d+))?\)", errors.__doc__ or "")
    assert {name: int(code) for name, code, _ in tree} == CODES
    assert {name: int(other) for name, _, other in tree if other} == {"Interrupted": 143}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_fit_has_the_code_of_its_signal(number: int, code: int) -> None:
    assert Interrupted(number, "epoch 3", "go on").exit_code == code


def test_a_problem_says_place_path_message_excerpt_and_suggestion() -> None:
    problem = Problem(("model", "units", 0), "is wrong.", "right", "a.yaml:1:2", "    1 | x")
    said = "a.yaml:1:2: model.units.0: is wrong.\n    1 | x\n    Did you mean 'right'?"
    assert str(problem) == said
    assert str(Problem((), "is wrong.")) == "is wrong."


def test_problems_are_counted() -> None:
    one = Problem((), "is wrong.")
    assert str(RecipeError([one])) == "is wrong.\n1 problem."
    assert str(RecipeError([one, one])) == "is wrong.\nis wrong.\n2 problems."


def test_an_error_at_a_row_opens_with_it() -> None:
    error = DataError("is wrong.", key=("data",), suggestion="right", row=3).at("row 4 of a.csv")
    assert str(error) == "data: row 4 of a.csv: is wrong.\n    Did you mean 'right'?"


@pytest.mark.parametrize(
    ("word", "near"),
    [("lsmt", "lstm"), ("LSTM", "lstm"), ("nothing like it", None), (3, None), (None, None)],
)
def test_the_nearest_word_is_a_likely_slip_or_none(word: object, near: str | None) -> None:
    assert nearest(word, ["lstm", "gru"]) == near


def test_long_lists_are_cut_with_the_count_of_the_rest() -> None:
    assert listed(range(3)) == "0, 1, 2"
    assert listed(range(5), 2) == "0, 1 and 3 more"
    assert listed([]) == ""


def test_what_could_steer_a_terminal_is_shown_as_an_escape() -> None:
    said = str(DataError("column '\x1b[31m\u202e\xa0é 模' is wrong.\nline two"))
    assert said == "column '\\x1b[31m\\u202e\\xa0é 模' is wrong.\nline two"


@pytest.mark.parametrize(
    ("origin", "mend"),
    [
        (None, "Put it there"),
        ("https://a.b", "Get it from https://a.b and put it there"),
    ],
)
def test_a_missing_file_says_what_to_get_from_where_into_which_place(
    origin: str | None, mend: str
) -> None:
    error = errors.missing_file(Path("a.csv"), origin, ("data", "path"), "a CSV file")
    assert str(error) == (
        f"data.path: there is no a.csv. Expected a CSV file. {mend}, "
        "or give its path with `-o data.path=…`."
    )


def test_a_file_beside_that_is_nearly_called_so_is_suggested(tmp_path: Path) -> None:
    for name in ("flowers.csv", "flowers.yaml"):
        (tmp_path / name).touch()
    asked = {name: str(errors.missing_file(tmp_path / name, None, ("data", "path"), "a table"))
             for name in ("flowers.cvs", "Flower.csv", "trees.csv", "no/flowers.csv")}  # fmt: skip
    near = {name: said.partition("Did you mean ")[2] for name, said in asked.items()}
    assert near == {
        "flowers.cvs": "'flowers.csv'?", "Flower.csv": "'flowers.csv'?", "trees.csv": "",
        "no/flowers.csv": "",
    }  # fmt: skip
