"""The value a season before each step to come, and what has changed since; linear in a window."""

from __future__ import annotations

from kbuilder.late import np


def before(window: int, horizon: int, period: int, gap: int = 0) -> np.ndarray:
    """What turns the steps of a window into a forecast of those that follow it.

    Args:
        window, horizon, period: Steps, each >= 1. A window that holds no season is as one of
            period 1, which is none.
        gap: Steps between the last of the window and the first to come, >= 0.

    Returns:
        (3, window, horizon). The first gives the value a season before each step to come. Where
        there is a season, the second gives by how much the level has risen since then: the last
        season less the one before it, or as many of their steps as the window has of both. The
        third gives the value a season earlier still, less the first. Without a season these are
        the mean of the window less its last value, and the line from its first value to the last,
        drawn on from there.
    """
    last = window - 1
    found = np.zeros((3, window, horizon))
    seasonal = has_season(window, period)
    period = period if seasonal else 1
    for step in range(horizon):
        ahead = gap + 1 + step
        place = last + ahead - period * -(-ahead // period)
        place = place if place >= 0 else last
        found[0, place, step] = 1.0
        if not seasonal:
            found[1, :, step] += 1.0 / window
            found[1, last, step] -= 1.0
            found[2, last, step] += ahead / max(last, 1)
            found[2, 0, step] -= ahead / max(last, 1)
            continue
        both = min(period, window - period)
        if both:
            found[1, window - both :, step] += 1.0 / both
            found[1, window - period - both : window - period, step] -= 1.0 / both
        if place >= period:
            found[2, place - period, step] += 1.0
            found[2, place, step] -= 1.0
    return found


def has_season(window: int, period: int) -> bool:
    """Whether a window holds a season."""
    return 1 < period <= window
