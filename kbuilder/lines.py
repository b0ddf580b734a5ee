"""Recipes on one line: keys as `features."Sepal.Length".mean`, values as YAML in flow style.

What is printed for people to paste is written here, so that it can be read again whatever a column
or a class is called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Key = tuple[str | int, ...]
"""The keys of nested mappings, and indices of lists: ("model", "units", 0)."""

PLAIN = re.compile(r"[^\W\d_](?:[\w -]*\w)?")
"""A text that needs no quotes in YAML, if it is none of `WORDS`."""
WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off"))
"""What YAML, in one version or another, reads as something else than a text."""
LONG = 1000
"""Characters of a key that needs a mark; YAML looks 1,024 ahead for the colon."""
BARE = re.compile(r'(?!")(?=\S)[^.=]*(?<=\S)')
"""A part of a key that needs no quotes."""


def to_line(key: Key, value: Any) -> str:
    """One line of a recipe: `to_line(("features", "age"), "number")` is `features: {age: number}`.

    Args:
        key: Where the value goes; at least one part.
        value: Of plain types: None, bool, int, float, str, and mappings and sequences of them.
    """
    first, *others = key
    for part in reversed(others):
        value = {part: value}
    return f"{_flow(first)}: {_flow(value)}"


def dotted(key: Key) -> str:
    """A key in one word; `-o` takes it."""
    return ".".join(str(part) if _is_bare(str(part)) else _as_json(part) for part in key)


def parse(text: str) -> tuple[tuple[str, ...], str] | None:
    """The key at the beginning of a text, and what follows; None, if there is none.

    A part in double quotes may hold anything, as in JSON.
    """
    parts: list[str] = []
    text = text.lstrip()
    while True:
        if text.startswith('"'):
            try:
                part, end = json.JSONDecoder().raw_decode(text)
            except ValueError:
                return None
        else:
            found = re.match(r"[^.=]*", text)
            assert found is not None, "it may be empty"
            part, end = found[0].strip(), found.end()
        if not part:
            return None
        parts.append(part)
        text = text[end:].lstrip() if text[end:].lstrip().startswith("=") else text[end:]
        if not text.startswith("."):
            return tuple(parts), text
        text = text[1:]


def _is_bare(part: str) -> bool:
    return bool(BARE.fullmatch(part)) and part.isprintable()


def _as_json(part: str | int) -> str:
    return json.dumps(part, ensure_ascii=not str(part).isprintable())


def _flow(value: Any) -> str:
    """A value as YAML in flow style."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, str):
        plain = PLAIN.fullmatch(value) and value.isprintable() and value.lower() not in WORDS
        return value if plain else _quoted(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(_flow(item) for item in value)}]"
    return json.dumps(value)


def _key(name: str) -> str:
    """A key in flow style; YAML wants a mark before a long one."""
    text = _flow(name)
    return text if len(text) < LONG else f"? {text} "


def _quoted(text: str) -> str:
    """A text in double quotes, as YAML reads it."""
    return f'"{"".join(_escaped(character) for character in text)}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    if number > 0xFFFF:  # YAML joins no surrogate pairs, and JSON has nothing else
        return f"\\U{number:08x}"
    return f"\\u{number:04x}"
