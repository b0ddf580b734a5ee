"""Requests that are answered together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from halting import HANG

from kbuilder.serving.batching import Batcher, ClosedError
from kbuilder.serving.refusals import BusyError, DeadlineError, RequestError
from kbuilder.serving.signature import Columns


class Model:
    """Doubles numbers; refuses negative ones; waits where it is told to."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.go = threading.Event()
        self.go.set()
        self.at_work = threading.Event()

    def __call__(self, columns: Columns) -> Columns:
        self.at_work.set()
        assert self.go.wait(10)
        self.batches.append(len(columns["x"]))
        if (columns["x"] < 0).any():
            raise RequestError("a negative number")
        return {"y": 2 * columns["x"]}


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def batcher(model: Model) -> Iterator[Batcher]:
    made = Batcher(model, most=8, waiting=20)
    yield made
    model.go.set()
    made.close()


def rows(*values: float) -> Columns:
    return {"x": np.array(values, np.float32)}


async def held(
    model: Model, batcher: Batcher, *waiting: Columns, seconds: float = HANG
) -> list[Any]:
    """What comes of requests that wait together while the model is at work on another."""
    model.go.clear()
    model.at_work.clear()
    first = asyncio.create_task(batcher.ask(rows(0), HANG))
    await asyncio.to_thread(model.at_work.wait, HANG)
    tasks = [asyncio.create_task(batcher.ask(columns, seconds)) for columns in waiting]
    await asyncio.sleep(0)  # in which each begins to wait
    model.go.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_waits_is_answered_together_each_with_its_own(model: Model, batcher: Batcher) -> None:
    found = asyncio.run(held(model, batcher, rows(1), rows(2, 3), rows(4)))
    assert [answer["y"].tolist() for answer in found] == [[2], [4, 6], [8]]
    assert model.batches == [1, 4]


def test_a_batch_has_no_more_rows_than_it_may_and_a_large_request_several(
    model: Model, batcher: Batcher
) -> None:
    found = asyncio.run(held(model, batcher, rows(*range(5)), rows(*range(5)), rows(*range(9))))
    assert [len(answer["y"]) for answer in found] == [5, 5, 9]
    assert found[2]["y"].tolist() == [2 * value for value in range(9)]
    assert model.batches == [1, 5, 5, 8, 1]


def test_a_bad_row_does_not_fail_its_neighbours(model: Model, batcher: Batcher) -> None:
    one, bad, other = asyncio.run(held(model, batcher, rows(1), rows(-1), rows(2)))
    assert (one["y"].tolist(), other["y"].tolist()) == ([2], [4])
    assert isinstance(bad, RequestError)


def test_one_bad_row_of_many_costs_few_calls(model: Model) -> None:
    batcher = Batcher(model, most=256)
    found = asyncio.run(held(model, batcher, *(rows(n if n != 70 else -1) for n in range(200))))
    batcher.close()
    assert [type(answer) for answer in found].count(RequestError) == 1
    assert isinstance(found[70], RequestError)
    assert found[199]["y"].tolist() == [398]
    assert len(model.batches) < 20


def test_columns_in_another_order_are_answered_together(model: Model, batcher: Batcher) -> None:
    one, other = ({name: rows(1)["x"] for name in names} for names in ("xy", "yx"))
    asyncio.run(held(model, batcher, one, other))
    assert model.batches == [1, 2]


def test_what_nobody_waits_for_is_not_computed(model: Model, batcher: Batcher) -> None:
    async def late() -> None:
        model.go.clear()
        asking = asyncio.create_task(batcher.ask(rows(*range(80)), 0.05))
        with pytest.raises(DeadlineError):
            await asking
        model.go.set()
        await batcher.ask(rows(5), HANG)

    asyncio.run(late())
    assert model.batches == [8, 1]


def test_rows_of_other_shapes_are_apart(model: Model, batcher: Batcher) -> None:
    wide = {"x": np.ones((1, 2), np.float32)}
    found = asyncio.run(held(model, batcher, rows(1), wide, rows(2)))
    assert [answer["y"].tolist() for answer in found] == [[2], [[2, 2]], [4]]
    assert model.batches == [1, 1, 1, 1]


def test_more_rows_than_may_wait_are_refused(model: Model, batcher: Batcher) -> None:
    many = rows(*range(8))
    found = asyncio.run(held(model, batcher, many, many, many))
    assert [type(answer) for answer in found] == [dict, dict, BusyError]


def test_a_request_whose_time_is_up_is_not_computed(model: Model, batcher: Batcher) -> None:
    async def late() -> list[Any]:
        model.go.clear()
        model.at_work.clear()
        first = asyncio.create_task(batcher.ask(rows(0), HANG))
        await asyncio.to_thread(model.at_work.wait, HANG)
        found = await asyncio.gather(batcher.ask(rows(1), 0.05), return_exceptions=True)
        model.go.set()
        await first
        await batcher.ask(rows(2), HANG)
        return found

    [answer] = asyncio.run(late())
    assert isinstance(answer, DeadlineError)
    assert model.batches == [1, 1]  # of the two others


def test_closing_answers_what_waits_and_takes_no_more(model: Model) -> None:
    batcher = Batcher(model, most=2)

    async def closing() -> list[Any]:
        model.go.clear()
        model.at_work.clear()
        tasks = [asyncio.create_task(batcher.ask(rows(n), HANG)) for n in range(5)]
        await asyncio.to_thread(model.at_work.wait, HANG)
        ended = asyncio.create_task(asyncio.to_thread(batcher.close))
        while not batcher._closed:
            await asyncio.sleep(0)
        model.go.set()
        await ended
        with pytest.raises(ClosedError):
            await batcher.ask(rows(9), HANG)
        return await asyncio.gather(*tasks)

    assert [answer["y"].tolist() for answer in asyncio.run(closing())] == [[0], [2], [4], [6], [8]]
