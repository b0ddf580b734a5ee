"""Padding is no data: however much of it a row has, each network of sequences answers alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder.architectures._body import body_of
from kbuilder.contracts import Signal
from kbuilder.errors import BuildError
from kbuilder.spec import Spec

NETWORKS = {
    "rnn": kb.RNN(units=(4, 3), bidirectional=True, normalization="layer"),
    "lstm": kb.LSTM(units=(4, 3), bidirectional=True),
    "gru": kb.GRU(units=(4, 4), pooling="attention"),
    "gru_max": kb.GRU(units=(4,), pooling="max"),
    "cnn": kb.CNN(filters=(4, 5, 6), normalization="batch"),
    "cnn_average": kb.CNN(filters=(4, 5), pool_size=3, pooling="average", reduce="average"),
    "tcn": kb.TCN(filters=4, pooling="average", dilations=(1, 2)),
    "tcn_last": kb.TCN(filters=4, dilations=(1, 2)),
    "text_cnn": kb.TextCNN(filters=3),
    "transformer": kb.Transformer(units=8, heads=2, positions="sinusoidal", pooling="token"),
    "transformer_max": kb.Transformer(units=8, heads=2, positions="none", pooling="max"),
    "sequential": kb.Sequential(
        layers=[
            {"masking": -7},
            {"multi_head_attention": {"num_heads": 2, "key_dim": 2}},
            {"conv1d": {"filters": 4, "kernel_size": 3}},
            "batch_normalization",
            {"residual": {"filters": 5}},
            {"residual": {"layers": [{"maxout": 5}]}},
            {"max_pooling1d": {"pool_size": 2}},
            {"inception": {"conv1": 2, "conv3": [2, 2], "conv5": [2, 2], "pool": 2}},
            {"branches": [[{"dense": 3}], [{"conv1d": {"filters": 3, "kernel_size": 2,
                                                       "padding": "causal"}}]]},
            {"average_pooling1d": {"pool_size": 2, "strides": 1, "padding": "same"}},
            {"repeat": {"times": 2, "layers": [
                {"bidirectional": {"lstm": {"units": 3, "return_sequences": True, "unroll": True}}}
            ]}},
            "global_average_pooling1d",
        ]
    ),
}  # fmt: skip
random = np.random.default_rng(0)
ROWS = [random.normal(size=(steps, 2)).astype(np.float32) for steps in (1, 2, 4, 6, 8)]


def network(architecture: Any, time: int) -> Any:
    """The same weights for any number of steps."""
    import keras

    keras.utils.set_random_seed(1)
    steps, mask = keras.Input((time, 2)), keras.Input((time,), dtype="bool")
    given = architecture.apply(Signal("sequence", steps, mask=mask))
    return keras.Model([steps, mask], given)


def padded(time: int) -> tuple[np.ndarray, np.ndarray]:
    steps, mask = np.zeros((len(ROWS), time, 2), np.float32), np.zeros((len(ROWS), time), bool)
    for place, row in enumerate(ROWS):
        steps[place, : len(row)], mask[place, : len(row)] = row, True
    return steps, mask


@pytest.mark.parametrize("name", NETWORKS)
def test_the_answer_is_the_same_whatever_the_padding(name: str) -> None:
    answers = [np.asarray(network(NETWORKS[name], time)(padded(time))) for time in (8, 14)]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-5)
    assert len(np.unique(answers[0].round(4), axis=0)) == len(ROWS)


def test_in_training_padding_counts_in_no_mean() -> None:
    """Of batch normalisation."""
    means = []
    for time in (8, 14):
        model = network(NETWORKS["cnn"], time)
        model(padded(time), training=True)
        means.append(next(one for one in model.layers if hasattr(one, "moving_mean")).moving_mean)
    np.testing.assert_allclose(means[1], means[0], atol=1e-6)
    assert np.abs(means[0]).max() > 1e-4


def test_layers_of_keras_are_called_with_the_mask() -> None:
    import keras

    layer = keras.Sequential(
        [keras.layers.LSTM(4, return_sequences=True), keras.layers.Conv1D(3, 2, padding="same"),
         keras.layers.GlobalMaxPooling1D()]
    )  # fmt: skip
    from kbuilder.architectures.keras_layer import KerasLayer

    given = KerasLayer.of(layer)
    answers = [np.asarray(network(given, time)(padded(time))) for time in (8, 14)]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-6)


def last_step(x: Any, mask: Any) -> Any:
    import keras

    assert mask is not None
    return keras.layers.LSTM(3)(x, mask=mask)


def blind(x: Any) -> Any:
    import keras

    return keras.layers.LSTM(3)(x)


def test_a_function_takes_the_mask_or_is_refused() -> None:
    from kbuilder.architectures import _given

    answers = [
        np.asarray(network(_given.architecture(last_step), time)(padded(time))) for time in (8, 14)
    ]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-6)
    with pytest.raises(BuildError) as caught:
        network(_given.architecture(blind), 12)
    assert str(caught.value) == (
        "model: blind takes no mask, and the sequence has padding, which would count as data. "
        "Expected `def blind(x, mask): …`, where mask (batch, time) says which steps are real; or "
        "`masking: none` under the feature."
    )


class Others(Spec):
    """A network of somebody else."""

    way: str = "blind"

    def apply(self, signal: Signal) -> Any:
        import keras

        given = {"mask": signal.mask} if self.way == "given" else {}
        x = keras.layers.Masking(0.0)(signal.tensor) if self.way == "masking" else signal.tensor
        return keras.layers.Dense(2)(keras.layers.LSTM(3)(x, **given))


def test_a_network_of_others_that_does_not_look_at_the_mask_is_refused() -> None:
    import keras

    steps, mask = keras.Input((8, 2)), keras.Input((8,), dtype="bool")
    signal = Signal("sequence", steps, mask=mask)
    for way in ("given", "masking"):
        assert body_of(Others(way=way), signal).tensor.shape == (None, 2)  # type: ignore[arg-type]
    assert body_of(Others(), Signal("sequence", steps)).tensor.shape == (None, 2)  # type: ignore[arg-type]
    with pytest.raises(BuildError) as caught:
        body_of(Others(), signal)  # type: ignore[arg-type]
    assert str(caught.value).endswith(
        " does not look at `signal.mask`, and the sequence has padding, which would count as data. "
        "Expected a network that takes `mask=signal.mask` (batch, time), which says which steps "
        "are real; or `masking: none` under the feature."
    )
    videos = keras.Input((8, 6, 6, 1))
    signal = Signal("video", videos, mask=mask)
    network = kb.Frames(image=kb.CNN(filters=[2]), sequence=kb.LSTM(units=2))
    assert body_of(network, signal).tensor.shape == (None, 2)
    with pytest.raises(BuildError) as caught:
        body_of(network.model_copy(update={"sequence": Others()}), signal)
    assert str(caught.value).startswith("model.sequence: ")
    assert "does not look at `signal.mask`" in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ({"reshape": [24]}, "reshape (layers.0)"),
        ({"group_normalization": 1}, "group_normalization (layers.0)"),
        ({"zero_padding1d": 1}, "zero_padding1d (layers.0)"),
        ({"lstm": {"units": 2, "return_sequences": True, "go_backwards": True}},
         "lstm (layers.0)"),
    ],
)  # fmt: skip
def test_a_layer_that_would_count_padding_is_refused(layer: Any, name: str) -> None:
    with pytest.raises(BuildError) as caught:
        network(kb.Sequential(layers=[layer, "flatten"]), 8)
    said = str(caught.value)
    assert said.startswith(f"model.layers.0: {name} cannot be applied to a sequence (batch, 8, 2)")
    assert "padded steps would count as data" in said
    assert said.endswith(
        "write `masking: none` under the feature, of a text `mask_zero: false` in the embedding: "
        "padding then is data."
    )


def test_normalisation_over_groups_is_refused() -> None:
    with pytest.raises(BuildError) as caught:
        network(kb.CNN(filters=(4,), normalization="group"), 12)
    assert str(caught.value) == (
        "model.normalization: group normalisation takes its mean over all steps, and padding would "
        "count in it. Expected `normalization: batch` or layer."
    )
