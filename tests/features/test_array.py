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


def test_one_mean_and_one_deviation_are_of_all_values_that_are_there() -> None:
    assert Array().learn("a", VALUES) == {
        "shape": Choice((2,), "2 training arrays of this shape"),
        "mean": Choice(3.0, "mean of all training values"),
        "scale": Choice(float(np.std([1, 3, 5])), "standard deviation of all training values"),
    }


def test_a_missing_value_becomes_the_mean() -> None:
    feature = Array(mean=3.0, scale=2.0, shape=(2,))
    rows = feature.layer()(feature.raw("a", VALUES)).numpy()
    assert rows.tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def test_without_rescaling_values_stay() -> None:
    learned = Array(rescale="none").learn("a", VALUES)
    assert learned["mean"] == Choice(0.0, "rescale is none")
    assert learned["scale"] == Choice(1.0, "rescale is none")


@pytest.mark.parametrize("values", [np.full((3, 2), 7), np.full((3, 2), np.nan)])
def test_constant_and_missing_arrays_are_divided_by_one(values: np.ndarray) -> None:
    assert Array().learn("a", values)["scale"].value == 1.0


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
