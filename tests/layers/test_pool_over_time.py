"""One vector from a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kbuilder.layers.pool_over_time import PoolOverTime

SEQUENCE = np.array([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]]], np.float32)
MASK = np.array([[True, True, False]])


@pytest.mark.parametrize(
    ("kind", "mask", "expected"),
    [
        ("average", None, [13 / 3, 1.0]),
        ("max", None, [9.0, 9.0]),
        ("average", MASK, [2.0, -3.0]),
        ("max", MASK, [3.0, -2.0]),
        ("average", ~MASK & False, [0.0, 0.0]),
        ("max", ~MASK & False, [0.0, 0.0]),
        ("first", None, [1.0, -4.0]),
        ("first", MASK, [1.0, -4.0]),
        ("first", ~MASK, [9.0, 9.0]),
        ("first", ~MASK & False, [0.0, 0.0]),
        ("last", None, [9.0, 9.0]),
        ("last", MASK, [3.0, -2.0]),
        ("last", ~MASK & False, [0.0, 0.0]),
    ],
)
def test_padding_does_not_count(kind: Any, mask: Any, expected: list[float]) -> None:
    pooled = PoolOverTime(kind)(SEQUENCE, mask=mask)
    np.testing.assert_allclose(pooled, [expected], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", ["average", "max", "last"])
def test_it_works_in_half_precision(kind: Any, dtype: str) -> None:
    pooled = np.asarray(PoolOverTime(kind, dtype=dtype)(SEQUENCE, mask=MASK), np.float32)
    assert pooled.tolist() == [[2.0, -3.0] if kind == "average" else [3.0, -2.0]]


def test_it_passes_no_mask_on_and_knows_its_shape() -> None:
    layer = PoolOverTime("max")
    assert layer.compute_mask(SEQUENCE, MASK) is None
    assert layer.compute_output_shape((None, 5, 7)) == (None, 7)
    assert PoolOverTime.from_config(layer.get_config()).kind == "max"
