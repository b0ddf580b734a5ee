"""Rows are held back as the formula says, in little memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbuilder.splits._holding import hold_back


def plainly(rows, share, groups, random, least=0):
    """The same, as it was first written."""
    order = random.permutation(rows)
    if groups is not None:
        order = order[np.argsort(groups[order], kind="stable")]
    steps = np.floor(np.arange(1, len(order) + 1) * share + 0.5 * (groups is None))
    held = np.diff(steps, prepend=0) > 0
    if groups is not None:
        first = np.append(True, np.diff(groups[order]) > 0)
        held &= ~first
        number = np.cumsum(first) - 1
        lacking = (np.bincount(number, held) == 0) & (np.bincount(number) >= (least or np.inf))
        held |= np.append(first[1:], True) & lacking[number]
    return order[~held], order[held]


@pytest.mark.parametrize("dtype", [np.int8, np.int64])
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=80),
    st.floats(0.01, 0.99),
    st.sampled_from([0, 2, 3]),
    st.booleans(),
)
def test_rows_are_held_back_as_the_formula_says(dtype, groups, share, least, grouped) -> None:
    of_rows = np.array(groups, dtype) if grouped else None
    expected = plainly(
        np.arange(len(groups)), share, of_rows, np.random.default_rng(0), least
    )  # fmt: skip
    rows = np.arange(len(groups), dtype=np.int32)
    found = hold_back(rows, share, of_rows, np.random.default_rng(0), least)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
