"""The rows of a fit as tensors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from kbuilder import room
from kbuilder.training.feeding import Feed
from kbuilder.training.held import Held


def held(x: np.ndarray) -> tf.Tensor:
    """The tensor of an input."""
    feed = Feed(({"x": x}, {"y": np.zeros((len(x), 1), np.float32)}), 2)
    [inputs, _] = Held(feed, None, tf.distribute.get_strategy()).tensors[id(feed)]
    return inputs["x"]


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="a GPU has its own memory")
@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "uint8", "bool"])
def test_rows_that_lie_in_place_are_held_once(dtype: str) -> None:
    x = room.for_rows((5, 3), dtype)
    x[:] = 0
    tensor = held(x)
    x[1, 2] = 1  # only to see that it is the same memory
    assert tensor.dtype == dtype
    np.testing.assert_array_equal(tensor.numpy(), x)


@pytest.mark.parametrize("start", [1, 3])
def test_other_rows_are_copied(start: int) -> None:
    x = np.asarray(room.for_rows((9,), "float32"))[start:8]
    x[:] = 7
    tensor = held(x)
    x[:] = 0
    np.testing.assert_array_equal(tensor.numpy(), np.full(8 - start, 7))


def test_words_and_rows_that_cannot_be_written_to_are_copied_too() -> None:
    words = np.array([b"a", b"b"], dtype=object)
    assert held(words).numpy().tolist() == [b"a", b"b"]
    fixed = room.for_rows((4,), "int32")
    fixed[:] = range(4)
    fixed.flags.writeable = False
    assert held(fixed).numpy().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("known", [True, False])
def test_memory_is_given_back_where_the_c_library_can(
    monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    calls: list[int] = []
    library = SimpleNamespace(malloc_trim=calls.append) if known else SimpleNamespace()
    monkeypatch.setattr("ctypes.CDLL", lambda name: library)
    room.give_back(room.WORTH)
    assert calls == ([0] if known else [])
    room.give_back(room.WORTH - 1)
    assert len(calls) == known
