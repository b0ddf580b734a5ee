"""Functions that scripts bring along, those of them that they call; printed as they stand here."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from kbuilder.probabilities.calibration import calibrate as calibrate
from kbuilder.probabilities.calibration import calibration_error as calibration_error
from kbuilder.probabilities.calibration import judged_apart as judged_apart
from kbuilder.probabilities.calibration import log_loss as log_loss
from kbuilder.probabilities.calibration import probabilities_of as probabilities_of
from kbuilder.probabilities.calibration import sure_and_right as sure_and_right
from kbuilder.probabilities.calibration import temperature as temperature
from kbuilder.probabilities.thresholds import at_threshold as at_threshold
from kbuilder.probabilities.thresholds import best_threshold as best_threshold
from kbuilder.probabilities.thresholds import figure_of as figure_of
from kbuilder.probabilities.thresholds import is_yes as is_yes
from kbuilder.splits._holding import earlier as earlier
from kbuilder.splits._holding import hold_back as hold_back
from kbuilder.splits._holding import hold_latest as hold_latest
from kbuilder.splits._holding import hold_latest_whole as hold_latest_whole
from kbuilder.splits._holding import hold_whole as hold_whole
from kbuilder.tables.amounts import written_plainly
from kbuilder.tables.number_lists import bare as bare
from kbuilder.tables.number_lists import filled as filled
from kbuilder.tables.number_lists import numbers_in as numbers_in
from kbuilder.tables.number_lists import numbers_of as numbers_of
from kbuilder.tables.number_lists import steps_in as steps_in
from kbuilder.tables.picture_heads import keep_fourth_band as keep_fourth_band
from kbuilder.tables.pictures import upright
from kbuilder.tables.sets import labels_in
from kbuilder.tables.whole_rows import whole_numbers as whole_numbers
from kbuilder.tables.whole_rows import whole_rows as whole_rows


def cells(column: Any, missing: Any = None, words: Any = None) -> Any:
    """A column of text: stripped, None where it is missing, truth values as True and False.

    `words`, if given, are values of the column, which stays as it is written.
    """
    if missing is None:
        missing = ["NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN"]
        missing += ["-nan", "NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"]
    column = column.str.strip()
    marks = [float(word) for word in missing if re.fullmatch(r"[-+]?\d+(\.\d*)?", word)]
    gone = column.isin([word for word in missing if word not in (words or ())])
    gone |= column.isna() | (column == "") | pd.to_numeric(column, errors="coerce").isin(marks)
    if words is None and column[~gone].str.fullmatch("True|true|TRUE|False|false|FALSE").all():
        column = column.str.capitalize()
    return column.astype(object).where(~gone, None).to_numpy()


def amounts(column: Any, decimal: Any, thousands: Any, is_text: Any) -> Any:
    """A column of text, of which numbers become as Python writes them, if all are numbers."""
    if is_text:
        return column
    there = pd.Series(column, dtype=object).dropna()
    plain = written_plainly(there, decimal, thousands) if len(there) else None
    if plain is not None:
        column = column.copy()
        column[plain.index] = plain
    return column


def numbers(values: Any) -> Any:
    """A column as float64, NaN where a value is missing."""
    flat = pd.to_numeric(pd.Series(np.ravel(values)))
    return flat.to_numpy(np.float64).reshape(np.shape(values))


def joined(rows: Any, names: Any, shape: Any) -> Any:
    """Columns of numbers as one column of arrays of a shape."""
    return np.stack([numbers(rows[name]) for name in names], axis=1).reshape(-1, *shape)


def integers(values: Any) -> Any:
    """A column as int64, the least of them where one is missing; of flags the place of the 1."""
    if np.ndim(values) > 1:
        return np.argmax(np.asarray(values, np.float64), axis=1)
    texts = [str(-(2**63)) if pd.isna(value) else str(value) for value in values]
    whole = [int(text) if text.lstrip("+-").isdigit() else int(float(text)) for text in texts]
    return np.array(whole, dtype=np.int64)


def words(values: Any) -> Any:
    """A column as text, empty where a value is missing; flags as they are."""
    if np.ndim(values) > 1:
        return values
    return np.array(["" if pd.isna(value) else str(value) for value in values], dtype=object)


def sequences(values: Any) -> Any:
    """Sequences as one array, with NaN after the last step of each that has fewer than others."""
    if values.dtype != object:
        return values if values.ndim > 2 else values[..., None]
    lists = [steps_in(value) for value in values]
    rows = [np.array([] if value is None else list(value), np.float64) for value in lists]
    rows = [row.reshape(len(row), -1) for row in rows]
    array = np.full((len(rows), max(map(len, rows)), max(row.shape[1] for row in rows)), np.nan)
    for place, row in enumerate(rows):
        array[place, : len(row)] = row
    return array


def clips(values: Any) -> Any:
    """Videos as one array of float32, with NaN after the last frame of those with fewer."""
    rows = [np.asarray(video, np.float32) for video in values]
    shape = max((row.shape for row in rows), key=len)[1:]
    array = np.full((len(rows), max(map(len, rows)), *shape), np.nan, np.float32)
    for place, row in enumerate(rows):
        array[place, : len(row)] = row
    return array


def labels(values: Any) -> Any:
    """A column of numbers as text, whole ones without a point, empty where one is missing."""
    found = []
    for text in words(values):
        number = float(text or "nan")
        if text.lstrip("+-").isdigit():
            found.append(str(int(text)))
        elif number.is_integer():
            found.append(str(int(number)))
        else:
            found.append(str(number) if text else "")
    return np.array(found, dtype=object)


def one_hot(values: Any, classes: Any) -> Any:
    """A row of zeros with a one at the place of its class. (rows, classes) float32"""
    if np.ndim(values) > 1:
        return values.astype(np.float32)
    places = {label: place for place, label in enumerate(classes)}
    return np.eye(len(classes), dtype=np.float32)[[places[value] for value in values]]


def flags(values: Any, classes: Any, separator: Any) -> Any:
    """A column for each class, 1 in the rows that have it. (rows, classes) float32"""
    if values.ndim > 1:
        return values.astype(np.float32)
    rows = [labels_in(text, separator) for text in words(values)]
    return np.array([[name in row for name in classes] for row in rows], np.float32)


def read_by_tensorflow(contents: Any, channels: Any) -> Any:
    """Pictures as they are where TensorFlow reads them; else as PNG of what a viewer shows."""
    read = np.empty(len(contents), dtype=object)
    known = b"\xff\xd8\xff", b"\x89PNG"
    read[:] = [each if each.startswith(known) else upright(each, channels) for each in contents]
    return read


def present(rows: Any, targets: Any) -> Any:
    """The rows that have every target."""
    gone = [pd.isna(rows[name]).reshape(len(rows[name]), -1).any(axis=1) for name in targets]
    return {name: values[~np.any(gone, axis=0)] for name, values in rows.items()}


def batched(layer: Any, values: Any) -> Any:
    """What a layer gives for all rows, 1,024 at a time."""
    parts = [values[start : start + 1024] for start in range(0, len(values), 1024)]
    return np.concatenate([np.asarray(layer(part)) for part in parts])


def shares(weights: Any) -> Any:
    """The weights of rows, as shares whose mean is 1."""
    scaled = weights / weights.max()
    return (scaled / scaled.mean()).astype(np.float32)


def balanced(groups: Any, rows: Any = None) -> Any:
    """A weight per row, so that each group weighs the same and the mean weight is 1.

    `rows`, if given, are what the rows weigh within their group.
    """
    counts = np.bincount(groups, rows)
    total = len(groups) / (np.count_nonzero(counts) * np.where(counts > 0, counts, 1))
    return (total[groups] * (1 if rows is None else rows)).astype(np.float32)


def weighed(groups: Any, classes: Any, rows: Any = 1.0) -> Any:
    """A weight per row by that of its class, times `rows`; the mean weight is 1."""
    weights = np.array(classes)[groups] * rows
    return (weights / weights.mean()).astype(np.float32)


def rising(model: Any, steps: Any) -> Any:
    """A callback: the learning rate rises in a line to its height, in so many steps."""
    import keras

    height: Any = {}

    def begin(logs: Any = None) -> None:
        height["rate"] = float(model.optimizer.learning_rate)

    def rise(batch: Any, logs: Any = None) -> None:
        step = int(model.optimizer.iterations) + 1
        if step <= steps:
            model.optimizer.learning_rate = height["rate"] * step / steps

    return keras.callbacks.LambdaCallback(on_train_begin=begin, on_train_batch_begin=rise)


def learn_only(model: Any, names: Any) -> Any:
    """Of the layers within a model, let those with these names learn, and no others."""
    model.trainable = True
    for layer in model.layers:
        if hasattr(layer, "layers"):
            learn_only(layer, names)
        else:
            layer.trainable = layer.name in names
