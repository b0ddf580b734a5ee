"""Features are learned on the training rows, and applied in batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import encoded, learn, message, picture

import kbuilder as kb
from kbuilder import preprocessing, spreading
from kbuilder.building.inputs import inputs_of
from kbuilder.columns import Columns, Target
from kbuilder.errors import DataError
from kbuilder.tables.dictionary_array import DictionaryArray
from kbuilder.tables.table import Table

NUMBER = kb.Number(mean=0, scale=1, indicator=False)


def recipe(**features: Any) -> kb.Recipe:
    frame = pd.DataFrame({"y": [0.0]})
    return kb.Recipe(data=kb.Frame(frame=frame, target="y"), features=features)


def objects(*values: object) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def columns(**features: Any) -> Columns:
    return Columns(features, (Target(("y",), kb.Binary(classes=["no", "yes"])),))


def one(task: Any) -> list[Target]:
    return [Target(("y",), task)]


def test_what_is_left_open_is_learned_and_said() -> None:
    table = Table({"n": np.array([1.0, 3.0]), "y": np.array([2.0, 4.0])}, "rows")
    learned, decisions = learn(recipe(n=kb.Number()), one(kb.Regression()), table)
    assert learned.features == {"n": kb.Number(mean=2, scale=1, indicator=False)}
    assert learned.targets[0].task == kb.Regression(outputs=1, mean=3, scale=1)
    said = {decision.path: decision for decision in decisions}
    assert list(said) == [
        "task.outputs", "task.mean", "task.scale", "task.last layer", "task.loss",
        "features.n.mean", "features.n.scale", "features.n.indicator",
    ]  # fmt: skip
    mean = said["features.n.mean"]
    assert (mean.value, mean.reason) == (2.0, "mean of 2 training values")
    assert mean.write == "features: {n: {kind: number, mean: 2.0}}"
    assert said["task.outputs"].write == "task: {name: regression, outputs: 1}"


def test_what_the_user_writes_wins_and_is_not_said() -> None:
    table = Table({"n": np.array([1.0, 3.0]), "y": np.array([2.0, 4.0])}, "rows")
    given = kb.Number(mean=100, indicator=True)
    task = kb.Regression(outputs=1, mean=0, scale=10)
    learned, decisions = learn(recipe(n=given), one(task), table)
    assert learned.features == {"n": kb.Number(mean=100, scale=1, indicator=True)}
    assert learned.targets[0].task == task
    assert [decision.path for decision in decisions] == [
        "task.last layer", "task.loss", "features.n.scale",
    ]  # fmt: skip
    assert decisions[-1].write == (
        "features: {n: {kind: number, mean: 100.0, indicator: true, scale: 1.0}}"
    )


def test_the_last_layer_and_the_loss_are_said_with_their_reasons() -> None:
    table = Table({"n": np.array([1.0, 3.0]), "y": objects("no", "yes")}, "rows")
    _, decisions = learn(recipe(n=kb.Number()), one(kb.Binary()), table)
    layer, loss = (d for d in decisions if d.path in ("task.last layer", "task.loss"))
    assert layer.value == "Dense(1, sigmoid)"
    assert layer.reason == "of two classes one probability says both"
    assert (loss.value, loss.write) == (
        "binary_crossentropy", "task: {name: binary, loss: binary_crossentropy}",
    )  # fmt: skip


def test_of_a_long_list_the_number_is_said() -> None:
    words = objects(*(f"w{n}" for n in range(13)), "w0")
    table = Table({"c": words, "y": np.arange(14.0)}, "rows")
    _, decisions = learn(recipe(c=kb.Category()), one(kb.Regression()), table)
    vocabulary = next(d for d in decisions if d.path == "features.c.vocabulary")
    assert vocabulary.value == "13 values"
    assert vocabulary.write == "features: {c: {kind: category}}"


def test_an_error_in_learning_names_the_row() -> None:
    table = Table({"n": objects("1", "two"), "y": np.arange(2.0)}, "rows.csv")
    assert message(DataError, learn, recipe(n=kb.Number()), one(kb.Regression()), table) == (
        "features.n: row 2 of rows.csv: column 'n' is a number, but here 'two'. Expected a number; "
        "name a text that means missing in data.missing, or read the column as a category."
    )


def test_an_error_in_new_rows_names_the_row() -> None:
    table = Table({"n": objects("1", "two")}, "rows.csv")
    assert message(DataError, preprocessing.raw, columns(n=NUMBER), table).startswith(
        "features.n: row 2 of rows.csv: column 'n' is a number, but here 'two'."
    )


def test_an_unknown_label_names_the_row() -> None:
    table = Table({"y": objects("no", "maybe")}, "test.csv")
    assert message(DataError, preprocessing.encode_targets, columns(), table) == (
        "data.target: row 2 of test.csv: the target 'y' is 'maybe'. Expected a label known from "
        "training: 'no', 'yes'. Remove the row, or fix the label."
    )


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    table = Table({"size": np.arange(2.0)}, "rows.csv")
    assert message(DataError, preprocessing.raw, columns(sise=NUMBER), table) == (
        "rows.csv has no column 'sise'. It has: size.\n    Did you mean 'size'?"
    )


def test_rows_are_applied_in_batches_and_keep_their_order() -> None:
    given = columns(n=NUMBER)
    table = Table({"n": np.arange(2 * preprocessing.BATCH + 5.0)}, "rows")
    arrays = preprocessing.apply(preprocessing.preprocessor(given), given, table)
    np.testing.assert_array_equal(arrays["vector"][:, 0], table["n"])


def test_no_rows_are_refused() -> None:
    given = columns(n=NUMBER)
    table = Table({"n": np.zeros(0)}, "rows.csv")
    layer = preprocessing.preprocessor(given)
    assert message(DataError, preprocessing.apply, layer, given, table) == (
        "rows.csv has no rows. Expected rows."
    )


def test_an_image_that_cannot_be_decoded_is_named() -> None:
    image = kb.Image(height=4, width=4, channels=3, scale=255, pixels=(), dtype="uint8")
    given = columns(i=image)
    files = objects(*[encoded(picture(0))] * 3, encoded(picture(0))[:60])
    table = Table({"i": files}, "photos", ["a.png", "b.png", "c.png", "broken.png"])
    layer = preprocessing.preprocessor(given)
    said = message(DataError, preprocessing.apply, layer, given, table)
    assert said.startswith("data: broken.png cannot be preprocessed: ")
    assert said.endswith(". Fix or remove it.")
    assert "\n" not in said


@pytest.mark.parametrize("rows", [slice(None), slice(1, 2)])
def test_strings_become_tensors_of_strings(rows: slice) -> None:
    [tensor] = preprocessing.tensors({"c": objects("ü", "")}, rows).values()
    assert tensor.dtype.name == "string"
    assert tensor.numpy().tolist() == ["ü".encode(), b""][rows]


HUGE = kb.Number(mean=0, scale=1e-30, indicator=False)


def test_inputs_that_are_not_finite_once_prepared_are_named_by_row_and_column() -> None:
    known = columns(a=NUMBER, b=HUGE, c=HUGE)
    layer = preprocessing.preprocessor(known)
    values = {"a": [1.0, 2, 3], "b": [1e-30, 1e30, 0], "c": [0, -1e30, 1e30]}
    table = Table({name: np.array(them) for name, them in values.items()}, "rows.csv")
    assert message(DataError, preprocessing.apply, layer, known, table) == (
        "features.b: inputs are not finite once prepared, in 2 rows: row 2 of rows.csv (column "
        "'b', 'c'), row 3 of rows.csv (column 'c'). A number of huge size beside others that are "
        "alike does this. Expected finite numbers: fix or remove these rows."
    )


def test_targets_that_are_not_finite_once_prepared_are_named_by_row() -> None:
    known = Columns({}, (Target(("y",), kb.Regression(outputs=1, mean=0, scale=1e-30)),))
    table = Table({"y": np.array([1e-30] + [1e30] * 4)}, "rows.csv")
    assert message(DataError, preprocessing.encode_targets, known, table) == (
        "data.target: targets are not finite once prepared, in 4 rows: row 2 of rows.csv (column "
        "'y'), row 3 of rows.csv (column 'y'), row 4 of rows.csv (column 'y') …. A number of huge "
        "size beside others that are alike does this. Expected finite numbers: fix or remove "
        "these rows."
    )


def repeated(*words: object, count: int = 60) -> np.ndarray:
    """A column that knows its words, in an order that looks like none."""
    known = [word for word in dict.fromkeys(words) if word is not None]
    codes = [-1 if word is None else known.index(word) for word in words]
    places = np.array(codes)[np.arange(count) * 7 % len(words)]
    return DictionaryArray.of(places, known)


KINDS = {
    "small": (kb.Category(), repeated("a", "b", None, "c", "a")),
    "first": (kb.Number(), np.arange(60.0)),
    "codes": (kb.Category(embedding=3), repeated("x", "y", "z")),
    "sizes": (kb.Category(), repeated("S", "M", "L", "XL", None, "XXL", "XS", "3XL", "4XL")),
    "flag": (kb.Category(), repeated("on", "off")),
    "hashed": (kb.Category(hash=8, embedding=0), repeated("x", "y", None)),
    "day": (kb.Datetime(), repeated("2024-01-31", "2024-02-29", None, "2023-12-31")),
    "note": (kb.Text(), repeated("good day", "bad day", "good", "")),
    "bag": (kb.Text(output_mode="count"), repeated("good day", "bad", "good good")),
    "tags": (kb.Set(), repeated("a|b", "b", "a|c", None)),
    "cells": (kb.Array(), repeated("1 2 3", "4 5 6", "7 8 9")),
    "gaps": (kb.Number(), np.where(np.arange(60) % 3, np.arange(60.0), np.nan)),
    "binned": (kb.Number(bins=4), np.arange(60.0)[::-1].copy()),
}


@pytest.mark.parametrize(
    "left",
    [
        (),
        pytest.param(("first", "gaps", "binned"), marks=pytest.mark.slow),
        pytest.param(("small", "codes", "day"), marks=pytest.mark.slow),
    ],
)
def test_words_that_are_repeated_are_prepared_once_bit_for_bit(
    left: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {name: kind for name, kind in KINDS.items() if name not in left}
    values = {name: column for name, (_, column) in kinds.items()}
    table = Table({**values, "y": np.arange(60.0)}, "rows")
    features = {name: feature for name, (feature, _) in kinds.items()}
    learned, _ = learn(recipe(**features), one(kb.Regression()), table)
    layer = preprocessing.preprocessor(learned)
    given = preprocessing.tensors(preprocessing.raw(learned, table))
    plain = {key: value.numpy() for key, value in layer.compiled(given).items()}
    for size, together in ((16, 1), (16, 20), (1024, 2**12)):
        monkeypatch.setattr(spreading, "TOGETHER", together)
        monkeypatch.setattr(preprocessing, "BATCH", size)
        monkeypatch.setattr(preprocessing, "CHUNK", 2 * size)
        monkeypatch.setattr(spreading, "BATCH", size - 3)
        once = preprocessing.apply(layer, learned, table)
        same(once, plain)


def test_very_many_words_are_prepared_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"few": repeated("a", "b"), "many": repeated("a", "b", "c", None, "d")}
    table = Table({**words, "y": np.arange(60.0)}, "rows")
    assert set(spreading.repeated_in(table)) == {"few", "many"}
    kinds = dict.fromkeys(words, kb.Category())
    learned, _ = learn(recipe(**kinds), one(kb.Regression()), table)
    layer = preprocessing.preprocessor(learned)
    whole = preprocessing.apply(layer, learned, table)
    monkeypatch.setattr(spreading, "MOST", 4)
    assert set(spreading.repeated_in(table)) == {"few"}
    same(preprocessing.apply(layer, learned, table), whole)


def same(once: dict[str, np.ndarray], plain: dict[str, np.ndarray]) -> None:
    assert list(once) == list(plain)
    for key, own in plain.items():
        assert once[key].dtype == own.dtype, key
        assert np.array_equal(once[key], own), key


def test_many_columns_of_few_words_are_prepared_at_once_by_layers_that_are_made_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, prepared = [], []
    layer_of, in_batches = kb.Category.layer, preprocessing._in_batches
    monkeypatch.setattr(kb.Category, "layer", lambda own: made.append(own) or layer_of(own))
    monkeypatch.setattr(
        preprocessing, "_in_batches",
        lambda *given, **kw: prepared.append(given) or in_batches(*given, **kw),
    )  # fmt: skip
    words = {f"c{n}": repeated(*"abcdefgh"[: 2 + n % 6]) for n in range(20)}
    table = Table({**words, "y": np.arange(60.0)}, "rows")
    learned, _ = learn(recipe(**dict.fromkeys(words, kb.Category())), one(kb.Regression()), table)
    arrays = preprocessing.apply(preprocessing.preprocessor(learned), learned, table)
    assert len(prepared) == 1
    [vector] = inputs_of(learned, arrays).signals["vector"]
    assert sum(vector.widths.values()) == vector.tensor.shape[-1]
    assert len(made) == len(words)


def test_a_repeated_word_that_cannot_be_read_is_named_by_its_first_row() -> None:
    words = DictionaryArray.of(np.array([2, 1, 1, 0, 0, 2]), ["wrong", "2", "1"])
    table = Table({"n": words, "y": np.arange(6.0)}, "rows")
    learned = columns(n=NUMBER)
    layer = preprocessing.preprocessor(learned)
    assert message(DataError, preprocessing.apply, layer, learned, table).startswith(
        "features.n: row 4 of rows: column 'n' is a number, but here 'wrong'."
    )


def test_rows_are_prepared_alike_in_several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 2**14 + 3000
    random = np.random.default_rng(0)
    words = [f"w{n} w{n % 7} w{n % 3}" for n in range(count)]
    table = Table(
        {
            "n": random.normal(size=count),
            "kind": DictionaryArray.of(random.integers(-1, 3, count), ["a", "b", "c"]),
            "text": objects(*words),
        },
        "rows",
    )
    known = columns(
        n=NUMBER, kind=kb.Category(vocabulary=["a", "b", "c"], embedding=0),
        text=kb.Text(vocabulary=["w0", "w1", "w2"], length=3),
    )  # fmt: skip
    layer = preprocessing.preprocessor(known)
    whole = preprocessing.apply(layer, known, table)
    monkeypatch.setattr(preprocessing, "CHUNK", 2**14)
    chunked = preprocessing.apply(layer, known, table)
    assert list(chunked) == list(whole)
    for key, values in whole.items():
        assert np.array_equal(chunked[key], values)
    table.columns["n"][2**14 + 5] = 1e300  # type: ignore[index]  # a plain dictionary
    with pytest.raises(DataError, match=rf"row {2**14 + 6} of rows"):
        preprocessing.apply(layer, known, table)
