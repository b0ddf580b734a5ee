"""A learning rate that falls by the same share in each epoch."""

from __future__ import annotations

import pytest

import kbuilder as kb


def test_each_epoch_leaves_the_same_share() -> None:
    made = kb.Exponential(decay_rate=0.5).create(1.0, 10, 4)
    found = [float(made(step)) for step in (0, 5, 10, 20)]
    assert found == pytest.approx([1.0, 0.5**0.5, 0.5, 0.25])
