"""The order of an epoch is a function of the seed and the epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder import cache, pipeline
from kbuilder.data import store
from kbuilder.training import ordering
from kbuilder.training.feeding import Feed, training_feed
from kbuilder.training.ordering import BLOCK, TOGETHER


def rows(count: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    column = np.zeros((count, 1), np.float32)
    return {"x": column}, {"y": column}


def feed(count: int, order: Any, seed: int = 0) -> Feed:
    training = kb.Training(order=order, seed=seed, batch_size=64)
    return training_feed(rows(count), {"y": kb.Regression()}, training)


@pytest.mark.parametrize("order", ["rows", "blocks"])
@pytest.mark.parametrize("count", [1, 5, BLOCK, BLOCK * TOGETHER + 1, 3 * BLOCK * TOGETHER + 77])
def test_each_row_comes_once_and_the_order_is_of_seed_and_epoch(order: str, count: int) -> None:
    found = feed(count, order).order(3)
    assert found.dtype == np.int32
    assert np.array_equal(np.sort(found), np.arange(count))
    assert np.array_equal(found, feed(count, order).order(3))
    if count > 100:
        assert not np.array_equal(found, feed(count, order).order(4))
        assert not np.array_equal(found, feed(count, order, seed=1).order(3))


def test_blocks_are_read_together_and_their_rows_are_mixed() -> None:
    count = 10 * BLOCK * TOGETHER
    found = feed(count, "blocks").order(0)
    for start in range(0, count, BLOCK * TOGETHER):
        some = found[start : start + BLOCK * TOGETHER]
        blocks = np.unique(some // BLOCK)
        assert len(blocks) == TOGETHER
        assert np.ptp(blocks) > TOGETHER  # they are from anywhere
        first = some[:BLOCK] // BLOCK
        assert len(np.unique(first)) == TOGETHER  # and their rows come in turns


def test_it_is_left_open_for_few_rows_and_chosen_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    few = kb.Training()
    assert ordering.choose(few, rows(1000)) == (few, None)
    monkeypatch.setattr(ordering, "MANY", 8000)
    chosen, decision = ordering.choose(few, rows(1000))
    assert chosen.order == "blocks"
    assert decision is not None
    assert decision.write == "training: {order: blocks}"
    assert decision.reason.startswith("the training rows take 0.0 GiB, and are read in blocks of")
    written = kb.Training(order="rows")
    assert ordering.choose(written, rows(1000)) == (written, None)


def test_weights_are_those_of_rows_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "LOOKED_FOR", 0)
    monkeypatch.setattr(store, "LEAST", 0)
    monkeypatch.setattr(ordering, "MANY", 0)
    x = np.random.default_rng(0).normal(size=3000)
    pd.DataFrame({"x": x, "y": np.where(x > 0, "yes", "no")}).to_csv("rows.csv", index=False)
    recipe = kb.Recipe(
        data=kb.CSV(path="rows.csv", target="y", checks={"leak": "ignore"}),
        training=kb.Training(epochs=1),
    )
    weights = []
    for place in (cache.NONE, str(tmp_path / "cache")):
        monkeypatch.setenv(cache.FOLDER, place)
        run = pipeline.fit(recipe, run_dir=f"run{len(weights)}", verbose=False)
        assert run.recipe.training.order == "blocks"
        weights.append(run.model.get_weights())
    assert len(cache.entries()) == 1
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
