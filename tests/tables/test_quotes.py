"""Quotes around fields are told from quotes that are characters, in a look or line by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kbuilder.tables import quotes
from kbuilder.tables.dialect import Dialect

LINES = st.lists(st.text('",; a\r', max_size=8), min_size=1, max_size=4)


def left_open(path: Path, dialect: Dialect, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What is said, and what is said line by line."""
    said = quotes.left_open(path, (), dialect)
    with monkeypatch.context() as slowly:
        slowly.setattr(quotes, "_closes_all", lambda *given: False)
        return said, quotes.left_open(path, (), dialect)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=LINES, delimiter=st.sampled_from([",", ";"]))
@example(lines=['"a,b",c', 'd,"e"'], delimiter=",")
@example(lines=['"a', 'b",c'], delimiter=",")
@example(lines=['a,"b""c"', '"",""'], delimiter=",")
@example(lines=['5" pipe,"a', "b,c"], delimiter=",")
def test_a_look_at_the_whole_says_what_every_line_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], delimiter: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("\n".join(["a,b" if delimiter == "," else "a;b", *lines]).encode())
    one, other = left_open(path, Dialect(delimiter=delimiter), monkeypatch)
    assert one == other


def test_most_files_are_looked_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('"a","b"\r\n"x, y","5"\r\n"say ""so""",6\r\n', newline="", encoding="utf-8")
    assert quotes._closes_all(path, Dialect())
    assert not quotes._closes_all(path, Dialect(encoding="utf-16"))
    path.write_text('a\tb\n5"\tx\n"6\ty\n', encoding="utf-8")
    assert not quotes._closes_all(path, Dialect(delimiter="\t"))
    assert quotes.left_open(path, (), Dialect(delimiter="\t")).startswith("line 3 opens a quote")
