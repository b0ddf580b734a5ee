"""The residual networks for small images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import counts, outline

import kbuilder as kb


@pytest.mark.parametrize(
    ("architecture", "trained"),
    [
        (kb.ResNet20(), 269_722), (kb.ResNet32(), 464_154), (kb.ResNet44(), 658_586),
        (kb.ResNet56(), 853_018), (kb.ResNet110(), 1_727_962),
    ],
)  # fmt: skip
def test_the_parameters_are_those_of_the_paper(architecture: Any, trained: int) -> None:
    model = outline(architecture, (32, 32, 3), 10)
    assert counts(model.trainable_weights) == trained
    depth = sum(type(layer).__name__ in ("Conv2D", "Dense") for layer in model.layers)
    assert type(architecture).__name__ == f"ResNet{depth}"
    shapes = [model.get_layer(f"conv{stage}_block1_out").output.shape[1:] for stage in (2, 3, 4)]
    assert shapes == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]


def test_the_shortcuts_carry_the_first_layer_to_the_end() -> None:
    model = kb.build(kb.ResNet20(), kb.Binary(), (8, 12, 3))
    for layer in model.layers:
        if layer.name.endswith("_2_bn"):
            layer.gamma.assign(layer.gamma * 0)
    x = np.random.default_rng(0).normal(size=(2, 8, 12, 3)).astype(np.float32)
    tell = model.__class__(
        model.input, [model.get_layer(name).output for name in ("conv1_relu", "average")]
    )
    first, last = (np.asarray(values) for values in tell(x))
    np.testing.assert_allclose(last[:, :16], first[:, ::4, ::4].mean(axis=(1, 2)), atol=1e-6)
    np.testing.assert_array_equal(last[:, 16:], 0)
