"""A query to a database, in a recipe: its url, of which no password is written again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo

from kbuilder.errors import OPTION, REFERENCE
from kbuilder.refusals import custom
from kbuilder.spec import FromCommandLine, Spec

VARIABLE = "KBUILDER_PASSWORD"
"""What stands for a password that a recipe holds, wherever the recipe is written again."""
FILE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!:|file:)([^?]+)(.*)")
"""The url of a file of SQLite, with its path."""
PASSWORD = re.compile(r"(://[^/:@]*:)([^@]*)(@)")
"""The password of a url, as SQLAlchemy reads it."""


def _as_url(value: object, info: ValidationInfo) -> object:
    """A url, whose file of SQLite is relative to the recipe."""
    found = FILE.fullmatch(value) if isinstance(value, str) else None
    folder = (info.context or {}).get("folder")
    if found is None or folder is None or isinstance(value, FromCommandLine):
        return value
    return f"{found[1]}{Path(folder) / Path(found[2]).expanduser()}{found[3]}"


def _url(url: str) -> str:
    if not re.match(r"[A-Za-z][\w.+-]*://|\$\{", url):
        raise custom(
            "Expected a url such as sqlite:///shop.db or "
            "postgresql://user:${PASSWORD}@host/database"
        )
    authority = re.split(r"[/?]", url.partition("://")[2].partition("@")[2])[0]
    if "@" in authority:
        raise custom("Expected one @ before the host; in a password it is written %40")
    return url


def without_password(url: str) -> str:
    """A url with a variable in place of its password."""

    def named(secret: re.Match[str]) -> str:
        before, word, behind = secret.groups()
        return before + (word if REFERENCE.fullmatch(word) else f"${{{VARIABLE}}}") + behind

    return OPTION.sub(named, PASSWORD.sub(named, url))


def _kept(url: str) -> str:
    """A url as it is written again: without its password, with the whole path of a file."""
    found = FILE.fullmatch(url)
    whole = f"{found[1]}{Path(found[2]).absolute()}{found[3]}" if found else url
    return without_password(whole)


def _select(query: str) -> str:
    words = re.sub(r"--[^\n]*|/\*.*?\*/", " ", query, flags=re.DOTALL).strip(" \t\r\n(")
    if not re.match(r"(?i)(select|with|values|table)\b", words):
        raise custom("Expected a query that reads rows: SELECT …")
    if ";" in query.rstrip("; \t\r\n"):
        raise custom(
            "Expected one query, with no ; but at its end; where a text has one, have the "
            "database keep the query as a view"
        )
    return query


Url = Annotated[
    str,
    BeforeValidator(_as_url, json_schema_input_type=str),
    AfterValidator(_url),
    PlainSerializer(_kept, return_type=str),
]
Select = Annotated[str, AfterValidator(_select)]


class Query(Spec):
    """A query to a database, and optionally a second one for the test rows."""

    url: Url = Field(repr=False)
    """Where the database is, as SQLAlchemy writes it: `sqlite:///shop.db`,
    `postgresql://user:${PASSWORD}@host/shop`. `${NAME}` is a variable of the environment. A file
    of SQLite is relative to the recipe, unless it or the variable that it begins with is whole."""
    query: Select
    """What gives the rows: one SELECT."""
    test_query: Select | None = None
    """A second one, which gives the rows to test on."""
