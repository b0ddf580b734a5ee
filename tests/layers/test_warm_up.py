"""A learning rate that rises before its schedule begins."""

from __future__ import annotations

import keras
import pytest

from kbuilder.layers.warm_up import WarmUp


def test_the_first_step_is_taken_already_and_the_last_is_whole() -> None:
    rate = WarmUp(0.8, 4)
    assert [float(rate(step)) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_the_schedule_begins_when_the_rate_has_risen() -> None:
    rate = WarmUp(keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0), 2)
    assert [float(rate(step)) for step in (0, 1, 2, 7, 12)] == pytest.approx([0.5, 1, 1, 0.5, 0])
