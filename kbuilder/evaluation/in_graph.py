"""Explanations as a function of tensors, which an export brings along.

They are those of `attributions.py`: the same path, the same points, more of them where the
contributions do not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import RANKS, Feature, Spelling
from kbuilder.evaluation.attributions import (
    CANCELLING,
    MOST_STEPS,
    ROUNDING,
    STEPS,
    TIMES,
    TOLERANCE,
    StraightPath,
    points,
)
from kbuilder.evaluation.average_row import begin
from kbuilder.evaluation.explained import Explained, unit_names
from kbuilder.evaluation.explanations import OF_FRAMES, brightest, of_columns
from kbuilder.evaluation.heat_maps import coloured

MOST = 12
"""Words or steps of a column that are told: those that push most."""
Tensors = dict[str, Any]


def function(
    model: Any, columns: Columns, average: Arrays, explained: Explained, names: Mapping[str, str]
) -> Callable[[Mapping[str, Any]], Tensors]:
    """What explains prepared rows, tensors by input of the network.

    It gives `explained`, the class or target; `value` and `average`, what is explained of the row
    and of the average one; `contributions`, (rows, columns) in the order of the features;
    `left_over`, what these do not add up to; `incomplete`, 1 where that is more than 1 %;
    `cancelling`, 1 where they cancel each other. Of a column of words, or of steps, `<name>_words`
    and `<name>_pushes`, those that push most, (rows, 12), "" where there are fewer; of pictures
    `<name>_picture_bytes`, a PNG.

    Args:
        model: The fitted network.
        columns: The learned features and targets.
        average: The average training row.
        explained: What is explained.
        names: What a column is called.
    """

    def explain(prepared: Mapping[str, Any]) -> Tensors:
        import tensorflow as tf

        path = StraightPath(model, columns, average, explained)
        ends = dict(prepared)
        starts = begin(columns, average, ends)
        units, values, begun = path.both_ends(ends, starts)
        by, checks = _contributions(path, ends, starts, units, values, begun)
        own, given = of_columns(columns, by), of_columns(columns, ends)
        [of, task] = columns.outputs()[explained.output]
        found = {
            "explained": tf.gather(tf.constant(unit_names(task, of)), units),
            "value": values,
            "average": begun,
            **checks,
            "contributions": tf.stack([_sum(own[name]) for name in columns.features], axis=1),
        }
        for name, feature in columns.features.items():
            inside = _within(feature, given[name], own[name])
            found |= {f"{names[name]}_{key}": tensor for key, tensor in inside.items()}
        return found

    return explain


def _contributions(
    path: StraightPath, ends: Tensors, starts: Tensors, units: Any, values: Any, begun: Any
) -> tuple[Tensors, Tensors]:
    """The contributions by input, float32; and what is known of their sum."""
    import tensorflow as tf

    keys = list(ends)
    values, begun = (tf.cast(own, tf.float64) for own in (values, begun))  # some are already
    size = STEPS
    while size > 1 and size > path.together(ends):
        size //= 2
    rounding = ROUNDING * tf.maximum(tf.abs(values), tf.abs(begun))

    def left_over(by: list[Any]) -> Any:
        return values - begun - tf.cast(tf.add_n([_sum(own) for own in by]), tf.float64)

    def in_all(by: list[Any]) -> Any:
        return tf.cast(tf.add_n([_sum(tf.abs(own)) for own in by]), tf.float64)

    def lacking(by: list[Any]) -> Any:
        whole = tf.maximum(tf.abs(values - begun), CANCELLING * in_all(by))
        return tf.abs(left_over(by)) > TOLERANCE * whole + rounding

    def along(parts: Any, middle: Any) -> list[Any]:
        """The mean over one point in the middle of each part, or two at its sides."""
        each = tf.cast(middle, tf.float32)
        count = parts * tf.where(middle, 1, 2)

        def add(first: Any, total: list[Any]) -> Any:
            numbers = tf.cast(first + tf.range(size), tf.float32)
            places = points(numbers, tf.cast(parts, tf.float32), each)
            slopes = path.slopes_at(ends, starts, places, units)
            own = [tf.reshape(slopes[key], tf.shape(ends[key])) for key in keys]
            both = zip(total, own, strict=True)
            return first + size, [one + tf.cast(more, tf.float64) for one, more in both]

        _, total = tf.while_loop(lambda first, _: first < count, add, (0, zero))
        return [own / tf.cast(count, tf.float64) for own in total]

    def more(steps: Any, by: list[Any]) -> Any:
        at_first = steps < STEPS
        parts = tf.where(at_first, STEPS, steps)
        few = at_first | lacking(by)
        known = tf.where(at_first, tf.constant(0.0, tf.float64), 1 / TIMES)
        kept = [tf.reshape(few, [-1] + [1] * (len(own.shape) - 1)) for own in by]
        both = zip(kept, along(parts, at_first), by, strict=True)
        found = [tf.where(these, known * old + (1 - known) * new, old) for these, new, old in both]
        return tf.where(at_first, STEPS, TIMES * steps), found

    def unfinished(steps: Any, by: list[Any]) -> Any:
        return (steps < STEPS) | ((steps < MOST_STEPS) & tf.reduce_any(lacking(by)))

    zero = [tf.zeros_like(ends[key], tf.float64) for key in keys]
    _, by = tf.while_loop(unfinished, more, (0, zero))
    cancelling = tf.abs(values - begun) < CANCELLING * in_all(by) - rounding
    found = {key: tf.cast(own, tf.float32) for key, own in zip(keys, by, strict=True)}
    return found, {
        "left_over": tf.cast(left_over(by), tf.float32),
        "incomplete": tf.cast(lacking(by), tf.int64),
        "cancelling": tf.cast(cancelling, tf.int64),
    }


def _sum(own: Any) -> Any:
    """Of all numbers of each row. (rows,)"""
    import tensorflow as tf

    return tf.reduce_sum(own, axis=list(range(1, len(own.shape))))


def _within(feature: Feature, prepared: Any, own: Any) -> Tensors:
    """What pushes within a column of words, steps or pixels."""
    import tensorflow as tf

    rank, sequence = RANKS[feature.form], RANKS["sequence"]
    if isinstance(feature, Spelling):
        return _words(feature, prepared, own)
    if rank == sequence:
        if getattr(feature, "masked", False):
            own = own[..., :-1]
        return _steps(tf.reduce_sum(own, axis=2))
    if rank == OF_FRAMES:
        return _steps(tf.reduce_sum(own, axis=[2, 3, 4]))
    if feature.form != "image":
        return {}
    pushes = tf.reduce_sum(own, axis=-1)
    pixels = tf.cast(prepared, tf.float32) / brightest(feature)
    drawn = tf.map_fn(
        lambda pair: tf.io.encode_png(coloured(*pair)), (pixels, pushes),
        fn_output_signature=tf.string,
    )  # fmt: skip
    return {"picture_bytes": drawn}


def _steps(pushes: Any) -> Tensors:
    """The steps that push most; those of padding do not."""
    import tensorflow as tf

    count = tf.shape(pushes)[1]
    words = tf.strings.join(["step ", tf.strings.as_string(tf.range(1, count + 1))])
    return _most(tf.broadcast_to(words, tf.shape(pushes)), pushes, pushes != 0)


def _words(feature: Any, prepared: Any, own: Any) -> Tensors:
    """The words that push most, each with what it pushes wherever it stands."""
    import tensorflow as tf

    if not prepared.dtype.is_integer:  # a number for each word
        words = tf.constant(feature.spell(np.ones(prepared.shape[1])))
        return _most(tf.broadcast_to(words, tf.shape(own)), own, prepared != 0)
    known = tf.constant(feature.spell(np.arange(feature.embed(prepared).vocabulary_size)))
    same = prepared[:, :, None] == prepared[:, None, :]
    sums = tf.einsum("rab,rb->ra", tf.cast(same, own.dtype), own)
    is_first = tf.argmax(same, axis=2, output_type=tf.int32) == tf.range(tf.shape(prepared)[1])
    words = tf.gather(known, prepared)
    return _most(words, sums, is_first & (words != ""))


def _most(words: Any, pushes: Any, there: Any) -> Tensors:
    """Those that push most, (rows, `MOST`) each."""
    import tensorflow as tf

    lacking = [[0, 0], [0, MOST]]
    words, pushes = tf.pad(words, lacking, constant_values=""), tf.pad(pushes, lacking)
    there = tf.pad(there, lacking)
    _, best = tf.math.top_k(tf.where(there, tf.abs(pushes), -1.0), MOST)
    words, pushes, there = (tf.gather(one, best, batch_dims=1) for one in (words, pushes, there))
    return {"words": tf.where(there, words, ""), "pushes": tf.where(there, pushes, 0.0)}
