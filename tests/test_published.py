"""Tables in the form in which well-known ones are published: two lines fit, and rows are served.

The files are made here; their columns, quirks and ways of writing are those of the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder import catalog
from kbuilder.data import dataset
from kbuilder.data.dataset import Looked
from kbuilder.errors import DataError

ROWS = 400
FIRST = ["Owen", "Laina", "James", "Anna", "Karl", "Elsa", "Hans", "Mary", "Jakob", "Ida"]
LAST = ["Braund", "Heikkinen", "Moran", "Palsson", "Nasser", "Berg", "Olsen", "Ryan", "Lind"]


def titanic(random: np.random.Generator) -> str:
    survived = random.integers(0, 2, ROWS)
    tickets = [f"{n}" if n % 4 else f"A/5 {n}" for n in random.integers(1000, 400_000, ROWS)]
    frame = pd.DataFrame({
        "PassengerId": np.arange(1, ROWS + 1), "Survived": survived,
        "Pclass": random.integers(1, 4, ROWS),
        "Name": [f"{random.choice(LAST)}, Mr. {random.choice(FIRST)} {random.choice(FIRST)}"
                 for _ in range(ROWS)],
        "Sex": random.choice(["male", "female"], ROWS),
        "Age": np.where(random.random(ROWS) < 0.2, np.nan, random.integers(1, 70, ROWS)),
        "Ticket": tickets, "Fare": random.gamma(2, 15, ROWS).round(4),
        "Cabin": [f"C{random.integers(1, 99)}" if n % 5 == 0 else None for n in range(ROWS)],
        "Embarked": random.choice(["S", "C", "Q"], ROWS),
    })  # fmt: skip
    return frame.to_csv(index=False)


def iris(random: np.random.Generator) -> str:
    kind = np.repeat([0, 1, 2], 50)
    frame = pd.DataFrame({
        "Id": np.arange(1, 151), "SepalLengthCm": (5 + kind + random.normal(size=150)).round(1),
        "PetalWidthCm": (kind + random.normal(size=150) / 2).round(1),
        "Species": np.array(["Iris-setosa", "Iris-versicolor", "Iris-virginica"])[kind],
    })  # fmt: skip
    return frame.to_csv(index=False)


def telco(random: np.random.Generator) -> str:
    frame = pd.DataFrame({
        "customerID": [f"{n:04}-ABCDE" for n in random.permutation(ROWS)],
        "SeniorCitizen": random.integers(0, 2, ROWS), "Partner": random.choice(["Yes", "No"], ROWS),
        "tenure": random.integers(0, 72, ROWS),
        "MonthlyCharges": random.gamma(5, 12, ROWS).round(2),
        "TotalCharges": [f"{x:.2f}" if x > 60 else " " for x in random.gamma(2, 900, ROWS)],
        "Churn": random.choice(["Yes", "No"], ROWS),
    })  # fmt: skip
    return frame.to_csv(index=False)


def bank(random: np.random.Generator) -> str:
    frame = pd.DataFrame({
        "age": random.integers(18, 90, ROWS), "job": random.choice(["admin.", "unknown"], ROWS),
        "balance": random.integers(-500, 9000, ROWS), "month": random.choice(["may", "jun"], ROWS),
        "y": random.choice(["yes", "no"], ROWS),
    })  # fmt: skip
    return frame.to_csv(index=False, sep=";", quoting=2)


def adult(random: np.random.Generator) -> str:
    jobs, signs = ["Private", "State-gov", "?"], ["<=50K", ">50K"]
    return "".join(
        f"{random.integers(17, 90)}, {random.choice(jobs)}, {random.integers(1e4, 9e5)}, "
        f"{random.choice(['Bachelors', 'HS-grad'])}, {random.choice(signs)}\n" for _ in range(ROWS)
    )  # fmt: skip


def mpg(random: np.random.Generator) -> str:
    cars = ["chevrolet chevelle malibu", "buick skylark 320", "plymouth satellite", "ford torino"]
    return "".join(
        f"{random.normal(23, 7):.1f}   {random.choice([4, 6, 8])}   "
        f"{random.normal(200, 90):.1f}      {random.choice(['130.0', '165.0', '?'])}      "
        f"{random.normal(3000, 800):.0f}.   {random.normal(15, 3):.1f}   "
        f"{random.integers(70, 83)}  {random.integers(1, 4)}\t"
        f'"{random.choice(cars)}"\n' for _ in range(ROWS)
    )  # fmt: skip


def bikes(random: np.random.Generator) -> str:
    days = pd.date_range("2011-01-01", periods=ROWS)
    casual, registered = random.integers(0, 900, ROWS), random.integers(20, 4000, ROWS)
    frame = pd.DataFrame({
        "instant": np.arange(1, ROWS + 1), "dteday": days.strftime("%Y-%m-%d"),
        "season": random.integers(1, 5, ROWS), "temp": random.random(ROWS).round(6),
        "casual": casual, "registered": registered, "cnt": casual + registered,
    })  # fmt: skip
    return frame.to_csv(index=False)


def mushrooms(random: np.random.Generator) -> str:
    frame = pd.DataFrame({
        "class": random.choice(["e", "p"], ROWS), "cap-shape": random.choice(list("bcxfks"), ROWS),
        "odor": random.choice(list("alcyfmnps"), ROWS), "veil-type": "p",
        "stalk-root": random.choice(list("bcuerz?"), ROWS),
    })  # fmt: skip
    return frame.to_csv(index=False)


def spam(random: np.random.Generator) -> str:
    words = ["free", "call", "now", "love", "home", "win", "prize", "later", "ok", "see", "you"]
    lines = []
    for n in range(ROWS):
        text = " ".join(random.choice(words, random.integers(5, 15)))
        quote = '"' if n % 50 == 7 else ""
        lines.append(f"{random.choice(['ham', 'spam'])}\t{quote}{text}{n}")
    return "\n".join(["label\tmessage", *lines]) + "\n"


def houses(random: np.random.Generator) -> str:
    columns: dict[str, Any] = {"Id": np.arange(1, ROWS + 1)}
    for n in range(36):
        columns[f"Area{n}"] = random.integers(0, 2000, ROWS)
    for n in range(42):
        columns[f"Quality{n}"] = random.choice(["NA", "Gd", "TA", "Ex"], ROWS)
    columns["SalePrice"] = random.integers(40_000, 700_000, ROWS)
    return pd.DataFrame(columns).to_csv(index=False)


def shops(random: np.random.Generator) -> str:
    frame = pd.DataFrame({
        "상호명": [f"가게 {n}" for n in range(ROWS)], "업종": random.choice(["한식", "카페"], ROWS),
        "매출": random.integers(100, 9000, ROWS), "폐업": random.choice(["Y", "N"], ROWS),
    })  # fmt: skip
    return frame.to_csv(index=False)


Make = Callable[[np.random.Generator], str]
FILES: dict[str, tuple[Make, dict[str, Any], str, dict[str, str], tuple[str, ...]]] = {
    # By name: the file, the recipe beyond its path, the task, some kinds, what is left out.
    "titanic": (titanic, {"target": "Survived"}, "binary",
                {"Name": "text", "Sex": "category", "Age": "number"},
                ("PassengerId", "Ticket", "Cabin")),
    "iris": (iris, {"target": "Species"}, "multiclass", {"PetalWidthCm": "number"}, ("Id",)),
    "telco": (telco, {"target": "Churn"}, "binary",
              {"TotalCharges": "number", "Partner": "category"}, ("customerID",)),
    "bank": (bank, {"target": "y"}, "binary", {"job": "category", "balance": "number"}, ()),
    "adult": (adult, {"target": "income", "columns": ["age", "job", "weight", "school", "income"]},
              "binary", {"age": "number", "job": "category"}, ()),
    "mpg": (mpg, {"target": "mpg", "missing": "?", "columns": [
                "mpg", "cylinders", "displacement", "horsepower", "weight", "acceleration", "year",
                "origin", "name"]},
            "regression", {"horsepower": "number", "displacement": "number"}, ()),
    "bikes": (bikes, {"target": "cnt", "ignore": ["casual"]}, "regression",
              {"dteday": "datetime"}, ("instant",)),
    "mushrooms": (mushrooms, {"target": "class"}, "binary", {"odor": "category"}, ("veil-type",)),
    "spam": (spam, {"target": "label"}, "binary", {"message": "text"}, ()),
    "houses": (houses, {"target": "SalePrice"}, "regression",
               {"Area0": "number", "Quality0": "category"}, ("Id",)),
    "shops": (shops, {"target": "폐업"}, "binary", {"업종": "category"}, ()),
}  # fmt: skip


def written(name: str, **changes: Any) -> kb.CSV:
    make, fields, *_ = FILES[name]
    text = make(np.random.default_rng(0))
    Path(f"{name}.csv").write_bytes(text.encode("cp949" if name == "shops" else "utf-8"))
    return kb.CSV(path=f"{name}.csv", **{**fields, **changes})


def looked(data: kb.CSV) -> Looked:
    return dataset.look(kb.Recipe(data=data))


@pytest.mark.parametrize("name", FILES)
def test_a_published_table_is_understood_from_two_lines(name: str) -> None:
    _, _, task, kinds, left = FILES[name]
    found = looked(written(name))
    assert catalog.name_of(found.targets[0].task) == task
    features = {c: catalog.name_of(f) for c, f in found.resolved.recipe.features.items()}
    assert features.items() >= kinds.items()
    assert set(left) <= set(found.resolved.recipe.data.ignore)
    assert sum(len(part) for _, part in found.parts) == (150 if name == "iris" else ROWS)
    said = [one.check for one in found.findings if one.check not in ("split", "sum")]
    assert said == (["series"] if name == "bikes" else [])  # a row for each day


def test_a_sum_of_two_columns_is_said() -> None:
    found = looked(written("bikes", ignore=[]))
    assert [one.check for one in found.findings] == ["sum", "series"]
    assert "'cnt' is casual + registered, in every row" in found.findings[0].message


def test_a_file_without_a_header_is_refused_until_its_columns_are_named() -> None:
    said = message(DataError, looked, written("adult", columns=[]))
    assert said.startswith("data.columns: the first line of adult.csv holds values in place of")


@pytest.mark.slow
def test_a_row_as_it_stands_in_the_file_is_answered_as_predict_answers() -> None:
    import tensorflow as tf

    data = written("adult", missing=["?"])
    run = kb.fit(kb.Recipe(data=data, training=kb.Training(epochs=2)), verbose=False)
    expected = run.predict("adult.csv")["probability"].to_numpy()[:50]
    folder = run.export("exported", verbose=False)
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    rows = [line.split(",") for line in Path("adult.csv").read_text().splitlines()[:50]]
    names = FILES["adult"][1]["columns"]
    given: dict[str, Any] = {}
    for place, column in enumerate(names[:-1]):
        words = [row[place] for row in rows]  # with the blanks of the file, and its "?"
        known = serve.structured_input_signature[1][column].dtype
        given[column] = tf.constant(words) if known == tf.string else tf.constant(
            np.array(words, dtype=float), known)  # fmt: skip
    np.testing.assert_allclose(serve(**given)["probability"].numpy(), expected, atol=1e-5)
    assert any(b"?" in word for word in given["job"].numpy())
