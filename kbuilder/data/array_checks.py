"""What looks wrong in arrays and pictures: what of them is empty, constant, far off, or alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Arranged, Arranging, Finding
from kbuilder.data.hashing import whole
from kbuilder.data.seen import Seen
from kbuilder.errors import DataError, cut, listed
from kbuilder.lines import to_line
from kbuilder.spec import given
from kbuilder.tables import sequences
from kbuilder.tables.picture_heads import PictureError
from kbuilder.tables.pictures import shown
from kbuilder.tables.values import FAR, far_off, kind_of

CHANNELS = 16
"""Channels of arrays of which one is named if it has one value; the pixels at the borders of
pictures, which are more, often have."""
MOST = 50_000_000
"""Numbers of a column that are looked at."""
STEPS = 4
"""Numbers of a vector that may be a padded sequence, at least."""
SAMPLE = 10_000
"""Values of a channel that tell whether some may be far off."""
PICTURES = 64
"""Pictures that are decoded, where all that came before are the same."""
NAMED = 6


def constant(seen: Seen) -> Iterator[Finding]:
    """Channels of arrays that have no number, or one number, in all training rows."""
    for column, arranged in _arranged(seen):
        flat = _flat(arranged)
        if not len(flat) or _are_same(seen.parts.train[column]):
            continue
        low, high = np.fmin.reduce(flat, axis=0), np.fmax.reduce(flat, axis=0)
        gaps = np.isnan(flat).any(axis=0) if flat.dtype.kind == "f" else np.zeros(low.shape, bool)
        empty, one = np.isnan(low), (low == high) & ~gaps
        if one.all() and len(set(low.tolist())) == 1:
            line = to_line(("data", "ignore"), [column])
            yield Finding(
                "constant", ("features", column),
                f"column {column!r} has the number {low[0]:g} alone in all of "
                f"{_rows(seen, arranged)}, which teaches nothing. Leave it out, `{line}`, or fix "
                "the arrays", True, line,
            )  # fmt: skip
            continue
        if len(one) > CHANNELS and not one.all():
            one = np.zeros_like(one)
        for marked, what in ((empty, "no number in any"), (one, "the same number")):
            channels = np.flatnonzero(marked).tolist()
            if channels:
                where = _channels(seen, column, arranged, channels)
                same = listed((f"{low[n]:g}" for n in channels), NAMED)
                numbers = f" ({same}) in all" if marked is one else ""
                yield Finding(
                    "constant", ("features", column),
                    f"{where} {what}{numbers} of {_rows(seen, arranged)}, which teaches nothing. "
                    "Leave it out, or fix the rows", sure=True,
                )  # fmt: skip


def far_off_places(seen: Seen) -> Iterator[Finding]:
    """Numbers of arrays that are far off all others of their channel, with row and index."""
    for column, arranged in _arranged(seen):
        flat = _flat(arranged)
        away = [(position, n) for n in range(flat.shape[-1]) for position in _far(flat[:, n])]
        if away:
            table = seen.parts.train
            found = [_index(arranged, position, n) for position, n in sorted(away)]
            some = listed(
                (f"{arranged.numbers[index]:g} {_place(seen, column, arranged, index)}in "
                 f"{table.row(index[0])}" for index in found), 3,
            )  # fmt: skip
            count = "a value" if len(away) == 1 else f"{len(away):,} values"
            then = f"{arranged.far}; f" if arranged.far else "F"
            yield Finding(
                "far_off", ("features", column),
                f"column {column!r} has {count} far off all others: {some}. {then}ix or remove "
                f"{'it if it is' if len(away) == 1 else 'them if they are'} wrong", sure=True,
            )  # fmt: skip


def padding(seen: Seen) -> Iterator[Finding]:
    """Flat rows that look like padded sequences, whose padding is data in every network."""
    for column, arranged in _arranged(seen):
        numbers, feature = arranged.numbers, seen.recipe.features[column]
        flat = numbers.reshape(len(numbers), -1)
        if numbers.ndim > 3 or arranged.real is not None or flat.shape[1] < STEPS:
            continue
        steps = (flat[..., None] if numbers.ndim == 2 else numbers).astype(np.float64)
        found = sequences.padding(steps) if not given(feature).get("masking") else None
        if found is None:
            continue
        begin, end = sequences.ends(steps, found.value)
        sizes = (end - begin) * steps.shape[-1]
        width = int(np.gcd.reduce([*np.unique(sizes), flat.shape[1]]))
        shape = [flat.shape[1] // width, width]
        kind: dict[str, Any] = {"kind": catalog.name_of(feature), **given(feature)}
        line = to_line(("features", column), {**kind, "shape": shape}) if width == 1 else ""
        arrays = f"give each row as an array of {shape[0]} × {shape[1]}: `reshape(-1, *{shape})`"
        if kind_of(seen.parts.train[column]) == "string":
            plain = {name: value for name, value in kind.items() if name != "shape"}
            arrays = (
                f"write a list of {width} numbers for each step into a cell, such as "
                f"`[[1, 2], [3, 4]]`, and `{to_line(('features', column), plain)}`"
            )
        other = to_line(("features", column), {**kind, "masking": "none"})
        what = "missing numbers" if found.value is None else f"numbers of {found.value:g} alone"
        least, most = (count * steps.shape[-1] for count in (found.least, found.most))
        yield Finding(
            "padding", ("features", column),
            f"column {column!r} has flat rows, {found.rows:,} of {len(numbers):,} of which begin "
            f"or end with {least:,} to {most:,} {what}, as padded sequences do; in flat rows this "
            "is data, however they are reshaped. If they are sequences, "
            f"{f'write `{line}`' if line else arrays}; if not, `{other}`", False, line,
        )  # fmt: skip


def alike(seen: Seen) -> Iterator[Finding]:
    """Pictures and arrays that are the same in all training rows."""
    for column, feature in seen.recipe.features.items():
        values, more = seen.parts.train[column], ""
        if feature.holds == "pictures" and kind_of(values) == "bytes":
            different = np.unique(seen.pictures[column], return_index=True)[1]
            same = len(values) > 1 and _look_same(values[np.sort(different)])
            if len(different) > 1:
                looked = f"{min(len(different), PICTURES):,} of {len(different):,}"
                more = f" once decoded, of different files ({looked} were compared)"
        else:
            same = isinstance(feature, Arranging) and _are_same(values)
        if same:
            what = "picture" if feature.holds == "pictures" else "array"
            line = to_line(("data", "ignore"), [column])
            yield Finding(
                "alike", ("features", column),
                f"column {column!r} has the same {what} in each of {len(values):,} training "
                f"rows{more}, which teaches nothing. Leave it out, `{line}`, or fix the "
                f"{'files' if kind_of(values) == 'bytes' else 'rows'}", True, line,
            )  # fmt: skip


def _look_same(contents: np.ndarray) -> bool:
    """Whether pictures are the same once decoded; the first that is another ends the search."""
    rows = np.unique(np.linspace(0, len(contents) - 1, PICTURES).astype(int)).tolist()
    try:
        first = shown(contents[rows[0]])
        return all(shown(contents[row]) == first for row in rows[1:])
    except PictureError:
        return False  # which the fit refuses, with its row


def _are_same(values: np.ndarray) -> bool:
    """Whether all rows are the same array, or the same list."""
    if len(values) < 2 or kind_of(values) not in ("array", "list", "mixed"):
        return False
    if values.ndim == 1:
        first = whole(values[0])
        return all(whole(row) == first for row in values[1:])
    gaps = values.dtype.kind == "f"
    return all(np.array_equal(values[0], row, equal_nan=gaps) for row in values[1:])


def _arranged(seen: Seen) -> Iterator[tuple[str, Arranged]]:
    """The arrays of numbers among the training rows, as the network gets them."""
    for column, feature in seen.recipe.features.items():
        values = seen.parts.train[column]
        if not isinstance(feature, Arranging) or not len(values):
            continue
        rows = max(1, MOST // max(1, _size(values)))
        try:
            arranged = feature.arranged(column, values[:rows])
        except DataError:
            continue  # which is raised again as the feature learns, with its row
        if arranged is not None:
            yield column, arranged


def _size(values: np.ndarray) -> int:
    """How many numbers a row has; of lists, the first of them."""
    if values.ndim > 1:
        return int(values[0].size)
    return next((_count(value) for value in values.tolist() if value is not None), 1)


def _count(value: Any) -> int:
    """How many numbers a value has, of which lists may be of unlike length."""
    return sum(map(_count, value)) if isinstance(value, list | tuple) else int(np.size(value))


def _flat(arranged: Arranged) -> np.ndarray:
    """The numbers of each channel, without padding. (numbers, channels)"""
    numbers = arranged.numbers
    there = numbers if arranged.real is None else numbers[arranged.real]
    return there.reshape(-1, numbers.shape[-1])


def _far(numbers: np.ndarray) -> list[int]:
    """Which numbers of a channel are far off all others."""
    if numbers.dtype.itemsize == 1 or not len(numbers):
        return []
    some = numbers[:: max(1, len(numbers) // SAMPLE)].astype(np.float64)
    some = some[~np.isnan(some)]
    if len(some):
        low, middle, high = np.quantile(some, [0.25, 0.5, 0.75])
        with np.errstate(over="ignore"):
            away = max(np.fmax.reduce(numbers) - middle, middle - np.fmin.reduce(numbers))
            if high > low and away < FAR / 10 * (high - low):
                return []
    there = np.flatnonzero(np.isfinite(numbers))
    if not len(there):
        return []
    found: list[int] = there[far_off(numbers[there].astype(np.float64))].tolist()
    return found


def _index(arranged: Arranged, position: int, channel: int) -> tuple[int, ...]:
    """Where a number stands in the arranged rows, by its position among those of its channel."""
    numbers, real = arranged.numbers, arranged.real
    if real is None:
        return (*(int(n) for n in np.unravel_index(position, numbers.shape[:-1])), channel)
    inner = numbers.shape[real.ndim : -1]
    step, rest = divmod(position, int(np.prod(inner)))
    within = np.unravel_index(rest, inner) if inner else ()
    return (*np.argwhere(real)[step].tolist(), *map(int, within), channel)


def _place(seen: Seen, column: str, arranged: Arranged, index: Sequence[int]) -> str:
    """Where in a row a number stands: by its index, or by the column that it comes of."""
    members = seen.parts.train.joined.get(column)
    if members:
        return f"of {members[int(_origins(arranged)[tuple(index[1:])])]!r} "
    *inner, channel = index[1:]
    whole_index = {None: inner, 0: [channel, *inner], -1: [*inner, channel]}
    return f"at {whole_index[arranged.axis]} "


def _origins(arranged: Arranged) -> np.ndarray:
    """Of each index of an arranged row, the position among the numbers of a row as it came."""
    shape: Any = arranged.numbers.shape[1:]
    if arranged.axis != 0:
        return np.arange(np.prod(shape)).reshape(shape)
    turned = np.arange(np.prod(shape)).reshape(shape[-1], *shape[:-1])
    return np.moveaxis(turned, 0, -1)


def _channels(seen: Seen, column: str, arranged: Arranged, channels: list[int]) -> str:
    """Some channels of a column, and "has": column 'x' at [..., 2] has."""
    members = seen.parts.train.joined.get(column)
    if members:
        origins = _origins(arranged)[..., channels].ravel()
        names = [repr(cut(members[position])) for position in np.sort(origins).tolist()]
        s, verb = ("s", "have") if len(names) > 1 else ("", "has")
        return f"column{s} {listed(names, NAMED)}, which {column!r} is made of, {verb}"
    if len(channels) == arranged.numbers.shape[-1]:
        return f"column {column!r} has"
    sign = "[..., {}]" if arranged.axis else "[{}, ...]"
    return f"column {column!r} at {listed((sign.format(n) for n in channels), NAMED)} has"


def _rows(seen: Seen, arranged: Arranged) -> str:
    count = len(arranged.numbers)
    if count == len(seen.parts.train):
        return f"{count:,} training rows"
    return f"the first {count:,} training rows"
