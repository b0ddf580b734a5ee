"""The same learning rate all along."""

from __future__ import annotations

import kbuilder as kb


def test_the_rate_stays_a_plain_number() -> None:
    assert kb.Constant().create(0.3, 10, 4) == 0.3
