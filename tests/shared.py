"""Small frames, pictures and recipes that many tests share."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import kbuilder as kb
from kbuilder.columns import Columns, Target
from kbuilder.contracts import Signal

ROWS = 96


def seen(values: np.ndarray) -> list[Any]:
    """The values of a column, None where missing."""
    return [None if isinstance(v, float) and np.isnan(v) else v for v in values.tolist()]


def built(recipe: Any, placement: Any = None) -> Any:
    """The prepared rows of a recipe, and its network, compiled."""
    from kbuilder import pipeline
    from kbuilder.training.strategies import ALONE

    return pipeline.build(pipeline.prepare(recipe), recipe, placement or ALONE)


def reason_of(plugin: Any, profile: Any) -> str | None:
    """Why a kind or a task takes a column for its own; None: it does not."""
    match = plugin.recognise(profile)
    if match is None:
        return None
    assert 0 < match.strength <= 1
    return str(match.reason)


def evaluated(
    columns: Any, rows: Any, answered: Any, weights: Any = None, tables: Any = None
) -> dict[str, Any]:
    """What `metrics.json` says of answers for prepared rows, beside trivial baselines alone."""
    from kbuilder.evaluation import evaluating
    from kbuilder.evaluation.baselines.comparing import Others

    beside = {}
    if answered:
        own = (weights or {}).get("train")
        beside = evaluating.trivial(columns, rows, list(answered)[-1], own, tables)
    encoded = {name: targets for name, (_, targets) in rows.items()}
    return evaluating.evaluate(columns, encoded, answered, Others(beside), weights)


def message(kind: type[Exception], call: Callable[..., Any], *args: Any, **named: Any) -> str:
    """The whole message of the error of exactly this type that the call raises."""
    with pytest.raises(kind) as caught:
        call(*args, **named)
    assert type(caught.value) is kind
    return str(caught.value)


def mostly_slow(cases: Iterable[Any], *quick: Any) -> list[Any]:
    """The cases of a test; all but the quick ones are marked as slow."""
    found = list(cases)
    assert all(case in found for case in quick)
    return [
        case if case in quick
        else pytest.param(*(case if isinstance(case, tuple) else [case]), marks=pytest.mark.slow)
        for case in found
    ]  # fmt: skip


def calls_of(work: Callable[[], Any]) -> int:
    """How many calls of Python's functions some work takes: its time, on any machine."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def picture(number: int, mode: str = "RGB", size: tuple[int, int] = (9, 7)) -> Image.Image:
    """A picture of noise, (width, height) in size, that is always the same."""
    noise = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    if mode == "I;16":
        return Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    return Image.fromarray(noise).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The content of the picture's file."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def mixed() -> pd.DataFrame:
    """Numbers, strings and whole numbers that name a kind; each column has missing values."""
    random = np.random.default_rng(1)
    size = random.normal(10, 3, ROWS)
    answer = np.where(size > 10, "yes", "no")
    size[::11] = np.nan
    colour = np.array(["red", "blue", "green"], dtype=object)[np.arange(ROWS) % 3]
    colour[5::17] = None
    floor = pd.array(np.arange(ROWS) % 5 - 1, dtype="Int64")
    floor[3::13] = pd.NA
    return pd.DataFrame({"size": size, "colour": colour, "floor": floor, "answer": answer})


def warnings(run: Any) -> list[str]:
    """What a run was warned of, but for the few rows that it was tested on."""
    said = [line for line in run.record.log if line.startswith("Warning")]
    return [line for line in said if not line.startswith("Warning: test has ")]


def reviews() -> pd.DataFrame:
    """Texts, some of them empty or with odd line breaks, and three classes."""
    words = ["good", "bad", "so-so"]
    texts = [f"a {words[n % 3]} film,\u2028says\u0085 number {n}\nof them" for n in range(ROWS)]
    texts[7], texts[20] = "", None  # type: ignore[call-overload]
    return pd.DataFrame({"review": texts, "stars": [words[n % 3] for n in range(ROWS)]})


def fields(kind: str) -> dict[str, Any]:
    """The recipe of the shared run called `kind`, as arguments of `kb.Recipe`."""
    random = np.random.default_rng(2)
    frame = mixed()
    if kind == "mixed":
        features: dict[str, Any] = {"floor": kb.Category()}
        return {"data": kb.Frame(frame=frame, target="answer"), "features": features}
    if kind == "two numbers":
        frame = pd.DataFrame(random.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
        frame["up"], frame["down"] = 1000 + 50 * frame["a"], frame["b"] / 100
        model: Any = kb.Sequential(layers=[
            {"dense": {"units": 8, "activation": {"leaky_relu": 0.1}}},
            {"repeat": {"times": 2, "layers": [{"residual": 8}]}},
            {"branches": [[], [{"maxout": 4}]]},
        ])  # fmt: skip
        return {"data": kb.Frame(frame=frame, target=["up", "down"]), "model": model}
    if kind == "several":
        frame["kind of thing"] = [("cup", "pot", "jug")[n % 3] for n in range(ROWS)]
        frame["price"] = 100 + 20 * random.normal(size=ROWS)
        target = ["answer", "kind of thing", "price"]
        task = {"price": kb.Regression(loss_weight=0.25)}
        return {"data": kb.Frame(frame=frame, target=target), "task": task}
    if kind == "labels":
        frame["tags"] = [[["old"], ["old", "big"], [], ["a\u2028b"]][n % 4] for n in range(ROWS)]
        frame["note"] = reviews()["review"]
        frame["marks"] = [("worn|dented", '["worn", "ne\\u0077"]', "new| dented", None, "[]", "new",
                           "|worn|", "é|new|new")[n % 8] for n in range(ROWS)]  # fmt: skip
        data = kb.Frame(frame=frame, target="tags", ignore=["answer"])
        return {"data": data, "model": {"text": kb.RNN(units=4)}}
    if kind == "counts":
        frame["note"] = reviews()["review"]
        frame["name"] = [("Großvater", "Großmutter", "子ども")[n % 3] for n in range(ROWS)]
        data = kb.Frame(frame=frame, target="answer")
        counted = {
            "note": kb.Text(output_mode="tf_idf", ngrams=2, max_tokens=30),
            "name": kb.Text(output_mode="count", subwords=(2, 4)),
        }
        return {"data": data, "features": counted}
    if kind == "text":
        data = kb.Frame(frame=reviews(), target="stars")
        return {"data": data, "model": kb.LSTM(units=4, embedding=4, bidirectional=True)}
    if kind == "files":
        images = [encoded(picture(n), "JPEG" if n % 2 else "PNG") for n in range(ROWS)]
        frame = pd.DataFrame(
            {"photo": images, "kind": [("cat", "dog")[n % 2] for n in range(ROWS)]}
        )
        return {"data": kb.Frame(frame=frame, target="kind"), "model": kb.CNN(filters=4)}
    if kind == "odd names":
        numbers = random.normal(size=(ROWS, len(ODD)))
        frame = pd.DataFrame(numbers, columns=ODD)
        frame["y"] = np.where(numbers.sum(axis=1) > 0, "up", "down")
        frame.loc[::9, "größe"] = np.nan
        binned = {"a/b": kb.Number(bins=3), "größe": kb.Number(bins=[-1, 1], embedding=2)}
        return {"data": kb.Frame(frame=frame, target="y"), "features": binned}
    if kind == "pixels":
        images = random.integers(0, 256, (ROWS, 29, 28), dtype=np.uint8)
        frame = pd.DataFrame({"image": list(images), "digit": np.arange(ROWS) % 4})
        return {"data": kb.Frame(frame=frame, target="digit"), "model": kb.LeNet5()}
    assert kind == "sequence"
    waves = random.normal(size=(ROWS, 6, 2)).astype(np.float32)
    waves[3, 2] = np.nan
    frame = pd.DataFrame({"wave": list(waves), "height": waves[:, 0, 0] * 3 + 5})
    return {"data": kb.Frame(frame=frame, target="height"), "model": kb.GRU(units=4)}


ODD = [
    "with space", "a/b", "größe", "1st", "_hidden", "a b", "a_b", "A-B", "self", "日本", "100 %",
    "x\ny", "A", "a", "Pclass", "Sepal.Length", "Age (years)", "이름", "나이", "class", "None",
    "with_space", "__proto__",
]  # fmt: skip
KINDS = [
    "mixed", "several", "two numbers", "labels", "text", "counts", "files", "pixels", "sequence",
    "odd names",
]  # fmt: skip
# A shared run by the architecture that it has.
RUNS = {
    "cnn": "files", "gru": "sequence", "lenet5": "pixels", "lstm": "text", "mlp": "mixed",
    "rnn": "labels", "sequential": "two numbers",
}  # fmt: skip


def learn(recipe: Any, targets: Any, train: Any) -> tuple[Columns, list[Any]]:
    """What is learned of the training rows: of the targets, then of the features."""
    from kbuilder.data import learning

    learned, of_targets = learning.learn_targets(targets, train)
    features, of_features = learning.learn_features(recipe, train)
    return Columns(features, learned), [*of_targets, *of_features]


def signal(form: str) -> Signal:
    """A symbolic input of the form."""
    import keras

    shapes = {"vector": (5,), "text": (7,), "sequence": (7, 3), "image": (32, 32, 1),
              "video": (4, 12, 12, 1)}  # fmt: skip
    tensor = keras.Input(shapes[form], dtype="int64" if form == "text" else "float32")
    return Signal(form, tensor, 11 if form == "text" else 0)  # type: ignore[arg-type]


def predicting(task: Any) -> Columns:
    """No feature, and one target called y with this task."""
    return Columns({}, (Target(("y",), task),))


@contextmanager
def hollow() -> Iterator[None]:
    """Within it, new weights have shapes and no values: the largest network costs a moment."""
    import keras
    from keras.src.backend.common import global_state

    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:  # or Keras would give them values at the next occasion
        global_state.set_global_attribute("uninitialized_variables", [])


def counts(weights: Any) -> int:
    """How many numbers the weights have."""
    return sum(int(np.prod(weight.shape)) for weight in weights)


def outline(architecture: Any, shape: tuple[int, ...], classes: int = 1000) -> Any:
    """The model of an architecture for images, as `kb.build` makes it, but hollow."""
    import keras

    from kbuilder.architectures._body import body_of

    with hollow():
        inputs = keras.Input(shape)
        body = body_of(architecture, Signal("image", inputs))
        task = kb.Multiclass(classes=classes)
        heads = [task.head(body.tensor, body.output)]
        heads += [task.head(x, name=f"auxiliary_{n}") for n, (x, _) in enumerate(body.auxiliary, 1)]
        return keras.Model(inputs, heads)


def strings(*values: str | bytes) -> Any:
    """A batch of strings, as TensorFlow takes it."""
    import tensorflow as tf

    return tf.constant(list(values))


Call = Callable[..., tuple[int, str, str]]
"""Runs the command `kbuilder` in this process: (exit code, stdout, stderr)."""
