"""TensorFlow, loaded without its chatter: the command line prints only what it means to."""

from __future__ import annotations

import gc
import io
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

PLATFORM = sys.platform


ASSERTED = re.compile(r"assertion failed: \[(.*?)\](?=\s*(?:\[|$))", re.DOTALL)
"""What an assertion in a graph says."""
FAILED = re.compile(
    r"^\s*(?:\(\d+\)\s*)?(?:\S*?(?:INVALID_ARGUMENT|ArgumentError):\s*)?(?:\{\{[^}]*\}\}\s*)?"
    r"(\S.*?)(?:\s*\[Op:.*|\s*\n\s*\[\[\{\{node .*)$",
    re.MULTILINE,
)
"""What an operation says, before the nodes of the graph that said it."""


def reason_of(error: Exception) -> str:
    """What an error of TensorFlow says, without the nodes of the graph that said it."""
    text = str(getattr(error, "message", error))
    found = ASSERTED.search(text) or FAILED.search(text)
    return found[1] if found else text.strip().partition("\n")[0]


def load_before_pandas() -> None:
    """On macOS, import TensorFlow now: a fit can hang where pandas is there first (keras#23083).

    Elsewhere it can wait until all that is wrong with the data has been said.
    """
    if PLATFORM == "darwin":
        load_quietly()


def leave_extras_out() -> None:
    """From now on import Keras without wrappers for scikit-learn and plots: in half the time.

    Keras imports scikit-learn and matplotlib for them wherever they are installed. The command line
    has no use for them; a program that imports kbuilder may have.
    """
    _unused.update(("sklearn", "matplotlib"))


_unused: set[str] = set()
"""What Keras can do without, and is not to import."""


def load_quietly() -> None:
    """Import TensorFlow and Keras; what they write to stderr is dropped, unless they fail."""
    if not {"tensorflow", "keras"} <= sys.modules.keys():
        with _stderr_held_back(), _nothing_collected(), _without(_unused):
            import keras  # noqa: F401
            import tensorflow as tf

            tf.config.list_physical_devices()  # looks for GPUs, and writes what it found
    import absl.logging
    import tensorflow as tf

    logger = tf.get_logger()
    if logger.level == logging.NOTSET:  # what its user has set stays
        logger.setLevel(logging.ERROR)
        absl.logging.set_verbosity(absl.logging.ERROR)


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
def _without(names: Iterable[str]) -> Iterator[None]:
    """Packages that are not imported yet cannot be for the while, as if they were not there."""
    kept_out = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(kept_out))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in kept_out:
            del sys.modules[name]


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Send file descriptor 2 aside: TensorFlow writes from C++, before Python can stop it."""
    try:
        with _aside(2) as written:
            yield
    except BaseException:
        os.write(2, written())
        raise


@contextmanager
def silently() -> Iterator[None]:
    """Drop what is written to stdout and stderr, and warnings: converters talk to themselves."""
    nothing = io.StringIO()  # for streams that are no file descriptors, as in a notebook
    with warnings.catch_warnings(), _aside(1), _aside(2):
        warnings.simplefilter("ignore")
        with redirect_stdout(nothing), redirect_stderr(nothing):
            yield


@contextmanager
def _aside(descriptor: int) -> Iterator[Callable[[], bytes]]:
    """Send what is written to a file descriptor aside. Gives what tells it, also afterwards."""
    stream = {1: sys.stdout, 2: sys.stderr}[descriptor]
    stream.flush()
    kept = os.dup(descriptor)
    with tempfile.TemporaryFile() as aside:
        written = b""

        def tell() -> bytes:
            return written

        os.dup2(aside.fileno(), descriptor)
        try:
            yield tell
        finally:
            stream.flush()
            os.dup2(kept, descriptor)
            os.close(kept)
            aside.seek(0)
            written = aside.read()
