"""What is learned of pictures that are files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from kbuilder.contracts import Choice
from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.tables import pictures
from kbuilder.tables.picture_heads import Picture, PictureError, look


def learned(
    column: str, values: np.ndarray, dtype: str | None
) -> tuple[dict[str, Choice], int, int, str]:
    """Channels, scale and dtype by the heads of files, then height, width, and why these.

    Of files of 16 bits alone the greatest pixel is looked for, for which they are decoded.

    Args:
        column: For messages.
        values: The files, as bytes. (rows,)
        dtype: What is written of the dtype of their pixels.

    Raises:
        DataError: naming the first file that is not read.
    """
    heads = each(column, values, look)
    width, height, why = _size(heads)
    grey = all(head.grey for head in heads)
    fourth = sum(head.fourth for head in heads)
    if fourth:
        channels = Choice(4, f"{_of(fourth, heads)} have a fourth band that is no alpha")
    else:
        channels = Choice(1, "all training images are grey") if grey else Choice(
            3, "there are colours in the training images"
        )  # fmt: skip
    deep = sum(head.deep for head in heads)
    dtype = dtype or ("float32" if deep else "uint8")
    bits = f"{_of(deep, heads)} have 16 bits" if deep else "files have pixels of 0 to 255"
    if dtype == "uint8":
        scale = Choice(255.0, "files have pixels of 0 to 255")
    elif deep < len(heads):
        scale = Choice(65_535.0, f"{bits}; the others are brought to their range, times 257")
    else:
        top = max(each(column, values, pictures.greatest)) or 65_535
        scale = Choice(float(top), f"the greatest training pixel is {top:,}")
    found = {
        "channels": channels, "scale": scale, "pixels": Choice((), why),
        "dtype": Choice(dtype, bits),
    }  # fmt: skip
    return found, height, width, why


def each(column: str, values: np.ndarray, read: Callable[[bytes], Any]) -> list[Any]:
    """What `read` gives of each file.

    Raises:
        DataError: naming the first that is not read, and how many there are.
    """
    found, wrong = [], list[tuple[int, str]]()
    for row, content in enumerate(values):
        try:
            if not isinstance(content, bytes):
                raise PictureError("there is none")
            found.append(read(content))
        except PictureError as error:
            wrong.append((row, str(error)))
    if wrong:
        row, reason = wrong[0]
        more = f", and in {len(wrong) - 1:,} rows more" if len(wrong) > 1 else ""
        raise DataError(
            f"column {column!r} has an image here{more} that cannot be read: {reason}. "
            "Fix or remove it.",
            key=("features", column),
            row=row,
        )
    return found


def _size(heads: Sequence[Picture]) -> tuple[int, int, str]:
    """Width and height that most images have, else the medians of both; and why."""
    sizes = Counter(head.size for head in heads)
    (width, height), count = sizes.most_common(1)[0]
    if 2 * count >= len(heads):
        return width, height, f"{_of(count, heads)} are {width} × {height} pixels"
    sides = list(zip(*sizes.elements(), strict=True))
    width, height = (int(np.median(side)) for side in sides)
    least, most = (" × ".join(f"{pick(side):,}" for side in sides) for pick in (min, max))
    return width, height, (
        f"the medians of {len(heads):,} training images of {len(sizes):,} sizes, from {least} to "
        f"{most} pixels, are {width} × {height}"
    )  # fmt: skip


def _of(count: int, heads: Sequence[Picture]) -> str:
    return f"{count:,} of {len(heads):,} training images"
