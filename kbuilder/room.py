"""What is claimed, against the memory that is there: tables, networks."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import internals
from kbuilder.errors import BuildError, DataError, Key
from kbuilder.late import np

if TYPE_CHECKING:
    import numpy.typing as npt

GIB = 2**30
WIDTH = 4
"""Bytes of a weight: float32."""
WORTH = 2**26
"""Bytes that are worth giving back."""
ALIGNED = 64
"""TensorFlow takes an array as it is where its address is a multiple of so many bytes."""


def free() -> int:
    """Bytes that the machine, or the container, has left."""
    found = [os.sysconf("SC_PHYS_PAGES") * resource.getpagesize()]
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(1024 * next(int(x.split()[1]) for x in lines if x.startswith("MemAvailable")))
    with suppress(OSError, ValueError):  # "max": no limit
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        found.append(limit - int((group / "memory.current").read_text()))
    return max(0, min(found))


def expect(need: int, claim: str, key: Key = ()) -> None:
    """Refuse what does not fit into the memory that is left.

    Args:
        need: Bytes.
        claim: What takes them, as the beginning of a sentence.
        key: Its place in the recipe, for messages.

    Raises:
        DataError: if it does not.
    """
    left = free()
    if need > left:
        raise DataError(
            f"{claim} {need / GIB:,.1f} GiB of memory, and {left / GIB:,.1f} GiB are left. "
            "Expected rows that fit into it.",
            key=key,
        )


def give_back(used: int) -> None:
    """Return to the system what Arrow and the C library hold of memory that nobody uses.

    Args:
        used: Bytes that have been used; after few it is not worth the time.
    """
    if used < WORTH:
        return
    if "pyarrow" in sys.modules:
        import pyarrow as pa

        pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, and others need it not
    if trim is not None:
        trim(0)


def for_rows(shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """An array without values that TensorFlow can take as it is, so that rows are held once."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    whole = np.empty(size + ALIGNED, np.uint8)
    start = -whole.ctypes.data % ALIGNED
    return whole[start : start + size].view(dtype).reshape(shape)


def aligned(values: np.ndarray) -> bool:
    """Whether TensorFlow can take an array as it is."""
    plain = values.dtype.kind in "biuf" and values.flags.c_contiguous and values.flags.writeable
    return bool(plain and values.size and values.ctypes.data % ALIGNED == 0)


@contextmanager
def for_weights() -> Iterator[None]:
    """While it lasts a weight is made only if all of them, with their gradients, have room.

    On a GPU TensorFlow itself says so. On a CPU the system would end the process without a word.

    Raises:
        BuildError: before the first weight that has no room.
    """
    import tensorflow as tf

    left, need = free(), 0

    def made(create: Callable[..., Any], **given: Any) -> Any:
        nonlocal need
        need += 2 * _bytes(given.get("initial_value"))
        if need > left:
            raise BuildError(
                f"the network is too large: its weights and their gradients take {need / GIB:,.1f} "
                f"GiB of memory at least, and {left / GIB:,.1f} GiB are left. Expected fewer "
                "units, filters or layers.",
                key=("model",),
            )
        return create(**given)

    on_gpu = bool(tf.config.list_logical_devices("GPU"))
    with nullcontext() if on_gpu else tf.variable_creator_scope(made):
        yield


def _bytes(value: Any) -> int:
    """The size of what a Keras variable begins with, which Keras gives TensorFlow as a function."""
    variable = internals.variable_of(value)
    return 0 if variable is None else math.prod(variable.shape) * WIDTH
