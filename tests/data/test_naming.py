"""Whole numbers that name rows are told from those that measure something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad import real

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.data.naming import naming

ROWS = 600
RANDOM = np.random.default_rng(0)
NAMES: dict[str, np.ndarray] = {
    "a sample of ids": np.sort(RANDOM.choice(10 * ROWS, ROWS, replace=False)),
    "in any order": RANDOM.choice(10 * ROWS, ROWS, replace=False),
    "one is missing": RANDOM.permutation(ROWS)[1:] + 1.0,
    "a few come twice": np.append(RANDOM.permutation(ROWS - 3), [1, 2, 3]),
    "in tens": np.arange(ROWS) * 10 + 5,
    "nine digits": RANDOM.integers(10**8, 10**9, ROWS),
    "nineteen digits": RANDOM.integers(10**18 * 3, 10**18 * 9, ROWS),
    "more than 64 bits": np.array([2**70 + n for n in range(ROWS)], dtype=object),
}
DAYS = pd.date_range("2022-01-01", periods=ROWS)
MEASURES: dict[str, np.ndarray] = {
    "prices": RANDOM.lognormal(8, 1, ROWS).astype(int),
    "heights": RANDOM.normal(2800, 300, ROWS).astype(int),
    "inhabitants": RANDOM.lognormal(10, 2, ROWS).astype(int),
    "an even spread of salaries": RANDOM.integers(20_000, 90_000, ROWS),
    "seconds since 1970": np.sort(RANDOM.integers(1_500_000_000, 1_700_000_000, ROWS)),
    "thousandths of them": RANDOM.integers(1_500_000_000_000, 1_700_000_000_000, ROWS),
    "days": DAYS.strftime("%Y%m%d").to_numpy().astype(int),
    "months": np.array([100 * y + m for y in range(1950, 2000) for m in range(1, 13)]),
    "years": np.arange(1800, 1860),
    "classes": RANDOM.integers(0, 9, ROWS),
    "places": RANDOM.uniform(30, 40, ROWS),
    "few": np.arange(40) * 7,
    "one": np.ones(ROWS),
}


@pytest.mark.parametrize("kind", NAMES)
def test_ids_are_told_and_why(kind: str) -> None:
    assert naming("x", NAMES[kind])


@pytest.mark.parametrize("kind", MEASURES)
def test_what_measures_something_is_none(kind: str) -> None:
    assert naming("x", MEASURES[kind]) == ""


def test_the_name_decides_where_the_numbers_do_not() -> None:
    numbers = RANDOM.integers(10_000, 99_999, ROWS)
    for name in ("id", "ID", "CustomerId", "customerID", "order_no", "ticket number"):
        assert "are spread evenly from 10," in naming(name, numbers), name
    for name in ("paid", "bid", "piano", "salary", "VALID"):
        assert naming(name, numbers) == "", name


def found(values: Any, **data: Any) -> tuple[list[str], list[str]]:
    """The findings of rows with such a column, and what was decided of it."""
    x = RANDOM.normal(size=len(values))
    frame = pd.DataFrame({"x": x, "y": np.where(x > 0, "a", "b"), "key": values})
    looked = dataset.look(kb.Recipe(data=kb.Frame(frame=frame, target="y", **data)))
    said = [one.message for one in looked.findings if one.check == "ids"]
    return said, [str(d.value) for d in looked.resolved.decisions if d.key == ("features", "key")]


def test_ids_are_warned_of_with_the_line_that_leaves_them_out() -> None:
    values = RANDOM.choice(4 * ROWS, ROWS, replace=False)
    assert found(values) == (
        [
            "column 'key' looks like ids, which teach nothing of other rows: all of its whole "
            "numbers differ; of numbers that measure something about 49 would come twice. Leave it "
            "out: `data: {ignore: [key]}`"
        ],
        ["number"],
    )
    assert found(values, ignore="key") == ([], [])
    assert found(values, checks={"ids": "ignore"}) == ([], ["number"])


TEXTS: dict[str, list[str]] = {
    "keys": [f"C-{n}" for n in RANDOM.choice(90_000, ROWS, replace=False)],
    "hashes": [f"{n:040x}" for n in RANDOM.integers(0, 2**62, ROWS)],
    "uuids": [f"{n:08x}-0000-4000-8000-{n:012x}" for n in RANDOM.integers(0, 2**31, ROWS)],
    "phones": [f"+82 10-{n % 9973:04d}-{n % 9967:04d}" for n in RANDOM.integers(0, 10**8, ROWS)],
    "mails": [f"name{n}@example.com" for n in range(ROWS)],
    "codes": [f"{n:08d}" for n in RANDOM.permutation(ROWS)],
    "addresses": [f"https://example.com/p/{n}" for n in range(ROWS)],
    "orders": [f"2024-{n:06d}" for n in RANDOM.permutation(ROWS)],
}


@pytest.mark.parametrize("kind", TEXTS)
def test_words_that_name_rows_are_left_out(kind: str) -> None:
    assert found(TEXTS[kind]) == ([], ["ignored"])


CLEAN = {
    "adult-train.csv": "income", "penguins.csv": "species", "mpg.csv": "mpg",
    "tables/pima.csv": "diabetes", "tables/sonar.csv": "object", "tables/ionosphere.csv": "quality",
    "tables/banknote.csv": "forged", "tables/phoneme.csv": "oral", "tables/wheat-seeds.csv": "kind",
    "tables/breast-cancer-recurrence.csv": "recurrence", "tables/wine-quality-red.csv": "quality",
}  # fmt: skip


@pytest.mark.parametrize("name", CLEAN)
def test_clean_tables_have_no_ids(name: str) -> None:
    recipe = kb.Recipe(data=kb.CSV(path=real(name), target=CLEAN[name]))
    findings = [one.check for one in dataset.look(recipe).findings if one.check != "split"]
    assert "ids" not in findings
    assert len(findings) <= 1
