"""Queries to a real PostgreSQL."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

import databases
import pandas as pd
import pytest
from shared import message, seen

from kbuilder.errors import DataError
from kbuilder.tables.arrays import from_frame
from kbuilder.tables.database import read_query

KEY = ("data", "sql", "query")


@pytest.fixture(scope="module")
def url(postgresql: str) -> str:
    """The url of a server with a table, with its password."""
    with databases.connection(postgresql) as base:
        base.execute("CREATE TABLE kept (n integer)")
        base.execute("INSERT INTO kept VALUES (1), (2)")
        base.execute(
            "CREATE FUNCTION drained() RETURNS integer LANGUAGE sql AS 'DELETE FROM kept; SELECT 1'"
        )
    return postgresql.replace("PASSWORD", quote(databases.PASSWORD, safe=""))


TYPES = {
    "1234567890123456789::bigint": [1234567890123456789],
    "1234567890123456789::numeric(19)": [1234567890123456789],
    "12.50::numeric(6,2)": [12.5],
    "true": ["True"],
    "'2024-05-01'::date": ["2024-05-01"],
    "'2024-05-01 00:00'::timestamp": ["2024-05-01"],
    "'2024-05-01 07:05'::timestamp": ["2024-05-01 07:05:00"],
    "'07:05'::time": ["07:05:00"],
    "'{a,b}'::text[]": [["a", "b"]],
    "'\\xff00'::bytea": [b"\xff\x00"],
    "'00000000-0000-0000-0000-00000000000a'::uuid": ["00000000-0000-0000-0000-00000000000a"],
    "NULL::integer": [None],
    "' a ':: char(5)": ["a"],
    "'100%:x'": ["100%:x"],
}


@pytest.mark.parametrize("written", TYPES)
def test_a_value_of_any_type_is_what_it_is_in_a_frame(written: str, url: str) -> None:
    table = read_query(url, f"SELECT {written} AS x", key=KEY)
    assert seen(table["x"]) == TYPES[written]


def test_more_rows_than_are_fetched_at_once_come_in_their_order(url: str) -> None:
    table = read_query(url, "SELECT n FROM generate_series(1, 25000) AS n", key=KEY)
    assert table["n"].tolist() == list(range(1, 25_001))


WRITING = {
    "SELECT drained()": "cannot execute DELETE in a read-only transaction",
    "WITH gone AS (DELETE FROM kept RETURNING n) SELECT * FROM gone":
        "DECLARE CURSOR must not contain data-modifying statements in WITH",
    "SELECT n INTO other FROM kept": "SELECT ... INTO is not allowed here",
    "SELECT m FROM kept": 'column "m" does not exist',
    "SELECT n / 0 FROM kept": "division by zero",
}  # fmt: skip


@pytest.mark.parametrize("query", WRITING)
def test_a_query_that_writes_or_fails_is_refused_and_changes_nothing(query: str, url: str) -> None:
    said = message(DataError, read_query, url, query, None, KEY)
    assert said.startswith("data.sql.query: postgresql+psycopg://reader:***@127.0.0.1:")
    assert f" refuses the query: {WRITING[query]}" in said
    assert said.endswith(". Expected a SELECT that it answers.")
    assert databases.PASSWORD not in said
    assert len(read_query(url, "SELECT * FROM kept", key=KEY)) == 2


def test_a_wrong_password_or_database_is_one_message_without_it(url: str) -> None:
    wrong = url.replace(quote(databases.PASSWORD, safe=""), "guessed-word")
    for other in (wrong, f"{url}s"):
        said = message(DataError, read_query, other, "SELECT 1", None, KEY)
        assert said.startswith("data.sql.url: the database postgresql+psycopg://reader:***@")
        assert "FATAL: " in said
        for word in (databases.PASSWORD, quote(databases.PASSWORD, safe=""), "guessed-word"):
            assert word not in said
        assert "\n" not in said


def test_whole_decimals_stay_whole_and_days_are_days_in_frames_too() -> None:
    days = [pd.Timestamp("2024-05-01").to_pydatetime(), None]
    cells = {
        "whole": [Decimal("1234567890123456789"), None], "broken": [Decimal("1.0"), Decimal(2)],
        "day": days, "stamp": [days[0], pd.Timestamp("2024-05-01 07:05").to_pydatetime()],
    }  # fmt: skip
    frame = pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in cells.items()})
    table = from_frame(frame, "it")
    assert {name: seen(values) for name, values in table.columns.items()} == {
        "whole": [1234567890123456789, None], "broken": [1.0, 2.0],
        "day": ["2024-05-01", None], "stamp": ["2024-05-01 00:00:00", "2024-05-01 07:05:00"],
    }  # fmt: skip
