"""A network without a recipe, for those who fit it themselves."""

from __future__ import annotations

from typing import Any

from kbuilder import room
from kbuilder.architectures._body import adapted
from kbuilder.building.choosing import check_form
from kbuilder.building.inputs import Inputs
from kbuilder.building.network import assemble, compile_model, model_of
from kbuilder.contracts import FORMS, RANKS, Architecture, Form, Signal, Task
from kbuilder.errors import BuildError
from kbuilder.recipe.optimizers import Optimizer


@room.for_weights()
def build(
    architecture: Architecture,
    task: Task,
    input_shape: tuple[int, ...],
    *,
    vocabulary_size: int = 0,
    optimizer: Any = None,
) -> Any:
    """A compiled Keras model: the architecture, with the task's last layer, loss and metrics.

    Args:
        architecture: Such as `kb.CNN(filters=[32, 64])`.
        task: Such as `kb.Multiclass(classes=10)`, which takes one-hot targets.
        input_shape: Shape of one row: (d,) a vector, (time, d) a sequence, (height, width,
            channels) an image, (frames, height, width, channels) a video; (time,) with
            `vocabulary_size`: the word numbers of a text.
        vocabulary_size: Number of distinct words, padding (0) included; >= 0.
        optimizer: A Keras optimizer or its name; left out: Adam.

    Returns:
        A plain `keras.Model`, ready for `fit`, `save` and all that Keras does. One with auxiliary
        classifiers has a dictionary of outputs, `output` and `auxiliary_1` …; give it the target
        for each: `model.fit(x, dict.fromkeys(model.output, y))`.

    Raises:
        BuildError: if the architecture does not take such an input, or has no room in memory.
    """
    import keras

    _check_shape(input_shape, vocabulary_size)
    form: Form = "text" if vocabulary_size else _form(len(input_shape) + 1)
    check_form(architecture, form)
    inputs = keras.Input(tuple(input_shape), dtype="int64" if vocabulary_size else "float32")
    signal = Signal(form, inputs, vocabulary_size)
    architecture, _ = adapted(architecture, signal)
    made = assemble(
        Inputs({"input": inputs}, {form: [signal]}), {form: architecture}, {"output": task},
        lambda output, title: title,
    )  # fmt: skip
    outputs = {**made.outputs, **made.extra} if made.extra else made.outputs["output"]
    model = model_of(inputs, outputs)
    compile_model(
        model, made.tasks, made.auxiliary,
        Optimizer().create() if optimizer is None else optimizer,
    )  # fmt: skip
    return model


def _check_shape(shape: object, vocabulary_size: int) -> None:
    """Refuse what is no shape of one row; the time of a sequence or text may be None, any."""
    sizes = shape if isinstance(shape, tuple | list) else ()
    free = sizes and sizes[0] is None and (len(sizes) == 2 or bool(vocabulary_size))
    whole = all(isinstance(size, int) and size > 0 for size in (sizes[1:] if free else sizes))
    if not whole or not 1 <= len(sizes) <= (1 if vocabulary_size else 4) or vocabulary_size < 0:
        expected = (
            "(time,) with the number of words, at least 1"
            if vocabulary_size
            else "(d,), (time, d), (height, width, channels) or (frames, height, width, channels)"
        )
        got = f"{shape!r} with {vocabulary_size} words" if vocabulary_size else f"{shape!r}"
        raise BuildError(f"input_shape is the shape of one row. Expected {expected}. Got {got}.")


def _form(rank: int) -> Form:
    return next(form for form in FORMS if RANKS[form] == rank)
