"""One prepared data set is for any number of fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import message, mixed

import kbuilder as kb
from kbuilder.errors import CallError, DataError
from kbuilder.tables import chunks

MODELS: list[Any] = [kb.MLP(units=4), kb.Linear(), kb.WideDeep(units=[3])]


def recipe(**given: Any) -> kb.Recipe:
    training = {"epochs": 1, "batch_size": 32, "seed": 3, **given.pop("training", {})}
    data = kb.CSV(path=Path("rows.csv"), target="answer")
    return kb.Recipe(data=data, training=kb.Training(**training), **given)


@pytest.fixture(autouse=True)
def rows() -> None:
    mixed().to_csv("rows.csv", index=False)


@pytest.mark.slow
def test_three_networks_read_the_file_once_and_are_those_of_three_whole_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = [kb.fit(recipe(model=model), run_dir=f"whole-{n}", verbose=False)
             for n, model in enumerate(MODELS)]  # fmt: skip
    read: list[Path] = []
    plain = chunks.read

    def counted(path: Path, *args: Any, **named: Any) -> Any:
        read.append(path)
        return plain(path, *args, **named)

    monkeypatch.setattr("kbuilder.tables.chunks.read", counted)
    data = kb.prepare(recipe())
    runs = [kb.fit(recipe(model=model), data=data, run_dir=f"run-{n}", verbose=False)
            for n, model in enumerate(MODELS)]  # fmt: skip
    assert read == [Path("rows.csv")]
    for one, other in zip(whole, runs, strict=True):
        for mine, its in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, its)
        assert one.metrics == other.metrics
        assert one.recipe == other.recipe
        assert [d.key for d in one.decisions] == [d.key for d in other.decisions]
        assert kb.load(other.path).metrics == other.metrics


def test_a_recipe_that_says_something_else_of_the_rows_is_refused() -> None:
    data = kb.prepare(recipe())
    other = recipe(features={"size": kb.Number(mean=3)}, task=kb.Binary(positive="no"))
    assert message(CallError, kb.fit, other, data=data, verbose=False) == (
        "the recipe differs from that of the prepared data in features, task. Expected another "
        "model or training alone; prepare the rows anew for the rest."
    )
    assert not Path("runs").exists()
    assert "Expected `kb.prepare(…, smoke=True)`" in message(
        CallError, kb.fit, recipe(), data=data, smoke=True, verbose=False
    )


def test_what_does_not_go_with_the_task_is_refused_then() -> None:
    frame = mixed()
    numbers = kb.Recipe(data=kb.Frame(frame=frame, target="size"))
    balanced = numbers.model_copy(update={"training": kb.Training(balance="auto")})
    data = kb.prepare(numbers)
    assert "has no single class per row to balance" in message(
        DataError, kb.fit, balanced, data=data, verbose=False
    )
