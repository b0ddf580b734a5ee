"""`kbuilder init`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad import command

from kbuilder.data import proposal
from kbuilder.data.dataset import look
from kbuilder.recipe.reading import read


def houses(rows: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(0)
    size = random.uniform(40, 200, rows).round(1)
    return pd.DataFrame({
        "Id": np.arange(1, rows + 1), "Size": [f"{x:.1f}".replace(".", ",") for x in size],
        "Rooms": [str(n) if n else "?" for n in random.integers(0, 6, rows)],
        "Sold": pd.date_range("2022-01-05", periods=rows, freq="3D").strftime("%d/%m/%Y"),
        "Heating": random.choice(["gas", "on request", "oil"], rows),
        "Odd": [["12", "7", "31", "on request"][n % 4] for n in range(rows)],
        "Price": (size * 1000 * random.uniform(0.5, 1.5, rows)).round(2),
    })  # fmt: skip


def test_a_recipe_says_why_and_what_is_wrong_with_a_column() -> None:
    Path("rows").mkdir()
    houses().to_csv("rows/houses.csv", sep=";", decimal=",", index=False)
    done = command("init", "rows/houses.csv", "-o", "houses.yaml")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[-3:] == ["houses.yaml", "Next:", "  kbuilder fit houses.yaml"]
    text = Path("houses.yaml").read_text()
    for line in (
        'path: "rows/houses.csv"', "target: Price  # proposed: it is the last column",
        'decimal: ","  # column \'Price\' is written so', 'missing: ["?"]', 'delimiter: ";"  # ',
        "- Id  # it counts the rows",
        "- Odd  # column 'Odd' mixes 225 numbers and 75 words: 'on request' (first in row 4 of ",
        "task: regression  # the target has", "model: mlp  # there are vector features",
        "Sold: datetime  # its values are dates", "Heating: category", "Rooms: number",
    ):  # fmt: skip
        assert line in text, f"{line} is not in\n{text}"
    resolved = look(read("houses.yaml")).resolved.recipe
    assert list(resolved.features) == ["Size", "Rooms", "Sold", "Heating"]


def test_several_targets_are_named_and_no_file_is_overwritten() -> None:
    few = houses().drop(columns=["Size", "Odd", "Rooms"])
    few.to_csv("houses.csv", index=False)
    done = command("init", "houses.csv", "--target", "Price", "--target", "Heating")
    assert done.code == 0
    assert "target: [Price, Heating]" in done.out
    assert "task:\n  Price: regression  # " in done.out
    assert "\n  Heating: multiclass  # " in done.out
    Path("there.yaml").write_text("mine")
    done = command("init", "houses.csv", "-o", "there.yaml")
    assert (done.code, Path("there.yaml").read_text()) == (2, "mine")
    assert done.err == "Error: there.yaml is there already. Expected the name of a new file.\n"


def test_a_column_that_gives_the_target_away_is_left_out_and_said() -> None:
    frame = houses().drop(columns=["Size", "Odd", "Rooms"])
    frame.assign(Fuel=frame["Heating"].str.upper()).to_csv("houses.csv", index=False)
    done = command("init", "houses.csv", "--target", "Heating")
    line = next(line for line in done.out.splitlines() if line.startswith("    - F"))
    assert line.startswith("    - Fuel  # column 'Fuel' gives the target 'Heating' away: each says")
    assert line.endswith(". Leave it out: `data: {ignore: [Fuel]}`.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.csv"], "there is no file nowhere.csv. Expected a table, or a folder of "),
        (["houses.csv", "--target", "price"], "houses.csv has no column 'price'. It has: "),
    ],
)
def test_mistakes_are_said(words: list[str], said: str) -> None:
    houses().to_csv("houses.csv", index=False)
    done = command("init", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Error: {said}")


def test_on_a_terminal_the_target_is_asked_for() -> None:
    houses().drop(columns=["Size", "Odd", "Rooms"]).to_csv("houses.csv", index=False)
    asked = []

    def ask(columns: object, choice: object) -> str:
        asked.append((columns, choice))
        return "Heating"

    text = proposal.propose(Path("houses.csv"), (), Path.cwd(), ask)
    assert "\n  target: Heating\n" in text
    [(columns, choice)] = asked
    assert columns == ["Id", "Sold", "Heating", "Price"]
    assert choice == ("Price", "it is the last column")
