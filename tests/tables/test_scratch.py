"""While rows are prepared that are to be kept, their long columns lie in files without names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kbuilder import cache
from kbuilder.tables import dictionary_array, scratch
from kbuilder.tables import table as tables
from kbuilder.tables.cells import Cells
from kbuilder.tables.table import Table

ROWS = 300


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache, and columns that are all long."""
    monkeypatch.setenv(cache.FOLDER, str(tmp_path))
    monkeypatch.setattr(scratch, "LEAST", 1)
    monkeypatch.setattr(scratch, "AT_ONCE", 7)
    monkeypatch.setattr(tables, "MANY", 1)
    monkeypatch.setattr(dictionary_array, "MANY", 9)


def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    words = [None if n % 11 == 0 else f"said {n}" for n in range(ROWS)]
    few = random.choice(["a", "b"], ROWS)
    return pd.DataFrame({
        "number": random.normal(size=ROWS), "whole": np.arange(ROWS), "said": words, "few": few,
    })  # fmt: skip


def lies_in_a_file(values: Any) -> bool:
    """Whether an array is a view of a file that is mapped."""
    while values is not None and not isinstance(values, np.memmap):
        values = getattr(values, "base", None)
    return values is not None


def arrays(table: Table) -> list[np.ndarray]:
    """The numbers of a table, and the codes of its words."""
    return [getattr(values, "codes", values) for values in table.columns.values()]


def test_columns_are_the_same_as_in_memory_and_lie_in_files_without_names(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).permutation(ROWS)[:200]
    plain = Cells().table(frame(), "rows")
    with scratch.used():
        table = Cells().table(frame(), "rows")
        some = table.take(rows)
        [own] = (tmp_path / cache.OWN).iterdir()
        assert [file.name for file in own.iterdir()] == [".at-work"]
    assert not any((tmp_path / cache.OWN).iterdir())
    assert all(map(lies_in_a_file, arrays(table) + arrays(some)))
    assert lies_in_a_file(some.labels)
    assert not any(map(lies_in_a_file, arrays(plain)))
    assert table.fingerprint() == plain.fingerprint()
    assert some.fingerprint() == plain.take(rows).fingerprint()
    assert list(some.labels) == list(plain.take(rows).labels)


def test_a_full_disk_leaves_columns_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SPARED", 2**60)
    with scratch.used():
        table = Cells().table(frame(), "rows")
    assert not any(map(lies_in_a_file, arrays(table)))
    assert table.fingerprint() == Cells().table(frame(), "rows").fingerprint()


def test_without_a_cache_columns_lie_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.FOLDER, cache.NONE)
    with scratch.used():
        assert not any(map(lies_in_a_file, arrays(Cells().table(frame(), "rows"))))


def test_rows_may_be_taken_by_any_numbers() -> None:
    values = np.arange(40.0).reshape(20, 2)
    mask = np.arange(20) % 3 == 0
    with scratch.used():
        for rows in (
            np.array([-1, 3, 3]),
            np.array([], np.int64),
            mask,
            np.arange(20, dtype=np.int8),
        ):
            np.testing.assert_array_equal(scratch.taken(values, rows), values[rows])
