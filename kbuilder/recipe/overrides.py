"""`-o training.epochs=3`: settings of the command line, which win over the file."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from kbuilder.errors import Key, Problem
from kbuilder.recipe.positions import Origin
from kbuilder.spec import FromCommandLine

# The key that a short form stands for: `model: lstm` is `model: {name: lstm}`.
SHORT = {"data": "source", "features": "kind"}


def apply(
    data: dict[str, Any] | None, settings: Sequence[str], origin: Origin, found: list[Problem]
) -> dict[str, Any] | None:
    """A copy of `data` with the settings in it; what is wrong with them is added to `found`."""
    if data is None:
        return None
    data = deepcopy(data)
    for setting in settings:
        path, equals, text = setting.partition("=")
        key: Key = tuple(path.strip().split("."))
        if not equals or not all(key):
            message = "is no setting. Expected KEY=VALUE, such as training.epochs=3."
            found.append(Problem((), message, place=f"-o {setting}"))
            continue
        try:
            value = _value(text)
        except ValueError as error:
            message = f"the value cannot be read as YAML: {error}."
            found.append(Problem(key, message, place=f"-o {setting}"))
            continue
        reached = _set(data, key, value)
        if reached is None:
            message = "there is no mapping or list to set this in. Expected the way to a value."
            found.append(Problem(key, message, place=f"-o {setting}"))
            continue
        _forget(origin, reached)
        origin.overrides[reached] = setting
    return data


def scalar(tag: Any, text: str) -> Any:
    """The plain value of a YAML 1.2 scalar, by the tag that it resolves to."""
    from ruamel.yaml import YAML

    kind = str(tag).rpartition(":")[2]
    if kind in ("int", "float", "bool", "null"):
        return YAML(typ="safe", pure=True).load(text or "~")
    return text  # strings, and dates: a recipe has none, but a category may look like one


def _value(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        events = [type(event).__name__ for event in yaml.parse(text)]
        if "AliasEvent" in events:
            raise ValueError("it has an alias")
        node = yaml.compose(text)
    except YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    return _plain(node) if node is not None else None


def _plain(node: Any) -> Any:
    if node.id == "sequence":
        return [_plain(item) for item in node.value]
    if node.id == "mapping":
        return {name.value: _plain(value) for name, value in node.value}
    value = scalar(node.tag, node.value)
    return FromCommandLine(value) if isinstance(value, str) else value


def _set(data: dict[str, Any], key: Key, value: Any) -> Key | None:
    """Set the value; returns the way to it, with list positions as numbers, or None."""
    here: Any = data
    reached: list[str | int] = []
    for place, part in enumerate(key):
        last = place == len(key) - 1
        step: str | int = part
        if isinstance(here, list):
            if not str(part).isdigit() or int(part) >= len(here):
                return None
            step = int(part)
        elif not isinstance(here, dict):
            return None
        reached.append(step)
        if last:
            here[step] = value
            return tuple(reached)
        inner = here.get(step) if isinstance(here, dict) else here[step]
        if inner is None:
            inner = {}
        elif isinstance(inner, str):
            inner = {SHORT.get(str(key[0]), "name"): inner}
        here[step] = inner
        here = inner
    return None


def _forget(origin: Origin, key: Key) -> None:
    """Drop the spots below a value that has been replaced."""
    for spots in (origin.keys, origin.values):
        for known in [k for k in spots if k[: len(key)] == key]:
            del spots[known]
