"""Arrays."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message, reason_of

from kbuilder import catalog
from kbuilder.contracts import Choice
from kbuilder.data import kinds
from kbuilder.errors import DataError
from kbuilder.features.array import Array
from kbuilder.tables.profile import profile

VALUES = np.array([[1.0, 3.0], [5.0, np.nan]])


def test_each_place_of_the_last_axis_has_a_mean_and_a_deviation_of_the_values_there() -> None:
    assert Array().learn("a", VALUES) == {
        "shape": Choice((2,), "2 training arrays of this shape"),
        "indicator": Choice(True, "1 training values missing"),
        "mean": Choice((3.0, 3.0), "mean at each of 2 indices of the last axis"),
        "scale": Choice((2.0, 1.0), "standard deviation at each of 2 indices of the last axis"),
    }
    assert Array(rescale="together").learn("a", VALUES) == {
        "shape": Choice((2,), "2 training arrays of this shape"),
        "indicator": Choice(True, "1 training values missing"),
        "mean": Choice((3.0,), "mean of all training values"),
        "scale": Choice((float(np.std([1, 3, 5])),), "standard deviation of all training values"),
    }


def test_a_place_where_whole_numbers_are_all_alike_is_divided_by_one() -> None:
    """As the corners of pixels in a row."""
    values = np.array([[0, 3, 7], [0, 5, 7]], np.uint8)
    assert Array().learn("a", values)["scale"].value == (1.0, 1.0, 1.0)
    assert Array().learn("a", values.astype(np.int64))["mean"].value == (0.0, 4.0, 7.0)
    far = 2**60 + np.arange(3)[:, None] * [0, 1, 100]
    with pytest.raises(DataError, match="differ by less than floats tell apart"):
        Array().learn("a", far)


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
    feature = feature.model_copy(update={"indicator": True})
    rows = feature.layer()(feature.raw("a", VALUES)).numpy()
    assert rows.tolist() == [[-1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]]


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
    video = "; of (frames, height, width, channels), the kind video" if values.ndim == 5 else ""
    assert message(DataError, Array().learn, "a", values) == (
        "features.a: column 'a' holds no arrays of numbers. "
        f"Expected 1 to 3 axes per row, of one shape{video}."
    )


def test_an_endless_number_is_refused_with_its_row() -> None:
    with pytest.raises(DataError) as caught:
        Array().raw("a", np.array([[[1.0], [2.0]], [[3.0], [-np.inf]]]))
    assert caught.value.row == 1
    assert caught.value.problem.message == (
        "column 'a' holds a number that is infinite, or over 3.4e38 at [1, 0]. "
        "Expected finite numbers; write NaN where it is missing."
    )


def test_arrays_that_are_no_images_are_recognised() -> None:
    assert reason_of(Array, profile(np.zeros((2, 8, 3)))) == "arrays of 8 × 3 numbers"
    assert reason_of(Array, profile(VALUES)) == "arrays of 2 numbers"  # one is missing
    assert Array.recognise(profile(np.array([["a", "b"]]))) is None
    assert Array.recognise(profile(np.zeros((2, 8, 8), np.uint8))) is None
    assert Array.recognise(profile(np.arange(3))) is None


def test_what_may_be_a_picture_or_a_sequence_is_said() -> None:
    bytes_ = np.zeros((2, 40, 6), np.uint8)
    grey = np.random.default_rng(0).random((2, 24, 24))
    for values, wanted in ((bytes_, ("array", "image")), (grey, ("image", "array"))):
        known = kinds.matches("features", profile(values))
        assert tuple(name for name, _ in known) == wanted
        assert 0 < known[0][1].strength - known[1][1].strength < 0.1
    for values in (grey * 300, grey - 0.5, np.where(grey > 0.9, np.nan, grey)):
        assert [name for name, _ in kinds.matches("features", profile(values))] == ["array"]
    assert reason_of(Array, profile(np.zeros((2, 3, 1000)))) == (
        "arrays of 3 × 1000 numbers: 3 steps of 1000, unless `data_format: channels_first`"
    )


@pytest.mark.parametrize("kind", ["image", "array"])
@pytest.mark.parametrize("shape", [(3, 24, 24), (1, 24, 32), (4, 9, 8), (13, 64, 64)])
def test_channels_that_may_come_first_are_refused_with_both_lines(
    kind: str, shape: tuple[int, ...]
) -> None:
    values = np.zeros((2, *shape), np.uint8)
    channels, height, width = shape
    many = "channel comes" if channels == 1 else "channels come"
    first = f"kind: {kind}, data_format: channels_first"
    video = ""
    if channels == 13:
        video = "; if they are videos of 13 grey frames, `features: {a: {kind: video}}`"
    assert message(DataError, catalog.find("features", kind)().learn, "a", values) == (
        f"features.a: column 'a' holds arrays of {channels} × {height} × {width}. If they are "
        f"{height} × {width} pixels whose {channels} {many} first, write "
        f"`features: {{a: {{{first}}}}}`; if they are {channels} × {height} with {width} channels "
        f"each, `features: {{a: {{kind: array, data_format: channels_last}}}}`{video}."
    )
    assert Array(data_format="channels_last").learn("a", values)["shape"].value == shape


@pytest.mark.parametrize("shape", [(24, 24, 3), (7, 7, 512), (8, 8, 8), (3, 24, 3), (3, 5, 5)])
def test_other_arrays_have_their_channels_last(shape: tuple[int, ...]) -> None:
    assert Array().learn("a", np.zeros((2, *shape)))["shape"].value == shape


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e12])
def test_channels_first_become_last_with_a_scale_for_each(flat: bool, offset: float) -> None:
    first = (
        np.random.default_rng(0).normal(size=(20, 5, 9, 8)) * 10.0 ** np.arange(5)[:, None, None]
    )
    first += offset
    values = first.reshape(20, -1) if flat else first
    shape = {"shape": (5, 9, 8)} if flat else {}
    written = Array(data_format="channels_first", **shape)
    learned = written.learn("a", values)
    update = {name: choice.value for name, choice in learned.items()}
    feature = written.model_copy(update={**update, **shape})
    assert feature.signature()[0] == (None, *values.shape[1:])
    raw = feature.raw("a", values)
    rows = feature.layer()(raw).numpy()
    last = np.moveaxis(first, 1, -1)
    expected = (last - last.mean(axis=(0, 1, 2))) / last.std(axis=(0, 1, 2))
    np.testing.assert_allclose(rows, expected, atol=2e-3 if offset else 1e-5)
    numeric, layer = feature.numeric("int64"), feature.layer()
    np.testing.assert_allclose(numeric.prepare(numeric.take(raw, layer), layer), rows, atol=1e-5)


def test_a_shape_that_does_not_fit_is_refused() -> None:
    assert message(DataError, Array(shape=(3, 3)).learn, "a", np.zeros((2, 8))) == (
        "features.a.shape: column 'a' holds 8 numbers per row (8), and the shape [3, 3] has 9. "
        "Expected as many."
    )
    assert message(DataError, Array(data_format="channels_first").learn, "a", VALUES) == (
        "features.a.data_format: column 'a' holds vectors, which have no axis of channels. "
        "Expected `data_format` left out, or `shape`."
    )


def test_an_architecture_of_another_form_is_told_the_shape_to_write() -> None:
    steps = Array(shape=(20,))
    assert steps.reform(("text", "sequence")) == {"shape": [20, 1]}
    assert steps.reform(("image",)) is None
    assert Array(shape=(784,)).reform(("image",)) == {"shape": [28, 28, 1]}
    assert Array(shape=(24, 20)).reform(("image",)) == {"shape": [24, 20, 1]}
    assert Array(shape=(24, 20, 3)).reform(("sequence",)) == {"shape": [24, 60]}
    assert Array(shape=(24, 20)).reform(("vector",)) == {"shape": [480]}


def test_a_scale_an_offset_and_an_order_of_places_change_nothing_for_the_network() -> None:
    plain = np.random.default_rng(0).normal(size=(200, 12, 4))
    order = [2, 0, 3, 1]

    def prepared(values: np.ndarray) -> np.ndarray:
        found = Array().learn("a", values)
        feature = Array(**{name: choice.value for name, choice in found.items()})
        rows: np.ndarray = feature.layer()(feature.raw("a", values)).numpy()
        return rows

    ours = prepared(plain)
    for scale, offset in ((1e6, 0.0), (1.0, 1e9), (1e6, 1e9), (1e-6, 0.0)):
        other = plain.copy()
        other[..., 1] = other[..., 1] * scale + offset
        np.testing.assert_allclose(prepared(other), ours, atol=1e-4)
        np.testing.assert_allclose(prepared(other[..., order]), ours[..., order], atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_a_row_with_numbers_has_a_value_and_one_of_gaps_alone_has_none(dtype: str) -> None:
    raw = np.zeros((3, 2, 2, 1), dtype)
    whole = dtype != "float32"
    if not whole:
        raw[0] = np.nan
        raw[1, 0] = np.nan
    there, strange = Array(shape=(2, 2, 1)).strange(raw)
    assert there.tolist() == [whole, True, True]
    assert not strange.any()
