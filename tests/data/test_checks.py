"""What looks wrong in the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad import real
from shared import encoded, message, picture

import kbuilder as kb
from kbuilder.contracts import Finding
from kbuilder.data import dataset, row_checks
from kbuilder.data.hashing import hashed
from kbuilder.errors import DataError

ROWS = 300
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=ROWS)
Y = np.where(X + RANDOM.normal(size=ROWS) > 0, "yes", "no")


def found(columns: dict[str, Any], **data: Any) -> list[str]:
    """The findings of a frame, but for those that say how few rows it has."""
    frame = pd.DataFrame({"x": X, "y": Y, **columns})
    recipe = kb.Recipe(data=kb.Frame(frame=frame, **{"target": "y", **data}))
    return [one.message for one in dataset.look(recipe).findings if one.check != "split"]


def found_in(train: pd.DataFrame, test: pd.DataFrame) -> list[str]:
    """The findings of a frame with test rows of its own."""
    data = kb.Frame(frame=train, test_frame=test, target="y")
    return [one.message for one in dataset.look(kb.Recipe(data=data)).findings]


def test_a_column_that_says_the_target_is_an_error_and_a_word_allows_it() -> None:
    alive = np.where(Y == "yes", "alive", "dead")
    said = message(DataError, found, {"alive": alive})
    assert said == (
        "features.alive: column 'alive' gives the target 'y' away: each says the other. Leave it "
        "out: `data: {ignore: [alive]}`.\n"
        "If all is as it should be, write `data: {checks: {leak: warn}}`."
    )
    assert found({"alive": alive}, ignore="alive") == []
    assert len(found({"alive": alive}, checks={"leak": "warn"})) == 1
    assert found({"alive": alive}, checks={"leak": "ignore"}) == []


def test_columns_that_are_no_features_have_no_findings() -> None:
    far = np.where(np.arange(ROWS) == 7, 1e12, X * 2)
    odd = {
        "far": far, "same": np.where(Y == "yes", 3.0, 4.0), "ids": np.arange(ROWS) * 7 + 10**6,
        "spelled": np.where(X > 0, "Red", np.where(X > -1, "red", "blue")),
        "marked": np.where(X > 1, -999.0, X * 3),
    }  # fmt: skip
    checks = {"leak": "warn"}
    assert len(found(odd, checks=checks)) >= len(odd)
    assert found(odd, checks=checks, ignore=[*odd]) == []
    twice = {"twin": np.where(Y == "yes", 1, 0)}  # a second target is no feature either
    assert found(twice, target=["y", "twin"]) == []


def test_a_finding_is_data_with_the_line_to_write() -> None:
    code = np.where(Y == "yes", RANDOM.choice(["a", "b"], ROWS), RANDOM.choice(["c", "d"], ROWS))
    recipe = kb.Recipe(data=kb.Frame(frame=pd.DataFrame({"code": code, "y": Y}), target="y"))
    [one] = [one for one in dataset.look(recipe).findings if one.check == "leak"]
    entry = one.to_json()
    assert entry == {
        "severity": "warn", "check": "leak", "key": ["features", "code"],
        "message": one.message, "line": "data: {ignore: [code]}", "sure": False,
    }  # fmt: skip
    assert entry["line"] in one.message
    assert Finding.from_json(json.loads(json.dumps(entry))) == one


def test_a_column_that_nearly_says_the_target_is_warned_of() -> None:
    code = np.where(Y == "yes", RANDOM.choice(["a", "b"], ROWS), RANDOM.choice(["c", "d"], ROWS))
    assert found({"code": code}) == [
        "column 'code' nearly says the target 'y': its 4 values tell the class of 100.0% of the "
        "rows. If it is known only afterwards, write `data: {ignore: [code]}`."
    ]
    close = np.cumsum(RANDOM.normal(size=ROWS)) + 100
    adjusted = close * 0.98 + RANDOM.normal(size=ROWS) * 0.05
    [said] = found({"y": close, "Adj Close": adjusted})
    assert said.startswith("column 'Adj Close' nearly says the target 'y': its correlation with")
    [said] = found({"y": close, "z": 2 * close})  # a start and its finish, of which one is asked
    assert said.startswith("column 'z' nearly says the target 'y': its correlation with it is 1.0")
    assert "gives the target 'y' away" in message(DataError, found, {"y": close, "z": close})


def test_a_sum_that_contains_the_target_is_warned_of_with_its_columns() -> None:
    fare, tip, tolls = (RANDOM.gamma(2, size, ROWS).round(2) for size in (10, 2, 1))
    total = (fare + tip + tolls).round(2)
    assert found({"y": tip, "fare": fare, "tolls": tolls, "total": total}) == [
        "the target 'y' is - fare - tolls + total, in every row. If these are known only "
        "afterwards, leave one out of `data: {ignore: [fare, tolls, total]}`, or all"
    ]


def test_a_sum_with_a_number_added_says_the_number() -> None:
    one, other = RANDOM.normal(size=ROWS), RANDOM.normal(size=ROWS)
    [said] = found({"y": one + 2 * other - 7.5, "one": one, "other": other}, ignore="x")
    assert said.startswith("the target 'y' is one + 2 × other - 7.5, in every row.")


@pytest.mark.parametrize("mark", [-999, 9999, -1e30])
def test_a_number_that_may_mean_missing_is_warned_of_and_becomes_missing(mark: float) -> None:
    values = np.where(np.arange(ROWS) % 30 == 0, mark, X)
    [said] = found({"x": values})
    assert said.startswith(f"column 'x' has the number {mark:g} in ")
    assert " rows, away from all others (-" in said
    assert said.endswith(f'If it means missing, write `data: {{missing: ["{mark:g}"]}}`')
    assert found({"x": values}, missing=[f"{mark:g}"]) == []
    assert found({"x": X * 100, "age": np.arange(ROWS) % 100}) == []  # 99 is an age


def test_words_in_several_spellings_are_warned_of() -> None:
    city = RANDOM.choice(["Rome", "rome", "Paris", "New York", "new  york"], ROWS)
    assert (
        found({"city": city})
        == [
            "column 'city' has 2 words in several spellings, each taken for another: 'Rome' and "
            "'rome'; 'New York' and 'new  york'. If they are the same, write them alike in the file"
        ]
        or len(found({"city": city})) == 1
    )


def test_a_class_that_means_missing_by_default_is_said_and_may_stay() -> None:
    injury = RANDOM.choice(["None", "Minor", "Major"], ROWS).astype(object)
    [said] = found({"y": injury})
    count = int((injury == "None").sum())
    assert said.startswith(f"in the target 'y' 'None' ({count} rows) counts as missing, and these")
    frame = pd.DataFrame({"x": X, "y": injury})
    for given in ({"missing": ["NA"]}, {}):
        task = None if given else kb.Multiclass(classes=["None", "Minor", "Major"])
        recipe = kb.Recipe(data=kb.Frame(frame=frame, target="y", **given), task=task)
        looked = dataset.look(recipe)
        assert "None" in looked.targets[0].task.classes
        assert sum(len(part) for _, part in looked.parts) == ROWS


DAYS = pd.date_range("2019-03-01", periods=ROWS, freq="37h17min")
SECONDS = DAYS.as_unit("s").astype("int64").to_numpy()


@pytest.mark.parametrize(("numbers", "what", "format"), [
    (DAYS.strftime("%Y%m%d").astype("int64"), "dates, such as 20190301", "compact"),
    (DAYS.strftime("%Y%m").astype(float), "dates, such as 201903", "ym"),
    (DAYS.strftime("%Y%m%d%H").astype("int64"), "dates, such as 2019030100", "compact"),
    (DAYS.strftime("%Y%m%d%H%M%S").astype("int64"), "dates, such as 20190301000000", "compact"),
    (SECONDS, "seconds since 1970, such as 1551398400 (2019-03-01)", "unix"),
    (SECONDS * 1000, "milliseconds since 1970, such as 1551398400000 (2019-03-01)", "unix_ms"),
    (SECONDS * 10**9, "nanoseconds since 1970, such as 1551398400000000000 (2019-03-01)",
     "unix_ns"),
    (DAYS.strftime("%y%m%d").astype("int64"), "dates, such as 190301", ""),
    (DAYS.strftime("%d%m%Y").astype("int64") + 3 * 10**9, None, ""),
    (np.arange(ROWS) * 5_000_000 + 600_000_000, None, ""),  # amounts
    (np.arange(ROWS) * 7 + 20240101, None, ""),
    (np.arange(ROWS) % 60 + 1960, None, ""),  # years
])  # fmt: skip
def test_numbers_that_look_like_dates_are_said_with_the_line(
    numbers: Any, what: str | None, format: str
) -> None:
    numbers = np.asarray(numbers)
    said = [one for one in found({"when": numbers}) if "since 1970" in one or "dates" in one]
    line = f"`features: {{when: {{kind: datetime, format: {format}}}}}`"
    dated = f"If they are, write {line}" if format else "If they are, write them as 20240131"
    assert said == ([] if what is None else [
        f"column 'when' holds whole numbers that look like {what}, and are read as numbers. "
        f"{dated}; if not, `features: {{when: number}}`"
    ])  # fmt: skip
    if format:
        frame = pd.DataFrame({"when": numbers, "x": X, "y": Y})
        data = kb.Frame(frame=frame, target="y")
        for written in ({"kind": "datetime", "format": format}, "number"):
            looked = dataset.look(kb.Recipe(data=data, features={"when": written}))
            assert not any("1970" in one.message or "dates" in one.message
                           for one in looked.findings)  # fmt: skip
        read = kb.Recipe(data=data, features={"when": {"kind": "datetime", "format": format}})
        seconds = read.features["when"].seconds("when", dataset.look(read).parts.train["when"])
        assert not np.isnan(seconds).any()
        assert abs(seconds.min() - SECONDS.min()) < 60 * 86_400


def test_rows_that_come_twice_are_warned_of() -> None:
    z = RANDOM.normal(size=ROWS)
    half = np.arange(ROWS) % (ROWS // 2)
    [said] = found({"x": X[half], "z": z[half], "w": (X + z)[half], "y": Y[half]})
    assert "stand in the training rows too" in said


def test_rows_are_alike_whatever_their_types_and_differ_by_arrays() -> None:
    frame = pd.DataFrame({"x": np.arange(300) % 97, "z": np.arange(300) % 89, "y": Y})
    train, test = frame.iloc[:250].copy(), frame.iloc[150:200]
    train["x"] = train["x"].astype(float)
    train.loc[0, "x"] = np.nan
    [said] = [text for text in found_in(train, test) if "stand in the training rows" in text]
    assert "50 rows of test stand in the training rows too" in said
    own = [RANDOM.normal(size=3) for _ in range(300)]
    near = pd.DataFrame({"city": ["a", "b", "c"] * 100, "vector": own, "y": Y})
    assert not [text for text in found_in(near.iloc[:200], near.iloc[200:]) if "stand in" in text]


def test_infinity_is_no_name_of_a_row() -> None:
    numbers = np.arange(300.0)
    numbers[::20] = np.inf
    assert found({"numbers": numbers}) == []


def test_rows_of_a_few_values_are_alike_by_chance() -> None:
    few = {name: RANDOM.integers(0, 3, ROWS) for name in "abc"}
    assert found({"x": RANDOM.integers(0, 30, ROWS), **few}) == []
    day = RANDOM.integers(0, 60, 60)  # each of sixty rows eight times
    half = np.arange(480) % 60
    x, z = RANDOM.normal(size=60)[half], RANDOM.normal(size=60)[half]
    frame = pd.DataFrame({"x": x, "z": z, "y": np.where(day > 30, "a", "b")[half]})
    findings = dataset.look(kb.Recipe(data=kb.Frame(frame=frame, target="y"))).findings
    assert [one.check for one in findings] == ["repeated_rows"]


def test_far_off_values_are_said_with_their_rows() -> None:
    z = RANDOM.normal(size=ROWS)
    z[[10, 20]] = 1e14
    [said] = found({"z": z}, split=kb.Random(validation=0, test=0))
    assert said.startswith("column 'z' has 2 values far off all others: 1e+14 in row ")


def test_steps_of_a_series_that_are_divided_at_random_are_warned_of() -> None:
    hours = pd.date_range("2025-01-01", periods=ROWS, freq="h")
    words = hours.strftime("%Y-%m-%d %H:%M").to_numpy()
    uneven = hours + pd.to_timedelta(RANDOM.integers(0, 50, size=ROWS), unit="m")

    def said(dates: Any, **data: Any) -> list[str]:
        return [one for one in found({"Date": dates}, **data) if "series" in one]

    [of_random] = said(words)
    assert of_random == (
        "the rows are the steps of a series, by 'Date' 1 hour apart. Held back at random they lie "
        "between rows of training, and are easier than what comes later. Hold back the latest: "
        "`data: {split: {by: time, column: Date}}`; or forecast the next steps: "
        "`data: {time: Date}` and `task: forecasting`"
    )
    assert said(np.tile(words[: ROWS // 2], 2)) == [of_random]  # of two shops
    assert not said(words, split=kb.Time(column="Date"))
    assert not said(uneven.strftime("%Y-%m-%d %H:%M").to_numpy())
    assert not said(np.concatenate([words[:-9], words[:9]]))


@pytest.mark.parametrize(("shops", "even"), [(1, True), (3, True), (1, False)])
def test_of_many_steps_some_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, shops: int, even: bool
) -> None:
    monkeypatch.setattr(row_checks, "LOOKED_AT", 2000)
    minutes = pd.date_range("2025-01-01", periods=9000, freq="min")
    if not even:
        minutes = minutes + pd.to_timedelta(RANDOM.integers(0, 60, size=9000), unit="s")
    dates = np.tile(minutes.strftime("%Y-%m-%d %H:%M:%S").to_numpy(), shops)
    frame = pd.DataFrame({"Date": dates, "x": RANDOM.normal(size=len(dates))})
    seen = dataset.look(kb.Recipe(data=kb.Frame(frame=frame, target="x")))
    messages = [one.message for one in seen.findings if one.check == "series"]
    assert [" by 'Date' 1 minute apart" in one for one in messages] == [True] * even


def test_a_class_without_a_row_to_test_on_is_said() -> None:
    y = np.where(np.arange(ROWS) < 2, "rare", Y)
    assert any("no row of 'rare' is in test" in said for said in found({"y": y}))


def test_columns_of_other_test_rows_are_said() -> None:
    frame = pd.DataFrame({"x": X, "c": RANDOM.choice(["a", "b"], ROWS), "y": Y})
    other = frame.assign(x=X + 2, c="a")
    recipe = kb.Recipe(data=kb.Frame(frame=frame, test_frame=other, target="y"))
    said = [one.message for one in dataset.look(recipe).findings if one.check == "shift"]
    assert [text.split("'")[1] for text in said] == ["x", "c"]


CLEAN = {
    "adult-train.csv": "income", "penguins.csv": "species", "mpg.csv": "mpg",
    "titanic.csv": "survived",
}  # fmt: skip


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_table_draws_at_most_one_warning(name: str) -> None:
    recipe = kb.Recipe(data=kb.CSV(path=real(name), target=CLEAN[name], ignore=(
        "alive",) if name == "titanic.csv" else ()))  # fmt: skip
    assert len(dataset.look(recipe).findings) <= 1


def pictured(labels: dict[str, list[int]], part: str = "pictures") -> None:
    """Writes a folder of pictures, by their numbers."""
    for label, numbers in labels.items():
        Path(part, label).mkdir(parents=True, exist_ok=True)
        for place, number in enumerate(numbers):
            Path(part, label, f"{place}.png").write_bytes(encoded(picture(number)))


def in_folder(**fields: Any) -> list[Finding]:
    recipe = kb.Recipe(data=kb.ImageFolder(**{"path": "pictures", **fields}))
    return [one for one in dataset.look(recipe).findings if one.check != "split"]


def test_pictures_that_are_all_one_or_held_back_too_are_found() -> None:
    pictured({"cat": [1] * 20, "dog": [1] * 20})
    [one] = in_folder()
    assert one.message == (
        "column 'image' has the same picture in each of 33 training rows, which teaches nothing. "
        "Leave it out, `data: {ignore: [image]}`, or fix the files"
    )
    pictured({"cat": [*range(10)], "dog": [*range(10, 20)]}, "parts/train")
    pictured({"cat": [30, 31], "dog": [3, 32]}, "parts/test")  # 3 was a cat
    [one] = in_folder(path="parts")
    assert one.message == (
        "column 'image': 1 of 4 pictures of test (parts/test/dog/0.png) are in the training rows "
        "too, byte for byte: its figures are better than they should be. Remove what comes twice"
    )


def test_what_of_a_folder_is_not_read_is_a_finding_that_may_be_an_error() -> None:
    pictured({"cat": [*range(10)], "dog": [*range(10, 20)]})
    Path("pictures/dog/boxes.xml").touch()
    [one] = in_folder()
    assert (one.check, one.message) == (
        "unread", "not read in pictures: 1 other file: 1 .xml in dog"
    )  # fmt: skip
    assert message(DataError, in_folder, checks={"unread": "error"}) == (
        "data.path: not read in pictures: 1 other file: 1 .xml in dog\n"
        "If all is as it should be, write `data: {checks: {unread: warn}}`."
    )


def test_long_rows_that_differ_in_their_middle_alone_are_no_repeated_rows() -> None:
    long = [np.zeros(5_000 + row % 2) for row in range(80)]
    for row, values in enumerate(long):
        values[2_000] = row
    column = np.empty(80, dtype=object)
    column[:] = long
    assert len(np.unique(hashed(column))) == 80
