"""A learning rate that falls with the inverse of the time."""

from __future__ import annotations

import pytest

import kbuilder as kb


def test_the_rate_is_divided_by_one_and_the_epochs_times_the_decay_rate() -> None:
    made = kb.InverseTime(decay_rate=1.0).create(1.0, 10, 4)
    assert [float(made(step)) for step in (0, 5, 10, 20)] == pytest.approx([1, 1 / 1.5, 0.5, 1 / 3])


def test_in_a_staircase_it_falls_after_each_epoch() -> None:
    made = kb.InverseTime(decay_rate=1.0, staircase=True).create(1.0, 10, 4)
    assert [float(made(step)) for step in (9, 10, 19, 20)] == pytest.approx([1, 0.5, 0.5, 1 / 3])
