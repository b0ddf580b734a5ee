"""What is left open of the windows of series, by the series: season, length and stride."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Choice, Following
from kbuilder.data.examples import Windows
from kbuilder.errors import DataError, listed
from kbuilder.lines import to_line
from kbuilder.tables import frequency

TASK = ("task",)
EARLY = 0.7
"""The share of a history that the season is learned from: the rest may be held back."""
SEASONS = 2
"""Seasons that a history has, for one to be found in it."""
CYCLES = 3
"""Cycles of a date that a history has, for its parts to be inputs."""
STRONG = 0.2
"""What of the variance about the trend a season explains, at least (R², adjusted)."""
LONGEST = 104
"""Steps of a window of two seasons, at most; of longer seasons it has a few of the shortest."""
MOST = 20_000_000
"""Numbers of all windows, at most, where the stride is left open."""
CYCLE = {"month": 365.25 * 86_400, "weekday": 7 * 86_400, "hour": 86_400}
"""Seconds after which a part of a date comes again."""
UNIT = {"year": 365.25 * 86_400, "quarter": 91.3 * 86_400, "month": 30.4 * 86_400,
        "business day": 86_400 * 1.4, **frequency.SECONDS}  # fmt: skip


def choices(windows: Windows) -> dict[str, Choice]:
    """Frequency, period, window and stride, where they are left open."""
    task, panel = windows.task, windows.panel
    found: dict[str, Choice] = {}
    if task.frequency is None:
        found["frequency"] = Choice(str(panel.frequency), panel.notes[0] or "as written")
    period = task.period
    if period is None:
        found["period"] = _period(windows)
        period = found["period"].value
    lengths = np.diff(panel.starts)
    window = task.window
    if window is None:
        found["window"] = _window(windows, period, int(np.median(lengths)))
        window = found["window"].value
    needs = window + task.gap + task.horizon
    if lengths.max() < needs:
        shorter = {"name": catalog.name_of(task), **_shorter(int(lengths.max()), task)}
        raise DataError(
            f"{panel.table.origin} has {'a series' if len(lengths) == 1 else 'series'} of "
            f"{lengths.max():,} steps at most, and a window of {window:,} with what it forecasts "
            f"takes {needs:,}. Expected a shorter horizon or window, such as "
            f"`{to_line(TASK, shorter)}`.",
            key=("task", "horizon"),
        )
    if task.stride is None:
        each = window * windows.numbers.shape[1] + task.horizon * (2 + windows.ahead.shape[1])
        many = -(-int(np.maximum(lengths - needs + 1, 0).sum()) * each // MOST)
        why = "each step begins one" if many <= 1 else f"windows of all would be {MOST:,} numbers"
        found["stride"] = Choice(max(1, many), why if many <= 1 else f"{why}, and more")
    return found


def _shorter(longest: int, task: Following) -> Mapping[str, int]:
    """A horizon and a window that a series has room for."""
    horizon = min(task.horizon, max(1, longest // 6))
    return {"horizon": horizon, "window": max(1, min(2 * horizon, longest // 3))}


def _window(windows: Windows, period: int, length: int) -> Choice:
    task = windows.task
    wanted, why = 2 * period, f"two seasons of {period}"
    if period == 1:
        wanted, why = max(8, 2 * task.horizon), "no season, twice the horizon, 8 at least"
    elif 2 * period > LONGEST:
        short = min(windows.panel.frequency.periods)
        wanted, why = min(LONGEST, 4 * short), f"a season of {period} is too long; 4 times {short}"
    if wanted < task.horizon <= LONGEST:
        wanted, why = task.horizon, "as long as the horizon"
    room = max(2, length // 3)
    if wanted > room:
        return Choice(room, f"a third of {length:,} steps; {why} would be {wanted}")
    return Choice(wanted, why)


def _period(windows: Windows) -> Choice:
    """The season that explains most of the early history; 1: none explains enough."""
    panel, best = windows.panel, (STRONG, 1)
    rows = [slice(a, b) for a, b in zip(panel.starts, panel.starts[1:], strict=False)]
    series = [windows.numbers[own, 0] for own in rows]
    early = [one[: _early(len(one), windows.task)] for one in series]
    for period in panel.frequency.periods:
        known = [_strength(one, period) for one in early if len(one) >= SEASONS * period]
        weight = [len(one) for one in early if len(one) >= SEASONS * period]
        if known and np.average(known, weights=weight) > best[0]:
            best = (float(np.average(known, weights=weight)), period)
    tried = listed(panel.frequency.periods) or "none"
    if best[1] == 1:
        return Choice(1, f"no season is seen in the first {EARLY:.0%} (tried: {tried})")
    return Choice(best[1], f"it explains {best[0]:.0%} of what is about the trend of the first "
                           f"{EARLY:.0%} (tried: {tried})")  # fmt: skip


def _early(length: int, task: Following) -> int:
    """The first steps of a history, all before the first origin of a backtest."""
    rolled = task.backtest
    held = 0
    if rolled is not None:
        held = task.gap + task.horizon + (rolled.windows - 1) * (rolled.step or task.horizon)
    return max(0, min(int(EARLY * length), length - held))


def _strength(values: np.ndarray, period: int) -> float:
    """What a season explains of a series without its moving average (R², adjusted)."""
    values = values[~np.isnan(values)]
    if len(values) < SEASONS * period:
        return 0.0
    half = period // 2
    weights = np.full(period + 1 - period % 2, 1.0 / period)
    if period % 2 == 0:
        weights[[0, -1]] /= 2
    trend = np.convolve(values, weights, mode="valid")
    rest = values[half : half + len(trend)] - trend
    whole = float(np.var(rest))
    if not whole > 1e-12 * float(np.var(values)):
        return 0.0
    phase = np.arange(len(rest)) % period
    season = np.bincount(phase, rest) / np.bincount(phase)
    left = float(np.mean((rest - season[phase]) ** 2))
    freedom = len(rest) - period
    return 1 - left / whole * (len(rest) - 1) / freedom if freedom > 0 else 0.0


def parts_of_dates(windows: Windows) -> tuple[str, ...]:
    """The parts of a date whose cycle is longer than a window, and shorter than the history."""
    unit = UNIT.get(windows.panel.frequency.unit)
    if unit is None:
        return ()
    step = unit * windows.panel.frequency.step
    early = EARLY * np.diff(windows.panel.starts).max() * step
    inside = cast(int, windows.task.window) * step
    return tuple(
        name for name, cycle in CYCLE.items()
        if step < cycle and inside < 0.9 * cycle and early >= CYCLES * cycle
    )  # fmt: skip
