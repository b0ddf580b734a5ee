"""GoogLeNet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import counts, outline

import kbuilder as kb

INCEPTIONS = {
    "3a": 163_696, "3b": 388_736, "4a": 376_176, "4b": 449_160, "4c": 510_104, "4d": 605_376,
    "4e": 868_352, "5a": 1_043_456, "5b": 1_444_080,
}  # fmt: skip


def of(model: Any, start: str) -> int:
    """Parameters of the layers whose name begins so."""
    layers = [layer for layer in model.layers if layer.name.startswith(start)]
    return sum(counts(layer.trainable_weights) for layer in layers)


def test_the_parameters_are_those_of_the_paper() -> None:
    model = outline(kb.GoogLeNet(), (224, 224, 3))
    assert counts(model.trainable_weights) == 13_378_280
    assert {name: of(model, f"inception_{name}") for name in INCEPTIONS} == INCEPTIONS
    assert of(model, "classifier_4a") + of(model, "auxiliary_1") == 3_188_840
    assert of(model, "classifier_4d") + of(model, "auxiliary_2") == 3_190_888
    alone = outline(kb.GoogLeNet(auxiliary=False), (224, 224, 3))
    assert counts(alone.trainable_weights) == 6_998_552


def test_the_maps_have_the_sizes_of_the_paper() -> None:
    model = outline(kb.GoogLeNet(), (224, 224, 3))
    names = ["conv1_relu", "pool1", "conv2_relu", "inception_3b", "inception_4e", "inception_5b"]
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (112, 112, 64), (56, 56, 64), (56, 56, 192), (28, 28, 480), (14, 14, 832), (7, 7, 1024),
    ]  # fmt: skip
    assert model.get_layer("classifier_4a_pool").output.shape == (None, 4, 4, 512)
    small = outline(kb.GoogLeNet(), (32, 24, 3))
    assert [small.get_layer(name).output.shape[1:3] for name in ("conv1_relu", *names[2:])] == [
        (32, 24), (32, 24), (32, 24), (16, 12), (8, 6),
    ]  # fmt: skip


def test_normalisation_is_that_of_the_paper_or_over_the_batch() -> None:
    def kinds(model: Any) -> list[str]:
        return [type(layer).__name__ for layer in model.layers]

    paper = kinds(outline(kb.GoogLeNet(), (32, 32, 3)))
    assert paper.count("LocalResponseNormalization") == 2
    assert paper.count("BatchNormalization") == 0
    assert paper.count("Dropout") == 3
    batch = kinds(outline(kb.GoogLeNet(batch_normalization=True, dropout=0), (32, 32, 3)))
    assert batch.count("LocalResponseNormalization") == 0
    assert batch.count("BatchNormalization") == batch.count("Conv2D") == 59
    assert batch.count("Dropout") == 2


def test_the_auxiliary_classifiers_take_part_in_training_with_a_weight_of_a_third() -> None:
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(4, 16, 8, 1)).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    model = kb.build(kb.GoogLeNet(), kb.Multiclass(classes=3), (16, 8, 1))
    assert list(model.output) == ["output", "auxiliary_1", "auxiliary_2"]
    shared, own = model.get_layer("conv1_conv").kernel, model.get_layer("auxiliary_2").kernel

    def gradients(part: str | None) -> list[Any]:
        with tf.GradientTape() as tape:
            answers = model(x)
            targets = dict.fromkeys(answers, y)
            loss = (
                keras.losses.CategoricalCrossentropy()(y, answers[part])
                if part
                else model.compute_loss(x, targets, answers)
            )
        found = tape.gradient(
            loss, [shared.value, own.value], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return [loss.numpy(), *(gradient.numpy() for gradient in found)]

    whole = gradients(None)
    parts = [gradients(part) for part in model.output]
    assert all(np.abs(part[1]).max() > 0 for part in parts)
    for place, value in enumerate(whole):
        expected = parts[0][place] + 0.3 * parts[1][place] + 0.3 * parts[2][place]
        np.testing.assert_allclose(value, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("side", [8, 40])
def test_the_window_of_an_auxiliary_classifier_is_no_larger_than_its_map(side: int) -> None:
    model = outline(kb.GoogLeNet(), (side, side, 3), 10)
    layer = model.get_layer("classifier_4a_pool")
    assert layer.pool_size == ((4, 4) if side == 8 else (5, 5))
