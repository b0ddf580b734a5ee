"""Which rows are held back. Scripts bring these functions along, printed as they stand here."""

from __future__ import annotations

from typing import Any

from kbuilder.late import np


def hold_back(rows: Any, share: Any, groups: Any, random: Any, least: Any = 0) -> Any:
    """The rows that stay and those that are held back; each group gives its share.

    A group of at least so many rows gives one, unless `least` is 0.
    """
    order = random.permutation(rows)
    if groups is not None:
        order = order[np.argsort(groups[order], kind="stable")]
    steps = np.arange(1.0, len(order) + 1)  # rows may be many: few copies
    steps *= share
    steps += 0.5 * (groups is None)
    np.floor(steps, out=steps)
    held = np.append(steps[:1] > 0, steps[1:] > steps[:-1])
    if groups is not None:
        inside = groups[order]
        first = np.append(True, inside[1:] > inside[:-1])
        held &= ~first  # the first row of each group stays
        begins = np.flatnonzero(first)
        sizes = np.diff(np.append(begins, len(order)))
        counts = np.add.reduceat(held, begins, dtype=np.intp)
        lacking = (counts == 0) & (sizes >= (least or np.inf))
        held[(begins + sizes - 1)[lacking]] = True
    return order[~held], order[held]


def hold_whole(rows: Any, share: Any, owners: Any, groups: Any, random: Any) -> Any:
    """The rows that stay and those that are held back; an owner's rows are on one side.

    Owners come in a random order, and are held back as long as that brings the groups nearer to
    their shares. One at least is held back, and one stays.
    """
    owner = np.unique(owners[rows], return_inverse=True)[1]
    group = np.zeros(len(rows), int)
    if groups is not None:
        group = np.unique(groups[rows], return_inverse=True)[1]
    whole = np.bincount(group)
    lacking = whole * share
    order = np.argsort(owner, kind="stable")
    of_owner = np.split(group[order], np.flatnonzero(np.diff(owner[order])) + 1)
    held = np.zeros(len(of_owner), bool)
    costs = np.full(len(of_owner), np.inf)
    for number in random.permutation(len(of_owner)):
        inner, counts = np.unique(of_owner[number], return_counts=True)
        costs[number] = np.sum(counts * (counts - 2 * lacking[inner]) / whole[inner])
        if costs[number] < 0 and held.sum() < len(held) - 1:
            held[number] = True
            lacking[inner] -= counts
    if not held.any() and len(held) > 1:
        held[np.argmin(costs)] = True
    return rows[~held[owner]], rows[held[owner]]


def earlier(times: Any, cut: Any, gap: Any) -> Any:
    """Which times are before `cut`, and not among the `gap` different ones before it."""
    known = np.unique(times[times < cut])
    if not gap:
        return times < cut
    return times < known[-gap] if gap <= len(known) else np.zeros(len(times), bool)


def hold_latest(rows: Any, share: Any, times: Any, gap: Any = 0) -> Any:
    """The rows that stay and those that are held back, all of which are later.

    Rows of one time are on one side. Those of the `gap` times before them are on neither.
    """
    known, counts = np.unique(times[rows], return_counts=True)
    if len(known) < 2:
        return rows, rows[:0]
    later = np.cumsum(counts[::-1])[::-1]  # rows at each time or after it
    cut = known[1 + np.argmin(np.abs(later[1:] - share * len(rows)))]
    return rows[earlier(times[rows], cut, gap)], rows[times[rows] >= cut]


def hold_latest_whole(rows: Any, share: Any, times: Any, owners: Any, gap: Any = 0) -> Any:
    """The rows that stay and those that are held back: later ones, of other owners.

    The earlier rows of owners that are held back and the later ones of the others are on neither
    side, nor are those of the `gap` times before. Of a hundred cuts at about the share, to a
    quarter of it, that is taken which keeps the most rows; held back are the owners that lose the
    least by it.
    """
    owner = np.unique(owners[rows], return_inverse=True)[1]
    whole = np.bincount(owner)
    known = np.unique(times[rows])[1:] if len(whole) > 1 else times[:0]
    best, held, cut = -np.inf, np.zeros(len(whole), bool), times[rows][:1]
    for place in np.unique(np.linspace(0, len(known) - 1, min(100, len(known))).astype(int)):
        time = known[place]
        before = np.bincount(owner, times[rows] < time, minlength=len(whole))
        after = whole - before
        order = np.argsort(before / np.maximum(after, 0.1), kind="stable")[:-1]
        counts = np.cumsum(after[order])
        last = 1 + np.argmin(np.abs(counts - share * len(rows)))
        stays = before.sum() - before[order[:last]].sum()
        off = abs(counts[last - 1] - share * len(rows))
        worth = stays + counts[last - 1] if off <= share * len(rows) / 4 else -off
        if stays and counts[last - 1] and worth > best:
            best, cut = worth, time
            held = np.isin(np.arange(len(whole)), order[:last])
    later = times[rows] >= cut
    stay = ~held[owner] & earlier(times[rows], cut, gap)
    return rows[stay], rows[held[owner] & later]
