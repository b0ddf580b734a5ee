"""Numbers."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shared import message, reason_of

from kbuilder.contracts import Choice
from kbuilder.errors import DataError, RecipeError
from kbuilder.features.number import Number
from kbuilder.tables.profile import profile


def test_mean_and_deviation_are_of_the_values_that_are_there() -> None:
    values = np.array([1.0, np.nan, 3.0, 8.0])
    assert Number().learn("x", values) == {
        "mean": Choice(4.0, "mean of 3 training values"),
        "scale": Choice(float(np.std([1, 3, 8])), "standard deviation of 3 training values"),
        "indicator": Choice(True, "1 training values missing"),
        "knots": Choice(ANY, "quantiles of 3 training values"),
    }


def test_robust_numbers_are_scaled_by_median_and_quartiles() -> None:
    values = np.array([1.0, 2, 3, 4, 900, np.nan])
    number = Number(rescale="robust")
    learned = number.learn("x", values)
    assert learned == {
        "mean": Choice(3.0, "median of 5 training values"),
        "scale": Choice(2.0, "distance between the quartiles of 5 training values"),
        "indicator": Choice(True, "1 training values missing"),
        "knots": Choice((-1.0, -0.5, 0.0, 0.5, 448.5), "quantiles of 5 training values"),
    }
    known = number.model_copy(update={name: choice.value for name, choice in learned.items()})
    assert known.layer()(np.float32([5, np.nan])).numpy().tolist() == [[1, 0], [0, 1]]
    assert known.strange(np.float32([900, 9e5]))[1].tolist() == [False, True]


def test_knots_are_quantiles_as_the_layer_gives_the_numbers() -> None:
    values = np.random.default_rng(0).gamma(1.0, size=1000)
    for number in (Number(), Number(mean=3.0), Number(scale=5.0), Number(bounds=(0.5, 2.0))):
        learned = number.learn("x", values)
        known = number.model_copy(
            update={name: choice.value for name, choice in learned.items()
                    if getattr(number, name) is None}
        )  # fmt: skip
        given = known.layer()(np.float32(values)).numpy()[:, 0]
        knots = np.array(known.knots)
        np.testing.assert_allclose([knots[0], knots[-1]], [given.min(), given.max()], rtol=1e-5)
        assert (np.diff(knots) > 0).all()
        if number.bounds is None:  # at bounds many are the same
            assert np.histogram(given, knots)[0].min() > 115  # of a thousand, in eight


def test_of_a_number_that_is_mostly_one_value_the_others_are_in_pieces_of_their_own() -> None:
    values = np.concatenate([np.zeros(900), np.arange(1.0, 101)])
    knots = np.array(Number(mean=0.0, scale=1.0).learn("x", values)["knots"].value)
    assert knots[:2].tolist() == [0, 1]
    assert len(knots) == 9
    assert knots[-1] == 100


@pytest.mark.parametrize(("rows", "pieces"), [(20, 8), (1000, 8), (4000, 16), (200_000, 32)])
def test_more_rows_make_more_pieces(rows: int, pieces: int) -> None:
    values = np.random.default_rng(0).normal(size=rows)
    assert len(Number().learn("x", values)["knots"].value) == pieces + 1


@pytest.mark.parametrize("values", [np.full(9, 2.0), np.array([0.0, 1.0, 1.0])])
def test_a_number_of_two_values_has_no_knots(values: np.ndarray) -> None:
    assert "knots" not in Number().learn("x", values)


def test_robust_numbers_of_equal_quartiles_are_scaled_by_their_deviation() -> None:
    values = np.array([0.0] * 9 + [10.0])
    assert Number(rescale="robust").learn("x", values)["scale"] == Choice(
        3.0, "standard deviation of 10 training values, whose quartiles are the same"
    )
    alike = Number(rescale="robust").learn("x", np.full(4, 7))
    assert alike["scale"] == Choice(1.0, "all 4 training values are the same")
    written = Number(rescale="robust", scale=5.0)
    assert written.learn("x", values)["mean"].reason == "mean of 10 training values"


def test_large_offsets_of_robust_numbers_stay_exact() -> None:
    learned = Number(rescale="robust").learn("x", 1e9 + np.arange(9.0))
    assert (learned["mean"].value, learned["scale"].value) == (1e9 + 4, 4.0)
    assert learned["dtype"].value == "float64"


def test_a_missing_number_becomes_the_mean_and_the_indicator_says_so() -> None:
    layer = Number(mean=4.0, scale=2.0, indicator=True).layer()
    assert layer(np.float32([8, np.nan])).numpy().tolist() == [[2.0, 0.0], [0.0, 1.0]]


def test_without_missing_values_in_training_a_later_one_becomes_the_mean_alone() -> None:
    learned = Number().learn("x", np.array([1, 3]))
    assert learned["indicator"] == Choice(False, "0 training values missing")
    layer = Number(mean=2.0, scale=1.0, indicator=False).layer()
    assert layer(np.float32([np.nan, 3])).numpy().tolist() == [[0.0], [1.0]]


def test_a_constant_is_divided_by_one() -> None:
    learned = Number().learn("x", np.full(4, 7))
    assert learned["scale"] == Choice(1.0, "all 4 training values are the same")
    assert learned["mean"].value == 7.0


@pytest.mark.parametrize("values", [np.full(3, np.nan), np.array([None, "", None], dtype=object)])
def test_a_column_without_any_value_is_refused(values: np.ndarray) -> None:
    assert message(DataError, Number().learn, "x", values) == (
        "features.x: column 'x' has no value at all in the training rows. "
        "Leave it out with `data: {ignore: [x]}`."
    )


def test_numbers_written_as_strings_are_read() -> None:
    values = np.array(["1.5", None, "-2e3", " 4 "], dtype=object)
    raw = Number().raw("x", values)
    assert raw.dtype == np.float32
    np.testing.assert_array_equal(raw, np.float32([1.5, np.nan, -2000, 4]))


def test_a_word_among_the_numbers_is_named_with_its_row() -> None:
    with pytest.raises(DataError) as caught:
        Number().raw("x", np.array(["1", "two"], dtype=object))
    assert str(caught.value) == (
        "features.x: column 'x' is a number, but here 'two'. Expected a number; name a text that "
        "means missing in data.missing, or read the column as a category."
    )
    assert caught.value.row == 1


@pytest.mark.parametrize("values", [[1.0, np.inf], [1.0, -1e300], np.array(["1", "inf"], object)])
def test_an_endless_number_is_refused_with_its_row(values: object) -> None:
    with pytest.raises(DataError) as caught:
        Number().raw("x", np.asarray(values))
    assert str(caught.value) == (
        "features.x: column 'x' holds a number that is infinite, or over 3.4e38. "
        "Expected finite numbers; leave the value empty where it is missing."
    )
    assert caught.value.row == 1


def test_only_numbers_are_recognised() -> None:
    assert reason_of(Number, profile(np.array([1, 2, 2]))) == "its 3 values are numbers"
    assert Number.recognise(profile(np.array(["1", "a"], dtype=object))) is None


OFFSETS = {
    "seconds": (1.7e9 + np.arange(120.0), 1.7e9 + 60),
    "milliseconds": (1.7e12 + np.arange(0, 3.6e6, 1000), 1.7e12 + 1.8e6),
    "an easting": (4_512_300 + np.linspace(0, 0.4, 50), 4_512_300.2),
    "nanoseconds": (1.7e18 + np.arange(0, 1e12, 1e10), 1.7e18 + 5e11),
}


@pytest.mark.parametrize("kind", OFFSETS)
def test_an_offset_is_taken_off_before_float32(kind: str) -> None:
    values, middle = OFFSETS[kind]
    learned = Number().learn("x", values)
    feature = Number(**{name: choice.value for name, choice in learned.items()})
    assert feature.signature() == ((None,), "float64")
    prepared = feature.layer()(feature.raw("x", np.append(values, middle))).numpy()
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared[:-1, 0], (values - values.mean()) / values.std(), atol=1e-4)
    assert abs(prepared[-1, 0]) < 0.1


def test_damaged_values_are_kept_within_the_others_and_named() -> None:
    values = np.random.default_rng(0).normal(size=1599)
    values[[3, 5, 9, 11, 20, 70]] = 1e14
    learned = Number().learn("x", values)
    assert learned["bounds"].reason == "6 training values are far off, such as 1e+14"
    assert 0.9 < learned["scale"].value < 1.1
    feature = Number(**{name: choice.value for name, choice in learned.items()})
    prepared = feature.layer()(feature.raw("x", np.append(values, np.nan))).numpy()
    assert np.abs(prepared).max() < 5
    assert prepared[-1].tolist() == [0.0]


def test_a_tail_and_many_large_values_are_no_damage() -> None:
    random = np.random.default_rng(0)
    assert "bounds" not in Number().learn("x", np.exp(2 * random.normal(size=30_000)))
    assert "bounds" not in Number().learn("x", np.where(random.random(1000) < 0.1, 1e14, 1.0))
    assert "bounds" not in Number().learn("x", np.where(random.random(1000) < 0.1, 5e4, 0.0))


def test_whole_numbers_that_floats_do_not_tell_apart_are_refused() -> None:
    said = message(DataError, Number().learn, "x", np.array([2**62, 2**62 + 1]))
    assert said == (
        "features.x: column 'x' holds whole numbers so large that they differ by less than floats "
        "tell apart. If they are names, write `features: {x: category}`, or leave them out: "
        "`data: {ignore: [x]}`."
    )


def test_numbers_without_a_deviation_are_refused() -> None:
    said = message(DataError, Number().learn, "x", np.array([1e300, -1e300]))
    assert said == (
        "features.x: column 'x' holds numbers so large that their deviation has no number. "
        "Expected numbers of up to 1e150."
    )


def in_bins(values: np.ndarray, **given: Any) -> Number:
    feature = Number(**given)
    choices = feature.learn("x", values)
    return feature.model_copy(update={name: choice.value for name, choice in choices.items()})


NORMAL = st.floats(-(2.0**90), 2.0**90, width=32).filter(lambda n: n == 0 or abs(n) > 1e-36)
"""What is nearer to 0 has no place of its own: TensorFlow takes subnormal numbers for 0."""


@settings(deadline=None, max_examples=40)
@example([-1e30, 0.0, 0.0, 0.1, None, 1e30], 3, False)
@example([1.7e9 + n for n in range(9)], 4, True)
@given(
    st.lists(st.none() | NORMAL, min_size=1, max_size=30),
    st.integers(2, 12),
    st.booleans(),
)
def test_bins_hold_about_as_many_values_each(
    numbers: list[float | None], bins: int, whole: bool
) -> None:
    values = np.array([np.nan if n is None else n for n in numbers], dtype=np.float64)
    values = np.round(values) if whole else values
    there = values[~np.isnan(values)]
    if len(set(there.astype(np.float32).tolist())) < 2:
        return
    feature = in_bins(values, bins=bins)
    edges = feature.edges or ()
    assert 0 < len(edges) < bins
    assert list(edges) == sorted(set(edges))
    raw = feature.raw("x", np.append(values, edges))
    rows = feature.layer()(raw).numpy()
    places = np.searchsorted(np.asarray(edges).astype(raw.dtype), raw, side="right") + 1
    np.testing.assert_array_equal(rows, np.eye(len(edges) + 2)[np.where(np.isnan(raw), 0, places)])
    index = feature.model_copy(update={"embedding": 2}).layer()(raw).numpy()
    np.testing.assert_array_equal(index[:, 0], rows.argmax(axis=1))
    way = feature.numeric("int32")
    layer = feature.layer()
    numeric = way.prepare(way.take(raw[: len(values)], layer), layer).numpy()
    np.testing.assert_array_equal(numeric, rows[: len(values)])


def test_where_bins_end_is_learned_with_its_reason() -> None:
    values = np.append(np.arange(100.0), np.nan)
    assert Number(bins=4).learn("x", values) == {
        "edges": Choice((24.5, 49.5, 74.5), "about as many of 100 training values are in each bin")
    }
    counts = in_bins(values, bins=4).layer()(values.astype(np.float32)).numpy().sum(axis=0)
    assert counts.tolist() == [1, 25, 25, 25, 25]
    zeros = np.append(np.zeros(95), np.arange(1.0, 6))
    assert Number(bins=10).learn("x", zeros)["edges"] == Choice(
        (0.5,), "2 bins hold them, since many are the same"
    )
    assert message(DataError, Number(bins=4).learn, "x", np.full(9, 3.0)) == (
        "features.x: column 'x' has one value only in the training rows, so there are no bins. "
        "Leave it out with `data: {ignore: [x]}`."
    )


def test_own_bins_end_where_they_are_written() -> None:
    feature = Number(bins=[0, 10, 100])
    assert feature.learn("x", np.array([1.0, np.nan])) == {}
    raw = feature.raw("x", np.array([np.nan, -1, 0, 9.5, 10, 100, 1e9]))
    assert feature.layer()(raw).numpy().argmax(axis=1).tolist() == [0, 1, 2, 2, 3, 4, 4]
    assert feature.strange(raw)[1].tolist() == [False] * 7


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"bins": 1}, "bins: Expected 2 to 1,000 bins, or a list of numbers that rise, where they"
                      " end. Got 1."),
        ({"bins": [3, 3]}, "bins: Expected 2 to 1,000 bins, or a list of numbers that rise, where "
                           "they end. Got [3, 3]."),
        ({"bins": [1, "a"]}, "bins: Expected 2 to 1,000 bins, or a list of numbers that rise, "
                             "where they end. Got [1, 'a']."),
        ({"bins": 4, "mean": 1.0}, "mean: bins have no mean. Leave it out. Got 1.0."),
        ({"embedding": 2}, "embedding: a number has no embedding without bins. Add bins. Got 2."),
    ],
)  # fmt: skip
def test_bins_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    text = message(RecipeError, Number, **given)
    assert text == f"kb.Number: {said}\n1 problem."
