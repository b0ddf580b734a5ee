"""A learning rate that falls in steps."""

from __future__ import annotations

import pytest

import kbuilder as kb


@pytest.mark.parametrize("given", [{"every": 3}, {"at": [3, 6]}])
def test_the_rate_falls_with_the_first_step_of_an_epoch(given: dict[str, object]) -> None:
    made = kb.Step(drop=0.5, **given).create(0.8, 10, 9)
    found = [float(made(step)) for step in (0, 29, 30, 59, 60)]
    assert found == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2])


def test_without_epochs_it_falls_every_30() -> None:
    made = kb.Step().create(1.0, 2, 90)
    found = [float(made(step)) for step in (59, 60, 119, 120)]
    assert found == pytest.approx([1.0, 0.1, 0.1, 0.01])


def test_the_epochs_count_from_the_end_of_the_warm_up() -> None:
    made = kb.Step(at=2, warm_up=1).create(1.0, 10, 9)
    assert [float(made(step)) for step in (29, 30)] == pytest.approx([1.0, 0.1])
