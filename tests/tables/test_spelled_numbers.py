"""Plain numbers are read by Arrow, all others by pandas, to the same bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbuilder.tables import spelled_numbers
from kbuilder.tables.cells import MISSING, Cells

WRITTEN = ("%d", "%.3f", "%g", "%.17g", "%e", "%.25f")


def _by_pandas(words: pd.Series) -> np.ndarray | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spelled_numbers, "plain", lambda there: None)
        return spelled_numbers.numbers_of(words)


@settings(deadline=None)
@given(st.lists(st.text("0123456789+-.eExn", min_size=1, max_size=5), min_size=1, max_size=3))
def test_plain_numbers_are_what_pandas_makes_of_them(words: list[str]) -> None:
    series = pd.Series(words, dtype="str")
    quick, slow = spelled_numbers.plain(series), _by_pandas(series)
    if quick is not None:
        assert slow is not None
        assert (quick.dtype, quick.tobytes()) == (slow.dtype, slow.tobytes())


@pytest.mark.parametrize("written", WRITTEN)
def test_numbers_of_any_size_and_length_are_read_to_the_same_bit(written: str) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=500) * 10.0 ** rng.integers(-12, 15, 500)
    series = pd.Series([written % number for number in numbers], dtype="str")
    quick, slow = spelled_numbers.plain(series), _by_pandas(series)
    assert quick is not None
    assert slow is not None
    assert (quick.dtype, quick.tobytes()) == (slow.dtype, slow.tobytes())


@pytest.mark.parametrize(
    "words", [["007"], ["-01.5"], ["0x10"], ["inf"], ["1e400"], [str(2**53)], ["1", "a"], ["+1"]]
)
def test_what_readers_may_take_otherwise_is_left_to_pandas(words: list[str]) -> None:
    assert spelled_numbers.plain(pd.Series(words, dtype="str")) is None


@settings(deadline=None)
@given(
    words=st.lists(
        st.sampled_from(["1", "2.5", " 3", "", "NA", "-999", "a", "007", "1,5", "٣", None]),
        min_size=1,
        max_size=4,
    ),
    missing=st.sampled_from([MISSING, ("-999",), ()]),
    kept=st.booleans(),
    decimal=st.sampled_from([None, ","]),
)
def test_a_column_of_plain_numbers_is_what_looking_at_its_words_gives(
    words: list[str | None], missing: tuple[str, ...], kept: bool, decimal: str | None
) -> None:
    cells = Cells(missing, {"x": ()} if kept else {}, decimal)
    frame = pd.DataFrame({"x": pd.Series(words, dtype="str")})
    quick = cells.table(frame, "it")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cells, "_plain", lambda self, name, cells: None)
        slow = cells.table(frame, "it")
    assert quick.taken == slow.taken
    assert (quick["x"].dtype, quick["x"].tolist()) == (slow["x"].dtype, slow["x"].tolist()) or (
        np.array_equal(quick["x"], slow["x"], equal_nan=True)
    )
