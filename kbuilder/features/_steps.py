"""The steps of sequences of unlike length: what of them is padding, and how many are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kbuilder.contracts import Choice, Numeric
from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.tables import sequences

FAR = 4
"""So many times the length of nearly all a sequence is far longer."""
NEARLY = 0.99


def padding(masking: Any) -> float | None:
    """The number that padding has beside NaN; None: there is no other."""
    return None if masking == "missing" else float(masking)


def learned(
    feature: Any, column: str, numbers: np.ndarray, lists: bool, raw: tuple[int, ...]
) -> dict[str, Choice]:
    """What padding has, and the length; nothing, if no step is padding.

    Args:
        feature: The feature, with what is written of it.
        column: Its column.
        numbers: The training rows. (rows, time, d) float64
        lists: Whether they were lists of unlike length.
        raw: The shape of a row as it came.

    Raises:
        DataError: if `masking` is of arrays that are no sequences.
    """
    masking = feature.masking
    stepwise = numbers.ndim == 3 and feature.data_format != "channels_first"
    if not stepwise or raw not in (numbers.shape[1:], numbers.shape[1:2]):
        if masking not in (None, "none"):
            raise DataError(
                f"column {column!r} holds arrays of {raw}, and steps that are padding are those of "
                "sequences. Expected (time, d), or (time,) with a shape [time, 1].",
                key=("features", column, "masking"),
            )
        return {}
    found = padded(masking, numbers, lists)
    masking = found["masking"].value if found else masking
    if masking in (None, "none"):
        return {}
    begin, end = sequences.ends(numbers, padding(masking))
    return {**found, "length": length_of(end - begin)}


def padded(
    masking: Any, numbers: np.ndarray, lists: bool, what: str = "steps"
) -> dict[str, Choice]:
    """What padding has, where it is left open; nothing, if no step is padding.

    Args:
        masking: What is written of it.
        numbers: The training rows. (rows, time, d)
        lists: Whether they may have any length.
        what: What steps are called.
    """
    if masking is not None:
        return {}
    uneven = lists and bool(np.isnan(numbers[:, -1]).all(axis=-1).any())
    seen = None if uneven else sequences.padding(numbers)
    if seen is not None:
        of = f"missing {what}" if seen.value is None else f"{what} of {seen.value:g} alone"
        why = (
            f"{seen.rows:,} of {len(numbers):,} training rows begin or end with "
            f"{seen.least:,} to {seen.most:,} {of}, which is taken for padding; "
            "`masking: none` makes data of them"
        )
        return {"masking": Choice("missing" if seen.value is None else seen.value, why)}
    if not lists:
        return {}
    why = "lists may have any length: NaN stands after the last steps of those with fewer"
    return {"masking": Choice("missing", why)}


def length_of(lengths: np.ndarray) -> Choice:
    """How many steps are kept of rows with so many: of the longest, or of nearly all."""
    longest, most = int(lengths.max()), max(1, int(np.quantile(lengths, NEARLY)))
    if longest <= FAR * most:
        return Choice(max(1, longest), "steps of the longest training row")
    cut = int((lengths > most).sum())
    why = (
        f"{len(lengths) - cut:,} of {len(lengths):,} training rows have as many steps or "
        f"fewer, and the longest {longest:,}; of the others the last are kept"
    )
    return Choice(most, why)


def numeric(feature: Any, before: Numeric) -> Numeric:
    """How sequences go into an export that takes numbers alone: with as many steps as are kept.

    Args:
        feature: The learned feature.
        before: How its numbers go in.
    """
    value, shape = padding(feature.masking), [None, feature.length, feature.shape[-1]]

    def take(values: np.ndarray, layer: Any) -> np.ndarray:
        return before.take(sequences.aligned(values, value, feature.length), layer)

    entry: Mapping[str, Any] = {**before.entry, "shape": shape}
    return replace(before, entry=entry, take=take)
