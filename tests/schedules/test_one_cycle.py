"""A learning rate that rises, then falls to nearly nothing."""

from __future__ import annotations

import pytest

import kbuilder as kb


def test_the_rate_rises_for_three_tenths_then_falls_to_nearly_nothing() -> None:
    made = kb.OneCycle().create(1.0, 10, 10)
    found = [float(made(step)) for step in (0, 15, 30, 65, 100)]
    assert found == pytest.approx([0.04, 0.52, 1.0, 0.5, 1e-5], rel=1e-4)


def test_the_rise_may_be_given_in_epochs_and_so_may_both_ends() -> None:
    made = kb.OneCycle(warm_up=0.5, start=0.5, alpha=0.25).create(1.0, 10, 10)
    assert [float(made(step)) for step in (0, 5, 100)] == pytest.approx([0.5, 1.0, 0.25])
