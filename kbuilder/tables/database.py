"""Tables from a query to a database, through SQLAlchemy. No message shows a password."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kbuilder.errors import REFERENCE, CallError, DataError, Key, nearest
from kbuilder.tables.arrays import expect_unique, from_frame
from kbuilder.tables.cells import Cells
from kbuilder.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import URL, Connection

SQL_KEY: Key = ("data", "sql")
URL_KEY: Key = (*SQL_KEY, "url")
ORIGIN = "the query"
"""What messages call the rows."""
ROWS = 10_000
"""Rows that are fetched at a time, where the driver allows it."""
OPENING = {
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "postgresql": ("SET TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON", "SELECT count(*) FROM sqlite_master"),
}
"""What keeps a query from writing, by the kind of the database, and shows that it is one; nothing
is committed anyway."""
PACKAGES = {"MySQLdb": "mysqlclient", "psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary"}
"""What is installed for a driver that is imported by another name."""
ANEW = "\0"
"""Where a path begins anew, as no path holds it."""
KINDS = ("mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite")
"""The databases that SQLAlchemy knows by itself."""
FLAGS_OF_SQLITE = (
    "SELECT p.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p "
    "GROUP BY p.name HAVING min(upper(p.type) IN ('BOOL', 'BOOLEAN'))"
)
"""The columns that are of truth values wherever they are; SQLite itself gives 0 and 1."""


@dataclass(frozen=True, repr=False)
class Database:
    """Where a query is asked.

    Args:
        url: The url, with the values of the environment in it.
        secrets: What no message may hold.
    """

    url: URL
    secrets: frozenset[str]

    def __str__(self) -> str:
        """The url for messages: without password and options."""
        return self.clean(self.url.set(query={}).render_as_string(hide_password=True))

    def clean(self, text: str) -> str:
        """A text without the secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def reason(self, error: Exception) -> str:
        """What a driver says, on one line."""
        said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")
        return self.clean(said or type(error).__name__)


def read_query(url: str, query: str, cells: Cells | None = None, key: Key = ()) -> Table:
    """The rows of a query, read as the data frame that they make is.

    Args:
        url: Where the database is, as SQLAlchemy writes it; `${NAME}` in it stands for a variable
            of the environment.
        query: The query.
        cells: How its cells are read.
        key: The place of the query in the recipe, for messages.

    Raises:
        CallError: if SQLAlchemy or the driver is not installed, the url is none, or the
            environment lacks what it names.
        DataError: if there is no such database, the query fails, or gives no rows.
    """
    database = _database(url)
    with _connected(database) as connection:
        try:
            frame = _frame(connection, query, key)
        except (DataError, MemoryError):
            raise
        except Exception as error:  # each driver has its own
            raise DataError(
                f"{database} refuses the query: {database.reason(error)}. Expected a SELECT that "
                "it answers.",
                key=key,
            ) from None
    if not len(frame):
        raise DataError(f"{ORIGIN} gives no rows. Expected rows.", key=key)
    return from_frame(frame, ORIGIN, cells)


def _database(url: str) -> Database:
    """The database of a url, with the values of the environment in it."""
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    except ImportError:
        raise CallError(
            "SQLAlchemy, which reads databases, is not installed. Expected "
            "`pip install 'kbuilder[sql]'`, and the driver of the database.",
            key=SQL_KEY,
        ) from None
    try:
        found = make_url(_filled(url))
        found.get_dialect()
    except NoSuchModuleError:
        name = found.get_backend_name()
        raise CallError(
            f"SQLAlchemy knows no database {name!r}. Expected one such as {', '.join(KINDS)}, or "
            "the package that brings it.",
            key=URL_KEY,
            suggestion=nearest(name, KINDS),
        ) from None
    except (ArgumentError, ValueError):
        raise CallError(
            "the url of the database cannot be read. Expected "
            "kind://user:${PASSWORD}@host:port/database, such as postgresql://….",
            key=URL_KEY,
        ) from None
    except ImportError as error:
        raise _no_driver(error) from None
    options = (value for value in found.query.values() for value in _each(value))
    named = (os.environ[name] for name in REFERENCE.findall(url))
    secrets = {str(found.password or ""), quote(str(found.password or ""), safe="")}
    return Database(found, frozenset({*secrets, *options, *named} - {""}))


def _each(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _filled(url: str) -> str:
    """A url with its variables filled in; within user, password and options they are quoted.

    A path of SQLite begins anew at a variable whose value is a whole path.
    """
    at, options = url.find("@"), url.find("?")

    def value(found: re.Match[str]) -> str:
        known = os.environ.get(found[1])
        if known is None:
            raise CallError(
                f"the environment has no {found[1]}, which the url of the database names. "
                f"Expected it, by `export {found[1]}=…`.",
                key=URL_KEY,
            )
        quoted = found.start() < at or 0 <= options < found.start()
        if url.startswith("sqlite") and not quoted:
            path = Path(known).expanduser()
            return f"{ANEW if path.is_absolute() else ''}{path}"
        return quote(known, safe="") if quoted else known

    filled = REFERENCE.sub(value, url)
    before, anew, path = filled.rpartition(ANEW)
    return f"{before.partition(':///')[0]}:///{path}" if anew else filled


def _no_driver(error: ImportError) -> CallError:
    """The error for a driver that is not installed."""
    name = error.name or str(error)
    return CallError(
        f"the driver {name} of the database is not installed. Expected "
        f"`pip install '{PACKAGES.get(name, name)}'`, or another driver in the url, as in "
        "postgresql+psycopg://.",
        key=URL_KEY,
    )


@contextmanager
def _connected(database: Database) -> Iterator[Connection]:
    """A connection that only reads."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    url = database.url
    kind = url.get_backend_name()
    if kind == "sqlite" and url.database and not url.database.startswith((":", "file:")):
        _expect_sqlite(Path(url.database))
    try:
        engine = create_engine(url, poolclass=NullPool)
        connection = engine.connect()
    except ImportError as error:
        raise _no_driver(error) from None
    except Exception as error:  # each driver has its own
        raise _unreachable(database, error) from None
    with closing(connection):  # which rolls back
        try:
            for statement in OPENING.get(kind, ()):
                connection.exec_driver_sql(statement)
        except Exception as error:  # each driver has its own
            raise _unreachable(database, error) from None
        yield connection


def _unreachable(database: Database, error: Exception) -> DataError:
    return DataError(
        f"the database {database} cannot be opened: {database.reason(error)}. Expected one that "
        "is there, and a user who may read it.",
        key=URL_KEY,
    )


def _expect_sqlite(path: Path) -> None:
    """Refuse a file that is not there, which SQLite would make."""
    if not path.is_file():
        raise DataError(f"there is no {path}. Expected the file of a SQLite database.", key=URL_KEY)


def _frame(connection: Connection, query: str, key: Key) -> pd.DataFrame:
    """What a query gives, as objects: whole numbers stay whole where some are missing."""
    import pandas as pd

    sqlite = connection.dialect.name == "sqlite"
    flags = set(connection.exec_driver_sql(FLAGS_OF_SQLITE).scalars()) if sqlite else set()
    # As it is written: neither % nor : stand for a parameter.
    result = connection.execution_options(
        no_parameters=True, stream_results=True, max_row_buffer=ROWS
    ).exec_driver_sql(query)
    if not result.returns_rows:
        raise DataError("the query reads no rows. Expected a SELECT.", key=key)
    names = list(map(str, result.keys()))
    expect_unique(names, ORIGIN, key)
    columns: list[list[Any]] = [[] for _ in names]
    for rows in result.partitions(ROWS):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column += [bytes(v) if isinstance(v, memoryview) else v for v in values]
    for name, column in zip(names, columns, strict=True):
        if name in flags and set(column) <= {0, 1, None}:
            column[:] = [None if value is None else bool(value) for value in column]
    return pd.DataFrame(
        {name: pd.Series(column, dtype=object) for name, column in zip(names, columns, strict=True)}
    )
