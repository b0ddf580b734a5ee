"""Several texts or pictures in one table: a network for each column, or one for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import ROWS, built, message

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.building import choosing
from kbuilder.building.inputs import inputs_of
from kbuilder.building.network import network_of
from kbuilder.columns import Columns, Target
from kbuilder.errors import BuildError, CallError
from kbuilder.export import exporting

RANDOM = np.random.default_rng(0)
WORDS = np.array(["red", "green", "blue", "good", "bad", "fine", "poor", "great", "awful", "nice"])
FRAME = pd.DataFrame(
    {
        "title": [" ".join(RANDOM.choice(WORDS, 3)) for _ in range(ROWS)],
        "synopsis": [" ".join(RANDOM.choice([*WORDS, "deep"], 6)) for _ in range(ROWS)],
        "price": RANDOM.normal(size=ROWS).round(2),
        "label": np.arange(ROWS) % 2,
    }
)
TEXTS = {"title": kb.Text(), "synopsis": kb.Text()}
TITLE = kb.Text(vocabulary=["a", "b"], length=5)
SHARED = {"text": kb.TextCNN(filters=2, embedding=3), "vector": kb.MLP(units=2), "share": True}


def recipe(model: Any, features: Any = None, frame: pd.DataFrame = FRAME) -> kb.Recipe:
    data = kb.Frame(frame=frame, target="label")
    given = {"data": data, "features": features or TEXTS, "model": model}
    return kb.Recipe(**given, training=kb.Training(epochs=1))


def choose(model: Any, **features: Any) -> Any:
    """What `choosing.choose` answers for features that have been learned."""
    columns = Columns(features, (Target(("y",), kb.Binary()),))
    arrays: dict[str, Any] = {}
    for name, key in columns.keys().items():
        kind = features[name]
        if isinstance(kind, kb.Text):
            arrays[key] = np.zeros((1, kind.length or 0), np.int64)
        elif isinstance(kind, kb.Image):
            arrays[key] = np.zeros((1, kind.height or 0, 8, 1), np.uint8)
        else:
            arrays[key] = np.zeros((1, 1), np.float32)
    return choosing.choose(columns, inputs_of(columns, arrays), model)


def refused(model: Any, **features: Any) -> str:
    price = kb.Number(mean=0, scale=1, indicator=False)
    given = {"title": TITLE, "synopsis": TITLE, "price": price}
    return message(BuildError, choose, model, **{**given, **features})


def inner(prepared: Any) -> list[list[str]]:
    """The kinds of the layers of each network within the network."""
    models = [layer for layer in prepared.network.model.layers if hasattr(layer, "layers")]
    return [[type(layer).__name__ for layer in one.layers] for one in models]


def test_each_column_has_the_network_that_is_named_for_it() -> None:
    own = {"title": kb.LSTM(units=2), "synopsis": kb.TextCNN(filters=2)}
    prepared = built(recipe(own))
    first, second = inner(prepared)
    assert "LSTM" in first
    assert "Conv1D" in second
    assert prepared.recipe.model == {"vector": kb.MLP(), **own}
    paths = [d.path for d in prepared.decisions if d.key[0] == "model"]
    assert paths == ["model.vector"]


def test_a_column_without_one_has_that_of_its_form() -> None:
    chosen, decisions = choose({"b": kb.TextCNN()}, a=TITLE, b=TITLE)
    few = kb.FastText(embedding=16, ngrams=1, dropout=0.8)
    assert chosen == {"text": few, "b": kb.TextCNN()}
    first, *others = [(d.path, d.write) for d in decisions]
    assert first == ("model.text", "model: {text: fasttext}")
    assert others[0] == ("model.text.embedding", "model: {text: {name: fasttext, embedding: 16}}")


def test_what_a_key_means_that_is_a_form_and_a_column_is_said() -> None:
    given = {"text": kb.LSTM(), "image": kb.GRU()}
    chosen, decisions = choose(given, text=TITLE, image=TITLE)
    assert chosen == given
    assert {d.path: (d.value, d.reason) for d in decisions} == {
        "model.text.means": (
            "the form text (text, image)",
            "a form of the features comes before a column, and 'text' is both",
        ),
        "model.image.means": ("the column 'image'", "no feature has the form image"),
    }


def test_a_key_that_is_neither_names_both_lists() -> None:
    assert refused({"titel": kb.LSTM()}) == (
        "model.titel: 'titel' is neither a form of the features nor a column that has a network of "
        "its own. Forms: vector, text. Columns: title, synopsis.\n    Did you mean 'title'?"
    )
    assert refused({"price": kb.MLP()}) == (
        "model.price: column 'price' is a vector, and all vectors go into one network together. "
        "Expected `vector` in its place. Columns with a network of their own: title, synopsis."
    )
    assert refused({"title": kb.LSTM(), "synopsis": kb.GRU(), "text": kb.RNN()}) == (
        "model.text: each column of the form text has a network of its own. Expected no 'text'."
    )
    assert refused({"title": kb.CNN(), "synopsis": kb.MLP()}).startswith(
        "model.synopsis: mlp takes vector, sequence, image, and this is text. Expected one of: "
    )
    assert refused({"title": kb.LSTM(), "share": True}) == (
        "model.share: no form has several columns without a network of their own, which could "
        "share one. Expected no `share`."
    )


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (kb.Text(vocabulary=["b", "a"], length=5), "values that are prepared in different ways"),
        (kb.Text(vocabulary=["a", "b"], length=3), "values of (5,) and of (3,)"),
    ],
)
def test_columns_that_are_unlike_do_not_share_a_network(other: kb.Text, said: str) -> None:
    assert refused(SHARED, synopsis=other) == (
        f"model.share: columns 'title' and 'synopsis' have {said}, and a network that they share "
        "needs equal ones. Expected the same fields for both in `features`, or a network for each: "
        "`model: {title: …, synopsis: …}`."
    )


def test_pictures_that_share_a_network_go_through_the_same_layers() -> None:
    pixels = {"width": 8, "channels": 1, "scale": 255, "pixels": (8, 8), "dtype": "uint8"}
    left = kb.Image(height=8, **pixels)  # type: ignore[arg-type]
    columns = Columns({"left": left, "right": left}, (Target(("y",), kb.Binary()),))
    arrays = {key: np.zeros((1, 8, 8, 1), np.uint8) for key in columns.keys().values()}
    one, two = (
        network_of(columns, inputs_of(columns, arrays), {"image": kb.CNN(filters=2)}, shared=shared)
        for shared in (True, False)
    )
    head = one.model.get_layer("head").count_params()
    assert 2 * (one.model.count_params() - head) == two.model.count_params() - head
    right = kb.Image(height=6, **pixels)  # type: ignore[arg-type]
    said = message(BuildError, choose, {"image": kb.CNN(), "share": True}, left=left, right=right)
    assert "'left' and 'right' have values of (8, 8, 1) and of (6, 8, 1), and" in said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    folder = tmp_path_factory.mktemp("shared")
    FRAME.to_csv(folder / "rows.csv", index=False)
    given = recipe(SHARED).model_copy(
        update={"data": kb.CSV(path=folder / "rows.csv", target="label")}
    )
    return kb.fit(given, run_dir=folder / "run", verbose=False)


@pytest.mark.slow
def test_texts_that_share_a_network_are_learned_as_one_column(run: kb.Run) -> None:
    features: Any = run.record.columns.features
    assert features["title"] == features["synopsis"]
    assert set(features["title"].vocabulary) == {*WORDS, "deep"}
    assert features["title"].length == 6
    [said] = [d for d in run.decisions if d.path == "model.text.share"]
    assert (said.value, said.reason) == (
        "title, synopsis", "share is true: one network, and they are learned as one column"
    )  # fmt: skip
    again = kb.load(run.path)
    assert again.recipe.model == run.recipe.model
    assert again.recipe.model["share"] is True  # type: ignore[index]
    pd.testing.assert_frame_equal(
        again.predict(FRAME, verbose=False), run.predict(FRAME, verbose=False)
    )


@pytest.mark.slow
def test_a_shared_network_is_resumed_and_exported(
    run: kb.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = kb.resume(run.path, override=["training.epochs=2"], verbose=False)
    assert len(more.history) == 2
    monkeypatch.setattr(exporting, "verify", lambda folder: 0.0)  # it takes a process of its own
    assert run.export("exported", verbose=False) == Path("exported/1")  # and is proven as served


def test_a_script_makes_a_shared_network_once_and_learns_the_words_of_all_columns(
    run: kb.Run,
) -> None:
    code = pipeline.eject(run.recipe)
    for column in ("title", "synopsis"):
        assert (
            f'    layers["{column}"].adapt(np.concatenate([words(train["title"]), '
            'words(train["synopsis"])]))'
        ) in code
    [made] = [line for line in code.splitlines() if line.startswith("    shared_")]
    name = made.split()[0]
    assert f"{name}(title_input)" in code
    assert f"{name}(synopsis_input)" in code
    assert code.count("def build_model_") == 1


def test_prepared_rows_are_for_models_that_share_alike() -> None:
    data = pipeline.prepare(recipe(SHARED))
    other = recipe({"text": kb.GRU(units=2)}).model_copy(update={"data": data.given.data})
    assert message(CallError, pipeline.build, data, other) == (
        "the recipe differs from that of the prepared data in which columns share a network "
        "(model.share), and are learned as one. Prepare the rows anew."
    )
