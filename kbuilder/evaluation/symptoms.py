"""What a fit suffers from, as far as figures show it: each with a line of a recipe to try.

A figure has to be far out for a word: what may be as usual is not told of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kbuilder.evaluation.layer_figures import LayerFigures

MEMORISED = 0.4
"""How much more of the loss is gone on training rows than on others, where they are known by
heart."""
BY_FAR = 0.6
"""The same of a network that is better than each baseline on rows that it has not seen: of texts
and other wide rows that gap is what few rows cost, and no other model does better."""
BEHIND = 0.1
"""How much less of the loss is gone on a network's own training rows than on others by a
baseline."""
SURELY = 4.0
"""Standard errors between two losses that are not the same."""
UNLIKE = 1.25
"""How many times as high one of two losses is that are not alike."""
FEWEST_HELD = 10
"""Rows of a split of which a loss and its spread are known at all, at least."""
FEWEST_ROWS = 50
"""Rows of validation, and of test, that are compared, at least."""
DEAD, NEARLY_ALL, FEWEST_UNITS = 0.5, 0.9, 16
"""The share of dead units of a layer that is told of where the loss is high, and where it is low,
too: half of those that see one number which is never below 0 are dead at the beginning; and how
many units the layer has."""
HIGH = 0.5
"""A loss that is high, as a share of that of one answer for all."""
VANISHED = 1e-5
"""The gradient of a layer as a share of the largest of all."""
EXPLODED = 100.0
"""How many times as large as its weight a gradient is."""
EPOCHS = 5
"""Epochs that show whether steps are too large or too small, at least."""
RISE, OFTEN = 0.05, 1 / 3
"""The share by which a loss rises, or of half of what one answer for all loses, and in how many
epochs, where steps are too large."""
WORSE = 1.05
"""How many times the loss of the best constant answer is too much for training rows."""
SLOW, EVEN = 0.3, 0.6
"""The share of a loss that is gone at most at the end of steps that are too small; and how much of
what is gone in the first half of the epochs goes in the second."""
LEAST_LOSS = 1e-3
"""A loss that is next to nothing: no gradient of it says much."""


class Symptom(NamedTuple):
    """What a fit suffers from.

    Args:
        name: What it is called.
        message: What it rests on, with its figure.
        line: What to try, as an argument of `kbuilder fit`; empty: nothing.
    """

    name: str
    message: str
    line: str

    def say(self) -> str:
        """What is printed, in one line."""
        return said(self._asdict())


def said(found: Mapping[str, str]) -> str:
    """A symptom as it stands in `metrics.json`, in one line."""
    line = f". Try `{found['line']}`" if found["line"] else ""
    return f"{found['name']}: {found['message']}{line}"


class Figures(NamedTuple):
    """What is known of a fit.

    Args:
        history: Figures of each epoch, of the last network of several.
        ending: The entry `fit` of `metrics.json`.
        train: The loss on training rows once the fit is done.
        held: Of validation and test, their losses, and how many rows each has.
        spread: The standard deviation of the loss of single rows, of each; left out: not known.
        constant: The loss of the best constant answer.
        baselines: The losses of the other baselines on the last of `held`.
        layers: Of the network.
        weight_decay, rate: As the recipe has them.
        usual: The learning rate that the optimizer has by default.
        folds: Whether rows are held out in folds already, or cannot be.
    """

    history: Sequence[Mapping[str, float]]
    ending: Mapping[str, Any]
    train: float
    held: Mapping[str, tuple[float, int]]
    spread: Mapping[str, float]
    constant: float
    baselines: Mapping[str, float]
    layers: Sequence[LayerFigures]
    weight_decay: float
    rate: float
    usual: float
    folds: bool


def symptoms(known: Figures) -> list[Symptom]:
    """What a fit suffers from, causes before what follows from them."""
    found = [*_gradients(known), *_dead(known)]
    found += [] if found else _large_steps(known)
    found += [] if found else _small_steps(known)
    fitted = [*_memorised(known), *([] if found else _behind(known))]
    return [*found, *fitted, *_unlike(known)]


def _smaller(known: Figures) -> str:
    """A smaller learning rate: the usual one, or a tenth."""
    return _with_rate(known.usual if known.rate > 3 * known.usual else known.rate / 10)


def _larger(known: Figures) -> str:
    """A larger one."""
    return _with_rate(known.usual if known.rate < known.usual / 3 else known.rate * 10)


def _with_rate(rate: float) -> str:
    return f"-o training.optimizer.learning_rate={rate:.3g}"


def _gradients(known: Figures) -> Iterator[Symptom]:
    """Gradients that are next to nothing in some layer, or many times its weight."""
    learned = [one for one in known.layers if one.gradient is not None]
    if not learned:
        return
    largest = max(learned, key=lambda one: one.gradient or 0.0)
    ratios = [((one.gradient or 0.0) / one.weight if one.weight else 0.0, one) for one in learned]
    ratio, steepest = max(ratios, key=lambda pair: pair[0])
    if ratio > EXPLODED or not np.isfinite(ratio):
        yield Symptom(
            "exploding gradients",
            f"the gradient of layer {steepest.name} is {ratio:.3g} times as large as its weights",
            "-o training.optimizer.global_clipnorm=1",
        )
        return
    least = min(learned, key=lambda one: one.gradient or 0.0)
    share = (least.gradient or 0.0) / largest.gradient if largest.gradient else 1.0
    killed = any(_is_dead(known, one) for one in known.layers)
    if share < VANISHED and known.train > LEAST_LOSS and not killed:
        yield Symptom(
            "vanishing gradients",
            f"the gradient of layer {least.name} is {share:.1g} of that of {largest.name}: what "
            "lies before does not learn. A network that is less deep, with relu and batch "
            "normalization, learns; without `model` one is chosen that does",
            "-o model=null",
        )


def _is_dead(known: Figures, one: LayerFigures) -> bool:
    share = DEAD if known.train > HIGH * known.constant else NEARLY_ALL
    return one.dead is not None and one.units >= FEWEST_UNITS and one.dead >= share


def _dead(known: Figures) -> Iterator[Symptom]:
    """Units that are 0 in every row, and so have no gradient to come back by."""
    dead = [one for one in known.layers if _is_dead(known, one)]
    if dead:
        worst = max(dead, key=lambda one: one.dead or 0.0)
        assert worst.dead is not None
        count = round(worst.dead * worst.units)
        yield Symptom(
            "dead units",
            f"{count:,} of {worst.units:,} units of layer {worst.name} are 0 in every row, and "
            "learn no more. Large steps do this",
            _smaller(known),
        )


def _losses(known: Figures) -> np.ndarray:
    """The training loss of each epoch."""
    return np.array([epoch.get("loss", np.nan) for epoch in known.history], np.float64)


def _large_steps(known: Figures) -> Iterator[Symptom]:
    """A loss that rises again and again, or is above that of a constant on the rows it learns."""
    losses = _losses(known)
    line = _smaller(known)
    least = known.constant / 2 or losses[0]
    rises = int((np.diff(losses) > RISE * np.maximum(losses[:-1], least)).sum())
    if len(losses) >= EPOCHS and rises >= OFTEN * (len(losses) - 1):
        yield Symptom(
            "learning rate too high",
            f"the training loss rose by more than {RISE:.0%} in {rises} of {len(losses) - 1} "
            "epochs",
            line,
        )
    elif known.train > WORSE * known.constant > 0 and known.rate > known.usual / 10:
        yield Symptom(
            "learning rate too high",
            f"on its training rows the loss is {known.train:.3g}, and that of one answer for all "
            f"is {known.constant:.3g}",
            line,
        )


def _small_steps(known: Figures) -> Iterator[Symptom]:
    """A loss that falls in each epoch, by little, and as fast at the end as at the beginning."""
    losses = _losses(known)
    rates = {epoch.get("learning_rate") for epoch in known.history}
    if len(losses) < EPOCHS or len(rates) > 1 or not (losses > 0).all():
        return
    middle = len(losses) // 2
    first, second = losses[0] - losses[middle], losses[middle] - losses[-1]
    second *= middle / (len(losses) - 1 - middle)
    falls = (np.diff(losses) < 0).mean()
    gone = 1 - losses[-1] / losses[0]
    even = first > 0 and second >= EVEN * first
    held = next(iter(known.held.values()), (0.0, 0))[0]
    far = known.constant > 0 and min(known.train, held or known.train) > 0.7 * known.constant
    if falls >= 0.8 and 0 < gone < SLOW and even and far and known.ending["ended_by"] == "epochs":
        yield Symptom(
            "learning rate too low",
            f"in {len(losses)} epochs the training loss fell by {gone:.1%}, and as fast at the end "
            "as at the beginning",
            _larger(known),
        )


def _memorised(known: Figures) -> Iterator[Symptom]:
    """Training rows that are known much better than others."""
    if not known.held or known.constant <= 0:
        return
    name, (loss, rows) = list(known.held.items())[-1]
    own, others = (1 - max(0.0, one) / known.constant for one in (known.train, loss))
    sure = _apart(known, name, known.train) > SURELY
    best = bool(known.baselines) and loss < min(known.baselines.values())
    if own - others > (BY_FAR if best else MEMORISED) and sure:
        decay = 10 * known.weight_decay or 0.01
        yield Symptom(
            "overfitting",
            f"of the loss of one answer for all, {own:.0%} is gone on training rows, and "
            f"{max(others, 0):.0%} on {rows:,} rows of {name}",
            f"-o training.optimizer.weight_decay={decay:.3g}",
        )


def _apart(known: Figures, name: str, other: float) -> float:
    """Standard errors between a loss and that of a split; 0: it is not known."""
    loss, rows = known.held[name]
    spread = known.spread.get(name)
    if spread is None or rows < FEWEST_HELD:
        return 0.0
    return abs(loss - other) / max(spread / rows**0.5, 1e-12)


def _behind(known: Figures) -> Iterator[Symptom]:
    """Training rows that are known less than a baseline knows rows that it has not seen."""
    if not known.baselines or known.constant <= 0:
        return
    best = min(known.baselines, key=lambda name: known.baselines[name])
    own, theirs = (1 - one / known.constant for one in (known.train, known.baselines[best]))
    if theirs - own <= BEHIND:
        return
    told = (
        f"of the loss of one answer for all, {max(own, 0):.0%} is gone on its own training rows, "
        f"and {best} takes away {theirs:.0%} on rows that it has not seen"
    )
    if known.rate <= known.usual / 10:
        told += f"; the learning rate is {known.rate:g}, and {known.usual:g} is usual"
        yield Symptom("learning rate too low", told, _larger(known))
        return
    more = f"-o training.epochs={4 * known.ending['of']}"
    by_epochs = known.ending["ended_by"] == "epochs"
    yield Symptom("underfitting", told, more if by_epochs else "-o model=null")


def _unlike(known: Figures) -> Iterator[Symptom]:
    """A loss on validation that says little of that on test."""
    if not {"validation", "test"} <= set(known.held) or not known.spread:
        return
    (first, rows), (second, others) = known.held["validation"], known.held["test"]
    deviations = [known.spread.get(name) for name in ("validation", "test")]
    if None in deviations or min(rows, others) < FEWEST_ROWS:
        return
    error = sum(d**2 / n for d, n in zip(deviations, (rows, others), strict=True) if d) ** 0.5
    low, high = sorted((first, second))
    if error > 0 and high - low > SURELY * error and high > UNLIKE * max(low, 1e-12):
        told = "the rows of test are others than those that the epoch is chosen by"
        yield Symptom(
            "validation unlike test",
            f"the loss is {first:.3g} on validation and {second:.3g} on test, {rows:,} and "
            f"{others:,} rows: {told}",
            "" if known.folds else "--folds 5",
        )
