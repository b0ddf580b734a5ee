"""One table is one table, whatever it is written as: equal decisions, inputs and weights."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import databases
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import kbuilder as kb
from kbuilder.data import dataset

ROWS = 80
KOREAN = ("서울", "부산", "대구", "인천")
WORDS = ("good soup", "slow, but kind", "좋은 국물", "never again", "so-so", 'a "must"', "cold")
TYPES = {
    "whole": "bigint", "large": "bigint", "number": "double precision", "comma": "numeric(9,2)",
    "flag": "boolean", "kind": "text", "city": "text", "code": "text", "day": "date",
    "stamp": "timestamp", "text": "text", "labels": "text", "gone": "text",
    "weight": "double precision",
}  # fmt: skip
"""The columns, as a database has them."""


def rows() -> list[dict[str, Any]]:
    """The table, each value as Python has it; some are missing."""
    random = np.random.default_rng(0)
    found: list[dict[str, Any]] = []
    for n in range(ROWS):
        number = round(float(random.normal(5, 2)), 3)
        found.append({
            "whole": None if n % 13 == 5 else int(random.integers(-50, 400)),
            "large": 1_234_567_890_123_456_789 + int(random.integers(0, 10**15)),
            "number": None if n % 11 == 3 else number,
            "comma": round(float(random.uniform(0, 900)), 2),
            "flag": None if n % 17 == 4 else bool(number > 5),
            "kind": ("red", "green", "blue")[int(random.integers(0, 3))],
            "city": KOREAN[n * 7 % 4],
            "code": f"{n * 37 % 12:03d}",
            "day": date(2023, 1, 1) + timedelta(days=int(random.integers(0, 700))),
            "stamp": datetime(2024, 2, 28, 23, 0) + timedelta(minutes=37 * n),
            "text": None if n % 19 == 6 else " ".join(random.choice(WORDS, 6)),
            "labels": "|".join(label for label in "abc" if random.integers(0, 2)) or "c",
            "gone": None,
            "weight": round(float(random.uniform(0.5, 2)), 2),
        })  # fmt: skip
    return found


TABLE = rows()
COLUMNS = list(TYPES)


def written(decimal: str = ".") -> pd.DataFrame:
    """The table in words, as people write it into a file."""

    def word(value: Any) -> str | None:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float):
            return str(value).replace(".", decimal)
        return None if value is None else str(value)

    cells = [{name: word(value) for name, value in row.items()} for row in TABLE]
    return pd.DataFrame(cells, columns=COLUMNS, dtype="str")


def typed() -> pd.DataFrame:
    """The table as a frame, with the dtypes that pandas has for it."""
    frame = pd.DataFrame(TABLE, columns=COLUMNS)
    for name, dtype in (("whole", "Int64"), ("flag", "boolean"), ("stamp", "datetime64[us]")):
        frame[name] = frame[name].astype(dtype)
    return frame


def arrow() -> pa.Table:
    """The table in Arrow's types."""
    kinds = {"stamp": pa.timestamp("us"), "comma": pa.float64(), "gone": pa.string()}
    values = {name: [row[name] for row in TABLE] for name in COLUMNS}
    return pa.table({name: pa.array(cells, kinds.get(name)) for name, cells in values.items()})


def as_csv(delimiter: str, encoding: str, decimal: str = ".") -> Callable[[Path], dict[str, Any]]:
    """Writes a CSV file of such a dialect; what the recipe says of it."""

    def write(file: Path) -> dict[str, Any]:
        written(decimal).to_csv(file, sep=delimiter, encoding=encoding, index=False)
        return {"path": file, **({"decimal": ","} if decimal == "," else {})}

    return write


def as_json_lines(file: Path) -> dict[str, Any]:
    """Writes JSON lines."""
    lines = [json.dumps(row, default=str, ensure_ascii=False) for row in TABLE]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"path": file}


def as_excel(file: Path) -> dict[str, Any]:
    """Writes a sheet; Excel has no numbers of 19 digits, which are words there."""
    typed().astype({"large": str}).to_excel(file, index=False)
    return {"path": file}


def as_parquet(file: Path) -> dict[str, Any]:
    """Writes Parquet."""
    parquet.write_table(arrow(), file)
    return {"path": file}


def as_arrow(file: Path) -> dict[str, Any]:
    """Writes an Arrow file."""
    feather.write_feather(arrow(), file)
    return {"path": file}


def as_two_files(file: Path) -> dict[str, Any]:
    """Writes the half of the rows into each of two files, whose columns stand in another order."""
    frame = written()
    frame[:40].to_csv("half-1.csv", index=False)
    frame[40:][COLUMNS[::-1]].to_csv("half-2.csv", index=False)
    return {"path": "half-*.csv"}


def as_sqlite(file: Path) -> dict[str, Any]:
    """Fills a table of SQLite, which has dates as words and truth as 0 and 1."""
    with sqlite3.connect(file) as base:
        base.execute(f"CREATE TABLE sold ({', '.join(f'{n} {t}' for n, t in TYPES.items())})")
        marks = ", ".join("?" * len(TYPES))
        cells = [
            [str(value) if isinstance(value, date) else value for value in row.values()]
            for row in TABLE
        ]
        base.executemany(f"INSERT INTO sold VALUES ({marks})", cells)
    base.close()
    return {"sql": {"url": f"sqlite:///{file}", "query": "SELECT * FROM sold ORDER BY rowid"}}


FILES: dict[str, Callable[[Path], dict[str, Any]]] = {
    **{
        f"{name} {encoding}.csv": as_csv(delimiter, encoding, decimal)
        for name, delimiter, decimal in (
            ("comma", ",", "."), ("semicolon", ";", ","), ("tab", "\t", "."), ("pipe", "|", "."),
        )
        for encoding in ("utf-8", "utf-16", "cp949")
    },
    "rows.csv.gz": as_csv(",", "utf-8"),
    "rows.parquet": as_parquet,
    "rows.arrow": as_arrow,
    "rows.jsonl": as_json_lines,
    "rows.xlsx": as_excel,
    "two files": as_two_files,
    "rows.sqlite": as_sqlite,
}  # fmt: skip
FRAMES: dict[str, Callable[[], pd.DataFrame]] = {
    "typed": typed,
    "of objects": lambda: pd.DataFrame(TABLE, columns=COLUMNS, dtype=object),
    "of words": written,
    "of arrow": lambda: arrow().to_pandas(types_mapper=pd.ArrowDtype),
    "of nullable dtypes": lambda: typed().convert_dtypes(),
    "with categories": lambda: typed().astype({"kind": "category", "city": "category"}),
}
FITTED = ("semicolon cp949.csv",)
"""What is fitted too, beside a frame and PostgreSQL; of the others the rows are equal."""


def recipe(fields: Mapping[str, Any]) -> kb.Recipe:
    """A small network for the table."""
    return kb.Recipe(
        data={"target": "kind", **fields},
        model={"vector": {"name": "mlp", "units": [4]}, "text": {"name": "rnn", "units": 2}},
        training={"epochs": 2, "batch_size": 16, "plan": "keras"},
    )  # fmt: skip


def looked(fields: Mapping[str, Any]) -> tuple[list[Any], dict[str, str]]:
    """What is decided of the columns, and SHA-256 over the rows of each part.

    All that is learned and prepared comes of both, and the fit of that.
    """
    found = dataset.look(recipe(fields))
    told = ("path", "encoding", "delimiter")
    decided = [
        (one.key, one.value, one.write)
        for one in (*found.resolved.decisions, *found.decisions)
        if one.key[-1] not in told
    ]
    return decided, found.parts.describe(0, False)["fingerprint"]


def weights(fields: Mapping[str, Any], folder: str) -> list[np.ndarray]:
    """What is fitted."""
    run = kb.fit(recipe(fields), run_dir=folder, verbose=False)
    return list(run.model.get_weights())


@pytest.fixture(scope="module")
def expected() -> tuple[list[Any], dict[str, str]]:
    """What the frame gives."""
    return looked({"frame": typed()})


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    """The weights that come of the frame."""
    return weights({"frame": typed()}, str(tmp_path_factory.mktemp("frame") / "run"))


def equal(found: list[np.ndarray], known: list[np.ndarray]) -> None:
    """Check that weights are equal, to the last bit."""
    assert [w.shape for w in found] == [w.shape for w in known]
    assert all(np.array_equal(a, b) for a, b in zip(found, known, strict=True))


def test_each_column_is_of_its_kind(expected: tuple[list[Any], dict[str, str]]) -> None:
    assert {k[1]: v for k, v, _ in expected[0] if k[0] == "features" and len(k) == 2} == {
        "whole": "number", "large": "number", "number": "number", "comma": "number",
        "flag": "category", "city": "category", "code": "category", "day": "datetime",
        "stamp": "datetime", "text": "text", "labels": "set", "gone": "ignored",
        "weight": "number",
    }  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_the_table_in_whatever_format(
    name: str, expected: tuple[list[Any], dict[str, str]]
) -> None:
    assert looked(FILES[name](Path(name))) == expected


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_the_table_of_whatever_dtypes(
    name: str, expected: tuple[list[Any], dict[str, str]]
) -> None:
    assert looked({"frame": FRAMES[name]()}) == expected


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.slow
def test_what_is_fitted_on_a_file_is_what_is_fitted_on_the_frame(
    name: str, fitted: list[np.ndarray]
) -> None:
    equal(weights(FILES[name](Path(name)), "run"), fitted)


@pytest.fixture(scope="module")
def server(postgresql: str) -> str:
    """The url of a PostgreSQL that has the table."""
    with databases.connection(postgresql) as base:
        base.execute(f"CREATE TABLE sold ({', '.join(f'{n} {t}' for n, t in TYPES.items())})")
        marks = ", ".join(["%s"] * len(TYPES))
        with base.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO sold VALUES ({marks})", [list(row.values()) for row in TABLE]
            )
    return postgresql


@pytest.mark.slow
def test_a_query_to_postgresql_gives_the_table(
    server: str,
    expected: tuple[list[Any], dict[str, str]],
    fitted: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP", databases.PASSWORD)
    url = server.replace("PASSWORD", "${SHOP}")
    fields = {"sql": {"url": url, "query": "SELECT * FROM sold ORDER BY stamp"}}
    assert looked(fields) == expected
    equal(weights(fields, "run"), fitted)
    held = [file.read_bytes() for file in Path("run").rglob("*") if file.is_file()]
    forms = [databases.PASSWORD.encode(), quote(databases.PASSWORD, safe="").encode()]
    assert [form for form in forms for content in held if form in content] == []
    assert "${SHOP}" in Path("run/recipe.yaml").read_text(encoding="utf-8")
