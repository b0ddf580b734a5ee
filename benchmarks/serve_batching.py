"""TensorFlow's own batch scheduler beside ours: rows a second, and CPU time of each.

    python benchmarks/serve_batching.py EXPORT

64 clients in this process ask for a row each, again and again: of the batcher of `kbuilder serve`,
which joins arrays and calls the model once; and of `tf.nondifferentiable_batch_function`, the
scheduler of TensorFlow Serving, which each client calls with tensors of its own. Prints both.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
import uvloop

from kbuilder.serving import tensorflow_serving
from kbuilder.serving.batching import Batcher
from kbuilder.serving.exported import Exported
from kbuilder.serving.signature import Columns

CLIENTS = 64
MOST = 256
MICROSECONDS = 1000


class Figures(NamedTuple):
    """Of one way to batch."""

    rows: float
    cpu: float


def ours(export: Exported, columns: Columns, seconds: float) -> Figures:
    """The batcher of `kbuilder serve`."""
    batcher, count = Batcher(export.predict, most=MOST), 0

    async def one(end: float) -> None:
        nonlocal count
        while time.perf_counter() < end:
            await batcher.ask(columns, 30)
            count += 1

    async def everyone() -> None:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(one(end) for _ in range(CLIENTS)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        started = time.process_time()
        runner.run(everyone())
        cpu = time.process_time() - started
    batcher.close()
    return Figures(count / seconds, cpu / count * 1000)


def tensorflows(export: Exported, columns: Columns, seconds: float) -> Figures:
    """The scheduler that TensorFlow carries, one call of it by each client in its own thread."""
    inputs = export.signature.inputs
    loaded = tf.saved_model.load(str(export.folder))

    @tf.nondifferentiable_batch_function(2, MOST, MICROSECONDS)
    def batched(*tensors: Any) -> list[Any]:
        given = dict(zip(inputs, tensors, strict=True))
        answers = loaded.signatures["serving_default"](**given)
        return [answers[name] for name in export.signature.outputs]

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in inputs.values()]
    call = tf.function(batched, input_signature=specs).get_concrete_function()

    def predict() -> list[Any]:
        tensors = [tf.constant(columns[name].tolist(), t.dtype) for name, t in inputs.items()]
        return [answer.numpy() for answer in call(*tensors)]

    return threads(predict, seconds)


def threads(predict: Callable[[], Any], seconds: float) -> Figures:
    predict()
    counts, end = [0] * CLIENTS, time.perf_counter() + seconds
    started = time.process_time()

    def one(number: int) -> None:
        while time.perf_counter() < end:
            predict()
            counts[number] += 1

    clients = [threading.Thread(target=one, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return Figures(sum(counts) / seconds, (time.process_time() - started) / sum(counts) * 1000)


def compare(folder: Path, seconds: float) -> tuple[Figures, Figures]:
    """Both, in turns."""
    export = Exported(folder)
    row = json.loads((folder / "assets.extra" / "examples.json").read_text("utf-8"))["instances"][0]
    row = {name: float("nan") if value is None else value for name, value in row.items()}
    body = json.dumps({"instances": [row]}).encode()
    columns = tensorflow_serving.read(body, export.signature).columns
    ours(export, columns, 1.0)
    return ours(export, columns, seconds), tensorflows(export, columns, seconds)


if __name__ == "__main__":
    for name, found in zip(
        ("kbuilder", "TensorFlow"), compare(Path(sys.argv[1]), 5.0), strict=True
    ):
        print(f"{name}: {found.rows:,.0f} rows/s, {found.cpu:.3f} ms of CPU time each")
