"""Other models that are fitted beside the network."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.evaluation import evaluating
from kbuilder.evaluation.baselines import boosting, comparing, linear
from kbuilder.evaluation.baselines.blocks import Block, blocks_of
from kbuilder.evaluation.baselines.ngrams import NGrams
from kbuilder.recipe.training import Baseline

ROWS = 400


def frame() -> pd.DataFrame:
    """Numbers, names of few and of many kinds, and texts, that each say something of `y`."""
    random = np.random.default_rng(0)
    size, weight = random.normal(size=(2, ROWS))
    colour = random.choice(["red", "green", "blue"], ROWS)
    street = np.array([f"street {n % 90}" for n in range(ROWS)])
    mood = random.choice(["good", "bad"], ROWS)
    note = [f"a {word} day in may and {n} more" for n, word in enumerate(mood)]
    score = size * weight + (colour == "red") + 2 * (mood == "good")
    y = np.where(score + random.normal(size=ROWS) / 4 > 1.5, "yes", "no")
    pairs = zip(size.tolist(), weight.tolist(), strict=True)
    tags = [["old"] * (s > 0) + ["big"] * (w > 0) for s, w in pairs]
    return pd.DataFrame({
        "size": size, "weight": weight, "colour": colour, "street": street, "note": note, "y": y,
        "score": score, "tags": tags,
    })  # fmt: skip


def prepared(target: Any = "y", *ignore: str, **more: Any) -> Any:
    others = [name for name in ("y", "score", "tags") if name != target and name not in target]
    data = kb.Frame(frame=frame(), target=target, ignore=[*others, *ignore])
    return pipeline.prepare(kb.Recipe(data=data, **more))


@pytest.fixture(scope="module")
def table() -> Any:
    """Rows without texts, prepared."""
    return prepared("y", "note")


def test_the_numbers_of_a_column_are_taken_alone(table: Any) -> None:
    """Else the columns that a baseline holds would hold the whole table each."""
    arrays = table.rows["train"][0]
    for block in blocks_of(table.columns, arrays):
        own = block.of(arrays, np.arange(10))
        whole = own if own.base is None else own.base
        assert whole.size == own.size


def of(data: Any, *names: str, **options: Any) -> comparing.Others:
    """What the baselines answer for the test rows."""
    return comparing.answers(
        names, data.columns, data.rows["train"], data.rows["test"][0], **options
    )


def test_a_recipe_has_a_name_for_each() -> None:
    assert list(get_args(Baseline)) == list(comparing.KINDS)
    assert kb.Training().others == ("linear", "boosting")
    assert kb.Training(baselines=["boosting"]).others == ("boosting",)
    assert kb.Training(baselines="none").others == kb.Training().smoke().others == ()


def test_the_linear_one_is_that_of_scikit_learn_on_standardised_inputs(table: Any) -> None:
    (x, y), held = table.rows["train"], table.rows["test"][0]
    assert list(x) == ["vector", "street_input"]

    def flat(arrays: Any) -> np.ndarray:
        return np.hstack([arrays["vector"], np.eye(92)[arrays["street_input"][:, 0]]])

    outside = flat(x)
    scaler = StandardScaler().fit(outside[:, : x["vector"].shape[1]])
    kinds = [block.kind for block in blocks_of(table.columns, x)]
    assert kinds == ["numbers", "numbers", "label", "label"]
    numbers = sum(b.width for b in blocks_of(table.columns, x)[:2])
    scaler.scale_[numbers:], scaler.mean_[numbers:] = 1, 0  # what is one-hot stays so

    def standardised(arrays: Any) -> np.ndarray:
        given = flat(arrays)
        width = arrays["vector"].shape[1]
        return np.hstack([scaler.transform(given[:, :width]), given[:, width:]])

    model = LogisticRegression(max_iter=1000, tol=1e-8).fit(standardised(x), y["y"][:, 0])
    found = of(table, "linear")
    assert found.notes == {}
    np.testing.assert_allclose(
        found.outputs["linear"]["y"][:, 0], model.predict_proba(standardised(held))[:, 1], atol=2e-3
    )


def test_boosted_trees_are_those_of_scikit_learn_and_find_what_no_line_does(table: Any) -> None:
    both = of(table, "linear", "boosting", seed=3)
    truth = table.rows["test"][1]
    scores = {n: evaluating.score(table.columns, truth, o) for n, o in both.outputs.items()}
    assert scores["boosting"]["auc"] > scores["linear"]["auc"] + 0.05
    model = boosting.Boosting(
        blocks_of(table.columns, table.rows["train"][0]), table.rows["train"][0], slice(None), 3
    )
    oracle = HistGradientBoostingClassifier(
        random_state=3, categorical_features=[*[False] * (model.given.shape[1] - 2), True, True]
    ).fit(model.given, table.rows["train"][1]["y"][:, 0])
    given = model.columns(table.rows["test"][0], slice(None))
    np.testing.assert_array_equal(
        both.outputs["boosting"]["y"][:, 0], oracle.predict_proba(given)[:, 1].astype(np.float32)
    )
    again = of(table, "linear", "boosting", seed=3)
    for name in comparing.KINDS:
        np.testing.assert_array_equal(both.outputs[name]["y"], again.outputs[name]["y"])


def test_rows_count_as_in_the_loss(table: Any) -> None:
    """A row of weight 2 is as two rows, and one of weight 0 as none."""
    x, y = table.rows["train"]
    counts = np.arange(len(y["y"])) % 3
    often = np.repeat(np.arange(len(counts)), counts)
    repeated = ({k: v[often] for k, v in x.items()}, {k: v[often] for k, v in y.items()})
    held = table.rows["test"][0]
    # What standardises is learned from rows, however much they count: here they stand by themselves
    own = [Block("size", "vector", 0, 3, "label", "vector")]
    models = [
        linear.Linear(own, x, np.flatnonzero(counts), 0),
        linear.Linear(own, repeated[0], slice(None), 0),
    ]
    groups = y["y"][:, 0].astype(int)
    weighted = models[0].classifier(groups[counts > 0], counts[counts > 0].astype(float))
    plain = models[1].classifier(groups[often], None)
    columns = [model.columns(held, slice(None)) for model in models]
    np.testing.assert_allclose(
        weighted.predict_proba(columns[0]), plain.predict_proba(columns[1]), atol=1e-4
    )
    balanced = of(table, "linear", weights={"y": np.where(groups == 1, 50.0, 1.0)})
    assert (
        balanced.outputs["linear"]["y"].mean() > of(table, "linear").outputs["linear"]["y"].mean()
    )
    none = of(table, "boosting", weights={"y": (np.arange(len(groups)) < 99).astype(float)})
    assert none.notes == {
        "boosting": "left out: it takes 100 training rows, and there are 99"
    }  # fmt: skip


def test_texts_are_words_and_pairs_by_tf_idf() -> None:
    texts = ["a b c", "b c a a", "", "c c c b c", "d"]
    numbers = {word: place for place, word in enumerate("abcd", start=2)}
    tokens = np.zeros((5, 6), np.int64)
    for row, text in enumerate(texts):
        tokens[row, : len(text.split())] = [numbers[word] for word in text.split()]
    tokens[2, 0] = 1  # no known word
    oracle = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+")
    kept = [*"abcd", "b c"]  # other pairs are of one text alone
    oracle.set_params(vocabulary=kept)
    expected = oracle.fit_transform(texts).toarray()
    found = NGrams(tokens)(tokens).toarray()
    order = np.argsort([numbers[k] if len(k) == 1 else 99 for k in kept])
    np.testing.assert_allclose(found, expected[:, order], atol=1e-6)
    assert NGrams(tokens)(np.full((2, 3), 9)).nnz == 0


def test_every_kind_of_target_and_of_column_is_answered() -> None:
    data = prepared(["y", "score"])
    found = of(data, "linear", "boosting")
    assert found.notes == {"boosting": "without 'note'"}
    scores = evaluating.score(data.columns, data.rows["test"][1], found.outputs["linear"])
    assert scores["score_r2"] > 0.3
    assert scores["y_accuracy"] > 0.75
    data = prepared("tags", "note")
    found = of(data, "linear", "boosting")
    scores = evaluating.score(data.columns, data.rows["test"][1], found.outputs["boosting"])
    assert scores["exact"] > 0.9
    three = prepared("colour", "note", task=kb.Multiclass(loss="sparse_categorical_crossentropy"))
    found = of(three, "linear", "boosting")
    for outputs in found.outputs.values():
        np.testing.assert_allclose(outputs["colour"].sum(axis=1), 1, atol=1e-6)


def test_numbers_are_those_of_ridge_regression() -> None:
    data = prepared("score", "note", "colour", "street")
    x, y = data.rows["train"]
    scaler = StandardScaler().fit(x["vector"])
    model = Ridge().fit(scaler.transform(x["vector"]), y["score"])
    held = scaler.transform(data.rows["test"][0]["vector"])
    found = of(data, "linear").outputs["linear"]["score"]
    np.testing.assert_allclose(found[:, 0], model.predict(held).ravel(), atol=1e-4)


def test_neighbouring_pixels_and_steps_are_averaged_where_they_are_many() -> None:
    values = np.arange(2 * 65 * 64 * 1, dtype=np.uint8).reshape(2, 65, 64, 1)
    picture = Block("p", "p_input", 0, values[0].size, "grid", "image")
    found = picture.flat({"p_input": values}, slice(None)).reshape(2, 22, 32)
    numbers = values[..., 0].astype(np.float32)
    np.testing.assert_allclose(found[:, 0, 0], numbers[:, :3, :2].mean(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_allclose(found[:, 21, 0], numbers[:, 63:, :2].mean(axis=(1, 2)), rtol=1e-6)
    steps = Block("s", "s_input", 0, 40, "grid", "sequence")
    few = np.ones((3, 20, 2), np.float32)
    np.testing.assert_array_equal(steps.flat({"s_input": few}, slice(None)), few.reshape(3, 40))


def test_a_sample_goes_by_numbers_and_is_said(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = len(table.rows["train"][1]["y"])
    each = linear.WORK // linear.Linear.most(blocks_of(*parts(table)), parts(table)[1], 1)
    monkeypatch.setattr(linear, "WORK", each * 250)
    found = of(table, "linear")
    assert found.notes == {"linear": f"on a sample of 250 of {rows} training rows"}
    monkeypatch.setattr(linear, "WORK", each * 199)
    assert of(table, "linear").notes == {
        "linear": "left out: columns and outputs are too many for it"
    }


def parts(data: Any) -> tuple[Any, Any]:
    return data.columns, data.rows["train"][0]


def test_what_goes_wrong_in_a_baseline_is_said_and_no_error(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, arrays: Any, rows: Any) -> Any:
        raise MemoryError("no room\nfor it")

    monkeypatch.setattr(linear.Linear, "columns", broken)
    monkeypatch.delattr(kb.Binary, "teaches")
    found = of(table, "linear", "boosting")
    assert found.outputs == {}
    assert found.notes == {
        "linear": "left out: MemoryError: no room\\nfor it",
        "boosting": "left out: Binary does not say what others may learn of it",
    }


def test_of_one_class_its_name_is_the_answer(table: Any) -> None:
    train = (table.rows["train"][0], {"y": np.zeros_like(table.rows["train"][1]["y"])})
    held = table.rows["test"][0]
    found = comparing.answers(["linear", "boosting"], table.columns, train, held)
    assert {float(outputs["y"].max()) for outputs in found.outputs.values()} == {0.0}


def test_pictures_are_no_table() -> None:
    data = pipeline.prepare(kb.Recipe(data=kb.Sklearn(name="digits")))
    found = of(data, "boosting")
    assert found.notes == {"boosting": "left out: no column is one of a table"}
