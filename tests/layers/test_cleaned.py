"""Raw columns as a table is read."""

from __future__ import annotations

import numpy as np
import pytest

from kbuilder.tables.cells import MISSING
from kbuilder.tables.values import MISSING_INTEGER


def cleaned(missing: dict[str, list[str]], **columns: object) -> dict[str, list[object]]:
    import tensorflow as tf

    from kbuilder.layers.cleaned import Cleaned

    layer = Cleaned(missing)
    call = tf.function(layer)
    given = {name: tf.constant(values) for name, values in columns.items()}
    found = {name: values.numpy().tolist() for name, values in layer(given).items()}
    again = {name: values.numpy().tolist() for name, values in call(given).items()}
    np.testing.assert_equal(found, again)
    return found


def test_blanks_go_and_words_that_mean_missing_are_none() -> None:
    missing = {"a": list(MISSING), "b": list(MISSING)}
    found = cleaned(missing, a=[" x ", "NA", "\tnull"], b=["", "y", "None "])
    assert found == {"a": [b"x", b"", b""], "b": [b"", b"y", b""]}


def test_a_column_keeps_the_words_that_are_its_values() -> None:
    found = cleaned({"a": ["NA"], "b": []}, a=["NA", "x"], b=["NA", "x"])
    assert found == {"a": [b"", b"x"], "b": [b"NA", b"x"]}


@pytest.mark.parametrize(
    ("dtype", "gone"), [("float32", None), ("float64", None), ("int64", MISSING_INTEGER)]
)
def test_numbers_that_mean_missing_are_missing(dtype: str, gone: int | None) -> None:
    found = cleaned({"n": ["-999", "?"]}, n=np.array([1, -999, 3], dtype))["n"]
    assert found[0] == 1
    assert found[1] != found[1] if gone is None else found[1] == gone


def test_other_columns_are_left_alone() -> None:
    assert cleaned({}, a=[" NA "], n=[1.5]) == {"a": [b" NA "], "n": [1.5]}
