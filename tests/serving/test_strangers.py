"""Values that a served model does not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder.columns import Columns
from kbuilder.export import sidecar
from kbuilder.serving.exported import Exported
from kbuilder.serving.metrics import Metrics
from kbuilder.serving.strangers import Strangers, _Names, _Ranges


def words(*values: Any) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def test_what_is_unknown_is_counted_by_column_and_said_once() -> None:
    features = {
        "Colour": kb.Category(vocabulary=["red", "True"]), "zone": kb.Category(vocabulary=[1, 7]),
        "tags": kb.Set(vocabulary=["a", "b"], separator="|"), "note": kb.Text(vocabulary=["x"]),
        "slot": kb.Category(hash=8, whole=False),
    }  # fmt: skip
    columns = Columns(features, (), missing=("NA", "-1"))
    names = {name: name.lower() for name in features}
    said: list[str] = []
    strangers = Strangers([sidecar.entry(columns, names, name) for name in features], said.append)
    given = {
        "colour": words("red", b" red ", "true", "", "NA", "teal", b"teal", "Red"),
        "zone": np.array([1, 7, -(2**63), -1, 2, 2, 2, 1]),
        "tags": words("a|c", '["b"]', "[]", "", "NA", '["c"]', "c|d", b"a"),
        "note": words(*"abcdefgh"), "slot": words(*"abcdefgh"),
    }  # fmt: skip
    for _ in range(2):
        strangers.see(given, {})
    assert strangers.counts == {"Colour": 6, "zone": 6, "tags": 4}
    assert said == [
        f"column {name!r} has a value that is {unlike}; /metrics counts them in "
        "kbuilder_unknown_values"
        for name, unlike in (
            ("Colour", "unknown to the model"), ("zone", "unknown to the model"),
            ("tags", "a set of which the model knows no label"),
        )
    ]  # fmt: skip
    assert not any("teal" in line for line in said)
    metrics = Metrics()
    metrics.watch("m", lambda: 0, lambda: 1, lambda: strangers.counts)
    assert 'kbuilder_unknown_values_total{column="Colour",model="m"} 6.0' in metrics.text().decode()


def test_numbers_dates_tokens_and_steps_are_counted_as_predict_counts_them() -> None:
    rng = np.random.default_rng(0)
    known: dict[str, Any] = {"parts": "elapsed", "mean": 0, "scale": 1, "indicator": False}
    features: dict[str, Any] = {
        "Size": kb.Number(mean=5, scale=2), "big": kb.Number(mean=1e9, scale=1, dtype="float64"),
        "binned": kb.Number(bins=[1, 2]),
        "day": kb.Datetime(format="ymd", **known), "seen": kb.Datetime(format="unix", **known),
        "ids": kb.Tokens(vocabulary=[3, 4, 5], length=3, masking=0),
        "run": kb.Array(shape=(4, 1), length=4, masking="missing"),
        "clip": kb.Video(frames=2, height=2, width=2, channels=1, masking=0, pixels=(2, 2, 1)),
    }  # fmt: skip
    columns = Columns(features, (), missing=("NA", "-999"))
    names = {name: name.lower() for name in features}
    described = [sidecar.entry(columns, names, name) for name in features]
    run = rng.normal(size=(3, 6, 1)).astype("float32")
    run[0, 4:], run[2, :3] = np.nan, np.nan
    clip = rng.integers(1, 9, (3, 4, 2, 2, 1)).astype("float32")
    clip[0, 2:] = 0
    given = {
        "size": np.array([5, 66, np.nan, -54.9, -55.1, 1e30], "float32"),
        "big": np.array([1e9, 1e9 + 31, 1e9 - 29, np.nan, np.nan, 1e9]),
        "binned": np.array([1e9], "float32"),
        "day": words("2024-02-29", b" 2023-02-29 ", "", "soon", "soon", "2024-13-01"),
        "seen": np.array([0, 1e300, np.nan]),
        "ids": np.array([[0, 3, 9, 4, 5, 0], [7, 3, 4, 5, -(2**63), 0], [0] * 6]),
        "run": run, "clip": clip,
    }  # fmt: skip
    said: list[str] = []
    strangers = Strangers(described, said.append)
    strangers.see(given, {})
    raw = {name: given[names[name]] for name in features}
    raw["day"] = words(*(one.decode() if isinstance(one, bytes) else one for one in raw["day"]))
    wanted = {name: int(feature.strange(raw[name])[1].sum()) for name, feature in features.items()}
    assert {name: strangers.counts[name] for name in features} == wanted
    assert wanted == {
        "Size": 3, "big": 1, "binned": 0, "day": 4, "seen": 0, "ids": 3, "run": 1, "clip": 2,
    }  # fmt: skip
    others = {"ids": given["ids"][2:], "run": run[:0], "clip": clip[:0]}
    missing = {"size": np.array([-999.0] * 6, "float32"), "day": words("NA")}
    strangers.see({**given, **others, **missing}, {})
    assert strangers.counts["Size"] == 3, "a number that means missing is none"
    assert strangers.counts["day"] == 4
    assert [line.partition("; ")[0] for line in said] == [
        "column 'day' has a value that is no date as the model reads them (ymd)",
        "column 'ids' has a value that is unknown to the model, or before the last 3 that it reads",
        "column 'run' has a value that is longer than the 4 steps that are read, the last ones",
        "column 'clip' has a value that is longer than the 2 frames that are read, the last ones",
        "column 'Size' has a value that is far from those of training",
        "column 'big' has a value that is far from those of training",
    ]


def test_texts_of_an_export_that_does_not_tell_are_not_counted() -> None:
    described = {"name": "note", "column": "Note", "dtype": "string", "reads": True}
    strangers = Strangers([described], lambda line: None)
    strangers.see({"note": words("a", "b")}, {})
    assert not +strangers.counts
    strangers.see({"note": words("a", "b")}, {"note": np.array([True, False])})
    assert strangers.counts == {"Note": 1}


def test_an_export_of_texts_says_of_which_it_knows_a_word(
    exported: Callable[[str], Path],
) -> None:
    export = Exported(exported("text"))
    [entry] = [one for one in export.described["inputs"] if one.get("reads")]
    known = export.examples["instances"][0][entry["name"]]
    export.predict({entry["name"]: words(known, "zzzz qqqq", b"zzzz", "", "  ", "NA")})
    assert export.strangers.counts == {entry["column"]: 2}


def test_an_export_counts_what_it_answers_and_not_its_own_examples(
    exported: Callable[[str], Path],
) -> None:
    export = Exported(exported("mixed"))
    export.verify()
    assert not export.strangers.counts
    row = {
        "size": np.array([np.nan], "float32"),
        "colour": words(""),
        "floor": np.array([-(2**63)]),
    }
    export.predict(row)
    assert not +export.strangers.counts
    export.predict({**row, "colour": words("never seen"), "floor": np.array([99])})
    assert export.strangers.counts == {"colour": 1, "floor": 1}


def test_words_are_looked_at_one_by_one_only_where_the_export_does_not_know_all(
    exported: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = Exported(exported("mixed"))
    looked: list[str] = []
    original = _Names.count

    def count(watch: _Names, columns: Any) -> Any:
        looked.append(watch.column)
        return original(watch, columns)

    monkeypatch.setattr(_Names, "count", count)
    row = {"size": np.zeros(1, "float32"), "floor": np.array([-(2**63)])}
    known = export.examples["instances"][0]["colour"]
    for word, looks in ((known, False), ("", False), (f" {known} ", True), ("never seen", True)):
        looked.clear()
        export.predict({**row, "colour": words(word)})
        assert ("colour" in looked) == looks, word
    assert export.strangers.counts["colour"] == 1


def test_numbers_are_compared_only_where_the_export_tells_that_one_is_far(
    exported: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = Exported(exported("mixed"))
    looked: list[_Ranges] = []
    original = _Ranges.count

    def count(watch: _Ranges, columns: Any) -> Any:
        looked.append(watch)
        return original(watch, columns)

    monkeypatch.setattr(_Ranges, "count", count)
    [entry] = [one for one in export.described["inputs"] if "range" in one]
    (least, most), name = entry["range"], entry["name"]
    row = {"colour": words(""), "floor": np.array([-(2**63)])}
    for number, counted in ((np.nan, 0), ((least + most) / 2, 0), (most * 2, 1), (-1e30, 2)):
        looked.clear()
        export.predict({**row, name: np.array([number], "float32")})
        assert bool(looked) == (number == most * 2 or number == -1e30), number
        assert export.strangers.counts[entry["column"]] == counted
