"""What only GPUs can show, in about five minutes: each line with what is expected.

    python tools/gpu_check.py [--without]

Needs no data. Without a GPU it says so and ends; `--without` takes parts of the CPU in their place,
which shows that the check itself runs. Exits with 1 if something was not as expected.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import kbuilder as kb
from kbuilder import engine

ROWS = 4096
CLOSE = 1e-3
"""Probabilities that two devices compute are as near as that."""


class Found(NamedTuple):
    """What a check found.

    Args:
        expected: What was expected, in words.
        found: What there is, with figures.
        right: Whether it is that; None: nothing can be said here.
    """

    expected: str
    found: str
    right: bool | None


def images() -> kb.Recipe:
    """A bright corner is to be found in pictures of noise, by a network of convolutions."""
    import pandas as pd

    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 16, 16, 1)).astype(np.float32)
    corner = random.integers(0, 4, ROWS)
    for row, place in enumerate(corner):
        top, left = 8 * (place // 2), 8 * (place % 2)
        x[row, top : top + 8, left : left + 8] += 1
    frame = pd.DataFrame({"x": list(x), "corner": np.array(list("abcd"))[corner]})
    return kb.Recipe(
        data=kb.Frame(frame=frame, target="corner"),
        model="cnn",
        training=kb.Training(epochs=2, batch_size=64, early_stopping=None),
    )


def series() -> kb.Recipe:
    """Whether a walk ends above its beginning, by an LSTM."""
    import pandas as pd

    steps = np.random.default_rng(0).normal(size=(ROWS, 40, 2)).astype(np.float32)
    ends = np.where(steps[..., 0].sum(axis=1) > 0, "above", "below")
    frame = pd.DataFrame({"x": list(steps), "ends": ends})
    return kb.Recipe(
        data=kb.Frame(frame=frame, target="ends"),
        model="lstm",
        training=kb.Training(epochs=2, batch_size=64, early_stopping=None),
    )


def fitted(recipe: kb.Recipe, folder: Path, devices: int = 1, **training: Any) -> tuple[Any, float]:
    """A run, and the seconds of its last epoch."""
    changed = recipe.training.model_copy(update=training)
    recipe = recipe.model_copy(update={"training": changed})
    place = folder / f"run-{time.monotonic_ns()}"
    run = kb.fit(recipe, run_dir=place, devices=devices, verbose=False)
    return run, float(run.history["seconds"].iloc[-1])


def answers(run: Any, recipe: kb.Recipe) -> np.ndarray:
    """The probabilities of the first rows."""
    frame = recipe.data.frame.head(512)  # type: ignore[attr-defined]  # it is a Frame
    columns = run.predict(frame).filter(like="probability of")
    return columns.to_numpy(np.float64)


def mirrored(folder: Path, devices: int) -> Found:
    """All devices together give the weights of one."""
    expected = f"{devices} devices answer as one does, within {CLOSE:g}"
    if devices < 2:
        return Found("several devices answer as one does", "there is one alone", None)
    recipe = images()
    all_, together = fitted(recipe, folder, devices)  # first: it may divide the CPU
    one, alone = fitted(recipe, folder)
    off = float(np.abs(answers(one, recipe) - answers(all_, recipe)).max())
    return Found(
        expected, f"off by {off:.1e}; an epoch takes {together / alone:.2f} of one's time",
        off <= CLOSE,
    )  # fmt: skip


def recurrent(folder: Path, devices: int) -> Found:
    """A fitted LSTM answers on the CPU as here: cuDNN's kernels are not those of the CPU."""
    import tensorflow as tf

    recipe = series()
    run, seconds = fitted(recipe, folder)
    here = answers(run, recipe)
    with tf.device("CPU:0"):
        there = answers(kb.load(run.path), recipe)
    off = float(np.abs(here - there).max())
    right = off <= CLOSE
    return Found(
        f"an LSTM answers as on the CPU, within {CLOSE:g}",
        f"off by {off:.1e}; {ROWS / seconds:,.0f} rows a second", right,
    )  # fmt: skip


def compiled(folder: Path, devices: int) -> Found:
    """XLA changes no result beyond rounding."""
    recipe = images()
    plain, slow = fitted(recipe, folder, plan=kb.Plan(jit=False))
    fast, quick = fitted(recipe, folder, plan=kb.Plan(jit=True))
    off = float(np.abs(answers(plain, recipe) - answers(fast, recipe)).max())
    return Found(
        f"XLA gives the answers of a fit without it, within {10 * CLOSE:g}",
        f"off by {off:.1e}; an epoch takes {quick / slow:.2f} of the time", off <= 10 * CLOSE,
    )  # fmt: skip


def bfloat16(folder: Path, devices: int) -> Found:
    """In bfloat16 as much is learned, within a few hundredths."""
    recipe = images()
    plain, slow = fitted(recipe, folder)
    half, quick = fitted(recipe, folder, precision="bfloat16")
    both = [run.metrics["splits"]["test"]["accuracy"] for run in (plain, half)]
    return Found(
        "bfloat16 loses at most 0.03 of the accuracy",
        f"{both[1]:.3f} after {both[0]:.3f}; an epoch takes {quick / slow:.2f} of the time",
        both[1] >= both[0] - 0.03,
    )  # fmt: skip


def memory(folder: Path, devices: int) -> Found:
    """`batch_size: auto` finds a size, and stays within the memory."""
    import tensorflow as tf

    run, _ = fitted(images(), folder, batch_size="auto")
    size = run.recipe.training.batch_size
    there = tf.config.list_physical_devices("GPU")
    if not there:
        return Found("batch_size: auto finds a size", f"{size} rows", size >= 32)
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return Found(
        "batch_size: auto finds a size that fits",
        f"{size} rows; at most {peak / 2**30:.2f} GiB were in use", size >= 32 and peak > 0,
    )  # fmt: skip


CPU_ALONE = """
import sys
import numpy as np, tensorflow as tf
assert not tf.config.list_physical_devices("GPU")
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
given = {name: tf.constant(values) for name, values in np.load(sys.argv[2]).items()}
np.savez(sys.argv[3], **{name: values.numpy() for name, values in served(**given).items()})
"""


def export(folder: Path, devices: int) -> Found:
    """What was fitted here is loaded, and answers alike, where there is no GPU."""
    recipe = images()
    run, _ = fitted(recipe, folder)
    run.export(folder / "exported")
    rows = recipe.data.frame.head(64)  # type: ignore[attr-defined]  # it is a Frame
    np.savez(folder / "given.npz", x=np.stack(rows["x"].to_list()))
    [version] = [path for path in (folder / "exported").iterdir() if path.name.isdigit()]
    answered = folder / "answered.npz"
    done = subprocess.run(
        [sys.executable, "-c", CPU_ALONE, str(version), str(folder / "given.npz"), str(answered)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    expected = f"an export is loaded without a GPU, and answers alike within {CLOSE:g}"
    if done.returncode:
        return Found(expected, done.stderr.strip().splitlines()[-1], False)
    with np.load(answered) as file:
        there = file["probabilities"]
    off = float(np.abs(there - answers(run, recipe)[:64]).max())
    return Found(expected, f"off by {off:.1e}", off <= CLOSE)


CHECKS: tuple[Callable[[Path, int], Found], ...] = (
    mirrored, recurrent, compiled, bfloat16, memory, export,
)  # fmt: skip


def checked(folder: Path, devices: int) -> Iterator[Found]:
    """What each check finds; one that fails is none that passed."""
    for check in CHECKS:
        try:
            yield check(folder, devices)
        except Exception as error:
            yield Found(
                (check.__doc__ or "").rstrip("."), f"{type(error).__name__}: {error}", False
            )


def main() -> int:
    """Print what is found, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--without", action="store_true", help="take parts of the CPU")
    without = parser.parse_args().without
    engine.load_quietly()
    import tensorflow as tf

    there = tf.config.list_physical_devices("GPU")
    for device in there:
        details = tf.config.experimental.get_device_details(device)
        print(f"{device.name}: {details.get('device_name')}, "
              f"compute capability {details.get('compute_capability')}")  # fmt: skip
    if not there:
        print("There is no GPU here.", "Parts of the CPU take its place." if without else
              "Nothing is checked; `--without` shows that the check runs.")  # fmt: skip
        if not without:
            return 0
    devices = len(there) or 2
    began, wrong = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        for found in checked(Path(folder), devices):
            word = {True: "as expected", False: "WRONG", None: "not checked"}[found.right]
            wrong += found.right is False
            print(f"{word:<12} {found.expected}: {found.found}", flush=True)
    print(f"{time.monotonic() - began:.0f} s; {wrong} of {len(CHECKS)} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
