"""Keras objects as the Python that makes them."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from kbuilder import internals, late

WIDTH = 100
SQUARE = ("kernel_size", "pool_size", "strides", "dilation_rate", "size")
REGISTERED = '@keras.saving.register_keras_serializable(package="kbuilder")\n'


class Expressions:
    """Writes objects, and remembers which classes of our own the script has to bring along."""

    def __init__(self) -> None:
        self.own: dict[str, Any] = {}

    def of(self, value: Any) -> str:
        """Python that makes an equal value."""
        if isinstance(value, Mapping):
            if _described(value):
                return self.of(_revived(value))
            items = [f"{key!r}: {self.of(item)}" for key, item in value.items()]
            return f"{{{', '.join(items)}}}"
        if isinstance(value, list | tuple):
            inner = ", ".join(self.of(item) for item in value)
            if isinstance(value, list):
                return f"[{inner}]"
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if hasattr(value, "get_config"):
            return self.call(value)
        if callable(value):
            return self._function(value)
        return repr(value)

    def call(self, made: Any) -> str:
        """The call of the class that makes a layer, a loss or another object with a config."""
        kind = type(made)
        config = made.get_config()
        parameters = inspect.signature(kind.__init__).parameters
        needed = [
            name
            for name, parameter in parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            and name in config
        ]
        open_ = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        taken = [
            name
            for name, value in config.items()
            if (name in parameters or (open_ and name in ("name", "dtype", "trainable")))
            and name not in (*needed, "backward_layer")
            and not (name == "name" and _automatic(kind, value))
        ]
        values = {name: _plain(made, name, config[name]) for name in (*needed, *taken)}
        if _described(values.get("learning_rate")):  # optimizers take no description of a schedule
            values["learning_rate"] = _revived(values["learning_rate"])
        said = list(needed)
        while True:  # a default may follow from another argument, as strides from pool_size
            usual = kind(**{name: values[name] for name in said}).get_config()
            unlike = [
                n for n in taken if n not in said and (n not in usual or usual[n] != config[n])
            ]
            if not unlike:
                break
            said += unlike
        given = [self._argument(name, values[name]) for name in needed]
        given += [f"{name}={self._argument(name, values[name])}" for name in said[len(needed) :]]
        return f"{self._name(kind)}({', '.join(given)})"

    def _argument(self, name: str, value: Any) -> str:
        """A value; one number where it stands for all axes."""
        if name in SQUARE and isinstance(value, list | tuple) and len(set(value)) == 1:
            value = value[0]
        if name == "learning_rate" and isinstance(value, float):
            value = float(f"{value:.7g}")  # Keras keeps it in 32 bits
        return self.of(value)

    def _name(self, kind: type) -> str:
        for inner, public in internals.PUBLIC.items():
            if kind.__module__.startswith(inner):
                return f"{public}.{kind.__name__}"
        return self._function(kind)

    def _function(self, thing: Any) -> str:
        """The name of a class or function; one of our own comes along."""
        if thing.__module__.startswith("keras.src.activations"):
            return repr(thing.__name__)
        self.own[thing.__module__] = sys.modules[thing.__module__]
        return str(thing.__name__)

    def sources(self) -> tuple[list[str], list[str]]:
        """The imports and the code of all that comes along, in an order that Python can run."""
        imports: set[str] = set()
        blocks: list[str] = []
        for module in list(self.own.values()):
            _bring(module, imports, blocks)
        return sorted(imports), blocks


def _bring(module: Any, imports: set[str], blocks: list[str]) -> None:
    """Add a module's code: imports apart, names from kbuilder by their values."""
    text = inspect.getsource(module)
    for node in ast.parse(text).body:
        code = ast.get_source_segment(text, node, padded=False) or ""
        if isinstance(node, ast.Expr):
            continue  # the docstring
        if isinstance(node, ast.ImportFrom) and node.module == late.__name__:
            imports.add("import numpy as np")  # at once
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kbuilder"):
            inner = sys.modules[str(node.module)]
            for value in (getattr(inner, alias.name) for alias in node.names):
                if inspect.isfunction(value):  # with all that it needs
                    _bring(inner, imports, blocks)
            for alias in node.names:
                value = getattr(inner, alias.name)
                block = "" if inspect.isfunction(value) else constant(alias.name, value)
                blocks.extend([] if block in ("", *blocks) else [block])
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports.add(code)
        else:
            if isinstance(node, ast.ClassDef):
                decorators = (f"@{ast.unparse(d)}\n" for d in node.decorator_list)
                code = "".join(d for d in decorators if "register_keras" not in d) + code
                code = f"@keras.saving.register_keras_serializable()\n{code}"
            blocks.extend([] if code in blocks else [code])


def constant(name: str, value: Any) -> str:
    """A statement that gives a name to a value; of a long text each line has a piece."""
    line = f"{name} = {value!r}"
    if len(line) < WIDTH or not isinstance(value, str):
        return wrapped(line, 0)
    pieces, start = [], 0
    for end in range(1, len(value) + 1):
        if end == len(value) or len(repr(value[start : end + 1])) > WIDTH - 5:
            pieces.append(f"    {value[start:end]!r}\n")
            start = end
    return f"{name} = (\n{''.join(pieces)})"


def _plain(made: Any, name: str, value: Any) -> Any:
    """The argument itself where the config holds a description of a layer within the layer."""
    if name != "layer" or not isinstance(value, Mapping):
        return value
    inner = getattr(made, "forward_layer", None) or made.layer
    config = inner.get_config()
    return type(inner).from_config({**config, "name": config["name"].removeprefix("forward_")})


def _described(value: Any) -> bool:
    """Whether it is the description of an object, as Keras has it in configs."""
    return isinstance(value, Mapping) and {"class_name", "config", "module"} <= value.keys()


def _revived(description: Mapping[str, Any]) -> Any:
    """The object of a description."""
    import keras

    return keras.saving.deserialize_keras_object(dict(description))


def _automatic(kind: type, name: str) -> bool:
    """Whether Keras gave the name."""
    base = internals.automatic_name(kind)
    return re.fullmatch(rf"{base}(_\d+)?", name) is not None


def wrapped(line: str, indent: int) -> str:
    """A statement on one line, or what its longest brackets hold on a line each.

    Args:
        line: The statement, without indentation.
        indent: Spaces before it.
    """
    margin = " " * indent
    if indent + len(line) < WIDTH:  # a comma may follow
        return margin + line
    groups = _brackets(line)
    if not groups:
        return margin + line
    commas = max(groups, key=lambda places: places[-1] - places[0])
    head, tail = line[: commas[0] + 1], line[commas[-1] :]
    parts = (line[a + 1 : b].strip() for a, b in pairwise(commas))
    # A comma would make a tuple of an expression that has brackets for its order alone.
    comma = "" if len(commas) == 2 and re.search(r"(^|[^\w)\]])$", line[: commas[0]]) else ","
    inner = "".join(f"{wrapped(part, indent + 4)}{comma}\n" for part in parts if part)
    return f"{margin}{head}\n{inner}{margin}{tail}"


def _brackets(line: str) -> list[list[int]]:
    """The outermost brackets: where each opens, has a comma of its own, and closes."""
    groups: list[list[int]] = []
    depth, quote = 0, ""
    for place, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote and line[place - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
            groups += [[place]] if depth == 1 else []
        elif letter in ")]}":
            depth -= 1
            groups[-1] += [place] if depth == 0 else []
        elif letter == "," and depth == 1:
            groups[-1].append(place)
    return groups
