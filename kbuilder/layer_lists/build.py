"""Lists of layers become a network: each is applied to the output of the one before it.

What does not fit is said in a sentence, with the layer, its place in the list and its input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from kbuilder.errors import BuildError, Key
from kbuilder.layer_lists import keras_layers, masking
from kbuilder.layer_lists.lists import Block, Layer

INPUTS = {
    2: "a vector (batch, d)",
    3: "a sequence (batch, time, d)",
    4: "an image (batch, height, width, channels)",
}
LARGEST = 4096  # the longest side of an input that is tried out
# Whether sizes are tried out: layers then tell the shape of their output, and make no weights.
_trying: ContextVar[bool] = ContextVar("_trying", default=False)


class TooSmallError(BuildError):
    """The input of a layer is smaller than what it looks at."""


def applied(layers: Sequence[Layer], x: Any, place: Key, mask: Any = None) -> tuple[Any, Any]:
    """The output of the last layer, and which of its steps are real; None: all are.

    Args:
        layers: Checked layers.
        x: A KerasTensor.
        place: The key of the list in the recipe, such as `("model", "layers")`.
        mask: Which steps of `x` are real, (batch, time) booleans; None: all are.

    Raises:
        BuildError: at the layer that does not take what comes to it.
    """
    for index in range(len(layers)):
        x, mask = _step(layers, index, x, place, mask)
    return x, mask


def created(name: str, arguments: dict[str, Any]) -> Any:
    """A layer of Keras."""
    import keras

    if name == keras_layers.WRAPPER:
        [(inner, given)] = arguments.items()
        return keras.layers.Bidirectional(created(inner, given))
    given = {key: _part(key, value) for key, value in arguments.items()}
    return getattr(keras.layers, keras_layers.table()["layers"][name]["class"])(**given)


def title(key: Key, name: str) -> str:
    """The name of a layer and its place in the list, for messages; its key is without its name."""
    return f"{name} ({'.'.join(map(str, key[1:]))})"


def shape(x: Any) -> str:
    """The shape of a tensor, for messages."""
    sizes = ("any" if size is None else str(size) for size in x.shape[1:])
    return f"({', '.join(['batch', *sizes])})"


def described(x: Any) -> str:
    """What a tensor is, with its shape, for messages."""
    kind = INPUTS.get(len(x.shape), "an array").split(" (")[0]
    return f"{kind} {shape(x)}"


def smallest(layers: Sequence[Layer], x: Any, place: Key) -> str:
    """A sentence with the smallest input that the layers take, found by trying; "" if none is.

    Args:
        layers, place: As in `applied`.
        x: An input that is too small.
    """
    import keras

    axes = 2 if len(x.shape) == 4 else 1
    last = x.shape[axes + 1 :]  # the channels; nothing for the words of a text

    def fits(*sides: int) -> bool:
        y, rank = keras.KerasTensor((None, *sides, *last), dtype=x.dtype), 0
        for index in range(len(layers)):
            if len(y.shape) < rank:
                return True  # nothing looks at the sides any more
            rank = len(y.shape)
            try:
                y, _ = _step(layers, index, y, place)
            except TooSmallError:
                return False
        return True

    trying = _trying.set(True)
    try:
        side = _least(lambda n: fits(*[n] * axes))
        if side is None:
            return ""
        if axes == 1:
            what, unit = ("sequence", "steps") if last else ("text", "words")
            return f"The shortest {what} that these layers take has {side} {unit}. "
        height = _least(lambda n: fits(n, side))
        width = _least(lambda n: fits(height or side, n))
    except BuildError:
        return ""  # another size fails for another reason, such as a reshape
    finally:
        _trying.reset(trying)
    return f"The smallest image that these layers take is {height} × {width}. "


def _least(fits: Callable[[int], bool]) -> int | None:
    """The smallest number that fits, found by doubling and halving."""
    high = 1
    while not fits(high):
        high *= 2
        if high > LARGEST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _step(
    layers: Sequence[Layer], index: int, x: Any, place: Key, mask: Any = None
) -> tuple[Any, Any]:
    """The output of one layer, and its mask; what Keras refuses is said in a sentence."""
    key = (*place, index)
    [(name, arguments)] = layers[index].items()
    here = title(key, name)
    if isinstance(arguments, Block):
        _check_rank(layers, index, arguments.ranks, x, place)
        try:
            return arguments.passed(x, mask, (*key, name))
        except masking.PaddingError as error:
            raise BuildError(_unfit(here, x, str(error.problem.message)), key=key) from error
        except BuildError:
            raise
        except Exception as error:  # whatever Keras raises, a person needs to know which layer
            raise BuildError(_unfit(here, x, _sentence(error)), key=key) from error
    try:
        layer = created(name, arguments)
    except Exception as error:  # as above
        raise BuildError(f"{here} cannot be made: {_sentence(error)}.", key=key) from error
    _check_rank(layers, index, _ranks(layer), x, place)
    for axis in _axes(arguments):
        if axis == 0 or not -len(x.shape) < axis < len(x.shape):
            raise BuildError(
                f"{here} has no axis {axis} to work along; its input here is {described(x)}. "
                "Axis 0 is the batch, -1 the last.",
                key=key,
            )
    try:
        if _trying.get():
            import keras

            return keras.KerasTensor(layer.compute_output_shape(x.shape), dtype=x.dtype), None
        return masking.through(layer, x, mask)
    except masking.PaddingError as error:
        raise BuildError(_unfit(here, x, error.problem.message), key=key) from error
    except Exception as error:  # as above
        window = _window(error, arguments)
        said = f"{window} is too large for it" if window else _sentence(error)
        kind = TooSmallError if window else BuildError
        raise kind(_unfit(here, x, said), key=key) from error


def _unfit(here: str, x: Any, reason: str) -> str:
    return f"{here} cannot be applied to {described(x)}: {reason}."


def _check_rank(
    layers: Sequence[Layer], index: int, ranks: tuple[int, ...], x: Any, place: Key
) -> None:
    """Refuse an input of another rank than the layer takes."""
    if not ranks or len(x.shape) in ranks:
        return
    [name] = layers[index]
    wanted = " or ".join(INPUTS.get(rank, f"{rank} axes") for rank in ranks)
    raise BuildError(
        f"{title((*place, index), name)} expects {wanted}; its input here is {described(x)}."
        f"{_fix(layers, index, ranks, x, place)}",
        key=(*place, index),
    )


def _fix(layers: Sequence[Layer], index: int, ranks: tuple[int, ...], x: Any, place: Key) -> str:
    """What to write instead, where it is plain from the layers."""
    [name] = layers[index]
    before = next(iter(layers[index - 1])) if index else ""
    last = title((*place, index - 1), before)
    recurrent = (*keras_layers.table()["recurrent"], keras_layers.WRAPPER)
    rank = len(x.shape)
    if 3 in ranks and rank == 2 and before in recurrent:
        return f" Give {last} `return_sequences: true`."
    if rank == 2 and (before == "flatten" or before.startswith("global_")):
        return f" Put it before {last}."
    twin = name.replace("1d", "2d") if rank == 4 else name.replace("2d", "1d")
    if rank in (3, 4) and twin in keras_layers.names() and twin != name:
        return f" Use {twin} in its place."
    if ranks == (3,) and rank == 4:
        height, width, channels = x.shape[1:]
        rows = f"- reshape: [{height}, {width * channels}]"
        return f" To read the image row by row, put `{rows}` before it."
    return ""


def _part(key: str, value: Any) -> Any:
    """An argument as Keras takes it."""
    import keras

    if not isinstance(value, dict):
        return value
    if not key.endswith("activation"):
        return keras.regularizers.L1L2(**value)
    [(name, number)] = value.items()
    if name == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope=number)
    return keras.layers.ELU(alpha=number)


def _ranks(layer: Any) -> tuple[int, ...]:
    """The number of axes that a layer takes, batch included; empty if it takes any."""
    spec = layer.input_spec
    if isinstance(spec, list):  # as SimpleRNN has it: its input, then its state
        spec = spec[0]
    if spec is None:
        return ()
    # Dense takes 2 or more; convolutions say "at least" too, but more would be no image.
    rank = spec.ndim or (spec.min_ndim if (spec.min_ndim or 0) > 2 else None)
    return (rank,) if rank else ()


def _axes(arguments: dict[str, Any]) -> tuple[int, ...]:
    axes = arguments.get("axis", arguments.get("shared_axes", ()))
    return axes if isinstance(axes, tuple) else (axes,)


def _window(error: Exception, arguments: dict[str, Any]) -> str:
    """The argument that is larger than the input, if that is what Keras says."""
    if "Computed output size would be" in str(error):
        key = "kernel_size" if "kernel_size" in arguments else "pool_size"
        return f"{key} {_plain(arguments.get(key, 2))}"
    if re.search("`cropping` parameter of .?Cropping", str(error)):
        return f"cropping {_plain(arguments['cropping'])}"
    return ""


def _sentence(error: Exception) -> str:
    """The first sentence of what Keras says."""
    text = re.sub(r"\x1b\[\d*m|Exception encountered when calling .*\n+", "", str(error))
    text = re.split(r"\.?(?: Received\b|\n|$)", text.strip())[0].rstrip(".").replace("`", "")
    return text[:1].lower() + text[1:] or type(error).__name__


def _plain(value: Any) -> str:
    return str([*map(_plain, value)]).replace("'", "") if isinstance(value, tuple) else str(value)
