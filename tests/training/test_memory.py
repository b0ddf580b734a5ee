"""A fit that runs out of memory goes on in smaller parts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest

import kbuilder as kb
from kbuilder.training.feeding import Feed
from kbuilder.training.trainer import Trainer

PROGRAM = """
import json, resource, sys
import keras, numpy as np, tensorflow as tf
import kbuilder as kb
from kbuilder.training import fitting
from kbuilder.training.trainer import Trainer

class Listener:
    live = False
    said = []
    def say(self, text): self.said.append(text)
    def epoch(self, figures, epochs): ...

keras.utils.set_random_seed(0)
task = kb.Regression()
x = np.random.default_rng(0).normal(size=(6000, 8)).astype(np.float32)
rows = {"x": x}, {"y": x[:, :1]}
inputs = {"x": keras.Input((8,), name="x")}
hidden = keras.layers.Dense(20000, activation="relu")(inputs["x"])  # 480 MB for all rows
model = Trainer(inputs, {"y": task.head(hidden)})
loss, metrics = task.objective()
model.compile("sgd", loss={"y": loss}, metrics={"y": metrics})
tf.linalg.matmul(x[:8], x[:8].T)  # which starts the threads
if sys.argv[1] == "little":
    status = dict(line.split(":") for line in open("/proc/self/status"))
    limit = int(status["VmSize"].split()[0]) * 1024 + 1200 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
training = kb.Training(epochs=2, batch_size=6000)
history, _ = fitting.fit(model, {"y": task}, training, rows, rows, Listener())
print(json.dumps([Listener.said, [row["loss"] for row in history]]))
"""


def test_out_of_memory_a_step_is_taken_in_parts_to_the_same_loss() -> None:
    """In processes of their own: one whose memory the system limits."""
    said, losses = {}, {}
    beside = {
        memory: subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{PROGRAM}", memory],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for memory in ("enough", "little")
    }  # fmt: skip
    for memory, process in beside.items():
        out, err = process.communicate()
        assert process.returncode == 0, err[-2000:]
        said[memory], losses[memory] = json.loads(out.splitlines()[-1])
    assert said["enough"] == []
    parts = [f"{6000 // 2**n}" for n in range(1, len(said["little"]) + 1)]
    assert parts
    assert said["little"] == [
        f"out of memory: from epoch 1 on each step of 6000 rows is taken in parts of {part}, whose "
        "gradients are added up. Batch normalization, where there is some, sees the parts"
        for part in parts
    ]
    assert losses["little"] == pytest.approx(losses["enough"], rel=1e-5)


@pytest.mark.parametrize("rows", [44, 40, 41])
def test_a_step_in_parts_is_a_step_whatever_rows_are_left(rows: int) -> None:
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    weights = {"y": np.linspace(0.5, 1.5, rows, dtype=np.float32)}
    found: list[Any] = []
    for parts in (False, True):
        keras.utils.set_random_seed(0)
        inputs = {"x": keras.Input((3,), name="x")}
        hidden = keras.layers.Dense(4, kernel_regularizer="l2", activation="tanh")(inputs["x"])
        model = Trainer(inputs, {"y": kb.Regression().head(hidden)})
        model.compile("adam", loss={"y": "mse"}, metrics={"y": ["mae"]})
        feed = Feed(({"x": x}, {"y": x[:, :1]}), 8, weights, seed=0)
        model.feed(feed, None)
        model.build_all(feed)
        if parts:
            assert [model.divide(), model.divide()] == [4, 2]
        for epoch in range(3):
            served = model.training_rows(epoch, 0, feed.steps)
            model.fit(served.rows, steps_per_epoch=len(served.sizes), shuffle=False, verbose=0)
        figures = {k: float(v) for k, v in model.get_metrics_result().items()}
        found.append((model.get_weights(), figures))
    (one, figures), (other, its) = found
    assert its == pytest.approx(figures, rel=1e-5)
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_a_part_is_one_row_at_least() -> None:
    inputs = {"x": keras.Input((3,), name="x")}
    model = Trainer(inputs, {"y": keras.layers.Dense(1)(inputs["x"])})
    model.compile("sgd", loss={"y": "mse"})
    model.feed(Feed(({"x": np.zeros((9, 3))}, {"y": np.zeros((9, 1))}), 5), None)
    assert [model.divide() for _ in range(3)] == [2, 1, 0]
