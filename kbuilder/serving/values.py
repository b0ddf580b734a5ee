"""JSON values as arrays, strictly: a number is no string, and 1.0 is no whole number.

The words of the errors are those of TensorFlow Serving, whose clients may look for them.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Columns, DType, Tensor
from kbuilder.tables import sets
from kbuilder.tables.number_lists import numbers_in, steps_in

PLAIN: dict[DType, set[type]] = {
    "float32": {int, float}, "float64": {int, float}, "int64": {int}, "uint8": {int},
    "string": {str},
}  # fmt: skip
NAMES: dict[DType, str] = {
    "float32": "float", "float64": "double", "int64": "int64", "uint8": "uint8",
    "string": "string",
}  # fmt: skip
KINDS = {
    type(None): "Null", bool: "True", dict: "Object", list: "Array", str: "String", int: "Number",
    float: "Number",
}  # fmt: skip
MISSING: dict[DType, Any] = {
    "float32": math.nan, "float64": math.nan, "int64": -(2**63), "string": "",
}  # fmt: skip
"""What `null` is, as in `predict`; a pixel is never missing."""
EXACT = 2**24 - 1
"""The greatest whole number up to which float32 has all."""
NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
CELL = re.compile(rf"[\[(\s]*{NUMBER}(?:(?:\s*[,;|]\s*|\s+){NUMBER})+[\s\])]*")
"""Several numbers, as the cell of a file has them."""
ONE = re.compile(rf"[\[(\s]*{NUMBER}[\s\])]*")
"""One number, as a cell of a sequence has it."""
BETWEEN = re.compile(r"[\s,;|]+")
DATA_URL = re.compile(r"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
"""What stands before base64 in a data URL."""
BASE64 = str.maketrans("-_", "+/", " \t\r\n\f\v")
"""Another alphabet of base64, and white space, which is left out."""
UNEVEN = (
    "Rows of unlike length are padded to one: with null in JSON, else with NaN, or of whole "
    "numbers with -9223372036854775808; or with what the training rows were padded with"
)
"""What is said where a sequence of any length has not as many values as its shape."""
SET = '; the labels of a row are one text, such as ["a", "b"]'
"""What is said where a set has not the shape of a text."""
DEEP = 32
"""Lists in lists, at most: as many axes as NumPy and TensorFlow have."""
SHOWN = 400
"""Characters of a value that an error shows."""


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a value, by its first elements."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def array(value: Any, dtype: DType) -> np.ndarray:
    """A value, or lists of values of any depth, as an array; strings as objects.

    Raises:
        RequestError: if the lists are ragged, or a value is not of the dtype.
    """
    if dtype != "string":
        value = _listed(value, dtype)
    shape = shape_of(value)
    if len(shape) > DEEP:
        raise RequestError(f"lists in lists, {len(shape)} deep. Expected {DEEP} at most")
    flat: list[Any] = []
    _fill(value, shape, 0, dtype, flat)
    return _cast(flat, dtype).reshape(shape)


def _listed(value: Any, dtype: DType) -> Any:
    """A value in which a text of several numbers, as the cell of a file has them, is a list."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [_listed(cell, dtype) for cell in value]
    if not isinstance(value, str):
        return value
    if CELL.fullmatch(value):
        return _numbers(value, dtype)
    found = numbers_in(value)  # with gaps, or quotes, as `predict` reads it
    return value if found is None or len(found) < 2 else _nulled(found.tolist())


def _numbers(text: str, dtype: DType) -> list[float]:
    whole = dtype in ("uint8", "int64")
    return [
        int(number) if whole and number.lstrip("+-").isdecimal() else float(number)
        for number in BETWEEN.split(text.strip(" []()\t\n"))
        if number
    ]


def _steps(row: Any, dtype: DType) -> Any:
    """The steps of one row: of a list, of a text as `predict` reads it, or of one number."""
    if row is None or (isinstance(row, str) and not row.strip()):
        return []
    if type(row) in (int, float):
        return [row]
    if not isinstance(row, str):
        return row
    if CELL.fullmatch(row) or ONE.fullmatch(row):
        return _numbers(row, dtype)
    steps = steps_in(row)
    return row if steps is None else _nulled(np.asarray(steps, dtype=object).tolist())


def _nulled(steps: list[Any]) -> list[Any]:
    """Lists of numbers with null in place of NaN."""
    return [_nulled(one) if isinstance(one, list) else None if one != one else one for one in steps]


def evened(rows: Any, tensor: Tensor, steps: int = 1) -> Any:
    """Rows of any number of steps as rows of equal length: a step that is missing is null.

    A set of labels that is a list becomes the text that has the same labels.

    Args:
        rows: JSON values, of which lists have the steps, or the labels, of one row.
        tensor: What they are to be; others than sequences of any length, and sets, stay as they
            are.
        steps: The least length.
    """
    if tensor.lists and isinstance(rows, list):
        return [sets.as_text(row) if _holds_labels(row) else row for row in rows]
    if not tensor.opens or not isinstance(rows, list):
        return rows
    lists = [_steps(row, tensor.dtype) for row in rows]
    if not all(isinstance(row, list) for row in lists):
        return rows
    most = max(steps, *map(len, lists)) if lists else 0
    step: Any = None
    for size in reversed(tensor.row[1:]):
        step = [step] * (size or 0)
    if tensor.row[1:] == (1,):  # a number is a step of one
        lists = [[one if isinstance(one, list) else [one] for one in row] for row in lists]
    return [[*row, *[step] * (most - len(row))] for row in lists]


def _holds_labels(row: Any) -> bool:
    """Whether a value is a list of labels, or of whole numbers."""
    return isinstance(row, list) and sets.holds_names(row)


def _fill(value: Any, shape: tuple[int, ...], level: int, dtype: DType, flat: list[Any]) -> None:
    rank = len(shape)
    if not isinstance(value, list):
        if level != rank:
            raise RequestError(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON "
                f"DOM. Expected at level: {rank}"
            )
        flat.append(_scalar(value, dtype))
        return
    if level >= rank:
        raise RequestError(f"Encountered list at unexpected level: {level} expected < {rank}")
    if len(value) != shape[level]:
        raise RequestError(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: "
            f"{shape[level]}"
        )
    if level == rank - 1 and set(map(type, value)) <= PLAIN[dtype]:
        flat.extend(value)
        return
    if level == rank - 2 and all(type(v) is list and len(v) == shape[-1] for v in value):
        values = list(chain.from_iterable(value))
        if set(map(type, values)) <= PLAIN[dtype]:
            flat.extend(values)
            return
    for inner in value:
        _fill(inner, shape, level + 1, dtype, flat)


def _scalar(value: Any, dtype: DType) -> Any:
    if value is None and dtype in MISSING:
        return MISSING[dtype]
    if dtype == "string" and isinstance(value, dict):
        return from_base64(value)
    if type(value) not in PLAIN[dtype]:
        raise _wrong(value, dtype)
    return value


def _wrong(value: Any, dtype: DType) -> RequestError:
    kind = "False" if value is False else KINDS[type(value)]
    return RequestError(
        f"JSON Value: {shown(value)} Type: {kind} is not of expected type: {NAMES[dtype]}"
    )


def is_base64(value: Any) -> bool:
    """Whether a value is `{"b64": "…"}`."""
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def from_base64(value: Any) -> bytes:
    """The bytes of `{"b64": "…"}`, which may be a data URL, or have line breaks as `base64` has."""
    if not is_base64(value):
        raise RequestError(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    text = value["b64"]
    url = DATA_URL.match(text)
    text = text if url is None else text[url.end() :]
    try:  # as most write it, which takes no copies of what may be large
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        text = text.translate(BASE64).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError("Unable to base64 decode") from None


def _cast(flat: list[Any], dtype: DType) -> np.ndarray:
    """Checked values as an array of one axis."""
    if dtype == "string":
        strings = np.empty(len(flat), dtype=object)
        strings[:] = flat
        return strings
    if dtype == "float64":
        try:
            return np.array(flat, dtype=np.float64)
        except OverflowError:  # a whole number beyond any float
            raise _lossy(next(v for v in flat if isinstance(v, int) and abs(v) > EXACT)) from None
    if dtype != "float32":
        try:
            return np.array(flat, dtype=dtype)
        except OverflowError:
            known = np.iinfo(dtype)
            raise _wrong(next(v for v in flat if not known.min <= v <= known.max), dtype) from None
    try:
        doubles = np.array(flat, dtype=np.float64)
    except OverflowError:  # a whole number beyond any float
        raise _lossy(next(v for v in flat if isinstance(v, int) and abs(v) > EXACT)) from None
    large = np.abs(doubles) > EXACT
    if large.any():
        most = float(np.finfo(np.float32).max)
        for value in (flat[index] for index in np.flatnonzero(large)):
            if isinstance(value, int) or most < abs(value) < np.inf:
                raise _lossy(value)
    return doubles.astype(np.float32)


def _lossy(value: float) -> RequestError:
    return RequestError(
        f"Cannot convert JSON value: {shown(value)} to float without loss of precision."
    )


def fits(name: str, shape: tuple[int, ...], tensor: Tensor) -> None:
    """Check the shape of an input.

    Raises:
        RequestError: naming the input, and both shapes.
    """
    wanted = tensor.shape
    if shape and shape[1:] == wanted[1:]:  # as nearly always, and for each input of a request
        return
    if len(shape) == len(wanted) and all(
        size is None or size == given for size, given in zip(wanted, shape, strict=True)
    ):
        return
    raise RequestError(
        f"input {name!r} has the shape {written(shape)}. Expected {written(wanted)}"
        f"{SET if tensor.lists else ''}"
    )


def same_rows(columns: Columns) -> None:
    """Check that all inputs have as many rows, and some.

    Raises:
        RequestError: if they have not.
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError(f"the inputs have different numbers of rows: {lengths}")
    if 0 in lengths.values():
        raise RequestError("the inputs have no rows")


def written(shape: Sequence[int | None]) -> str:
    """A shape as both protocols write it: -1 is any number."""
    return f"[{','.join(str(-1 if size is None else size) for size in shape)}]"


def shown(value: Any) -> str:
    """A value in an error, cut where it is long."""
    if _is_deep(value):
        return "lists in lists in lists"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _is_deep(value: Any) -> bool:
    """Whether lists and objects lie in each other deeper than any tensor's do.

    Python's own limit is no measure: a library that is imported may have raised it.
    """
    level = [value]
    for _ in range(2 * DEEP):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
