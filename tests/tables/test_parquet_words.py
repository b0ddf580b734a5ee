"""Words of a Parquet file are read by the places of those that differ, in any groups of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from kbuilder import cache
from kbuilder.tables import dictionary_array, merging, parquet_file, scratch
from kbuilder.tables.cells import Cells
from kbuilder.tables.dictionary import codes_of, different
from kbuilder.tables.parquet_file import read_parquet

WORDS = [f"said {n % 50}" if n % 9 else None for n in range(200)]
COLUMNS = {
    "numbers": [n / 3 for n in range(200)],
    "said": WORDS,
    "blanks": [word and word + " " * (n % 4) for n, word in enumerate(WORDS)],
    "spelled": [str(n % 70) for n in range(200)],
    "truth": [("true", "TRUE", "False")[n % 3] for n in range(200)],
    "absent": ["NA" if n % 4 else f"word {n}" for n in range(200)],
    "nothing": [None] * 200,
    "whole": [n if n % 5 else None for n in range(200)],
}


@pytest.mark.parametrize("many", [1, 2**16])
@pytest.mark.parametrize("at_once", [1, 2**27])
def test_words_are_those_of_a_frame_of_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, at_once: int
) -> None:
    monkeypatch.setattr(dictionary_array, "MANY", many)
    monkeypatch.setattr(parquet_file, "AT_ONCE", at_once)
    schema = pa.table(COLUMNS).schema.set(6, pa.field("nothing", pa.string()))
    parquet.write_table(pa.table(COLUMNS, schema), tmp_path / "rows.parquet", row_group_size=30)
    found = read_parquet(tmp_path / "rows.parquet")
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in COLUMNS.items()})
    expected = Cells().table(frame, "rows.parquet")
    assert list(found.columns) == list(COLUMNS)
    assert found.taken == expected.taken
    for name in COLUMNS:
        ours, theirs = found[name].tolist(), expected[name].tolist()
        assert repr(ours) == repr(theirs), name
        if codes_of(found[name]) is not None:
            assert len(different(found[name])[0]) == len(set(ours)), name
    assert found["spelled"].dtype.kind == "i"


@pytest.mark.parametrize("in_parts", [True, False])
def test_long_columns_are_read_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: bool
) -> None:
    """Where one may be other than words by its first part, it is read whole."""
    late = {
        "words": [f"{n} a" for n in range(200)],
        "late": [str(n) if n < 100 else f"w{n}" for n in range(200)],
        "truths": ["true" if n < 100 else "maybe" for n in range(200)],
        "few": ["true" if n > 100 else f"maybe {n}" for n in range(200)],
    }
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "cache"))
    for module, name, value in (
        (scratch, "LEAST", 1), (parquet_file, "PART", 17), (parquet_file, "LONG", 0),
        (parquet_file, "MANY", 1 if in_parts else 1000), (dictionary_array, "MANY", 5),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    merged, calls = merging.merged, list[int]()

    def counting(parts: Any, rows: int) -> Any:
        calls.append(rows)
        return merged(parts, rows)

    monkeypatch.setattr(merging, "merged", counting)
    columns = COLUMNS | late
    schema = pa.table(columns).schema.set(6, pa.field("nothing", pa.string()))
    parquet.write_table(pa.table(columns, schema), tmp_path / "rows.parquet", row_group_size=30)
    whole = read_parquet(tmp_path / "rows.parquet")
    with scratch.used():
        found = read_parquet(tmp_path / "rows.parquet")
        assert list(found.columns) == list(columns)
        assert found.taken == whole.taken
        for name in columns:
            assert repr(found[name].tolist()) == repr(whole[name].tolist()), name
        assert found.fingerprint() == whole.fingerprint()
    assert len(calls) == (5 if in_parts else 0)  # said, blanks, absent, words, few
