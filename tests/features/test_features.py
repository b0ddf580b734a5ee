"""What every kind of feature promises."""

from __future__ import annotations

import numpy as np
import pytest
from shared import encoded, mostly_slow, picture

from kbuilder import catalog, preprocessing
from kbuilder.columns import Columns, Target
from kbuilder.contracts import RANKS
from kbuilder.errors import BuildError
from kbuilder.instances import from_instances, to_instances
from kbuilder.tables.table import Table
from kbuilder.tasks.regression import Regression


def objects(*values: object) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


LINES = ("a\nb", "c\u2028d", "\u0085", "e\rf", "[UNK]", 'g"h\\i', "ü", "日本", None, "a\nb")
SENTENCES = tuple(f"so {line} it goes\u2029on" for line in LINES)
VALUES = {
    "number": [
        np.array([1.5, np.nan, -3.0, 0.0]),
        np.array([4, 4, 4, 4]),
        np.array([1.5, np.nan, -3.0, 0.0, 1e9]),
        np.array([1.7e9, 1.7e9 + 1, np.nan]),
    ],
    "category": [
        objects(*LINES),
        np.array([3.0, np.nan, -1.0, 3.0]),
        objects(*LINES),
        np.array([3.0, np.nan, -1.0, 3.0]),
    ],
    "datetime": [
        objects("2024-05-01", None, "2023-12-31 23:59:59", "2020-02-29T00:00Z"),
        objects("1.2.24", "13.12.1969 3:04 PM"),
    ],
    "set": [
        objects("a|b", None, "b | a|", '["c\u2028d", "a"]', "日本|a|a", "", "|", "a\nb"),
        objects(["a", "b"], [], None, ("ü", "a"), ["1", 2, None]),
    ],
    "text": [objects(*SENTENCES, "", None)] * 4,
    "image": [
        objects(encoded(picture(0)), encoded(picture(1, "L", (4, 13)), "JPEG")),
        np.random.default_rng(0).integers(0, 256, (3, 6, 5, 3), dtype=np.uint8),
        np.random.default_rng(0).normal(size=(3, 6, 5)),
        np.random.default_rng(0).integers(0, 256, (3, 3, 9, 8), dtype=np.uint8),
        objects("0 255 12 7", [1, 2, 3, 4], (5, 6, 7, 255)),
        np.random.default_rng(0).normal(size=(3, 24)),
    ],
    "video": [
        np.random.default_rng(0).integers(0, 256, (3, 4, 6, 5, 3), dtype=np.uint8),
        np.random.default_rng(0).normal(size=(3, 4, 6, 5)),
        objects(*(np.full((frames, 3, 4, 1), 9 * frames + 1, np.uint8) for frames in (2, 1, 3))),
        np.pad(np.ones((2, 3, 4, 4, 1)), ((0, 0), (0, 3), (0, 0), (0, 0), (0, 0))),
    ],
    "array": [
        np.array([[1.0, np.nan], [3.0, 4.0]]),
        np.arange(24.0).reshape(2, 4, 3),
        np.random.default_rng(0).normal(size=(3, 3, 9, 8)),
        np.arange(36.0).reshape(3, 12) * 1e9 + 1,
    ],
    "tokens": [
        np.array([[5, 3, 0, 0], [7, 0, 0, 0], [3, 3, 3, 3]]),
        objects([5, 0, 3], None, [], "7 7 2", np.array([5, -(2**40)])),
        np.array([[np.nan, 3.0, 9.0], [3.0, 0.0, 9.0]]),
    ],
}
FIELDS: dict[tuple[str, int], dict[str, object]] = {
    ("image", 0): {"height": 5, "width": 5},
    ("image", 3): {"data_format": "channels_first"},
    ("image", 4): {"shape": (2, 2, 1), "height": 3},
    ("image", 5): {"shape": (3, 2, 4), "data_format": "channels_first"},
    ("video", 0): {"height": 3, "channels": 1},
    ("video", 3): {"masking": 0, "frames": 2},
    ("array", 2): {"data_format": "channels_first"},
    ("array", 3): {"shape": (3, 4), "data_format": "channels_first"},
    ("category", 2): {"hash": 5},
    ("category", 3): {"hash": 100},
    ("number", 2): {"bins": 3},
    ("number", 3): {"bins": [0, 1.7e9 + 1], "embedding": 3},
    ("tokens", 1): {"masking": -1, "length": 2, "max_tokens": 4},
    ("text", 1): {"output_mode": "tf_idf", "ngrams": 3},
    ("text", 2): {"output_mode": "multi_hot", "subwords": (2, 3), "max_tokens": 20},
    ("text", 3): {"subwords": 3},
}
CASES = [(kind, place) for kind, examples in VALUES.items() for place in range(len(examples))]
QUICK = [case for case in CASES if case not in (("text", 1), ("text", 2), ("text", 3))]


def learned(kind: str, place: int) -> tuple[Columns, Table]:
    """A feature that has learned the values, as the only one of its table."""
    feature = catalog.find("features", kind)(**FIELDS.get((kind, place), {}))
    values = VALUES[kind][place]
    choices = feature.learn("column", values)  # type: ignore[attr-defined]
    update = {name: choice.value for name, choice in choices.items()}
    feature = feature.model_copy(update={**update, **feature.model_dump(exclude_none=True)})
    return Columns({"column": feature}, (Target(("y",), Regression()),)), Table(
        {"column": values}, "rows"
    )


def test_every_kind_is_tried() -> None:
    assert tuple(sorted(VALUES)) == catalog.names("features")


@pytest.mark.parametrize(("kind", "place"), mostly_slow(CASES, *QUICK))
def test_eagerly_in_a_function_and_in_tf_data_the_tensors_are_equal(kind: str, place: int) -> None:
    import tensorflow as tf

    columns, table = learned(kind, place)
    layer = preprocessing.preprocessor(columns)
    raw = preprocessing.tensors(preprocessing.raw(columns, table))
    eager = {key: value.numpy() for key, value in layer(raw).items()}
    [key] = eager
    traced = tf.function(layer)(raw)[key].numpy()
    batches = tf.data.Dataset.from_tensor_slices(raw).batch(2).map(layer)
    piped = np.concatenate([batch[key] for batch in batches.as_numpy_iterator()])
    applied = preprocessing.apply(layer, columns, table)[key]
    for other in (traced, piped, applied):
        assert other.dtype == eager[key].dtype
        np.testing.assert_array_equal(other, eager[key])


@pytest.mark.parametrize(("kind", "place"), CASES)
def test_what_was_learned_survives_the_file(kind: str, place: int, tmp_path) -> None:
    columns, table = learned(kind, place)
    file = tmp_path / "columns.json"
    file.write_text(columns.to_json(), encoding="utf-8")
    again = Columns.from_json(file.read_text(encoding="utf-8"))
    assert again == columns
    before = preprocessing.apply(preprocessing.preprocessor(columns), columns, table)
    after = preprocessing.apply(preprocessing.preprocessor(again), again, table)
    for key, values in before.items():
        np.testing.assert_array_equal(after[key], values)


@pytest.mark.parametrize(("kind", "place"), CASES)
def test_the_raw_values_are_as_the_signature_says(kind: str, place: int) -> None:
    columns, table = learned(kind, place)
    [feature] = columns.features.values()
    raw = preprocessing.raw(columns, table)["column"]
    shape, dtype = feature.signature()
    assert len(raw.shape) == len(shape)
    assert all(size in (None, given) for size, given in zip(shape, raw.shape, strict=True))
    assert ("string" if raw.dtype == object else raw.dtype.name) == dtype


@pytest.mark.parametrize(("kind", "place"), CASES)
def test_raw_rows_survive_json(kind: str, place: int) -> None:
    columns, table = learned(kind, place)
    raw = preprocessing.raw(columns, table)
    again = preprocessing.raw(columns, from_instances(columns, to_instances(raw), "the rows"))
    np.testing.assert_array_equal(again["column"], raw["column"])


@pytest.mark.parametrize(("kind", "place"), CASES)
def test_the_embedded_tensor_has_the_form_that_is_promised(kind: str, place: int) -> None:
    import keras

    columns, table = learned(kind, place)
    [feature] = columns.features.values()
    arrays = preprocessing.apply(preprocessing.preprocessor(columns), columns, table)
    [array] = arrays.values()
    signal = feature.embed(keras.Input(array.shape[1:], dtype=array.dtype.name))
    assert signal.form == feature.form
    assert len(signal.tensor.shape) == RANKS[feature.form]


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind != "text"])
def test_a_feature_that_has_learned_nothing_says_so(kind: str) -> None:
    with pytest.raises(BuildError) as caught:
        catalog.find("features", kind)().layer()
    assert str(caught.value) == "a field is used before it was learned. Expected `learn` before."
