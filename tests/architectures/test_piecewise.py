"""Numbers of a table in pieces between quantiles of their training values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import built, message

import kbuilder as kb
from kbuilder.contracts import Signal
from kbuilder.errors import BuildError
from kbuilder.layers.pieces import Pieces

TAKING = [kb.MLP, kb.WideDeep]


def rows(count: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=count), "word": random.choice(list("ab"), count)})
    frame["few"] = random.choice([0.0, 1.0], count)
    frame["z"] = random.gamma(1.0, size=count)
    frame["y"] = np.where((frame["x"] > 0) ^ (frame["z"] > 1), "yes", "no")
    return frame


def network(model: Any, count: int) -> Any:
    split = kb.Random(validation=0, test=0)
    data = kb.Frame(frame=rows(count), target="y", split=split)
    return built(kb.Recipe(data=data, model=model, features={"few": "number"}))


def pieces(prepared: Any) -> list[Pieces]:
    return [one for one in prepared.network.model.layers if isinstance(one, Pieces)]


@pytest.mark.parametrize("model", [kb.MLP(), kb.WideDeep()])
def test_a_thousand_rows_have_pieces_and_fewer_have_none(model: Any) -> None:
    assert pieces(network(model, 999)) == []
    prepared = network(model, 1000)
    [layer] = pieces(prepared)
    assert layer.places == [0, 6]  # x; of the word missing, unknown, a, b; few; z
    assert all(len(knots) == 9 for knots in layer.knots)
    [decision] = [one for one in prepared.decisions if one.key[-1] == "pieces"]
    assert decision.value is True
    assert decision.reason == "1,000 training rows tell what each of 2 numbers does in each"


def test_what_is_written_wins() -> None:
    assert pieces(network(kb.MLP(pieces=False), 1000)) == []
    assert len(pieces(network(kb.MLP(pieces=True), 50))) == 1


@pytest.mark.parametrize("kind", TAKING)
def test_where_no_number_has_pieces_they_are_refused(kind: Any) -> None:
    said = message(BuildError, kb.build, kind(pieces=True), kb.Binary(), (5,))
    assert said == (
        "model.pieces: no number with three or more different values reaches this network, so "
        "there are no pieces. Leave out `pieces`."
    )


def test_of_very_many_numbers_there_are_none_unless_they_are_written() -> None:
    knots = {f"x{n}": (0.0, 1.0, 2.0) for n in range(201)}
    signal = Signal("vector", None, widths=dict.fromkeys(knots, 1), knots=knots, rows=5000)
    [choice] = kb.MLP().decide(signal).values()
    assert (choice.value, choice.reason) == (False, "there are 201 numbers")


def test_a_number_is_in_one_piece_has_passed_those_before_and_not_reached_those_behind() -> None:
    layer = Pieces([1, 0], [[0.0, 1.0, 3.0], [2.0, 4.0, 4.0]])
    found = np.asarray(layer(np.float32([[3, 2], [9, -1]])))
    np.testing.assert_array_equal(found, [
        [3, 2, 0.5, 0.0, 0.0, -0.5], [9, -1, -0.5, -0.5, 0.5, -0.5],
    ])  # fmt: skip


def test_pieces_reach_what_one_slope_does_not() -> None:
    """One dense unit behind a number: with pieces it can rise and fall again."""
    x = np.linspace(-1, 1, 1200)
    frame = pd.DataFrame({"x": x, "y": np.where(np.abs(x) < 0.5, "in", "out")})
    reached = {}
    for wanted in (False, True):
        model = kb.MLP(units=[1], activation="linear", dropout=0, pieces=wanted)
        training = kb.Training(epochs=30, batch_size=64, optimizer={"learning_rate": 0.03})
        data = kb.Frame(frame=frame, target="y")
        run = kb.fit(kb.Recipe(data=data, model=model, training=training), verbose=False)
        reached[wanted] = run.metrics["splits"]["test"]["accuracy"]
    assert reached[True] > 0.9 > 0.75 > reached[False]
