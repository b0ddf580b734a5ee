"""What every layer of our own promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from shared import encoded, picture, strings

from kbuilder.layers.attention_pooling import AttentionPooling
from kbuilder.layers.bins import Bins
from kbuilder.layers.category_hash import CategoryHash
from kbuilder.layers.category_index import CategoryIndex
from kbuilder.layers.class_token import ClassToken
from kbuilder.layers.cross import Cross
from kbuilder.layers.feature_tokenizer import FeatureTokenizer
from kbuilder.layers.from_last_step import FromLastStep
from kbuilder.layers.identity_shortcut import IdentityShortcut
from kbuilder.layers.label_flags import LabelFlags
from kbuilder.layers.local_response_normalization import LocalResponseNormalization
from kbuilder.layers.maxout import Maxout
from kbuilder.layers.moving_average import MovingAverage
from kbuilder.layers.not_padding import NotPadding
from kbuilder.layers.pictures import Pictures
from kbuilder.layers.pieces import Pieces
from kbuilder.layers.pixels import Pixels
from kbuilder.layers.pool_over_time import PoolOverTime
from kbuilder.layers.pool_steps import PoolSteps
from kbuilder.layers.positions import Positions
from kbuilder.layers.preprocessor import Preprocessor
from kbuilder.layers.radial_basis_output import RadialBasisOutput
from kbuilder.layers.real_steps import RealSteps
from kbuilder.layers.reverse_channels import ReverseChannels
from kbuilder.layers.scaled_tanh import ScaledTanh
from kbuilder.layers.season_before import SeasonBefore
from kbuilder.layers.side_by_side import has_few_words, width
from kbuilder.layers.slid_mask import SlidMask
from kbuilder.layers.standardize import Standardize
from kbuilder.layers.token_mask import TokenMask
from kbuilder.layers.unequal_steps import UnequalSteps
from kbuilder.layers.vocabularies import MANY

LAYERS = [
    (lambda: Bins([0.5, 2.0]), lambda: np.float32([0.5, np.nan, 3, -1])),
    (lambda: Bins([0.5, 2.0], one_hot=False), lambda: np.array([0.5, np.nan, 3, -1])),
    (lambda: CategoryIndex(["a", "b"]), lambda: strings("b", "", "c")),
    (lambda: CategoryIndex([3, -1], one_hot=False), lambda: np.array([3, -1, 0])),
    (lambda: CategoryHash(5), lambda: strings("b", "", "true", "True")),
    (lambda: CategoryHash(70, one_hot=False), lambda: np.array([3, -1, -(2**63)])),
    (lambda: IdentityShortcut(5, 2), lambda: np.ones((2, 3, 4, 3), np.float32)),
    (lambda: LabelFlags(["a", "é"], ";", True, True), lambda: strings("é; b", "", '["a"]')),
    (lambda: LocalResponseNormalization(n=3), lambda: np.ones((2, 3, 4, 6), np.float32)),
    (lambda: Pictures(4, 5, 1, (1, 2, 3), True), lambda: strings(encoded(picture(0)))),
    (lambda: Pieces([1], [[0, 1, 3]]), lambda: np.ones((2, 3), np.float32)),
    (lambda: Pixels(4, 5, 3), lambda: np.full((2, 8, 8), 9, np.uint8)),
    (lambda: Cross([(0, 2), (3, 5)]), lambda: np.ones((2, 5), np.float32)),
    (lambda: FromLastStep(), lambda: np.arange(12, dtype=np.float32).reshape(2, 3, 2)),
    (lambda: MovingAverage(3), lambda: np.arange(12, dtype=np.float32).reshape(2, 3, 2)),
    (lambda: SeasonBefore(2, 3, 1), lambda: np.arange(16, dtype=np.float32).reshape(2, 4, 2)),
    (lambda: NotPadding(), lambda: np.array([[3, 0]])),
    (lambda: PoolOverTime("max"), lambda: np.ones((2, 3, 4), np.float32)),
    (lambda: RadialBasisOutput(3, seed=7), lambda: np.ones((2, 4), np.float32)),
    (lambda: ReverseChannels(), lambda: np.float32([[[[1, 2, 3]]]])),
    (lambda: ScaledTanh(), lambda: np.ones((2, 4), np.float32)),
    (lambda: Positions("sinusoidal"), lambda: np.ones((2, 3, 5), np.float32)),
    (lambda: PoolSteps("max", 2, 1, "same"), lambda: np.ones((2, 3, 4), np.float32)),
    (lambda: RealSteps(), lambda: np.ones((2, 3, 4), np.float32)),
    (lambda: SlidMask(2, 2, "end"), lambda: np.array([[True, True, False]])),
    (lambda: TokenMask(), lambda: np.array([[True, False]])),
    (lambda: UnequalSteps(1), lambda: np.float32([[[1, 2], [1, 1]]])),
    (lambda: Standardize((1.0, 2.0), 3.0, steps=2, padding=0), lambda: np.ones((1, 3, 2))),
    (lambda: Standardize(2.0, 3.0, True), lambda: np.float32([5, np.nan])),
]
TRAINED = [
    (lambda: AttentionPooling(3), (2, 3, 4)),
    (lambda: ClassToken(), (2, 3, 4)),
    (lambda: FeatureTokenizer([2, 1, 1], 5), (2, 4)),
    (lambda: Maxout(3, 2), (2, 4)),
    (lambda: Positions("learned"), (2, 3, 4)),
]


@pytest.mark.parametrize(("make", "batch"), LAYERS)
def test_a_layer_made_from_its_config_answers_alike(make: Any, batch: Any) -> None:
    layer = make()
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(layer)
    np.testing.assert_array_equal(again(batch()), layer(batch()))


@pytest.mark.parametrize(("make", "shape"), TRAINED)
def test_a_trained_layer_answers_alike_when_loaded(
    make: Any, shape: tuple[int, ...], tmp_path: Path
) -> None:
    inputs = keras.Input(shape[1:])
    layer = make()
    model = keras.Model(inputs, layer(inputs))
    assert layer.trainable_weights
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    batch = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_array_equal(again(batch), model(batch))
    assert model.output_shape[1:] == tuple(model(batch).shape[1:])


@pytest.mark.parametrize(("make", "batch"), LAYERS)
def test_a_layer_has_nothing_to_train(make: Any, batch: Any) -> None:
    layer = make()
    layer(batch())
    assert layer.trainable_weights == []


def test_finished_vectors_are_joined_in_the_order_of_the_columns() -> None:
    parts = {name: Standardize(mean, 1.0) for mean, name in enumerate("abc")}
    layer = Preprocessor(parts, {"a": "vector", "b": "other", "c": "vector"})
    zeros = np.zeros(2, np.float32)
    outputs = layer({"c": zeros, "a": zeros, "b": zeros})
    assert {key: value.numpy().tolist() for key, value in outputs.items()} == {
        "vector": [[0, -2], [0, -2]],
        "other": [[-1], [-1]],
    }


@pytest.mark.parametrize("count", [48, 288])
def test_columns_side_by_side_are_those_of_their_own_layers_bit_for_bit(count: int) -> None:
    """Numbers of both widths, with and without indicator and bounds, words and whole numbers."""
    random = np.random.default_rng(0)
    parts: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    for place in range(count):
        name, kind = f"column {place}", place % 6
        if kind < 4:
            values = random.normal(size=20) * 10.0 ** random.integers(-3, 9) + 1e6
            values[random.random(20) < 0.3 * (kind % 2)] = np.nan
            bounds = (-5.0, 1e5) if place % 7 == 0 else None
            mean, scale = float(np.nanmean(values)), float(np.nanstd(values))
            parts[name] = Standardize(mean, scale, bool(kind % 2), bounds)
            columns[name] = tf.constant(values, tf.float64 if kind == 3 else tf.float32)
        elif kind == 4:  # some vocabularies are small, others are not
            words = [f"w{n}" for n in range(random.integers(1, 90))]
            parts[name] = CategoryIndex(words, missing=["NA"])
            columns[name] = tf.constant(random.choice([*words, " w0 ", "", "NA", "new"], 20))
        else:
            parts[name] = CategoryIndex(list(range(random.integers(1, 9))))
            columns[name] = tf.constant(random.integers(-2, 9, 20))
    together = Preprocessor(parts, dict.fromkeys(parts, "vector"))
    apart = np.concatenate([part(columns[name]).numpy() for name, part in parts.items()], axis=-1)
    for given in (together(columns), together.compiled(columns)):
        np.testing.assert_array_equal(given["vector"].numpy(), apart)
    operations = together._graphs[()].get_concrete_function(columns).graph.get_operations()
    assert len(operations) < 8 * len(parts)
    lookups = [op for op in operations if "LookupTable" in op.type]
    asked = [op for op in lookups if op.get_attr("Tin") == tf.string]
    words = [part for part in parts.values() if isinstance(part, CategoryIndex) and part.words]
    few = sum(has_few_words(part) for part in words)
    assert (few < MANY) == (count == 48)
    assert len(asked) == len(words) if few < MANY else len(asked) == len(words) - few + 1
    assert sum(width(part) or 0 for part in parts.values()) == apart.shape[1]


def test_standardize_keeps_the_axes_of_an_array() -> None:
    values = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    np.testing.assert_allclose(Standardize(1.0, 2.0)(values), (values - 1) / 2)


def test_a_class_token_stands_first_and_is_never_padding() -> None:
    layer, sequence = ClassToken(), np.ones((2, 3, 4), np.float32)
    longer = np.asarray(layer(sequence))
    assert longer.shape == (2, 4, 4)
    np.testing.assert_array_equal(longer[:, 0], np.repeat(layer.token.numpy()[0], 2, axis=0))
    np.testing.assert_array_equal(longer[:, 1:], sequence)
    mask = layer.compute_mask(sequence, np.array([[True, True, False], [False] * 3]))
    assert np.asarray(mask).tolist() == [[True, True, True, False], [True, False, False, False]]
    assert layer.compute_mask(sequence) is None


def test_a_cross_has_a_one_where_its_values_meet() -> None:
    vector = np.float32([[0, 1, 7, 0, 0, 1], [1, 0, 7, 0, 1, 0]])
    crossed = np.asarray(Cross([(0, 2), (3, 6)])(vector))
    assert crossed.tolist() == [[0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0]]
    three = np.asarray(Cross([(3, 6), (2, 3), (0, 2)])(vector))
    assert three.tolist() == [[0, 0, 0, 0, 0, 7], [0, 0, 7, 0, 0, 0]]


def test_a_token_is_a_linear_function_of_its_own_column() -> None:
    layer, random = FeatureTokenizer([2, 1, 3], 4), np.random.default_rng(0)
    vector = random.normal(size=(5, 6)).astype(np.float32)
    tokens = np.asarray(layer(vector))
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    for column, (start, stop) in enumerate([(0, 2), (2, 3), (3, 6)]):
        expected = vector[:, start:stop] @ kernel[start:stop] + bias[column]
        np.testing.assert_allclose(tokens[:, column], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("units", [4, 5])
def test_sinusoidal_positions_are_sines_then_cosines_of_slower_and_slower_waves(units: int) -> None:
    table = np.asarray(Positions("sinusoidal")(np.zeros((1, 7, units), np.float32)))[0]
    half = (units + 1) // 2
    for place in range(7):
        for wave in range(half):
            angle = place / 10_000 ** (wave / half)
            assert table[place, wave] == pytest.approx(np.sin(angle), abs=1e-5)
            if half + wave < units:
                assert table[place, half + wave] == pytest.approx(np.cos(angle), abs=1e-5)
    scaled = np.asarray(Positions("sinusoidal")(np.ones((1, 7, units), np.float32)))[0]
    np.testing.assert_allclose(scaled - table, np.sqrt(units), rtol=1e-5)


def test_a_word_has_its_place_whatever_stands_beside_it() -> None:
    layer = CategoryIndex([" a", "b"], one_hot=False)
    assert layer(strings(" a", "b ", "c"))[:, 0].numpy().tolist() == [2, 3, 1]
    assert layer(strings(" a"))[:, 0].numpy().tolist() == [2]


def test_pictures_that_are_only_resized_need_no_graph_of_all_others() -> None:
    traced: list[None] = []

    class Plain(Pictures):
        def _read(self, content: Any) -> Any:
            traced.append(None)  # an error while tf.map_fn is traced would spoil later scopes
            return super()._read(content)

    layer = Preprocessor({"photo": Plain(4, 4, 3)}, {"photo": "photo"})
    contents = strings(*[encoded(picture(n), "JPEG") for n in range(3)])
    found = layer.compiled({"photo": contents})["photo"]
    np.testing.assert_array_equal(found, Pictures(4, 4, 3)(contents))
    assert not traced
    layer.compiled({"photo": strings(encoded(picture(0), "PNG"))})
    assert traced


def test_pictures_are_traced_once_however_many_come() -> None:
    """To trace all that reads pictures takes a second."""
    traced: list[None] = []

    class Counting(Pictures):
        def _read(self, content: Any) -> Any:
            traced.append(None)
            return super()._read(content)

    layer = Preprocessor({"photo": Counting(4, 4, 3)}, {"photo": "photo"})
    for rows in (3, 1, 2):
        found = layer.compiled({"photo": strings(*[encoded(picture(n)) for n in range(rows)])})
        assert found["photo"].shape == (rows, 4, 4, 3)
    assert len(traced) == 1
    again = Counting(4, 4, 3)(strings(encoded(picture(0))))
    np.testing.assert_array_equal(again, found["photo"][:1])
    assert len(traced) == 1  # by all layers of these settings
    assert Counting(4, 5, 3)(strings(encoded(picture(0)))).shape == (1, 4, 5, 3)
    assert len(traced) == 2
