"""How much each column matters, on answers whose reasons are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder.columns import PACKED, Arrays, Columns, Target
from kbuilder.evaluation import importance as explained
from kbuilder.evaluation.importance import MOST, importance
from kbuilder.evaluation.intervals import Drawing

NAMES = ("strong", "weak", "copy", "noise", "kind")


def columns_of(names: Any = NAMES) -> Columns:
    number = kb.Number(mean=0.0, scale=1.0, indicator=False)
    features = {name: number for name in names if name != "kind"}
    if "kind" in names:
        features["kind"] = kb.Category(vocabulary=["a", "b", "c"], embedding=0)
    task = kb.Regression(outputs=1, mean=[0.0], scale=[1.0])
    return Columns(features, (Target(("y",), task),))


def rows(seed: int, count: int = 500) -> tuple[Arrays, Arrays]:
    """Prepared rows and their target, which follows two columns."""
    random = np.random.default_rng(seed)
    strong, weak, noise = random.normal(size=(3, count))
    copy = strong + 0.01 * random.normal(size=count)
    kind = np.eye(columns_of().width("kind"))[random.integers(0, 3, count)]
    packed = np.column_stack([strong, weak, copy, noise, kind]).astype(np.float32)
    truth = 3 * strong + 0.5 * weak + 0.3 * random.normal(size=count)
    return {PACKED: packed}, {"y": truth[:, None].astype(np.float32)}


def answer(arrays: Arrays) -> Arrays:
    """What a network that learned the truth would say."""
    packed = arrays[PACKED]
    return {"y": (1.5 * packed[:, :1] + 0.5 * packed[:, 1:2] + 1.5 * packed[:, 2:3])}


def test_what_matters_does_and_what_does_not_does_not() -> None:
    inside = 0
    for seed in range(10):
        arrays, truth = rows(seed)
        before = arrays[PACKED].copy()
        found = importance(columns_of(), arrays, truth, answer, "r2", drawing=Drawing(None, seed))
        assert np.array_equal(arrays[PACKED], before)
        by = {tuple(one["columns"]): one for one in found["columns"]}
        assert found["columns"][0]["columns"] == ["strong", "copy"]  # each says the other
        assert set(by) == {("strong", "copy"), ("weak",), ("noise",), ("kind",)}
        assert by["strong", "copy"]["drop"] > 0.8
        assert 0.01 < by["weak",]["drop"] < 0.2
        assert by["weak",]["interval"][0] > 0
        for name in ("noise", "kind"):
            low, high = by[name,]["interval"]
            inside += low <= 0 <= high
    assert inside == 20  # no answer goes by them
    again = importance(columns_of(), arrays, truth, answer, "r2", drawing=Drawing(None, seed))
    assert again == found


def test_all_pairs_of_columns_are_compared_as_each_pair_is() -> None:
    random = np.random.default_rng(0)
    columns = [random.normal(size=(200, width)) for width in (1, 3, 2, 1)]
    columns.append(columns[1] @ random.normal(size=(3, 2)))  # says a part of it
    columns += [np.ones((200, 2)), random.normal(size=(200, 199))]
    bases = [explained._basis(values) for values in columns]
    found = explained._shares(bases)
    for one, by in enumerate(bases):
        for other, of in enumerate(bases):
            each = explained._shares([by, of])[0, 1]
            assert found[one, other] == pytest.approx(each, abs=1e-12)
    assert found[1, 4] == pytest.approx(1.0)
    assert not found[5:].any()  # one never varies, the other has as many numbers as rows


def test_of_very_many_columns_no_two_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explained, "_alike", lambda blocks, arrays: pytest.fail("compared"))
    names = [f"x{n}" for n in range(explained.COMPARED + 1)]
    arrays = {PACKED: np.zeros((30, len(names)), np.float32)}
    found = importance(columns_of(names), arrays, {"y": np.zeros((30, 1))}, answer, "r2")
    assert found == {"reason": f"there are more than {MOST} columns"}


def test_a_weight_that_was_learned_of_chance_is_not_sure() -> None:
    """An answer that goes a little by noise is sometimes better and sometimes worse for it."""

    def misled(arrays: Arrays) -> Arrays:
        return {"y": answer(arrays)["y"] + 0.02 * arrays[PACKED][:, 3:4]}

    sure = 0
    for seed in range(20):
        arrays, truth = rows(seed)
        found = importance(columns_of(), arrays, truth, misled, "r2", drawing=Drawing(None, seed))
        [noise] = [one for one in found["columns"] if one["columns"] == ["noise"]]
        sure += noise["interval"][0] > 0
    assert sure <= 3


def test_weights_count_and_groups_are_drawn_whole() -> None:
    arrays, truth = rows(1)
    weights = (arrays[PACKED][:, 0] > 0).astype(np.float64)
    drawing = Drawing(np.arange(500) // 10, 1)
    found = importance(columns_of(), arrays, truth, answer, "r2", weights, drawing)
    wide, plain = (
        importance(columns_of(), arrays, truth, answer, "r2", drawing=own)["columns"][1]["interval"]
        for own in (Drawing(np.arange(500) // 100, 1), Drawing(None, 1))
    )
    assert found["columns"][0]["columns"] == ["strong", "copy"]
    assert wide != plain


def test_where_nothing_can_be_said_the_reason_is() -> None:
    arrays, truth = rows(0)
    few = ({PACKED: arrays[PACKED][:10]}, {"y": truth["y"][:10]})
    assert "10 rows" in importance(columns_of(), *few, answer, "r2")["reason"]
    one = importance(columns_of(["a"]), {PACKED: arrays[PACKED][:, :1]}, truth, answer, "r2")
    assert "one column" in one["reason"]
    many = columns_of([f"x{n}" for n in range(MOST + 1)])
    wide = {PACKED: np.random.default_rng(0).normal(size=(500, MOST + 1)).astype(np.float32)}
    assert "more than 100 columns" in importance(many, wide, truth, answer, "r2")["reason"]
    drawing = Drawing(np.zeros(500, int), 0)
    assert (
        "their groups, are too few"
        in importance(columns_of(), arrays, truth, answer, "r2", None, drawing)["reason"]
    )


@pytest.mark.parametrize("shape", [(4, 2), (6, 6, 1)])
def test_other_inputs_are_exchanged_as_a_whole(shape: tuple[int, ...]) -> None:
    """A sequence or a picture beside numbers."""
    random = np.random.default_rng(0)
    columns = columns_of(["weak"])
    series = kb.Array(shape=list(shape), mean=[0.0] * shape[-1], scale=[1.0] * shape[-1])
    columns = Columns({**columns.features, "series": series}, columns.targets)
    key = columns.keys()["series"]
    values = random.normal(size=(300, *shape)).astype(np.float32)
    weak = random.normal(size=(300, 1)).astype(np.float32)
    truth = {"y": values.reshape(300, -1).sum(axis=1, keepdims=True)}

    def by_series(arrays: Arrays) -> Arrays:
        return {"y": arrays[key].reshape(len(arrays[key]), -1).sum(axis=1, keepdims=True)}

    arrays = {PACKED: weak, key: values} if key != PACKED else None
    if arrays is None:
        pytest.skip("arrays of this shape are packed")
    found = importance(columns, arrays, truth, by_series, "r2")
    assert [one["columns"] for one in found["columns"]] == [["series"], ["weak"]]
    assert found["columns"][1]["drop"] == 0


def test_what_is_answered_at_once_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays, truth = rows(4)
    sizes: list[int] = []

    def counting(given: Arrays) -> Arrays:
        sizes.append(len(given[PACKED]))
        return answer(given)

    found = importance(columns_of(), arrays, truth, counting, "r2")
    assert sizes == [500, 500 * 4 * 4]  # four groups of columns, four times each
    monkeypatch.setattr(explained, "TOGETHER", 1)
    sizes.clear()
    assert importance(columns_of(), arrays, truth, counting, "r2") == found
    assert sizes == [500] * 17
