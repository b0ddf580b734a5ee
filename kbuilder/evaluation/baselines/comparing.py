"""What other models answer for the rows that a network is judged by."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns, Rows
from kbuilder.errors import cut, listed, on_one_line
from kbuilder.evaluation.baselines import naive, targets
from kbuilder.evaluation.baselines.blocks import Block, averaged, blocks_of
from kbuilder.evaluation.baselines.boosting import Boosting
from kbuilder.evaluation.baselines.linear import Linear

KINDS: Mapping[str, Any] = {"linear": Linear, "boosting": Boosting}
"""By the names that a recipe has for them."""
BATCH = 4096
"""Rows that are answered at a time."""
FEWEST = 200
"""Rows of a sample that still says something."""


@dataclass(frozen=True)
class Others:
    """What other models answer.

    Args:
        outputs: The answers by baseline and output of the network, each (rows, units).
        notes: What is said of a baseline: what it was fitted on, or why it is left out.
    """

    outputs: Mapping[str, Arrays] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def answers(
    names: Sequence[str],
    columns: Columns,
    train: Rows,
    held: Arrays,
    weights: Arrays | None = None,
    seed: int = 0,
    times: int = 1,
) -> Others:
    """Fit baselines to the training rows, and have them answer for others.

    How many rows they are fitted to goes by numbers of rows, columns and outputs alone, so that
    equal fits have equal baselines. What goes wrong in one is said of it, and is no error.

    Args:
        names: Which, of `KINDS`.
        columns: The learned features and tasks.
        train: Prepared rows and encoded targets.
        held: Prepared rows that are answered for.
        weights: By output how much each training row counts, as in the loss; None: all alike.
        seed: Of the sample and of what is drawn.
        times: How often baselines are fitted in all, so that each takes so much less.
    """
    outputs: dict[str, Arrays] = {}
    notes: dict[str, str] = {}
    if not names or naive.follows(columns):
        return Others()
    blocks = blocks_of(columns, train[0])
    for name in names:
        try:
            with _alone(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a solver that could have gone further
                outputs[name], note = _answers(
                    KINDS[name], blocks, columns, train, held, weights, seed, times
                )
        except targets.UnfitError as why:
            note = f"left out: {why}"
        except Exception as error:  # whatever it is, the fit of the network is done and sound
            note = f"left out: {type(error).__name__}: {cut(on_one_line(str(error)))}"
        if note:
            notes[name] = note
    return Others(outputs, notes)


def _alone() -> Any:
    """One thread alone: where others compute, threads that wait for each other take ten times."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


def _answers(
    kind: Any,
    blocks: Sequence[Block],
    columns: Columns,
    train: Rows,
    held: Arrays,
    weights: Arrays | None,
    seed: int,
    times: int,
) -> tuple[Arrays, str]:
    """The answers of one baseline, and what is said of it; empty: nothing.

    Raises:
        UnfitError: if it cannot be fitted to these rows.
    """
    arrays, encoded = train
    tasks = {output: task for output, (_, task) in columns.outputs().items()}
    known = weights or {}
    own = kind.blocks(blocks)
    if not own:
        raise targets.UnfitError("no column is one of a table")
    outputs = sum(targets.count(task, encoded[output]) for output, task in tasks.items())
    counts = np.ones(len(next(iter(encoded.values()))), bool)
    for counted in known.values():
        counts &= counted > 0
    rows = np.flatnonzero(counts)
    most = kind.most(own, arrays, outputs) // times
    if len(rows) < kind.least:
        raise targets.UnfitError(
            f"it takes {kind.least:,} training rows, and there are {len(rows):,}"
        )
    if most < min(FEWEST, len(rows)):
        raise targets.UnfitError("columns and outputs are too many for it")
    notes = [averaged(own, arrays)]
    if most < len(rows):
        notes.append(f"on a sample of {most:,} of {len(rows):,} training rows")
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    if len(own) < len(blocks):
        gone = listed((repr(b.column) for b in blocks if b not in own), 3)
        notes.append(f"without {gone}")
    model = kind(own, arrays, rows, seed)
    learned = {}
    for output, task in tasks.items():
        share = None if output not in known else known[output][rows].astype(np.float64)
        learned[output] = targets.learn(
            task,
            encoded[output][rows],
            partial(model.classifier, weights=share),
            partial(model.regressor, weights=share),
        )
    found: dict[str, list[np.ndarray]] = {output: [] for output in learned}
    for start in range(0, len(next(iter(held.values()))), BATCH):
        given = model.columns(held, slice(start, start + BATCH))
        for output, answer in learned.items():
            found[output].append(answer(given))
    answered = {output: np.concatenate(parts) for output, parts in found.items()}
    if not all(np.isfinite(values).all() for values in answered.values()):
        raise targets.UnfitError("its answers are not finite")
    return answered, ", ".join(filter(None, notes))
