"""Sequences of unlike length, from the rows to the server: one fit, asked in every way."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError
from kbuilder.features.array import Array
from kbuilder.serving import tensorflow_serving
from kbuilder.serving.exported import Exported

ROWS = 240
random = np.random.default_rng(13)
LETTERS = random.integers(0, 2, ROWS)


def stroke(letter: int) -> np.ndarray:
    """Points of a pen, of which the last ones tell the letter."""
    points = random.normal(5, 1, (int(random.integers(5, 21)), 2))
    points[-4:, 0] += 3 if letter else -3
    return points


STROKES = [stroke(letter) for letter in LETTERS]


def frame(strokes: list[np.ndarray], letters: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"s": [points.tolist() for points in strokes], "y": letters})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    """A fit on lists of unlike length, in Parquet: the last 40 rows wait to be predicted."""
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    frame(STROKES[:200], LETTERS[:200]).to_parquet(path)
    recipe = kb.Recipe(
        data=kb.CSV(path=path, target="y"),
        model=kb.LSTM(units=[8]),
        training=kb.Training(epochs=10, batch_size=20, early_stopping=None,
                             optimizer={"name": "adam", "learning_rate": 0.02}),
    )  # fmt: skip
    return kb.fit(recipe, run_dir=tmp_path_factory.mktemp("uneven") / "run", verbose=False)


def probabilities(run: kb.Run, rows: list[object]) -> np.ndarray:
    column = np.empty(len(rows), object)
    column[:] = rows
    return run.predict(pd.DataFrame({"s": column})).filter(like="probability of").to_numpy()


def test_lists_of_unlike_length_are_learned_and_said(run: kb.Run) -> None:
    assert run.metrics["splits"]["test"]["accuracy"] >= 0.95
    said = {decision.path: decision for decision in run.decisions}
    assert said["features.s"].reason == "lists of up to 20 numbers, or lists of numbers"
    assert said["features.s.masking"].value == "missing"
    assert said["features.s.length"].value == max(map(len, STROKES[:200]))


def test_every_way_to_write_a_row_has_one_answer(
    run: kb.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = STROKES[200:]
    wanted = probabilities(run, rows)
    assert ((wanted[:, 1] > 0.5) == LETTERS[200:]).mean() >= 0.9
    padded = np.full((40, 33, 2), np.nan)
    for place, row in enumerate(rows):
        padded[place, 33 - len(row) :] = row  # before it
    np.testing.assert_allclose(probabilities(run, list(padded)), wanted, atol=1e-6)
    frame(rows, LETTERS[200:]).to_parquet("rows.parquet", row_group_size=15)
    found = run.predict("rows.parquet").filter(like="probability of").to_numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    right = ((wanted[:, 1] > 0.5) == LETTERS[200:]).mean()
    assert run.evaluate("rows.parquet")["data"]["accuracy"] == pytest.approx(right)
    instances = [{"s": row.tolist()} for row in rows]
    Path("rows.json").write_text(json.dumps({"instances": instances}))
    found = run.predict("rows.json").filter(like="probability of").to_numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-6)

    capsys.readouterr()
    longer = [np.vstack([np.full((30, 2), 9.0), row]) for row in rows]
    answers = probabilities(run, longer)
    assert np.isfinite(answers).all()
    assert (
        "Warning: column 's': each value (40 of 40) is longer than the 20 steps that are read, the "
        "last ones, the first "
    ) in capsys.readouterr().err
    last = [row[-20:] for row in longer]
    np.testing.assert_allclose(answers, probabilities(run, last), atol=1e-6)

    version = run.export(Path("served"))
    server = Exported(version)
    body = json.dumps({"instances": [*instances[:5], {"s": []}, {"s": None}]}).encode()
    given = tensorflow_serving.read(body, server.signature).columns
    answered = server.predict(given)["probabilities"]
    np.testing.assert_allclose(answered[:5], wanted[:5], atol=1e-6)
    np.testing.assert_allclose(answered[5:], probabilities(run, [[], None]), atol=1e-6)


def test_a_step_of_another_size_is_refused_with_its_row(run: kb.Run) -> None:
    with pytest.raises(DataError) as caught:
        probabilities(run, [STROKES[0], [[1.0, 2.0], [3.0]]])
    assert str(caught.value) == (
        "features.s: row 2 of the frame: column 's' holds sequences, and of one its steps are no "
        "numbers, or not of one size. Expected a list of numbers, or of lists of as many numbers "
        "each."
    )


def padding(value: float, front: bool = False) -> np.ndarray:
    rows = np.full((ROWS, 20, 2), float(value))
    for place, points in enumerate(STROKES):
        rows[place, 20 - len(points) :] = points
        if not front:
            rows[place] = np.roll(rows[place], len(points) - 20, axis=0)
    return rows


@pytest.mark.parametrize("value", [0, -1, np.nan])
def test_padding_counts_in_no_mean_and_no_step(value: float) -> None:
    real = np.concatenate(STROKES)
    prepared = []
    for front in (False, True):
        rows = padding(value, front)
        learned = Array().learn("s", rows)
        assert learned["masking"].value == ("missing" if np.isnan(value) else value)
        assert learned["masking"].reason.endswith("`masking: none` makes data of them")
        np.testing.assert_allclose(learned["mean"].value, real.mean(axis=0))
        np.testing.assert_allclose(learned["scale"].value, real.std(axis=0))
        feature = Array(**{name: choice.value for name, choice in learned.items()})
        prepared.append(feature.layer()(feature.raw("s", rows)).numpy())
        assert feature.signature()[0] == (None, None, 2)
        wider = np.pad(rows, ((0, 0), (0, 30), (0, 0)), constant_values=value)
        np.testing.assert_array_equal(feature.layer()(feature.raw("s", wider)), prepared[0])
    np.testing.assert_array_equal(prepared[0], prepared[1])
    assert prepared[0][..., -1].sum(axis=1).tolist() == [len(points) for points in STROKES]


def test_padding_is_data_where_the_recipe_says_so() -> None:
    learned = Array(masking="none").learn("s", padding(0))
    assert "masking" not in learned
    assert "length" not in learned
    feature = Array(masking="none", **{name: one.value for name, one in learned.items()})
    assert feature.signature() == ((None, 20, 2), "float32")


def test_a_number_of_padding_is_taken_as_it_is_written() -> None:
    rows = padding(4.5)  # as any other number
    assert "masking" not in Array().learn("s", rows)
    learned = Array(masking=4.5).learn("s", rows)
    np.testing.assert_allclose(learned["mean"].value, np.concatenate(STROKES).mean(axis=0))


def test_masking_is_of_sequences() -> None:
    with pytest.raises(DataError) as caught:
        Array(masking=0).learn("a", np.zeros((4, 5)))
    assert str(caught.value) == (
        "features.a.masking: column 'a' holds arrays of (5,), and steps that are padding are those "
        "of sequences. Expected (time, d), or (time,) with a shape [time, 1]."
    )


def test_where_a_few_are_far_longer_most_are_kept_whole() -> None:
    lists = np.empty(400, object)
    lists[:] = [[1.5, 2.5, 3.5][: 1 + place % 3] for place in range(399)] + [[0.5] * 900]
    length = Array().learn("a", lists)["length"]
    assert length.value == 3
    assert length.reason == (
        "399 of 400 training rows have as many steps or fewer, and the longest 900; of the others "
        "the last are kept"
    )


def test_whole_numbers_in_lists_are_a_set_unless_the_recipe_says_otherwise() -> None:
    lists = [[n % 3, 5, 7][: 1 + n % 3] for n in range(40)]
    frame = pd.DataFrame({"s": lists, "y": np.arange(40) % 2})
    data = kb.Frame(frame=frame, target="y")
    assert type(dataset.look(kb.Recipe(data=data)).resolved.recipe.features["s"]).__name__ == "Set"
    looked = dataset.look(kb.Recipe(data=data, features={"s": "array"}))
    found = looked.resolved.recipe.features["s"].learn("s", looked.resolved.table["s"])
    assert (found["shape"].value, found["length"].value) == ((3, 1), 3)
