"""Networks that several tests describe and draw. Layers are small; each is built once."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def lenet() -> Any:
    """LeNet-5 on 32 × 32 grey images, every layer named."""
    import keras
    from keras import layers

    stack = [
        keras.Input((32, 32, 1), name="image"),
        layers.Conv2D(6, 5, activation="tanh", name="c1"),
        layers.AveragePooling2D(2, name="s2"),
        layers.Conv2D(16, 5, activation="tanh", name="c3"),
        layers.AveragePooling2D(2, name="s4"),
        layers.Conv2D(120, 5, activation="tanh", name="c5"),
        layers.Flatten(name="flatten"),
        layers.Dense(84, activation="tanh", name="f6"),
        layers.Dense(10, activation="softmax", name="head"),
    ]
    return keras.Sequential(stack)


@cache
def residual() -> Any:
    """Three stages of three residual units; the first of a later stage has a projection."""
    import keras
    from keras import layers

    def convolved(x: Any, filters: int, stride: int = 1, size: int = 3) -> Any:
        options = {"padding": "same", "use_bias": False}
        x = layers.Conv2D(filters, size, strides=stride, **options)(x)
        return layers.BatchNormalization()(x)

    inputs = keras.Input((16, 16, 3), name="image")
    x = layers.ReLU()(convolved(inputs, 4))
    for stage, filters in enumerate((4, 8, 16)):
        for unit in range(3):
            stride = 2 if stage > 0 and unit == 0 else 1
            y = layers.ReLU()(convolved(x, filters, stride))
            y = convolved(y, filters)
            x = convolved(x, filters, stride, size=1) if stride == 2 else x
            x = layers.ReLU()(layers.Add()([y, x]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax", name="head")(x))


@cache
def inception() -> Any:
    """Two modules of four branches, with an auxiliary classifier after the first."""
    import keras
    from keras import layers

    def module(x: Any, name: str) -> Any:
        same = {"padding": "same", "activation": "relu"}
        pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
        branches = [
            layers.Conv2D(4, 1, **same)(x),
            layers.Conv2D(6, 3, **same)(layers.Conv2D(3, 1, **same)(x)),
            layers.Conv2D(2, 5, **same)(layers.Conv2D(1, 1, **same)(x)),
            layers.Conv2D(2, 1, **same)(pooled),
        ]
        return layers.Concatenate(name=name)(branches)

    inputs = keras.Input((24, 24, 3))
    x = module(layers.Conv2D(8, 7, strides=2, padding="same")(inputs), "first")
    side = layers.Dense(3, name="auxiliary_1")(layers.Flatten()(layers.AveragePooling2D(4)(x)))
    x = layers.GlobalAveragePooling2D()(module(layers.MaxPooling2D(2)(x), "second"))
    output = layers.Dense(3, name="head")(layers.Dropout(0.4)(x))
    return keras.Model(inputs, {"output": output, "auxiliary_1": side})


@cache
def branches() -> Any:
    """A text with a mask, an image and numbers, side by side; a name that XML must escape."""
    import keras
    from keras import layers

    text = keras.Input((9,), dtype="int64", name="review")
    image = keras.Input((12, 12, 1), name="photo")
    numbers = keras.Input((5,), name="a < b & 'c' \"d\"")
    x = layers.Embedding(20, 4, mask_zero=True)(text)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.GRU(3)(x)
    y = layers.Flatten()(layers.Conv2D(2, 3)(image))
    z = layers.Dropout(0.2)(layers.Dense(4, activation="relu")(numbers))
    joined = layers.Concatenate()([x, y, z])
    return keras.Model([text, image, numbers], layers.Dense(1, name="head")(joined))


@cache
def transformer() -> Any:
    """Three equal blocks of attention and dense layers."""
    import keras
    from keras import layers

    inputs = keras.Input((6,), dtype="int64")
    x = layers.Embedding(20, 8)(inputs)
    for _ in range(3):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
        y = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(8)(y)])
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


@cache
def twins() -> Any:
    """One network within the network, called on two inputs."""
    import keras
    from keras import layers

    tower = keras.Sequential(
        [keras.Input((8,)), layers.Dense(4, name="wide"), layers.Dense(3, name="low")], name="tower"
    )
    left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
    apart = layers.Subtract(name="apart")([tower(left), tower(right)])
    return keras.Model({"left": left, "right": right}, layers.Dense(1, name="head")(apart))


@cache
def resnet50() -> Any:
    """ResNet-50 with 1000 classes, as Keras has it."""
    import keras

    return keras.applications.ResNet50(weights=None)


ALL = [lenet, residual, inception, branches, transformer, twins, resnet50]
