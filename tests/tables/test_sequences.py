"""Sequences of unlike length."""

from __future__ import annotations

import numpy as np
import pytest

from kbuilder.errors import DataError
from kbuilder.tables import sequences
from kbuilder.tables.profile import profile

NAN = float("nan")


def objects(*values: object) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def ending(value: float, rows: int = 40, time: int = 12, front: bool = False) -> np.ndarray:
    """Rows of 1 to all steps, with a value after them, or before."""
    random = np.random.default_rng(0)
    array = random.normal(5, 1, (rows, time, 2))
    for row, steps in enumerate(random.integers(1, time + 1, rows)):
        array[row, steps:] = value
    return array[:, ::-1] if front else array


def test_lists_of_unlike_length_become_one_array() -> None:
    lists = objects([1.0, 2, None], [], None, np.array([4.0]))
    assert sequences.are_sequences(lists)
    array = sequences.padded("a", lists)
    np.testing.assert_array_equal(array[..., 0], [[1, 2, NAN], [NAN] * 3, [NAN] * 3, [4, NAN, NAN]])
    pairs = sequences.padded("a", objects([[1, 2], [3, 4]], [[5, 6]], []))
    assert pairs.shape == (3, 2, 2)
    np.testing.assert_array_equal(pairs[1], [[5, 6], [NAN, NAN]])


@pytest.mark.parametrize("wrong", [[[1, 2], [3]], [[1, 2, 3]]])
def test_steps_of_another_size_are_refused_with_their_row(wrong: list[object]) -> None:
    with pytest.raises(DataError) as caught:
        sequences.padded("a", objects([[1, 2]], [[1, 2]], wrong))
    assert caught.value.row == 2
    assert "Expected a list of numbers, or of lists of as many numbers each." in str(caught.value)


def test_lists_of_names_and_of_whole_numbers_are_no_sequences() -> None:
    assert not sequences.are_sequences(objects(["a"], [1.5]))
    assert profile(objects([3, 4], [5, 3, 4])).steps == 0
    assert profile(objects([3, 4.5], [5])).steps == 2
    assert profile(objects([[3], [4]], [[5]])).steps == 2


@pytest.mark.parametrize("front", [False, True])
@pytest.mark.parametrize("value", [0, -1, -999, NAN])
def test_padding_is_plain_where_rows_end_alike_in_unlike_lengths(value: float, front: bool) -> None:
    found = sequences.padding(ending(value, front=front))
    assert found is not None
    assert found.value == (None if np.isnan(value) else value)
    assert (found.least, found.most) == (1, 11)


def test_what_comes_between_steps_too_is_no_padding() -> None:
    random = np.random.default_rng(0)
    flags = random.integers(0, 2, (60, 12, 1)).astype(float)
    assert sequences.padding(flags) is None
    gaps = np.where(random.random((60, 12, 1)) < 0.2, NAN, flags)
    assert sequences.padding(gaps) is None
    assert sequences.padding(ending(4.5)) is None  # within the values, and no usual padding
    alike = ending(3)
    alike[:, 6:] = 0
    alike[:, :6] = 7
    assert sequences.padding(alike) is None  # in all rows as long


def test_real_steps_are_aligned_and_the_last_are_kept() -> None:
    array = np.array([[0, 1, 2, 0], [3, 4, 5, 6], [0, 0, 0, 0]], float)[..., None]
    kept = sequences.aligned(array, 0, 2)[..., 0]
    np.testing.assert_array_equal(kept, [[1, 2], [5, 6], [NAN, NAN]])
