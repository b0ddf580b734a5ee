"""Requests of many clients answered together: what waits while one batch is computed is the next.

So that nobody waits for a batch to fill, and many clients get large ones.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from kbuilder.serving.refusals import BusyError, DeadlineError, RowError
from kbuilder.serving.signature import Columns

Predict = Callable[[Columns], Columns]


class ClosedError(BusyError):
    """The model is no longer served by this batcher."""


@dataclass(eq=False)
class _Request:
    columns: Columns
    rows: int
    deadline: float
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Columns]
    shapes: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        shapes = ((name, v.shape[1:], v.dtype) for name, v in self.columns.items())
        self.shapes = tuple(sorted(shapes, key=itemgetter(0)))

    def give(self, answer: Columns | BaseException) -> None:
        """Answer, in the loop's own thread."""
        if self.future.done():  # the client has gone, or its time was up
            return
        if isinstance(answer, BaseException):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


class Batcher:
    """Answers requests in batches, in a thread of its own.

    Args:
        predict: Answers columns of any number of rows.
        most: Rows that are computed at once; a request of more is alone, and computed in parts.
        waiting: Rows that may wait; None: as many as eight batches have, 8,192 at least.
        noted: Called with the rows of each batch.
    """

    def __init__(
        self,
        predict: Predict,
        most: int = 256,
        waiting: int | None = None,
        noted: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self.predict = predict
        self.most = most
        self.waiting = max(8192, 8 * most) if waiting is None else waiting
        self.noted = noted
        self._queue: deque[_Request] = deque()
        self._rows = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    @property
    def rows(self) -> int:
        """Rows that wait."""
        return self._rows

    async def ask(self, columns: Columns, seconds: float) -> Columns:
        """The answer to some rows.

        Raises:
            BusyError: if too many rows wait already.
            DeadlineError: if it takes longer than so many seconds.
            ClosedError: if the model is no longer served.
        """
        loop = asyncio.get_running_loop()
        rows = len(next(iter(columns.values())))
        deadline = time.monotonic() + seconds
        request = _Request(columns, rows, deadline, loop, loop.create_future())
        with self._changed:
            if self._closed:
                raise ClosedError("the server is going down")
            if self._rows and self._rows + rows > self.waiting:
                raise BusyError("too many requests wait already")
            self._queue.append(request)
            self._rows += rows
            self._changed.notify()
        late = DeadlineError(f"not answered within {seconds:g} s")
        timer = loop.call_later(seconds, request.give, late)
        try:
            return await request.future
        finally:
            timer.cancel()

    def close(self) -> None:
        """Answer what waits, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            batch = self._next()
            if batch is None:
                return
            answers = self._answers(batch)
            for loop in {request.loop for request in batch}:
                loop.call_soon_threadsafe(_give, [
                    pair for pair in zip(batch, answers, strict=True) if pair[0].loop is loop
                ])  # fmt: skip

    def _next(self) -> list[_Request] | None:
        """The requests of the next batch; None: there will be none."""
        with self._changed:
            while not self._queue:
                if self._closed:
                    return None
                self._changed.wait()
            batch = [self._queue.popleft()]
            rows = batch[0].rows
            while (
                self._queue
                and rows + self._queue[0].rows <= self.most
                and self._queue[0].shapes == batch[0].shapes
            ):
                batch.append(self._queue.popleft())
                rows += batch[-1].rows
            self._rows -= rows
            return batch

    def _answers(self, batch: Sequence[_Request]) -> list[Columns | BaseException]:
        """An answer for each request; one that fails does not fail the others."""
        now = time.monotonic()
        going = [
            request for request in batch if request.deadline > now and not request.future.done()
        ]
        found = dict.fromkeys(batch, DeadlineError("not answered in time"))  # type: dict[_Request, Columns | BaseException]
        if going:
            found.update(zip(going, self._together(going), strict=True))
        return [found[request] for request in batch]

    def _together(self, batch: Sequence[_Request]) -> list[Columns | BaseException]:
        try:
            answer = self._computed(_joined([request.columns for request in batch]), batch)
        except Exception as error:  # whatever it is, it is the answer to the row that brings it
            if len(batch) == 1:
                return [error]
            half = len(batch) // 2  # so that one bad row of many costs few calls
            return self._together(batch[:half]) + self._together(batch[half:])
        self.noted(sum(request.rows for request in batch))
        ends = np.cumsum([request.rows for request in batch])
        return [
            {name: values[end - request.rows : end] for name, values in answer.items()}
            for request, end in zip(batch, ends, strict=True)
        ]

    def _computed(self, columns: Columns, batch: Sequence[_Request]) -> Columns:
        """The answer to any number of rows, never more of them at once than memory is meant for."""
        rows = len(next(iter(columns.values())))
        if rows <= self.most:
            return self.predict(columns)
        parts = []
        for start in range(0, rows, self.most):
            if all(request.future.done() for request in batch):
                raise DeadlineError("not answered in time")  # nobody waits for the rest
            part = {name: values[start : start + self.most] for name, values in columns.items()}
            try:
                parts.append(self.predict(part))
            except RowError as error:
                raise error.after(start) from None
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _give(pairs: Sequence[tuple[_Request, Columns | BaseException]]) -> None:
    for request, answer in pairs:
        request.give(answer)


def _joined(parts: Sequence[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
