"""Exports whose answers anyone can work out, written by hand, and a server of them in this process.

What `kbuilder export` writes answers with what a network has learned; here `y` is twice `x`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from kbuilder import files
from kbuilder.serving.app import Server

Shape = tuple[int, ...]
Inputs = dict[str, tuple[str, Shape]]
"""The dtype and the shape of a row, by name."""


def write(place: Path, inputs: Inputs, answer: Callable[..., dict[str, Any]], row: Any) -> None:
    """Write `place/1`: a SavedModel that answers by a function, and what a server wants beside it.

    Args:
        row: Its one example, by input.
    """
    import tensorflow as tf

    folder = place / "1"
    specs = [tf.TensorSpec((None, *s), kind, name) for name, (kind, s) in inputs.items()]
    module = tf.Module()
    module.answer = tf.function(answer, input_signature=specs)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.answer})
    given = {name: tf.constant([row[name]], kind) for name, (kind, _) in inputs.items()}
    told = {name: value.numpy()[0] for name, value in module.answer(**given).items()}
    plain = {name: _plain(value) for name, value in told.items()}
    described = [
        {"name": name, "column": name, "kind": "array", "dtype": kind, "shape": [None, *s]}
        for name, (kind, s) in inputs.items()
    ]
    extra = folder / "assets.extra"
    extra.mkdir()
    for name, content in (
        ("kbuilder.json", {"inputs": described, "targets": []}),
        ("examples.json", {"instances": [row], "predictions": [plain]}),
    ):
        (extra / name).write_text(json.dumps(content))
    manifest = {"sha256": files.hashes(folder)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value.tolist()


def write_all(place: Path, only: Collection[str] = ()) -> list[str]:
    """Write every export that the conformance suite asks, or some. Returns their names."""
    import tensorflow as tf

    def slowly(x: Any) -> dict[str, Any]:
        """Counts to the greatest x."""
        last = tf.while_loop(lambda n: n < tf.reduce_max(x), lambda n: [n + 1], [0.0])[0]
        return {"y": tf.zeros_like(x) + last}

    def all_kinds(number: Any, pair: Any, count: Any, word: Any) -> dict[str, Any]:
        return {
            "twice": 2 * number, "swapped": pair[:, ::-1], "next": count + 1,
            "said": tf.strings.join([word, "!"]), "raw_bytes": word,
        }  # fmt: skip

    def total(p: Any) -> dict[str, Any]:
        return {"y": tf.reduce_sum(tf.cast(p, tf.float32), 1)}

    number: Inputs = {"x": ("float32", ())}
    kinds: Inputs = {
        "number": ("float32", ()), "pair": ("float32", (2,)), "count": ("int64", ()),
        "word": ("string", ()),
    }  # fmt: skip
    exports: dict[str, tuple[Inputs, Callable[..., dict[str, Any]], Any]] = {
        "double": (number, lambda x: {"y": 2 * x}, {"x": 3}),
        "slow": (number, slowly, {"x": 3}),
        "wide": ({"x": ("float32", (2,))}, lambda x: {"y": 2 * x}, {"x": [1, 2]}),
        "whole": ({"n": ("int64", ())}, lambda n: {"next": n + 1}, {"n": 1}),
        "pixels": ({"p": ("uint8", (2,))}, total, {"p": [1, 255]}),
        "word": ({"w": ("string", ())}, lambda w: {"w_bytes": w}, {"w": "a"}),
        "all": (kinds, all_kinds, {"number": 1, "pair": [1, 2], "count": 1, "word": "a"}),
    }
    names = [name for name in exports if name in (only or exports)]
    for name in names:
        write(place / name, *exports[name])
    return names


def make(folders: Mapping[str, Path], seconds: float, token: str | None = None) -> Server:
    """What answers for these exports."""
    from kbuilder.serving import server
    from kbuilder.serving.bodies import Limits
    from kbuilder.serving.metrics import Metrics

    metrics = Metrics()
    models = {
        name: server.load(folder, name, 256, metrics, lambda said: None)
        for name, folder in folders.items()
    }
    return Server(models, metrics, Limits(seconds=seconds), token)


@contextmanager
def served(
    folders: Mapping[str, Path], seconds: float = 30, token: str | None = None
) -> Iterator[str]:
    """The address of a server of these exports, in a thread: it starts at once."""
    with listening_to(make(folders, seconds, token)) as address:
        yield address


@contextmanager
def listening_to(app: Server) -> Iterator[str]:
    """The address of a server, in a thread."""
    import uvicorn

    from kbuilder.serving import server
    from kbuilder.serving.connections import Connection, Connections

    connections = Connections(app.limits.seconds, 1000, app.notices)
    http: Any = partial(Connection, connections)
    running = uvicorn.Server(uvicorn.Config(app, http=http, log_level="error", lifespan="off"))
    with server.bound("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join()
