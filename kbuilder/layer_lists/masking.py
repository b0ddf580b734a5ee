"""What becomes of padding behind a layer of Keras: the mask goes from layer to layer, by hand.

Keras hands masks on by itself, but loses them behind convolutions and pooling, and from 3.16 on
behind recurrent layers. Here each layer is called with the mask, or with 0 in place of padding, and
what would count padding as data is refused.
"""

from __future__ import annotations

from typing import Any

from kbuilder.errors import BuildError

WINDOWS = ("Conv1D", "SeparableConv1D", "DepthwiseConv1D")
POOLING = {"MaxPooling1D": "max", "AveragePooling1D": "average"}
GLOBAL = {"GlobalMaxPooling1D": "max", "GlobalAveragePooling1D": "average"}
OVER_STEPS = ("BatchNormalization", "GroupNormalization")
NORMALIZING = ("LayerNormalization", "RMSNormalization", "UnitNormalization")
INSTEAD = (
    "padded steps would count as data in it. Expected a layer that takes single steps, windows of "
    "them or their order; or write `masking: none` under the feature, of a text `mask_zero: false` "
    "in the embedding: padding then is data"
)


class PaddingError(BuildError):
    """A layer would take padding for data."""


def through(layer: Any, x: Any, mask: Any = None) -> tuple[Any, Any]:
    """The output of a layer, and which of its steps are real.

    Args:
        layer: A layer of Keras, not called before.
        x: A KerasTensor.
        mask: Which steps of `x` are real, (batch, time) booleans; None: all are.

    Raises:
        PaddingError: if padding would count in the output.
    """
    name = type(layer).__name__
    if name == "Masking":
        from kbuilder.layers.real_steps import RealSteps
        from kbuilder.layers.unequal_steps import UnequalSteps

        mask = UnequalSteps(layer.mask_value)(x, **_given(mask))
        return RealSteps()(x, mask=mask), mask
    if name == "Embedding" and layer.mask_zero and mask is None:
        from kbuilder.layers.not_padding import NotPadding

        layer.mask_zero, layer.supports_masking = False, False
        return layer(x), NotPadding()(x)
    if mask is None:
        return layer(x), None
    return _masked(layer, name, x, mask)


def _given(mask: Any) -> dict[str, Any]:
    return {} if mask is None else {"mask": mask}


def _masked(layer: Any, name: str, x: Any, mask: Any) -> tuple[Any, Any]:
    import keras

    from kbuilder.layers.pool_over_time import PoolOverTime
    from kbuilder.layers.pool_steps import PoolSteps
    from kbuilder.layers.real_steps import RealSteps
    from kbuilder.layers.slid_mask import SlidMask

    if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional):
        if layer.return_sequences and getattr(layer, "go_backwards", False):
            raise PaddingError(f"it gives its steps from the end, so that {INSTEAD}")
        for half in (getattr(layer, "forward_layer", None), getattr(layer, "backward_layer", None)):
            if half is not None and layer.return_sequences:
                half.unroll = False  # Keras 3.15 would put 0 in place of real steps
        y = layer(x, mask=mask)
        return y, mask if layer.return_sequences else None
    if name in GLOBAL and not layer.keepdims:
        return PoolOverTime(GLOBAL[name])(x, mask=mask), None  # type: ignore[arg-type]
    if name in POOLING:
        (size,), (strides,) = layer.pool_size, layer.strides
        pooled = PoolSteps(POOLING[name], size, strides, layer.padding)  # type: ignore[arg-type]
        return pooled(x, mask=mask), SlidMask(size, strides, layer.padding)(mask)
    if name in WINDOWS:
        [size], [gap] = layer.kernel_size, layer.dilation_rate
        strides = layer.strides if isinstance(layer.strides, int) else layer.strides[0]
        y = layer(RealSteps()(x, mask=mask))
        same = strides == 1 and layer.padding != "valid"
        return y, mask if same else SlidMask((size - 1) * gap + 1, strides, layer.padding)(mask)
    if name == "Flatten":
        return layer(RealSteps()(x, mask=mask)), None
    if name == "BatchNormalization" and layer.axis in (-1, 2):
        return layer(x, mask=mask), mask
    axes = getattr(layer, "axis", -1)
    along = name in NORMALIZING and axes not in (-1, 2, [-1], (-1,), [2], (2,))
    stepwise = layer.supports_masking and not along and name not in OVER_STEPS
    if not stepwise or layer.compute_output_shape(x.shape)[:2] != x.shape[:2]:
        raise PaddingError(INSTEAD)
    return layer(x), mask
