"""The contributions to the answers of every architecture add up, for every form that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import ROWS, built, message, mixed, mostly_slow, reviews

import kbuilder as kb
from kbuilder import catalog
from kbuilder.columns import Columns, Target
from kbuilder.errors import CallError
from kbuilder.evaluation.average_row import average_row
from kbuilder.evaluation.explained import choose
from kbuilder.evaluation.explanations import Explanations, explain

WRITTEN = {"sequential", "keras_layer", "pretrained"}
"""What a person writes or downloads."""
LARGE = ("vgg", "alexnet", "googlenet", "resnet18", "resnet34", "resnet50", "resnet101",
         "resnet152", "resnet32", "resnet44", "resnet56", "resnet110")  # fmt: skip
"""Those that are made of the same layers as others, or take long."""
CASES = [
    (name, form)
    for name in catalog.names("architectures")
    if name not in WRITTEN and not name.startswith(LARGE)
    for form in catalog.find("architectures", name).forms  # type: ignore[attr-defined]
]
STEEP = {"tsmixer"}
"""Those that normalise over all steps, of which the average row has nearly equal ones: the path is
steep where it begins, and what is left over is a share of all contributions."""
QUICK = [("mlp", "vector"), ("fasttext", "text"), ("text_cnn", "text"), ("gru", "sequence"),
         ("resnet20", "image"), ("frames", "video")]  # fmt: skip


def rows(form: str) -> tuple[pd.DataFrame, str]:
    """Rows of a form, and their target."""
    random = np.random.default_rng(0)
    if form == "vector":
        return mixed(), "answer"
    if form == "text":
        return reviews(), "stars"
    shapes = {"sequence": (7, 3), "image": (16, 16, 3), "video": (3, 12, 12, 1)}
    values = random.normal(size=(ROWS, *shapes[form]))
    pixels = (values * 64 + 128).clip(0, 255).astype(np.uint8)
    given = list(values.astype(np.float32) if form == "sequence" else pixels)
    return pd.DataFrame({"x": given, "y": np.where(np.arange(ROWS) % 2, "a", "b")}), "y"


def explained(frame: pd.DataFrame, target: str, **recipe: Any) -> Explanations:
    """Some rows explained by a network that has learned nothing yet."""
    prepared = built(kb.Recipe(data=kb.Frame(frame=frame, target=target), **recipe))
    columns, train = prepared.data.columns, prepared.data.rows["train"][0]
    some = {key: values[:4] for key, values in train.items()}
    average = average_row(columns, train)
    return explain(prepared.network.model, columns, average, some, choose(columns, None))


@pytest.mark.parametrize(("name", "form"), mostly_slow(CASES, *QUICK))
def test_contributions_add_up(name: str, form: str) -> None:
    network: Any = catalog.find("architectures", name)()  # type: ignore[operator]
    frame, target = rows(form)
    found = explained(frame, target, model=network if form == "vector" else {form: network})
    apart = np.abs(found.attributions.values - found.attributions.average)
    left = np.abs(found.attributions.left_over)
    assert (apart > 0).all()
    share = 1.0 if name in STEEP else 0.1  # of contributions that cancel each other
    whole = np.maximum(apart, share * found.attributions.sizes)
    assert (left <= 0.01 * whole + found.attributions.rounding).all()


def test_a_group_of_words_is_shared_among_them() -> None:
    import keras

    from kbuilder.layers.hashed_ngrams import HashedNGrams

    layer = HashedNGrams(3, 100)
    thirds = [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    assert np.allclose(layer.shares(3)[:3], [[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 0.5]])
    assert np.allclose(layer.shares(3)[3:] * 3, thirds)
    note = kb.Text(vocabulary=["not", "good"], length=3)
    task = kb.Regression(outputs=1, mean=[0.0], scale=[1.0])
    columns = Columns({"note": note}, (Target(("y",), task),))
    [key] = columns.keys().values()
    words = keras.Input((3,), dtype="int64", name=key)
    pairs = HashedNGrams(2, 100)
    vectors = keras.layers.Embedding(101, 1, embeddings_initializer="ones")
    model = keras.Model(
        {key: words}, {"y": keras.ops.sum(vectors(pairs(words)), axis=1)}
    )  # fmt: skip
    table = np.ones((101, 1))
    table[0] = 0
    vectors.set_weights([table])
    given = {key: np.array([[2, 3, 3], [2, 0, 0]])}
    found = explain(model, columns, {}, given, choose(columns, None)).details
    pushes = found[["row", "of", "contribution"]].to_numpy().tolist()
    expected = [[0, "not", 0.5], [0, "good", 1.0], [0, "good", 0.5], [1, "not", 0.0]]
    for own, (row, of, push) in zip(pushes, expected, strict=True):
        assert own == [row, of, pytest.approx(push, abs=1e-5)]
    twice = keras.layers.Lambda(lambda x: keras.ops.concatenate([x, x], axis=1), name="twice")
    other = keras.Model({key: words}, {"y": keras.ops.sum(vectors(twice(words)), axis=1)})
    assert message(
        CallError, explain, other, columns, {}, given, choose(columns, None)
    ) == (
        "column 'note': layer 'twice' makes other numbers of its words, and does not say of which. "
        "Expected a layer with a method `shares`, as kbuilder's HashedNGrams has it, or an "
        "embedding of the words themselves."
    )  # fmt: skip
