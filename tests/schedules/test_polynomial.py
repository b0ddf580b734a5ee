"""A learning rate that falls to 0 along a power."""

from __future__ import annotations

import pytest

import kbuilder as kb


@pytest.mark.parametrize(("power", "middle"), [(1.0, 0.5), (2.0, 0.25)])
def test_the_rate_falls_to_0_at_the_end(power: float, middle: float) -> None:
    made = kb.Polynomial(power=power).create(1.0, 10, 4)
    assert [float(made(step)) for step in (0, 20, 40)] == pytest.approx([1.0, middle, 0.0])
