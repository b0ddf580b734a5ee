"""`-o training.epochs=3`: settings of the command line, which win over the file."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from kbuilder.errors import Key, Problem
from kbuilder.lines import parse
from kbuilder.recipe import nodes
from kbuilder.recipe.positions import Origin
from kbuilder.spec import FromCommandLine

# Where a word is short for a mapping, by section and depth: `lstm` for `{name: lstm}`.
SHORT = {
    ("data", 1): "source", ("features", 2): "kind", ("model", 1): "name", ("model", 2): "name",
    ("task", 1): "name", ("training", 2): "name",
}  # fmt: skip


def apply(
    data: dict[str, Any], settings: Sequence[str], origin: Origin, found: list[Problem]
) -> dict[str, Any]:
    """A copy of `data` with the settings in it; what is wrong with them is added to `found`."""
    data = deepcopy(data)
    for setting in settings:
        parsed = parse(setting)
        if parsed is None or not parsed[1].startswith("="):
            message = "is no setting. Expected KEY=VALUE, such as training.epochs=3."
            if setting.endswith(".py"):
                message += f" To write a file: `--output {setting}`."
            found.append(origin.option(Problem((), message), setting))
            continue
        key: Key = parsed[0]
        value, wrong = _value(parsed[1][1:])
        if wrong:
            found.extend(origin.option(replace(problem, key=key), setting) for problem in wrong)
            continue
        reached = _set(data, key, value)
        if reached is None:
            message = "there is no mapping or list to set this in. Expected the way to a value."
            found.append(origin.option(Problem(key, message), setting))
            continue
        _forget(origin, reached)
        origin.overrides[reached] = setting
    return data


def _value(text: str) -> tuple[Any, list[Problem]]:
    """The value of a setting, and what is wrong with it."""
    wrong: list[Problem] = []
    value = nodes.compose(text, Origin("", (text,)), wrong)
    return _from_command_line(value), wrong


def _from_command_line(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_command_line(item) for item in value]
    if isinstance(value, dict):
        return {key: _from_command_line(item) for key, item in value.items()}
    return FromCommandLine(value) if isinstance(value, str) else value


def _set(data: dict[str, Any], key: Key, value: Any) -> Key | None:
    """Set the value; returns the way to it, with list positions as numbers, or None."""
    here: Any = data
    reached: list[str | int] = []
    for place, part in enumerate(key):
        step: str | int = part
        if isinstance(here, list):
            if not str(part).isdecimal() or int(part) >= len(here):
                return None
            step = int(part)
        elif not isinstance(here, dict):
            return None
        reached.append(step)
        if place == len(key) - 1:
            here[step] = value
            return tuple(reached)
        inner = here.get(step) if isinstance(here, dict) else here[step]
        short = SHORT.get((str(key[0]), place + 1))
        if inner is None:
            inner = {}
        elif isinstance(inner, str) and short:
            inner = {short: inner}
        here[step] = inner
        here = inner
    return None


def _forget(origin: Origin, key: Key) -> None:
    """Drop what is known of a value that has been replaced."""
    for known in (origin.keys, origin.values, origin.overrides):
        for way in [way for way in known if way[: len(key)] == key]:
            del known[way]
