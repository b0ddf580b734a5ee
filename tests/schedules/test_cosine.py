"""A learning rate that falls along half a cosine."""

from __future__ import annotations

import pytest

import kbuilder as kb


def test_the_rate_is_half_in_the_middle_and_alpha_at_the_end() -> None:
    made = kb.Cosine(alpha=0.1).create(1.0, 10, 4)
    assert [float(made(step)) for step in (0, 20, 40)] == pytest.approx([1.0, 0.55, 0.1])


def test_restarts_are_at_equal_distances_and_none_at_the_end() -> None:
    made = kb.Cosine(restarts=2).create(1.0, 10, 4)  # cycles of 14 steps, the last cut short
    found = [float(made(step)) for step in range(40)]
    assert [step for step in range(1, 40) if found[step] > found[step - 1]] == [14, 28]
    assert found[14] == found[28] == pytest.approx(1.0)
