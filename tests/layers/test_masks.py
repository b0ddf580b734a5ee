"""Masks of steps, and what becomes of them behind windows."""

from __future__ import annotations

import numpy as np

from kbuilder.layers.pool_steps import PoolSteps
from kbuilder.layers.slid_mask import SlidMask
from kbuilder.layers.standardize import Standardize
from kbuilder.layers.steps_and_mask import StepsAndMask

NAN = float("nan")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], bool)


def test_windows_within_are_real_if_whole_or_of_all_steps_that_there_are() -> None:
    assert SlidMask(3)(MASK).numpy().astype(int).tolist() == [
        [1, 1, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0],
    ]  # fmt: skip
    assert SlidMask(2, 2, "end")(MASK).numpy().astype(int).tolist() == [
        [1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0],
    ]  # fmt: skip
    assert SlidMask(3, 2, "same")(MASK).numpy().astype(int).tolist() == [
        [1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0],
    ]  # fmt: skip
    assert SlidMask(3, 1, "causal")(MASK).numpy().tolist() == MASK.tolist()


def test_a_window_is_pooled_over_its_real_steps() -> None:
    steps = np.full((4, 5, 1), -3, np.float32) - np.arange(5)[:, None]
    largest = PoolSteps("max", 2, padding="end")(steps, mask=MASK).numpy()[..., 0]
    assert largest.tolist() == [[-3, -5, -7], [-3, -5, 0], [-3, 0, 0], [0, 0, 0]]
    mean = PoolSteps("average", 2, padding="end")(steps, mask=MASK).numpy()[..., 0]
    np.testing.assert_allclose(mean, [[-3.5, -5.5, -7], [-3.5, -5, 0], [-3, 0, 0], [0, 0, 0]])


def test_real_steps_come_first_wherever_padding_is() -> None:
    layer = Standardize((1.0,), (2.0,), steps=3, padding=0.0)
    rows = np.float32([
        [5, 0, 7, 0, NAN], [0, 0, 5, 0, 7], [NAN, 5, NAN, 7, 0], [1, 3, 5, 7, 9], [0, 0, 0, 0, NAN],
    ])[..., None]  # fmt: skip
    numbers, mask = StepsAndMask()(layer(rows))
    assert mask.numpy().astype(int).tolist() == [[1] * 3] * 4 + [[0] * 3]
    # 0 between real steps is one; a missing one is the mean; of more steps the last are kept.
    assert numbers.numpy()[..., 0].tolist() == [
        [2, -0.5, 3], [2, -0.5, 3], [2, 0, 3], [2, 3, 4], [0, 0, 0],
    ]  # fmt: skip
    wider = np.pad(rows, ((0, 0), (4, 9), (0, 0)))
    np.testing.assert_array_equal(layer(wider), layer(rows))
