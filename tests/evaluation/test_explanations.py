"""What pushes the answers for rows: complete, and exact where it is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shared
from pages import blocks
from shared import KINDS, fields, message

import kbuilder as kb
from kbuilder.building.averaging import average_of
from kbuilder.columns import PACKED, Columns, Target
from kbuilder.errors import CallError
from kbuilder.evaluation.average_row import average_row
from kbuilder.evaluation.explained import choose
from kbuilder.evaluation.explanations import Explanations
from kbuilder.evaluation.explanations import explain as explained_as
from kbuilder.evaluation.heat_maps import AGAINST, TOWARDS, heat_map, named
from kbuilder.reporting.explained import section
from kbuilder.reporting.words import Words

OF = {"two numbers": "up", "several": "kind_of_thing"}
NUMBER = kb.Number(mean=0.0, scale=1.0, indicator=False)


def explain(model: Any, columns: Columns, average: Any, rows: Any) -> Explanations:
    """Explain prepared rows of one target."""
    return explained_as(model, columns, average, rows, choose(columns, None))


def expect_complete(found: Any) -> None:
    """The contributions add up to what is explained, to 1 % of it, or of a tenth of them all."""
    frame = found.frame
    given = [name for name in frame if name.startswith("contribution of ")]
    apart = frame["explained value"] - frame["average value"]
    left = apart - frame[given].sum(axis=1)
    assert np.allclose(left, frame["left over"], atol=1e-9)
    whole = np.maximum(np.abs(apart), 0.1 * found.attributions.sizes)
    assert (np.abs(left) <= 0.01 * whole + found.attributions.rounding).all()
    assert not found.incomplete.any()


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_for_every_kind_of_column_and_task(
    kind: str, fitted: Callable[[str], kb.Run]
) -> None:
    run, data = fitted(kind), fields(kind)["data"].frame.head(12)
    found = run.explain(data, of=OF.get(kind), verbose=False)
    expect_complete(found)
    assert set(found.by_column) == set(run.record.columns.features)
    assert np.ptp(found.frame["explained value"]) > 0
    forms = {feature.form for feature in run.record.columns.features.values()}
    spelled = {name for name in found.frame if name.startswith("words of ")}
    assert bool(spelled) == (kind in ("text", "counts", "labels"))
    assert bool(found.pictures) == ("image" in forms)
    if len(found.details):
        sums = found.details.groupby(["row", "column"])["contribution"].sum()
        for (row, name), push in sums.items():
            assert push == pytest.approx(found.by_column[name][row], abs=1e-5)


def test_what_is_explained_is_the_log_odds_of_the_answer(fitted: Callable[[str], kb.Run]) -> None:
    for kind, of in (("text", None), ("text", "bad"), ("mixed", None)):
        run, data = fitted(kind), fields(kind)["data"].frame.head(12)
        frame, answers = run.explain(data, of=of, verbose=False).frame, run.predict(data)
        if kind == "mixed":
            own = answers["probability"]
            likely = own.where(answers["label"] == "yes", 1 - own)
            assert set(frame["explained"]) == {"yes"}
        else:
            wanted = answers["label"] if of is None else [of] * len(answers)
            assert frame["explained"].tolist() == list(wanted)
            likely = np.array([answers[f"probability of {c}"][n] for n, c in enumerate(wanted)])
        assert np.allclose(frame["explained value"], np.log(likely / (1 - likely)), atol=1e-4)
    run, data = fitted("two numbers"), fields("two numbers")["data"].frame.head(12)
    values = run.explain(data, of="down").frame["explained value"]
    assert np.allclose(values, run.predict(data)["value 2"], rtol=1e-5)


def columns_of(*names: str, task: Any = None, **features: Any) -> Columns:
    task = task or kb.Regression(outputs=1, mean=[10.0], scale=[2.0])
    return Columns({**dict.fromkeys(names, NUMBER), **features}, (Target(("y",), task),))


def test_of_a_linear_network_contributions_are_weight_times_distance() -> None:
    import keras

    columns = columns_of("a", "b", "noise")
    random = np.random.default_rng(0)
    train = {PACKED: random.normal(3, 2, (500, 3)).astype(np.float32)}
    average = average_row(columns, train)
    assert np.allclose(average[PACKED], train[PACKED].mean(axis=0), atol=1e-6)
    given = keras.Input((3,), name=PACKED)
    head = keras.layers.Dense(1)
    model = keras.Model({PACKED: given}, {"y": head(given)})
    head.set_weights([np.array([[1.5], [-0.5], [0.0]]), np.array([0.3])])
    rows = {PACKED: train[PACKED][:50]}
    found = explain(model, columns, average, rows).by_column
    distance = rows[PACKED] - train[PACKED].mean(axis=0)
    assert np.allclose(found["a"], 2 * 1.5 * distance[:, 0], atol=1e-5)  # 2: the scale
    assert np.allclose(found["b"], 2 * -0.5 * distance[:, 1], atol=1e-5)
    assert (found["noise"] == 0).all()
    several = average_of([model, model])
    again = explain(several, columns, average, rows).by_column
    assert np.allclose(again["a"], found["a"], atol=1e-5)


def test_a_planted_column_has_the_weight_and_an_irrelevant_one_has_none(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(600, 3)), columns=["strong", "noise", "other"])
    frame["kind"] = np.array(["a", "b", "c"], dtype=object)[random.integers(0, 3, 600)]
    frame["y"] = np.tanh(2 * frame["strong"]) * 3 + 2 * (frame["kind"] == "b")
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="y"), model=kb.MLP(units=[16]), ensemble=2,
        training=kb.Training(
            epochs=40, batch_size=32, baselines="none",
            optimizer={"name": "adam", "learning_rate": 0.01},
        ),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    found = run.explain(frame.head(100))
    expect_complete(found)
    size = {name: np.abs(own).mean() for name, own in found.by_column.items()}
    assert size["strong"] > 8 * max(size["noise"], size["other"])
    assert size["kind"] > 3 * max(size["noise"], size["other"])
    signs = np.sign(frame["strong"].head(100))
    sure = np.abs(frame["strong"].head(100)) > 0.3
    assert (np.sign(found.by_column["strong"]) == signs)[sure].all()
    assert np.allclose(
        kb.load(run.path).explain(frame.head(5)).by_column["strong"],
        found.by_column["strong"][:5], atol=1e-4,
    )  # fmt: skip


def test_padding_pushes_nothing_and_the_average_is_of_real_steps() -> None:
    import keras

    from kbuilder.layers.steps_and_mask import StepsAndMask

    wave = kb.Array(mean=[0.0], scale=[1.0], shape=[3, 1], length=3, masking="missing")
    columns = columns_of(wave=wave)
    assert wave.masked
    steps = np.zeros((4, 3, 2), np.float32)  # the number, and whether it is real
    steps[:, 0] = [[1, 1], [2, 1], [3, 1], [6, 1]]
    steps[0, 1] = [8, 1]
    [key] = columns.keys().values()
    average = average_row(columns, {key: steps})
    assert average[key].tolist() == [4.0]  # of 1, 2, 3, 6 and 8
    given = keras.Input((3, 2), name=key)
    numbers, _ = StepsAndMask()(given)  # a network that does not ask which are real
    total = keras.ops.sum(keras.ops.square(numbers), axis=1)
    model = keras.Model({key: given}, {"y": total})
    found = explain(model, columns, average, {key: steps})
    expect_complete(found)
    detail = found.details.set_index(["row", "of"])["contribution"]
    assert detail[1, "step 1"] == pytest.approx(2 * (2**2 - 4**2), rel=1e-3)
    assert detail[1, "step 2"] == detail[1, "step 3"] == 0
    assert detail[0, "step 2"] == pytest.approx(2 * (8**2 - 4**2), rel=1e-3)


def test_an_index_begins_at_the_average_embedding_and_a_word_at_none() -> None:
    import keras

    kind = kb.Category(vocabulary=["a", "b"], embedding=2)
    note = kb.Text(vocabulary=["good", "bad"], length=3)
    task = kb.Binary(classes=["no", "yes"])
    columns = columns_of(kind=kind, note=note, task=task)
    keys = columns.keys()
    train = {keys["kind"]: np.array([[2], [3], [3], [3]]), keys["note"]: np.zeros((4, 3), int)}
    average = average_row(columns, train)
    assert average[keys["kind"]].tolist() == [0, 0, 0.25, 0.75]
    of_kind, of_word = keras.layers.Embedding(4, 1), keras.layers.Embedding(4, 1)
    one = keras.Input((1,), dtype="int64", name=keys["kind"])
    words = keras.Input((3,), dtype="int64", name=keys["note"])
    inner = keras.Model(words, keras.layers.Flatten()(of_word(words)))  # as of several of a form
    joined = keras.layers.Concatenate()([keras.layers.Flatten()(of_kind(one)), inner(words)])
    head = keras.layers.Dense(1, "sigmoid")
    model = keras.Model({keys["kind"]: one, keys["note"]: words}, {"y": head(joined)})
    of_kind.set_weights([np.array([[0.0], [0.0], [1.0], [5.0]])])
    of_word.set_weights([np.array([[0.5], [0.0], [2.0], [-3.0]])])
    head.set_weights([np.ones((4, 1)), np.zeros(1)])
    rows = {keys["kind"]: np.array([[2], [3]]), keys["note"]: np.array([[2, 3, 0], [2, 2, 1]])}
    found = explain(model, columns, average, rows)
    expect_complete(found)
    assert found.by_column["kind"] == pytest.approx([1 - 4, 5 - 4], abs=1e-4)  # 4: the average
    pushes = found.details[["row", "of", "contribution"]].to_numpy().tolist()
    expected = [[0, "good", 1.5], [0, "bad", -3.5]]
    expected += [[1, "good", 1.5], [1, "good", 1.5], [1, "(unknown)", -0.5]]
    for own, (row, of, push) in zip(pushes, expected, strict=True):
        assert own == [row, of, pytest.approx(push, abs=1e-4)]
    assert found.frame["words of note"][1] == "good +3|(unknown) -0.5"


def test_an_index_without_an_embedding_is_refused() -> None:
    import keras

    columns = columns_of(note=kb.Text(vocabulary=["good", "bad"], length=3))
    [key] = columns.keys().values()
    words = keras.Input((3,), dtype="int64", name=key)
    numbers = keras.layers.Dense(1)(keras.ops.cast(words, "float32"))
    model = keras.Model({key: words}, {"y": numbers})
    assert message(CallError, explain, model, columns, {}, {key: np.ones((2, 3), int)}) == (
        "column 'note' goes into the network as whole numbers, and through no embedding, which "
        "contributions could be counted at. Expected an `embedding` among the layers of `model`, "
        "or a column of numbers."
    )


def test_what_does_not_add_up_is_said() -> None:
    import keras

    columns = columns_of("a")
    given = keras.Input((1,), name=PACKED)
    jump = keras.ops.cast(keras.ops.greater(given, 0.0), "float32") + 0.1 * given
    model = keras.Model({PACKED: given}, {"y": jump})
    rows = {PACKED: np.array([[1.0], [-1.0]], np.float32)}
    found = explain(model, columns, {PACKED: np.array([-0.5], np.float32)}, rows)
    assert found.incomplete.tolist() == [True, False]
    assert found.frame["left over"].to_numpy() == pytest.approx([2.0, 0.0], abs=1e-4)


def test_what_cannot_be_explained_is_refused(
    fitted: Callable[[str], kb.Run], tmp_path: Path
) -> None:
    frame = fields("mixed")["data"].frame
    assert message(CallError, fitted("mixed").explain, frame, of="no") == (
        "there is no 'no' to explain. Expected one of yes."
    )
    assert message(CallError, fitted("several").explain, frame) == (
        "the run answers several targets. Expected `of='answer'`, or one of answer, answer yes, "
        "kind_of_thing, kind_of_thing cup, kind_of_thing jug, kind_of_thing pot, price."
    )
    assert message(CallError, fitted("two numbers").explain, frame) == (
        "an answer has 2 numbers. Expected `of='up'`, or another of up, down."
    )
    old = replace(fitted("mixed"), path=tmp_path, record=replace(fitted("mixed").record,
                                                                 average=None))  # fmt: skip
    assert message(CallError, old.explain, frame) == (
        f"{tmp_path} has no average.npz, the average row that explanations begin from: an earlier "
        f"version of kbuilder wrote it. Fit again: `kbuilder fit {tmp_path / 'recipe.yaml'}`."
    )


def test_predictions_of_a_file_are_explained(
    fitted: Callable[[str], kb.Run], tmp_path: Path, call: shared.Call
) -> None:
    run = fitted("mixed")
    frame = fields("mixed")["data"].frame.head(6)
    frame.to_csv("new.csv", index=False)
    code, out, err = call("predict", run.path, "new.csv", "--explain", "--output", "out.csv")
    assert (code, out) == (0, ""), err
    written = pd.read_csv("out.csv")
    found = run.explain("new.csv").frame
    assert list(written) == [*run.predict("new.csv"), *found]
    for name in ("explained value", "contribution of size", "contribution of colour"):
        assert np.allclose(written[name], found[name], atol=1e-4)
    code, out, _ = call("predict", run.path, "new.csv", "--explain-of", "yes")
    assert code == 0
    assert out.splitlines()[0].endswith("contribution of floor,left over")
    code, _, err = call("predict", run.path, "new.csv", "--explain-pictures", "maps")
    assert code == 2
    assert err.strip().endswith(
        "there are no pictures to explain: no column is one. Expected --explain alone."
    )


def test_pictures_are_written_by_the_number_of_their_row(
    fitted: Callable[[str], kb.Run], call: shared.Call
) -> None:
    from PIL import Image

    fields("files")["data"].frame.head(3).to_parquet("new.parquet")
    shown = blocks("sh", "--explain-pictures").split()
    assert shown[1:4] == ["predict", "latest", "holiday"]
    code, _, err = call("predict", fitted("files").path, "new.parquet", *shown[4:])
    assert code == 0, err
    assert "contribution of photo" in pd.read_csv("predictions.csv")
    assert sorted(path.name for path in Path("maps").iterdir()) == ["1.png", "2.png", "3.png"]
    with Image.open("maps/1.png") as picture:
        assert picture.size == (9 * 22, 7 * 22)  # at least 192 pixels wide


def test_a_picture_is_red_where_it_pushes_and_blue_where_against() -> None:
    push = np.array([[1.0, -1.0, 0.0]])
    pixels = np.asarray(heat_map(np.zeros((1, 3, 3)), push)) / 255
    assert np.allclose(pixels[0, 0], TOWARDS, atol=0.01)
    assert np.allclose(pixels[0, 64], AGAINST, atol=0.01)
    assert np.allclose(pixels[0, -1], 0.5, atol=0.01)
    assert named(12) == "12"
    assert named("a/b.png") != named("a_b.png")
    assert named("../é x.png").startswith("x.png-")


def test_forecasts_are_not_explained() -> None:
    columns = columns_of("a", task=kb.Forecasting(horizon=2))
    assert message(CallError, choose, columns, None) == (
        "the answers of this task have no explanation by row. The report says what they rest on: "
        "`kbuilder report RUN`."
    )


@pytest.mark.parametrize("kind", ["mixed", "several", "two numbers", "counts", "files"])
def test_a_few_rows_tell_how_a_network_answers(kind: str, fitted: Callable[[str], kb.Run]) -> None:
    from kbuilder import preprocessing
    from kbuilder.evaluation import evaluating, explaining

    run, columns = fitted(kind), fitted(kind).record.columns
    table = run._given.table(fields(kind)["data"].frame.iloc[10:40])
    arrays = preprocessing.apply(run._layer, columns, table)
    encoded = preprocessing.encode_targets(columns, table)
    answered = evaluating.outputs(run.model, arrays)
    found = explaining.why(run.model, columns, run._average, table, (arrays, encoded), answered)
    assert [one["kind"] for one in found["rows"]] == ["furthest off"] * 3 + ["usual"] * 3
    assert len({one["row"] for one in found["rows"]}) == 6
    assert json.loads(json.dumps(found)) == found
    for one in found["rows"]:
        pushes = [each["contribution"] for each in one["contributions"]]
        assert pushes == sorted(pushes, key=abs, reverse=True)
        if len(columns.features) <= 6:
            whole = sum(pushes) + one["left_over"]
            assert whole == pytest.approx(one["value"] - one["average"], abs=1e-6)
        assert ("picture" in one) == (kind == "files")
    if kind == "mixed":
        sure = [(one["value"] > 0) == (one["truth"] == "yes") for one in found["rows"]]
        assert sure[:3] == [False] * 3
    assert explaining.why(run.model, columns, {}, table, None, {}) == {
        "reason": "the network was fitted on all rows. `test: 0.2` within `data: {split: …}` holds "
        "some back, also beside folds"
    }
    page = section(found, Words("ko"))
    assert len(page.tables[0].rows) == 6
    assert bool(page.tables[0].pictures) == (kind == "files")
