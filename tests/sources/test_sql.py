"""Rows of a query to a database."""

from __future__ import annotations

import builtins
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad import plain, wrong
from shared import message, seen

import kbuilder as kb
from kbuilder.errors import CallError, DataError
from kbuilder.recipe import reading
from kbuilder.recipe.reading import pointing
from kbuilder.recipe.writing import to_yaml

SECRET = "topsecret"
URL = f"postgresql+psycopg://reader:{SECRET}@127.0.0.1:1/shop"
"""Where nobody answers."""


@pytest.fixture(autouse=True)
def _shop() -> None:
    """A database of SQLite with a few rows."""
    with sqlite3.connect("shop.db") as base:
        base.execute("CREATE TABLE sold (id INTEGER, flag BOOLEAN, word TEXT, kind TEXT)")
        rows = [(2**62 + n if n % 3 else None, n % 2, f" w{n}", "ab"[n % 2]) for n in range(6)]
        base.executemany("INSERT INTO sold VALUES (?, ?, ?, ?)", rows)
    base.close()


def source(query: str = "SELECT * FROM sold", url: str = "sqlite:///shop.db", **more: Any) -> Any:
    return kb.SQL(sql={"url": url, "query": query, **more}, target="kind")


def asked(query: str, url: str = "sqlite:///shop.db") -> str:
    """All that is said of a query that cannot be read, in a recipe."""
    recipe = reading.parse(f"data:\n  sql:\n    url: {url}\n    query: {query}\n  target: kind\n")
    with pytest.raises((CallError, DataError)) as caught, pointing(recipe):
        recipe.data.load()
    return str(caught.value)


def test_the_rows_are_read_as_those_of_the_frame_that_they_make() -> None:
    train, test = source("SELECT *, '12:30' AS at, '5%' AS \"a b\" FROM sold").load()
    assert test is None
    assert {name: seen(values) for name, values in train.columns.items()} == {
        "id": [None, 2**62 + 1, 2**62 + 2, None, 2**62 + 4, 2**62 + 5],
        "flag": ["False", "True"] * 3,
        "word": ["w0", "w1", "w2", "w3", "w4", "w5"],
        "kind": ["a", "b"] * 3,
        "at": ["12:30"] * 6,
        "a b": ["5%"] * 6,
    }
    assert train.row(2) == "row 3 of the query"


def test_a_flag_of_sqlite_is_one_only_where_every_table_says_so() -> None:
    with sqlite3.connect("shop.db") as base:
        base.execute("CREATE TABLE counts (flag INTEGER)")
    base.close()
    assert source().load()[0]["flag"].tolist() == [0, 1] * 3


def test_a_second_query_gives_the_test_rows() -> None:
    query = "SELECT word, kind FROM sold WHERE id IS NULL"
    train, test = source("SELECT word, kind FROM sold", test_query=query).load()
    assert (len(train), len(test)) == (6, 2)


def test_source_may_be_left_out_and_a_file_is_relative_to_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "data: {sql: {url: sqlite:///shop.db, query: SELECT * FROM sold}, target: kind}"
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    recipe = reading.parse(text, folder=tmp_path)
    assert isinstance(recipe.data, kb.SQL)
    assert len(recipe.data.load()[0]) == 6
    assert reading.parse(to_yaml(recipe)).data.load()[0].fingerprint()
    monkeypatch.chdir(tmp_path)
    moved = reading.parse(text, folder=Path("/"), override=["data.sql.url=sqlite:///shop.db"])
    assert len(moved.data.load()[0]) == 6


@pytest.mark.parametrize("place", ["~/shop.db", "${FOLDER}/shop.db", "in/${NAME}", "${WHOLE}"])
def test_a_file_is_relative_to_the_recipe_by_variables_too(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "shop.db").write_bytes(Path("shop.db").read_bytes())
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    whole = tmp_path / "in" / "shop.db"
    for folder in ("in", f"{tmp_path}/in"):
        values = {"HOME": f"{tmp_path}/in", "FOLDER": folder, "NAME": "shop.db", "WHOLE": whole}
        for name, value in values.items():
            monkeypatch.setenv(name, str(value))
        text = (
            f"data: {{sql: {{url: 'sqlite:///{place}', query: SELECT * FROM sold}}, target: kind}}"
        )
        recipe = reading.parse(text, folder=tmp_path)
        assert len(recipe.data.load()[0]) == 6
        assert len(reading.parse(to_yaml(recipe)).data.load()[0]) == 6
    monkeypatch.setenv("FOLDER", "nowhere")
    if place.startswith("${F"):
        with pytest.raises(DataError, match=f"there is no {tmp_path}/nowhere/shop.db"):
            recipe.data.load()


def test_files_are_predicted_whose_columns_are_called_alike() -> None:
    Path("rows.csv").write_text("word;kind\n x ;a\ny;b\n")
    assert source().read(Path("rows.csv"))["word"].tolist() == ["x", "y"]
    [part] = source().parts(Path("rows.csv"), {}, ["word"], 5, 1)
    assert part.table["word"].tolist() == ["y"]


REFUSED = {
    "url: shop.db": "data.sql.url: Expected a url such as sqlite:///shop.db or "
        "postgresql://user:${PASSWORD}@host/database. Got 'shop.db'.",
    f"url: 'postgresql://u:{SECRET}@1@h/d'":
        "data.sql.url: Expected one @ before the host; in a password it is written %40. Got "
        "'postgresql://u:***********@h/d'.",
    "url: 3": "data.sql.url: Expected a text. Got 3; in quotes it is a text: '3'.",
    "query: DROP TABLE sold":
        "data.sql.query: Expected a query that reads rows: SELECT …. Got 'DROP TABLE sold'.",
    "query: ''": "data.sql.query: Expected a query that reads rows: SELECT …. Got ''.",
    "query: SELECT 1; DROP TABLE sold":
        "data.sql.query: Expected one query, with no ; but at its end; where a text has one, have "
        "the database keep the query as a view. Got 'SELECT 1; DROP TABLE sold'.",
    "test_query: DELETE FROM sold": "data.sql.test_query: Expected a query that reads rows: "
        "SELECT …. Got 'DELETE FROM sold'.",
    "table: sold": "data.sql.table: unknown key 'table'. Expected one of: url, query, test_query.",
}  # fmt: skip


@pytest.mark.parametrize("field", REFUSED)
def test_what_cannot_be_asked_is_refused_before_anything_is_read(field: str) -> None:
    fields = {"url": "url: sqlite:///shop.db", "query": "query: SELECT 1"}
    fields[field.partition(":")[0]] = field
    said = wrong(f"data: {{sql: {{{', '.join(fields.values())}}}, target: kind}}")
    assert plain(said).partition(": ")[2] == f"{REFUSED[field]}\n1 problem."
    assert SECRET not in said


def test_what_is_missing_is_said_once() -> None:
    said = wrong("data: {sql: {url: sqlite:///shop.db}, target: kind}")
    assert said.startswith("recipe:1:8: data.sql.query: the required key 'query' is missing.")
    said = wrong("data: {sql: {query: 3}, target: kind}")
    assert said.endswith("\n2 problems.")


SAID = {
    ("SELECT * FROM sold", "sqlite:///none.db"):
        "data.sql.url: there is no none.db. Expected the file of a SQLite database.",
    ("SELECT * FROM sold", "sqlite:///notes.txt"):
        "data.sql.url: the database sqlite:///notes.txt cannot be opened: file is not a database. "
        "Expected one that is there, and a user who may read it.",
    ("SELECT * FROM bought", "sqlite:///shop.db"):
        "data.sql.query: sqlite:///shop.db refuses the query: no such table: bought. Expected a "
        "SELECT that it answers.",
    ("SELECT * FROM sold WHERE 0", "sqlite:///shop.db"):
        "data.sql.query: the query gives no rows. Expected rows.",
    ("SELECT kind, word AS kind FROM sold", "sqlite:///shop.db"):
        "data.sql.query: the query has several columns called 'kind'. Expected names that all "
        "differ: rename one.",
    ("WITH a AS (SELECT 1) DELETE FROM sold", "sqlite:///shop.db"):
        "data.sql.query: sqlite:///shop.db refuses the query: attempt to write a readonly "
        "database. Expected a SELECT that it answers.",
    ("SELECT 1", "postgres://h/shop"):
        "data.sql.url: SQLAlchemy knows no database 'postgres'. Expected one such as mariadb, "
        "mssql, mysql, oracle, postgresql, sqlite, or the package that brings it.\n"
        "    Did you mean 'postgresql'?",
    ("SELECT 1", f"postgresql://u:{SECRET}@h:port/shop"):
        "data.sql.url: the url of the database cannot be read. Expected "
        "kind://user:${PASSWORD}@host:port/database, such as postgresql://….",
    ("SELECT 1", "postgresql://u:${NOBODY_SET_THIS}@h/shop"):
        "data.sql.url: the environment has no NOBODY_SET_THIS, which the url of the database "
        "names. Expected it, by `export NOBODY_SET_THIS=…`.",
    ("SELECT 1", f"mysql+nobodys_driver://u:{SECRET}@h/shop"):
        "data.sql.url: SQLAlchemy knows no database 'mysql'. Expected one such as mariadb, "
        "mssql, mysql, oracle, postgresql, sqlite, or the package that brings it.\n"
        "    Did you mean 'mysql'?",
}  # fmt: skip


@pytest.mark.parametrize(("query", "url"), SAID)
def test_what_no_database_answers_is_one_message_at_its_line(query: str, url: str) -> None:
    Path("notes.txt").write_text("no database, but long enough to be looked at " * 20)
    before = {path: path.read_bytes() for path in Path.cwd().iterdir()}
    said = asked(query, url)
    assert plain(said).partition(": ")[2] == SAID[query, url]
    assert said.startswith("recipe:3:10: " if "data.sql.url" in said else "recipe:4:12: ")
    assert SECRET not in said
    assert {path: path.read_bytes() for path in Path.cwd().iterdir()} == before


def test_a_database_that_does_not_answer_is_named_without_the_password() -> None:
    pytest.importorskip("psycopg")
    said = asked("SELECT 1", URL)
    assert said.startswith(
        "recipe:3:10: data.sql.url: the database postgresql+psycopg://reader:***@127.0.0.1:1/shop "
        "cannot be opened: "
    )
    assert f"url: postgresql+psycopg://reader:{'*' * len(SECRET)}@127" in said
    assert SECRET not in said


@pytest.mark.parametrize("lacking", ["sqlalchemy", "psycopg"])
def test_what_is_not_installed_is_refused_with_the_line_that_installs_it(
    lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any, **named: Any) -> Any:
        if name.partition(".")[0] == lacking:
            raise ModuleNotFoundError(f"No module named {lacking!r}", name=lacking)
        return real(name, *given, **named)

    given = source("SELECT 1", URL)
    monkeypatch.setattr(builtins, "__import__", without)
    said = {
        "sqlalchemy": "data.sql: SQLAlchemy, which reads databases, is not installed. Expected "
        "`pip install 'kbuilder[sql]'`, and the driver of the database.",
        "psycopg": "data.sql.url: the driver psycopg of the database is not installed. Expected "
        "`pip install 'psycopg[binary]'`, or another driver in the url, as in "
        "postgresql+psycopg://.",
    }
    assert message(CallError, given.load) == said[lacking]


WRITTEN = {
    URL: "postgresql+psycopg://reader:${KBUILDER_PASSWORD}@127.0.0.1:1/shop",
    "mysql://u:${MINE}@h/d": "mysql://u:${MINE}@h/d",
    f"mysql://h/d?user=u&password={SECRET}": "mysql://h/d?user=u&password=${KBUILDER_PASSWORD}",
    f"mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D{SECRET}%3BX%3D1":
        "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D${KBUILDER_PASSWORD}%3BX%3D1",
    "${DATABASE_URL}": "${DATABASE_URL}",
    f"snowflake://a/d?token={SECRET}": "snowflake://a/d?token=${KBUILDER_PASSWORD}",
    f"mssql+pyodbc:///?odbc_connect=PWD = {{{SECRET};}}":
        "mssql+pyodbc:///?odbc_connect=PWD = ${KBUILDER_PASSWORD}",
    f"sqlite+x:////shop.db?passphrase={SECRET}":
        "sqlite+x:////shop.db?passphrase=${KBUILDER_PASSWORD}",
    "sqlite:////shop.db": "sqlite:////shop.db",
}  # fmt: skip


@pytest.mark.parametrize("url", WRITTEN)
def test_no_password_of_a_recipe_is_written_again(url: str) -> None:
    recipe = kb.Recipe(data=source(url=url))
    again = to_yaml(recipe)
    assert f'url: "{WRITTEN[url]}"' in again
    assert SECRET not in again + repr(recipe) + str(recipe.data)
    assert reading.parse(again).data.sql.url == WRITTEN[url]  # type: ignore[attr-defined]
    choices = recipe.data.settle()  # type: ignore[attr-defined]
    assert ("sql" in choices) == (WRITTEN[url] != url)


def test_values_of_the_environment_are_quoted_where_a_url_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kbuilder.tables.database import _database

    monkeypatch.setenv("WORD", "a/b@c:d%")
    monkeypatch.setenv("HOST", "example.org")
    monkeypatch.setenv("WHOLE", "sqlite:///shop.db")
    found = _database("postgresql+psycopg://u:${WORD}@${HOST}/d?sslpassword=${WORD}")
    assert (found.url.password, found.url.host) == ("a/b@c:d%", "example.org")
    assert found.url.query["sslpassword"] == "a/b@c:d%"
    assert found.clean("it says a/b@c:d% and a%2Fb%40c%3Ad%25") == "it says *** and ***"
    assert len(source(url="${WHOLE}").load()[0]) == 6


def test_an_override_and_a_slip_elsewhere_do_not_show_the_password() -> None:
    text = f"data: {{sql: {{url: '{URL}', qery: SELECT 1}}, target: kind}}"
    assert SECRET not in wrong(text)
    assert SECRET not in wrong("data: {target: kind}", f"data.sql.url={URL}", "data.sql.x=1")
    assert SECRET not in wrong(f"data: {{sql: '{URL}', target: kind}}")
    short = f"postgresql://u:{SECRET}"
    assert SECRET not in wrong(f"data: {{sql: {{url: {short}}}, target: kind}}")


def test_a_script_reads_no_database() -> None:
    assert message(CallError, source().script) == (
        "a script reads CSV files, and no database. Expected the rows of the query in such a "
        "file, and the source csv."
    )


def test_whole_decimals_stay_whole_and_bytes_stay_bytes() -> None:
    query = "SELECT x'00ff' AS picture, kind FROM sold"
    assert source(query).load()[0]["picture"].tolist() == [b"\x00\xff"] * 6
    assert np.issubdtype(source("SELECT 7 AS n, kind FROM sold").load()[0]["n"].dtype, np.integer)
