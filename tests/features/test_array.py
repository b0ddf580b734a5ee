"""Arrays."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message, reason_of

from kbuilder.contracts import Choice
from kbuilder.errors import DataError
from kbuilder.features.array import Array
from kbuilder.tables.profile import profile

VALUES = np.array([[1.0, 3.0], [5.0, np.nan]])


def test_each_place_of_the_last_axis_has_a_mean_and_a_deviation_of_the_values_there() -> None:
    assert Array().learn("a", VALUES) == {
        "shape": Choice((2,), "2 training arrays of this shape"),
        "mean": Choice((3.0, 3.0), "mean at each of 2 places of the last axis"),
        "scale": Choice((2.0, 1.0), "standard deviation at each of 2 places of the last axis"),
    }
    assert Array(rescale="together").learn("a", VALUES) == {
        "shape": Choice((2,), "2 training arrays of this shape"),
        "mean": Choice((3.0,), "mean of all training values"),
        "scale": Choice((float(np.std([1, 3, 5])),), "standard deviation of all training values"),
    }


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_pixels_share_one_mean_and_one_deviation(top: float) -> None:
    pixels = np.random.default_rng(0).random((5, 4, 4, 3)) * top
    assert len(Array().learn("a", pixels)["mean"].value) == 1
    assert len(Array().learn("a", pixels * 300)["mean"].value) == 3


def test_a_burst_is_kept_within_the_other_values() -> None:
    values = np.random.default_rng(0).normal(size=(50, 30, 2))
    values[7, 3, 0] = 1e9
    learned = Array().learn("a", values)
    assert learned["bounds"].reason == "1 training value is far off, such as 1e+09"
    feature = Array(**{name: choice.value for name, choice in learned.items()})
    rows = feature.layer()(feature.raw("a", values)).numpy()
    assert np.abs(rows).max() < 6
    assert 0.9 < rows.std() < 1.1


def test_a_clock_loses_no_step_of_it() -> None:
    random = np.random.default_rng(0)
    clock = 1.7e12 + random.integers(0, 60_000, (50, 1)) + 10.0 * np.arange(30)
    learned = Array().learn("a", clock[..., None])
    assert learned["dtype"].value == "float64"
    feature = Array(**{name: choice.value for name, choice in learned.items()})
    assert feature.signature() == ((None, 30, 1), "float64")
    rows = feature.layer()(feature.raw("a", clock[..., None])).numpy()
    assert rows.dtype == np.float32
    steps = np.diff(rows[..., 0], axis=1) * feature.scale[0]
    np.testing.assert_allclose(steps, 10, rtol=0.01)


def test_a_missing_value_becomes_the_mean() -> None:
    feature = Array(mean=3.0, scale=2.0, shape=(2,))
    rows = feature.layer()(feature.raw("a", VALUES)).numpy()
    assert rows.tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def test_without_rescaling_values_stay() -> None:
    learned = Array(rescale="none").learn("a", VALUES)
    assert learned["mean"] == Choice((0.0,), "rescale is none")
    assert learned["scale"] == Choice((1.0,), "rescale is none")


@pytest.mark.parametrize("values", [np.full((3, 2), 7), np.full((3, 2), np.nan)])
def test_constant_and_missing_arrays_are_divided_by_one(values: np.ndarray) -> None:
    assert Array().learn("a", values)["scale"].value == (1.0, 1.0)


@pytest.mark.parametrize(
    ("shape", "form"), [((4,), "vector"), ((4, 2), "sequence"), ((4, 4, 1), "image")]
)
def test_the_rank_decides_the_form(shape: tuple[int, ...], form: str) -> None:
    import keras

    feature = Array(mean=0.0, scale=1.0, shape=shape)
    assert feature.form == form
    assert feature.packed == (form == "vector")
    assert feature.signature() == ((None, *shape), "float32")
    assert feature.embed(keras.Input(shape)).form == form


def test_another_shape_than_in_training_is_refused() -> None:
    assert message(DataError, Array(shape=(3,)).raw, "a", VALUES) == (
        "features.a: column 'a' holds arrays of (2,). Expected (3,)."
    )


@pytest.mark.parametrize("values", [np.arange(3), np.zeros((2, 1, 1, 1, 1)), np.array([["a"]])])
def test_what_is_no_array_of_numbers_is_refused(values: np.ndarray) -> None:
    assert message(DataError, Array().learn, "a", values) == (
        "features.a: column 'a' holds no arrays of numbers. "
        "Expected 1 to 3 axes per row, of one shape."
    )


def test_an_endless_number_is_refused_with_its_row() -> None:
    with pytest.raises(DataError) as caught:
        Array().raw("a", np.array([[1.0, 2.0], [3.0, -np.inf]]))
    assert caught.value.row == 1


def test_arrays_that_are_no_images_are_recognised() -> None:
    assert reason_of(Array, profile(np.zeros((2, 8, 3)))) == "arrays of 8 × 3 numbers"
    assert reason_of(Array, profile(VALUES)) == "arrays of 2 numbers"  # one is missing
    assert Array.recognise(profile(np.array([["a", "b"]]))) is None
    assert Array.recognise(profile(np.zeros((2, 8, 8), np.uint8))) is None
    assert Array.recognise(profile(np.arange(3))) is None
