"""TensorFlow, loaded without its chatter: the command line prints only what it means to."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def load_quietly() -> None:
    """Import TensorFlow and Keras; what they write to stderr is dropped, unless they fail."""
    with _stderr_held_back(), _nothing_collected():
        import absl.logging
        import keras  # noqa: F401
        import tensorflow as tf

        absl.logging.set_verbosity(absl.logging.ERROR)
        tf.get_logger().setLevel("ERROR")
        tf.config.list_physical_devices()  # looks for GPUs, and writes what it found


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep the garbage collector off what is imported: a fifth of the time, and later some more."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Send file descriptor 2 aside: TensorFlow writes from C++, before Python can stop it."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            aside.seek(0)
            os.write(2, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
