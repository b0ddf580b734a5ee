"""Whole numbers that stand for words, from the rows to the server: one fit, asked in every way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder import pipeline, preprocessing
from kbuilder.data import dataset
from kbuilder.errors import BuildError, DataError
from kbuilder.features.tokens import Tokens
from kbuilder.serving import open_inference, tensorflow_serving
from kbuilder.serving.exported import Exported
from kbuilder.tables.profile import profile

random = np.random.default_rng(17)
MEANT = random.integers(0, 2, 260)


def sentence(meant: int) -> list[int]:
    """Words by number, of which one of two tells what is meant."""
    words = random.integers(20, 60, random.integers(3, 12))
    words[random.integers(0, len(words))] = 500 + meant
    return words.tolist()


ROWS = [sentence(meant) for meant in MEANT]


def column(rows: list[Any]) -> np.ndarray:
    values = np.empty(len(rows), object)
    values[:] = rows
    return values


def padded(rows: list[list[int]], front: bool = False, width: int = 20) -> np.ndarray:
    array = np.zeros((len(rows), width), np.int64)
    for place, row in enumerate(rows):
        start = width - len(row) if front else 0
        array[place, start : start + len(row)] = row
    return array


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    """A fit on the first 200 rows."""
    frame = pd.DataFrame({"note": ROWS[:200], "meant": MEANT[:200]})
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="meant"),
        features={"note": kb.Tokens()},
        model=kb.TextCNN(filters=8, embedding=8, dropout=0.0),
        training=kb.Training(epochs=12, batch_size=20, early_stopping=None,
                             optimizer={"name": "adam", "learning_rate": 0.02}),
    )  # fmt: skip
    return kb.fit(recipe, run_dir=tmp_path_factory.mktemp("tokens") / "run", verbose=False)


def probabilities(run: kb.Run, rows: Any) -> np.ndarray:
    values = rows if isinstance(rows, np.ndarray) else column(rows)
    frame = pd.DataFrame({"note": list(values)})
    return run.predict(frame).filter(like="probability of").to_numpy()


def test_what_was_learned_is_said(run: kb.Run) -> None:
    assert run.metrics["splits"]["test"]["accuracy"] >= 0.9
    said = {decision.path: decision for decision in run.decisions}
    assert said["features.note.masking"].value == 0
    assert said["features.note.masking"].reason == (
        "no training row has 0, which is kept for padding"
    )
    assert said["features.note.length"].value == 11
    assert said["features.note.vocabulary"].reason == "the most frequent of 162 training rows"


def test_every_way_to_write_a_row_has_one_answer(run: kb.Run) -> None:
    rows = ROWS[200:]
    wanted = probabilities(run, rows)
    assert ((wanted[:, 1] > 0.5) == MEANT[200:]).mean() >= 0.9
    floats = np.where(padded(rows) == 0, np.nan, padded(rows))
    texts = [" ".join(map(str, row)) for row in rows]
    for other in (padded(rows), padded(rows, front=True, width=33), floats, texts):
        np.testing.assert_allclose(probabilities(run, other), wanted, atol=1e-6)
    Path("rows.json").write_text(json.dumps({"instances": [{"note": row} for row in rows]}))
    found = run.predict("rows.json").filter(like="probability of").to_numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    longer = [[7] * 30 + row for row in rows]
    last = [row[-11:] for row in longer]
    np.testing.assert_allclose(probabilities(run, longer), probabilities(run, last), atol=1e-6)


@pytest.mark.slow
def test_a_server_takes_ragged_rows_in_each_protocol(run: kb.Run) -> None:
    server, rows = Exported(run.export(Path("served"))), ROWS[200:205]
    wanted = probabilities(run, [*rows, []])
    texts = [{"note": " ".join(map(str, row))} for row in rows[:2]]
    body = {"instances": [*texts, *({"note": row} for row in rows[2:]), {"note": None}]}
    given = [tensorflow_serving.read(json.dumps(body).encode(), server.signature).columns]
    full = padded([*rows, []], width=12)
    one = {"name": "note", "datatype": "INT64", "shape": [6, 12]}
    for data in (full.tolist(), full.ravel().tolist(), [*rows, []]):
        body = {"inputs": [{**one, "data": data}]}
        given.append(open_inference.read(json.dumps(body).encode(), server.signature).columns)
    for columns in given:
        answer = server.predict(columns)["probabilities"]
        np.testing.assert_allclose(answer, wanted, atol=1e-6)


def test_an_unknown_number_is_told_and_has_a_place_of_its_own(
    run: kb.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    rows = [[*row, 7] for row in ROWS[:10]]
    known = sum(map(len, ROWS[:10]))
    answers = probabilities(run, rows)
    assert (
        f"Warning: column 'note': {10 / (known + 10):.0%} of the values (10 of {known + 10}) is "
        "unknown to the model, or before the last 11 that it reads, the first '7' in row 1 of the "
        "frame\n"
    ) in capsys.readouterr().err
    other = [[*row, 10**12] for row in ROWS[:10]]
    np.testing.assert_array_equal(probabilities(run, other), answers)
    with pytest.raises(DataError, match=r"each value \(20 of 20\) is unknown to the model"):
        probabilities(run, [[7, 8, 9, 10]] * 5)


def test_what_is_no_whole_number_is_refused_with_its_row(run: kb.Run) -> None:
    for odd in ([3, 0.5], "3 x", [True], [2**63], [[1], [2, 3]]):
        assert message(DataError, probabilities, run, [ROWS[0], odd]) == (
            f"features.note: row 2 of the frame: column 'note' holds {str(odd)!r} here, and tokens "
            "are whole numbers that stand for words. Expected whole numbers; for measured ones "
            "`features: {note: array}`."
        )


def learned(values: np.ndarray, **fields: Any) -> Tokens:
    feature = Tokens(**fields)
    choices = {name: choice.value for name, choice in feature.learn("note", values).items()}
    return feature.model_copy(update={**choices, **feature.model_dump(exclude_none=True)})


def test_zero_is_padding_unless_it_is_a_word() -> None:
    assert learned(padded(ROWS)).masking == 0
    words = random.integers(0, 9, (50, 6))
    feature = learned(words)
    assert (feature.masking, feature.length, 0 in (feature.vocabulary or ())) == (
        "missing",
        6,
        True,
    )
    given = np.asarray(feature.layer()(np.array([[0, 3, 0, 0, -(2**63)]])))
    assert (given[0] > 1).tolist() == [True] * 4 + [False] * 2
    minus = np.where(padded(ROWS) == 0, -1, padded(ROWS))
    feature = learned(minus, masking=-1, max_tokens=10)
    assert len(set(feature.vocabulary or ()) - {-1}) == 8
    np.testing.assert_array_equal(
        np.asarray(feature.layer()(minus)),
        np.asarray(learned(padded(ROWS), max_tokens=10).layer()(padded(ROWS))),
    )


def test_rows_that_may_be_words_stay_arrays_and_the_line_to_write_is_printed() -> None:
    np.savez("rows.npz", x=padded(ROWS), front=padded(ROWS, front=True), y=MEANT)
    source = kb.Arrays(path="rows.npz", columns={"x": "x", "front": "front", "y": "y"}, target="y")
    resolved = dataset.look(kb.Recipe(data=source)).resolved
    said = {decision.path: decision for decision in resolved.decisions}
    assert said["features.x"].value == "array"
    assert said["features.x"].reason == (
        "arrays of 20 numbers; nearly as likely: `features: {x: tokens}`"
    )
    assert said["features.front"].reason.endswith("`features: {front: tokens}`")


def test_measured_numbers_and_sets_do_not_look_like_words() -> None:
    measured = np.round(random.normal(30, 9, (40, 9)))
    assert profile(np.where(measured < 0, 0, measured)).tokens == 0
    assert profile(random.integers(0, 256, (40, 64))).tokens == 0
    labels = [random.permutation(60)[: random.integers(1, 6)].tolist() for _ in range(60)]
    assert profile(column(labels)).tokens == 0
    again = [[*row, row[0]] for row in labels]
    assert profile(column(again)).tokens >= 20


def test_other_kinds_name_it() -> None:
    assert message(DataError, kb.Text().learn, "note", padded(ROWS)) == (
        "features.note: column 'note' holds arrays, and a text is a string. Expected strings; of "
        "whole numbers that stand for words `features: {note: tokens}`."
    )
    assert message(DataError, kb.Tokens().learn, "note", np.arange(5)) == (
        "features.note: column 'note' has one number a row, and tokens are rows of several. "
        "Expected arrays, lists or cells of numbers; or `features: {note: category}`."
    )
    assert message(DataError, kb.Tokens().learn, "note", np.zeros((3, 4, 2))) == (
        "features.note: column 'note' holds arrays of (4, 2). Expected (time,): one whole number "
        "for each word."
    )
    assert message(DataError, kb.Tokens().learn, "note", np.zeros((3, 4))) == (
        "features.note: column 'note' has no number but padding in the training rows. Leave it out "
        "with `data: {ignore: [note]}`."
    )


def test_a_list_of_layers_reads_them_by_an_embedding_and_mlp_says_who_does() -> None:
    np.savez("rows.npz", x=padded(ROWS), y=MEANT)
    source = kb.Arrays(path="rows.npz", columns={"x": "x", "y": "y"}, target="y")
    layers = [{"embedding": 4}, {"lstm": 3}]
    network = kb.Sequential(layers=layers)
    prepared = kb.prepare(kb.Recipe(data=source, features={"x": kb.Tokens()}))
    built = pipeline.build(prepared, prepared.given.model_copy(update={"model": network}))
    vocabulary = prepared.columns.features["x"].vocabulary  # type: ignore[attr-defined]
    embedding = next(it for it in built.network.model.layers if hasattr(it, "embeddings"))
    assert embedding.input_dim == len(vocabulary) + 2
    layer = preprocessing.preprocessor(prepared.columns)
    two = [layer({"x": padded(ROWS[:9], front=front)})["x_input"] for front in (False, True)]
    answers = [built.network.model.predict({"x_input": given}, verbose=0)["y"] for given in two]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-6)
    wrong = prepared.given.model_copy(update={"model": kb.MLP()})
    assert message(BuildError, pipeline.build, prepared, wrong) == (
        "model: mlp takes vector, sequence, image, and this is text. Expected one of: cnn, "
        "fasttext, gru, lstm, rnn, sequential, tcn, text_cnn, transformer."
    )
    plain = kb.prepare(kb.Recipe(data=source))
    wrong = plain.given.model_copy(update={"model": network})
    assert message(BuildError, pipeline.build, plain, wrong) == (
        "model.layers.0: embedding (layers.0) expects the words of a text (batch, time); its input "
        "here is a vector (batch, 20). Remove it; or, where whole numbers stand for words, write "
        "`features: {x: tokens}`."
    )
