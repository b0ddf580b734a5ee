"""The parts of a long column become one column, of which each word is held once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbuilder import cache
from kbuilder.cache import Shelf
from kbuilder.tables import dictionary_array, merging, on_disk, scratch
from kbuilder.tables.dictionary import different
from kbuilder.tables.dictionary_array import ArrowWords, DictionaryArray
from kbuilder.tables.merging import merged
from kbuilder.tables.table import Table
from kbuilder.tables.words_file import together

PARTS = st.lists(st.lists(st.sampled_from([None, "a", "b", "ö ä", "c" * 40, "d"])), min_size=1)


@pytest.fixture(autouse=True, params=["memory", "files"])
def small(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Few words are many; columns lie in memory, or in files."""
    monkeypatch.setattr(merging, "AT_ONCE", 3)
    monkeypatch.setattr(dictionary_array, "MANY", 1)
    monkeypatch.setattr(scratch, "LEAST", 1)
    in_files = request.param == "files"
    monkeypatch.setenv(cache.FOLDER, str(tmp_path) if in_files else cache.NONE)
    with scratch.used():
        assert scratch.are_used() == in_files
        yield


def column(words: list[str | None]) -> np.ndarray:
    codes, known = pd.factorize(np.array(words, dtype=object))
    return DictionaryArray.of(codes, pa.array(known.tolist(), pa.large_string()))


@given(PARTS)
def test_parts_become_the_column_that_the_whole_is(parts: list[list[str | None]]) -> None:
    words = [word for part in parts for word in part]
    found = merged(map(column, parts), len(words))
    assert found is not None
    assert found.tolist() == words
    if words:
        assert len(different(found)[0]) == len(set(words))
    assert len(set(found.codes.tolist()) - {-1}) == len(set(words) - {None})


def test_two_words_of_one_hash_are_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_letter(values: np.ndarray, **options: Any) -> np.ndarray:
        return np.array([ord(value[0]) for value in values], dtype=np.uint64)

    parts = [["apple", "bean"], ["bean", "apple", None]]
    monkeypatch.setattr(pd.util, "hash_array", first_letter)
    found = merged(map(column, parts), 5)
    assert found is not None
    assert found.tolist() == [*parts[0], *parts[1]]
    assert merged(map(column, [["apple", "bean"], ["bone", "apple"]]), 4) is None
    assert merged(map(column, [["apple", "axe"]]), 2) is None


def test_many_words_are_kept_part_by_part(tmp_path: Path) -> None:
    """Those of some rows, of which some are missing, and of no row."""
    values = merged(map(column, [["a", "b", "ö"], ["c", None, "d", "a"]]), 7)
    assert values is not None
    shelf = Shelf(tmp_path)
    for name, rows in (("some", np.array([6, 4, 3, 5, 3])), ("none", np.array([], np.int64))):
        table = Table({"x": values[rows]}, "rows")
        assert isinstance(table["x"]._words, ArrowWords)
        kept = on_disk.load(tmp_path, on_disk.save(table, shelf, name))
        assert not shelf.failed
        assert kept["x"].tolist() == table["x"].tolist()
        assert kept.fingerprint() == table.fingerprint()
        assert (tmp_path / f"{name}-0-letters.npy").exists()


def test_parts_of_longer_arrays_are_put_together() -> None:
    words = pa.array(["xx", "a", "ö", "", "bcd", "yy"], pa.large_string())
    parts = [words.slice(1, 2), words.slice(3, 0), words.slice(3, 2)]
    found = together(
        lambda: iter(parts), 4, lambda what, shape, dtype: np.empty(shape, dtype)
    )  # fmt: skip
    assert found.to_pylist() == ["a", "ö", "", "bcd"]
    assert found.take(pa.array([3, 0])).to_pylist() == ["bcd", "a"]
