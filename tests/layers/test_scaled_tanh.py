"""The squashing function of LeNet-5."""

from __future__ import annotations

import numpy as np

from kbuilder.layers.scaled_tanh import ScaledTanh


def test_it_takes_one_to_one_and_has_its_limits_at_17159() -> None:
    y = ScaledTanh()(np.float32([[-100, -1, 0, 1, 100]]))
    np.testing.assert_allclose(y, [[-1.7159, -1, 0, 1, 1.7159]], atol=1e-5)
