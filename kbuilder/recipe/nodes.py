"""From YAML text to plain values, every one with its spot.

The text is composed into nodes, which keep their lines and columns, then into plain values; no tag
is obeyed and no alias followed, so that a recipe can neither run code nor grow.
"""

from __future__ import annotations

from typing import Any

from kbuilder.errors import Key, Problem
from kbuilder.recipe.positions import Origin, Spot, lines_of

MOST_DEPTH = 32
NUMBERS = {"0b": 2, "0o": 8, "0x": 16}  # how YAML 1.2 opens a whole number that is not decimal


def compose(text: str, origin: Origin, found: list[Problem]) -> Any:
    """The plain value of the text, its spots noted in `origin`; None if it is empty.

    What is wrong is added to `found`; the value is then what could still be read.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    yaml = YAML(typ="safe", pure=True)
    try:
        if not _is_plain(yaml.parse(text), origin, found):
            return None
        node = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found.append(_syntax(str(error.problem or error), origin, mark))
        return None
    except ReaderError as error:
        before = lines_of(text[: error.position])
        spot = Spot(len(before) - 1, len(before[-1]))
        message = f"the character U+{ord(text[error.position]):04X} is no text. Remove it."
        found.append(origin.mark(Problem((), message), spot))
        return None
    return None if node is None else _plain(node, (), origin, found)


def scalar(tag: Any, text: str) -> Any:
    """The plain value of a YAML 1.2 scalar, by the tag that it resolves to."""
    kind = str(tag).rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    try:
        if kind == "int":
            return _whole(text.replace("_", ""))
        if kind == "float":
            return float(
                text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")
            )
    except ValueError:
        pass  # `-_` resolves to a number but is none, and Python reads no number of 5,000 digits
    return text  # strings, and dates: a recipe has none, but a category may look like one


def _whole(text: str) -> int:
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    base = NUMBERS.get(digits[:2], 10)
    return int(sign + (digits if base == 10 else digits[2:]), base)


def _is_plain(events: Any, origin: Origin, found: list[Problem]) -> bool:
    """Whether the text keeps to what a recipe may use; notes the first that it may not."""
    depth = documents = 0
    for event in events:
        kind = type(event).__name__
        message = None
        if kind == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                message = "a second document starts here. Expected one recipe per file."
            elif event.version not in (None, (1, 2)):
                message = "a recipe is YAML 1.2. Remove the line that says otherwise."
        elif kind == "AliasEvent":
            message = "an alias (*) repeats another value. Expected the value written out."
        elif getattr(event, "anchor", None):
            message = "an anchor (&) names a value. Expected a recipe without anchors and aliases."
        elif getattr(event, "tag", None):
            message = f"the tag {event.tag} asks for a type. Expected a value without a tag."
        elif kind.endswith("StartEvent") and kind != "StreamStartEvent":
            depth += 1
            if depth > MOST_DEPTH:
                message = f"values nest deeper than {MOST_DEPTH}. Expected a flatter recipe."
        elif kind.endswith("EndEvent"):
            depth -= 1
        if message:
            spot = Spot(event.start_mark.line, event.start_mark.column)
            found.append(origin.mark(Problem((), message), spot))
            return False
    return True


def _syntax(message: str, origin: Origin, mark: Any) -> Problem:
    """The problem of a text that is no YAML; most often it is indented with a tab."""
    spot = Spot(mark.line, mark.column) if mark else None
    near = origin.lines[max(0, mark.line - 1) : mark.line + 1] if mark else ()
    if "'\\t'" in message or any("\t" in line[: len(line) - len(line.lstrip())] for line in near):
        message = "a tab. YAML indents with spaces; replace the tab by spaces"
    problem = Problem((), f"cannot be read as YAML: {message}.")
    return origin.mark(problem, spot) if spot else problem


def _spot(node: Any) -> Spot:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Spot(start.line, start.column, max(1, width))


def _plain(node: Any, key: Key, origin: Origin, found: list[Problem]) -> Any:
    """The plain value of a node: dict, list, str, int, float, bool or None."""
    origin.values[key] = _spot(node)
    if node.id == "sequence":
        items = enumerate(node.value)
        return [_plain(item, (*key, number), origin, found) for number, item in items]
    if node.id == "scalar":
        return scalar(node.tag, node.value)
    result: dict[Any, Any] = {}
    for name_node, value_node in node.value:
        if name_node.id != "scalar":
            problem = Problem(key, "a key is a list or a mapping. Expected a word.")
            found.append(origin.mark(problem, _spot(name_node)))
            continue
        name = name_node.value
        inner = (*key, name)
        if name in result:
            first = origin.keys[inner].line + 1
            message = (
                f"the key {name!r} stands here again, first on line {first}. Expected it once."
            )
            found.append(origin.mark(Problem(inner, message), _spot(name_node)))
            continue
        origin.keys[inner] = _spot(name_node)
        result[name] = _plain(value_node, inner, origin, found)
    return result
