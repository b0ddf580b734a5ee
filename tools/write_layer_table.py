"""Write layer_table.json: the layers that a recipe may name, with Keras's own arguments.

    python tools/write_layer_table.py

Names, order, defaults and what is required are read from the signatures of the Keras that is
installed. What an argument means, and which have no place in a recipe, is said here by hand: an
argument that Keras adds stops this program until it is given a kind or a reason.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "kbuilder" / "layer_lists" / "layer_table.json"

# No layer that runs code, names a file, takes several tensors, or gives anything but one tensor.
LAYERS = {
    "activation": "Activation",
    "alpha_dropout": "AlphaDropout",
    "average_pooling1d": "AveragePooling1D",
    "average_pooling2d": "AveragePooling2D",
    "batch_normalization": "BatchNormalization",
    "conv1d": "Conv1D",
    "conv1d_transpose": "Conv1DTranspose",
    "conv2d": "Conv2D",
    "conv2d_transpose": "Conv2DTranspose",
    "cropping1d": "Cropping1D",
    "cropping2d": "Cropping2D",
    "dense": "Dense",
    "depthwise_conv1d": "DepthwiseConv1D",
    "depthwise_conv2d": "DepthwiseConv2D",
    "dropout": "Dropout",
    "elu": "ELU",
    "embedding": "Embedding",
    "flatten": "Flatten",
    "gaussian_dropout": "GaussianDropout",
    "gaussian_noise": "GaussianNoise",
    "global_average_pooling1d": "GlobalAveragePooling1D",
    "global_average_pooling2d": "GlobalAveragePooling2D",
    "global_max_pooling1d": "GlobalMaxPooling1D",
    "global_max_pooling2d": "GlobalMaxPooling2D",
    "group_normalization": "GroupNormalization",
    "gru": "GRU",
    "layer_normalization": "LayerNormalization",
    "leaky_relu": "LeakyReLU",
    "lstm": "LSTM",
    "masking": "Masking",
    "max_pooling1d": "MaxPooling1D",
    "max_pooling2d": "MaxPooling2D",
    "permute": "Permute",
    "prelu": "PReLU",
    "relu": "ReLU",
    "repeat_vector": "RepeatVector",
    "rescaling": "Rescaling",
    "reshape": "Reshape",
    "rms_normalization": "RMSNormalization",
    "separable_conv1d": "SeparableConv1D",
    "separable_conv2d": "SeparableConv2D",
    "simple_rnn": "SimpleRNN",
    "spatial_dropout1d": "SpatialDropout1D",
    "spatial_dropout2d": "SpatialDropout2D",
    "unit_normalization": "UnitNormalization",
    "up_sampling1d": "UpSampling1D",
    "up_sampling2d": "UpSampling2D",
    "zero_padding1d": "ZeroPadding1D",
    "zero_padding2d": "ZeroPadding2D",
}

# Of these a recipe may write one inside `bidirectional`, which has no arguments of its own here.
RECURRENT = ("gru", "lstm", "simple_rnn")

# Arguments of Keras that a recipe may not write, each with the reason that is printed. The
# first line of them is in no signature: every layer takes those as **kwargs.
LEFT_OUT = {
    "autocast": "one precision holds for the whole network",
    "batch_input_shape": "the data give the shape of the input",
    "dtype": "one precision holds for the whole network",
    "input_shape": "the data give the shape of the input",
    "trainable": "a recipe trains all weights of a layer",
    "data_format": "channels always come last",
    "input_dim": "it is filled in from the vocabulary, or from the layer before",
    "lora_alpha": "a recipe trains all weights of a layer",
    "lora_rank": "a recipe trains all weights of a layer",
    "noise_shape": "it names the size of a batch; spatial_dropout1d and 2d drop whole channels",
    "quantization_config": "training does not quantize",
    "renorm": "its limits would have to change while it trains",
    "renorm_clipping": "its limits would have to change while it trains",
    "renorm_momentum": "its limits would have to change while it trains",
    "return_state": "a layer of a list gives one tensor",
    "stateful": "each batch holds other rows, so no state carries over",
    "use_cudnn": "Keras uses it wherever it can",
    "weights": "weights come from training",
}
CONSTRAINT = "a regularizer keeps weights small here"

# What an argument holds: a key of KINDS in keras_layers.py. "#" is the number of spatial
# axes of the layer. `layer.argument` goes before `argument`, and that before its ending.
KINDS = {
    "activation": "activation",
    "alpha": "number",
    "axis": "axes",
    "batch_normalization.axis": "axis",
    "center": "flag",
    "conv1d.padding": "causal padding",
    "cropping": "margins #",
    "depth_multiplier": "count",
    "dilation_rate": "counts #",
    "dims": "order",
    "dropout": "rate",
    "epsilon": "positive",
    "filters": "count",
    "go_backwards": "flag",
    "group_normalization.axis": "axis",
    "groups": "count",
    "interpolation": "interpolation",
    "keepdims": "flag",
    "kernel_size": "counts #",
    "mask_value": "number",
    "mask_zero": "flag",
    "max_value": "not negative",
    "momentum": "rate",
    "n": "count",
    "name": "name",
    "negative_slope": "not negative",
    "offset": "number",
    "output_dim": "count",
    "output_padding": "sizes #",
    "padding": "padding",
    "pool_size": "counts #",
    "rate": "rate",
    "recurrent_activation": "activation",
    "recurrent_dropout": "rate",
    "rescaling.scale": "number",
    "reset_after": "flag",
    "return_sequences": "flag",
    "rms_normalization.axis": "axis",
    "scale": "flag",
    "seed": "seed",
    "shared_axes": "spatial axes",  # Keras counts them from 1, and takes -1 for another
    "size": "counts #",
    "stddev": "share",
    "strides": "counts #",
    "synchronized": "flag",
    "target_shape": "shape",
    "threshold": "not negative",
    "unit_forget_bias": "flag",
    "units": "count",
    "unroll": "flag",
    "up_sampling1d.size": "count",
    "use_bias": "flag",
    "zero_padding1d.padding": "margins #",
    "zero_padding2d.padding": "margins #",
}
ENDINGS = {"initializer": "initializer", "regularizer": "regularizer"}
# Their zeros would leave every unit alike; of a bias, an offset or a state they are what is usual.
WEIGHTS = ("depthwise_initializer", "kernel_initializer", "pointwise_initializer")


def kind_of(layer: str, argument: str) -> str:
    """The kind of an argument, with the number of axes filled in."""
    if argument in WEIGHTS:
        return "weights initializer"
    ending = ENDINGS.get(argument.rpartition("_")[2])
    kind = KINDS.get(f"{layer}.{argument}") or KINDS.get(argument) or ending
    if kind is None:
        raise SystemExit(f"{layer} has a new argument {argument!r}: give it a kind or a reason.")
    return kind.replace("#", "1" if "1d" in layer else "2")


def read_layer(layer: str) -> tuple[dict[str, Any], set[str]]:
    """The arguments of a layer in Keras's order, and the names of those left out."""
    import keras

    arguments: dict[str, Any] = {}
    left_out = set()
    signature = inspect.signature(getattr(keras.layers, LAYERS[layer]))
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD or name == "name":
            continue
        if name in LEFT_OUT or name.endswith("_constraint"):
            left_out.add(name)
            continue
        arguments[name] = {"kind": kind_of(layer, name)}
        if parameter.default is not parameter.empty:
            default = parameter.default
            named = isinstance(default, str)  # PReLU has "Zeros" where all others have "zeros"
            arguments[name]["default"] = default.lower() if named else default
    arguments["name"] = {"kind": "name", "default": None}  # last: no bare value is a name
    return arguments, left_out


def known_names() -> dict[str, list[str]]:
    """The names that Keras knows as strings, and that do something without further numbers."""
    import keras
    import numpy as np
    from keras.src import activations, initializers, regularizers

    matrix = np.linspace(-1, 1, 16, dtype="float32").reshape(4, 4)

    def keeps_shape(name: str) -> bool:  # not so glu (half as wide), threshold (needs numbers)
        return keras.activations.get(name)(matrix).shape == matrix.shape

    def fills(name: str) -> bool:  # not so constant (needs a number), stft, the base class
        return keras.initializers.get(name)((4, 4)).shape == matrix.shape

    def adds(name: str) -> bool:  # not so l1l2 (strengths of 0), the base class
        return float(keras.regularizers.get(name)(matrix)) > 0

    return {
        "activations": _works(keeps_shape, activations.ALL_OBJECTS_DICT),
        "initializers": _works(fills, initializers.ALL_OBJECTS_DICT),
        "regularizers": _works(adds, regularizers.ALL_OBJECTS_DICT),
    }


def _works(use: Callable[[str], bool], names: Iterable[str]) -> list[str]:
    """The names, of those in lower case, that can be used by themselves."""
    found = []
    for name in sorted(names):
        with suppress(KeyError, NotImplementedError, TypeError, ValueError):
            if name.islower() and use(name):
                found.append(name)
    return found


def render() -> str:
    """The text of the table: sorted but for arguments, one argument a line."""
    layers = {layer: read_layer(layer) for layer in sorted(LAYERS)}
    reasons = dict(LEFT_OUT)
    for _, names in layers.values():
        reasons.update((name, LEFT_OUT.get(name, CONSTRAINT)) for name in names)
    note = "Written by tools/write_layer_table.py from the signatures of Keras. Do not edit."
    parts = [f'"note": {json.dumps(note)}']
    parts += [f"{json.dumps(title)}: {json.dumps(names)}" for title, names in known_names().items()]
    parts += [f'"recurrent": {json.dumps(RECURRENT)}']
    parts += [f'"left_out": {_block(dict(sorted(reasons.items())), 2)}']
    rows = [
        f'    {json.dumps(layer)}: {{\n      "class": {json.dumps(LAYERS[layer])},\n'
        f'      "arguments": {_block(arguments, 6)}\n    }}'
        for layer, (arguments, _) in layers.items()
    ]
    parts += ['"layers": {\n' + ",\n".join(rows) + "\n  }"]
    return "{\n  " + ",\n  ".join(parts) + "\n}\n"


def _block(mapping: dict[str, Any], indent: int) -> str:
    space = " " * indent
    items = [f"{space}  {json.dumps(key)}: {json.dumps(item)}" for key, item in mapping.items()]
    return "{\n" + ",\n".join(items) + f"\n{space}}}"


if __name__ == "__main__":
    TABLE.write_text(render(), encoding="utf-8")
    print(f"{TABLE}: {len(LAYERS)} layers.")
