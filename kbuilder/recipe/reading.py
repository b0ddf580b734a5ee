"""From text to a `Recipe`, or to every problem in it at once.

The text is composed into nodes, which keep their lines and columns, then into plain values; no tag
is obeyed and no alias followed, so that a recipe can neither run code nor grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kbuilder.errors import CallError, KBuilderError, Key, Problem, RecipeError
from kbuilder.recipe import overrides, problems
from kbuilder.recipe.positions import Origin, Spot
from kbuilder.recipe.recipe import Recipe

MOST_BYTES = 1_000_000
MOST_DEPTH = 32


def read(path: str | Path, override: Sequence[str] = ()) -> Recipe:
    """Read a recipe from a YAML file.

    Args:
        path: The file. Paths in the recipe are relative to its folder.
        override: Settings such as `training.epochs=3`, which win over the file.

    Raises:
        CallError: if there is no such file, or it is no text file of a recipe's size.
        RecipeError: with every problem of the file and of the overrides.
    """
    path = Path(path)
    return parse(_text(path), name=str(path), folder=path.parent, override=override)


def parse(
    text: str, name: str = "recipe", folder: Path | None = None, override: Sequence[str] = ()
) -> Recipe:
    """Read a recipe from text; as `read`, but for the file."""
    origin = Origin(name=name, lines=tuple(text.splitlines()))
    found: list[Problem] = []
    data = _compose(text, origin, found)
    data = overrides.apply(data, override, origin, found)
    recipe: Recipe | None = None
    if data is not None:
        recipe = _validate(data, origin, folder, found)
    if found or recipe is None:
        located = [p if p.place else origin.locate(p) for p in found]
        raise RecipeError(sorted(located, key=origin.order))
    recipe._origin = origin
    return recipe


@contextmanager
def pointing(recipe: Recipe) -> Iterator[None]:
    """Give errors raised within the line of the recipe that their mend belongs to."""
    try:
        yield
    except KBuilderError as error:
        if recipe.origin and error.problem.key and not error.problem.place:
            error.problem = recipe.origin.locate(error.problem)
        raise


def _text(path: Path) -> str:
    if path.is_dir():
        raise CallError(f"{path} is a folder. Expected the YAML file of a recipe.")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise CallError(
            f"there is no file {path}. Expected the YAML file of a recipe; "
            "`kbuilder recipes list` shows those that come with kbuilder."
        ) from None
    except OSError as error:
        raise CallError(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        raise CallError(
            f"{path} is larger than {MOST_BYTES // 1_000_000} MB. Expected a recipe; "
            "data belongs into a file of its own, named by data.path."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CallError(f"{path} is not UTF-8 text (byte {error.start}).") from None


def _compose(text: str, origin: Origin, found: list[Problem]) -> dict[str, Any] | None:
    """The mapping that the text holds, its spots noted in `origin`; None if it holds none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        if not _is_plain(yaml.parse(text), origin, found):
            return None
        node = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found.append(_syntax(str(error.problem or error), origin, mark))
        return None
    except YAMLError as error:
        found.append(Problem((), f"cannot be read as YAML: {str(error).splitlines()[0]}."))
        return None
    if node is None:
        found.append(Problem((), "the recipe is empty. Expected at least `data:`."))
        return None
    value = _plain(node, (), origin, found)
    if not isinstance(value, dict):
        message = "a recipe is a mapping. Expected `data:`, `model:` … as keys, each with a colon."
        found.append(origin.mark(Problem((), message), Spot(*_start(node))))
        return None
    return value


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
    if "'\\t'" in message:
        message = "a tab. YAML indents with spaces; replace the tab by spaces"
    text = f"cannot be read as YAML: {message}."
    return (
        origin.mark(Problem((), text), Spot(mark.line, mark.column)) if mark else Problem((), text)
    )


def _start(node: Any) -> tuple[int, int]:
    return node.start_mark.line, node.start_mark.column


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
        return overrides.scalar(node.tag, node.value)
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


def _validate(
    data: dict[str, Any], origin: Origin, folder: Path | None, found: list[Problem]
) -> Recipe | None:
    """The recipe, or None with the problems added to `found`.

    pydantic checks whether values agree with each other only once each is right by itself. So that
    those problems come with the first answer too, what is wrong is taken out, and the rest checked
    again, for as long as that brings new problems.
    """
    seen: set[Key] = set()
    rest = data
    while True:
        try:
            return Recipe.model_validate(rest, context={"folder": folder})
        except ValidationError as error:
            details = error.errors(include_url=False)
        fresh = [item for item in details if item["loc"] not in seen]
        found.extend(problems.explain(item, data, origin) for item in fresh)
        seen.update(item["loc"] for item in details)
        rest, changed = problems.without(rest, [item["loc"] for item in fresh])
        if not changed:
            return None
