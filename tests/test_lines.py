"""What is printed for people to paste is read as it was meant, whatever columns are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import learn

import kbuilder as kb
from kbuilder.contracts import Decision
from kbuilder.data import infer
from kbuilder.lines import dotted, parse, to_line
from kbuilder.recipe import reading
from kbuilder.recipe.nodes import compose
from kbuilder.recipe.overrides import apply
from kbuilder.recipe.positions import Origin

ODD = [
    "Sepal.Length", "a: b", "#tag", "a #tag", "- x", "yes", "null", "~", "true", "No", "1", "1e3",
    "0x1F", "2020-01-01", "it's", 'say "hi"', "[x]", "{y}", "a, b", "a = b", "=", ".", "..", '"',
    '"a"', "&a", "*b", "!c", "%d", "@e", "`f`", "|", ">", "?", "? k", ":", "::", "\\", "\\n",
    "이름", "ключ", "x" * 2000, "two\nlines", "tab\there", "\x1b[31m", "\x85", "\u2028", "\ufeff",
    "😀", "\U000e0001", "a'b\"c", "NaN", ".inf", "on", "y", "<<", "=value", "a.b.c", "Größe (m²)",
    "features", "kind", "-", "--", "---", "...",
]  # fmt: skip
NAMES = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)
"""Any name; a file holds no halves of characters."""
KEYS = st.lists(NAMES, min_size=1, max_size=4).map(tuple)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def composed(line: str) -> Any:
    found: list[Any] = []
    value = compose(line, Origin("line", (line,)), found)
    assert found == []
    return value


def nested(key: tuple[str, ...], value: Any) -> Any:
    for part in reversed(key):
        value = {part: value}
    return value


@settings(max_examples=300, deadline=None)
@given(KEYS, VALUES)
def test_a_line_is_read_as_what_was_written(key: tuple[str, ...], value: Any) -> None:
    line = to_line(key, value)
    assert "\n" not in line
    assert line.isprintable()
    assert composed(line) == nested(key, value)


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_read_as_they_were_written(name: str) -> None:
    assert composed(to_line(("features", name), name)) == {"features": {name: name}}
    assert parse(f"{dotted(('features', name))}=3") == (("features", name), "=3")


@settings(max_examples=300, deadline=None)
@given(KEYS)
def test_a_key_in_one_word_is_read_again(key: tuple[str, ...]) -> None:
    assert dotted(key).isprintable()
    assert parse(f"{dotted(key)}=x=y") == (key, "=x=y")


@settings(max_examples=100, deadline=None)
@given(NAMES)
def test_every_column_can_be_set_on_the_command_line(name: str) -> None:
    found: list[Any] = []
    setting = f"{dotted(('features', name, 'kind'))}=category"
    data = apply({"features": {name: "number"}}, [setting], Origin("r", ()), found)
    assert (data, found) == ({"features": {name: {"kind": "category"}}}, [])


@pytest.mark.parametrize("text", ["", "=3", "a..b=3", ".a=3", 'a."b=3', "a.=3", '""=3'])
def test_what_is_no_key_is_none(text: str) -> None:
    assert parse(text) is None


def test_plain_words_stay_plain() -> None:
    assert to_line(("features", "age"), "number") == "features: {age: number}"
    assert to_line(("data", "split", "test"), 0.1) == "data: {split: {test: 0.1}}"
    assert dotted(("features", "hours per week", "mean")) == "features.hours per week.mean"
    assert dotted(("features", "Sepal.Length")) == 'features."Sepal.Length"'


def decisions(recipe: kb.Recipe, tables: tuple[Any, Any]) -> list[Decision]:
    """What is decided up to the network."""
    resolved = infer.resolve(recipe, *tables)
    _, learned = learn(resolved.recipe, resolved.targets, resolved.table)
    return [*resolved.decisions, *learned]


def merged(one: Any, two: Any) -> Any:
    """Two recipes as one; lists are joined."""
    if isinstance(one, dict) and isinstance(two, dict):
        return {k: merged(one.get(k), two.get(k)) for k in {**one, **two}}
    if isinstance(one, list) and isinstance(two, list):
        return one + two
    return one if two is None else two


def pasted(source: dict[str, Any], line: str) -> kb.Recipe:
    """The recipe with the line in it, as who pastes it would put it there."""
    text = "\n".join(
        to_line((key,), value) for key, value in merged({"data": source}, composed(line)).items()
    )
    return reading.parse(text)


def check_lines(frame: pd.DataFrame, target: str, tmp: str) -> None:
    frame.to_csv(tmp, index=False)
    source = {"source": "csv", "path": tmp, "target": target}
    plain = pasted(source, "training: {}")
    tables = plain.data.load()
    said = decisions(plain, tables)
    assert {d.key[0] for d in said} >= {"features", "task", "data"}
    known = {decision.key: decision.value for decision in said}
    for decision in said:
        if not decision.write:
            assert decision.path in ("task.last layer", "data.target"), decision
            continue
        recipe = pasted(source, decision.write)
        again = decisions(recipe, tables if recipe.data == plain.data else recipe.data.load())
        for other in again:  # what the line writes is decided no more, and all else as before
            assert known[other.key] == other.value, (decision.write, other)
        assert len(again) < len(said) or decision.value == f"{len(frame):,} values", decision


@pytest.mark.parametrize("name", [name for name in ODD if name.strip() and "\n" not in name])
def test_each_line_comes_to_the_same_decision(name: str) -> None:
    rows = np.arange(60)
    frame = pd.DataFrame(
        {name: rows % 7 / 2, f"{name}2": [f"{name} {n % 3}" for n in rows], f"{name}3": rows,
         f"{name}4": [f"{name}{n % 2}" for n in rows]}
    )  # fmt: skip
    check_lines(frame, f"{name}4", "rows.csv")
