"""From text to a `Recipe`, or to every problem in it at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kbuilder import files
from kbuilder.errors import CallError, KBuilderError, Key, Problem, RecipeError
from kbuilder.recipe import nodes, overrides, problems
from kbuilder.recipe.positions import Origin, lines_of
from kbuilder.recipe.recipe import Recipe

FILE = "the YAML file of a recipe"
ROWS = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".jsonl", ".ndjson")
"""Endings of files that hold rows, in lower case."""
HINT = "`kbuilder recipes list` shows those that come with kbuilder"


def read(path: str | Path, override: Sequence[str] = ()) -> Recipe:
    """Read a recipe from a YAML file.

    Args:
        path: The file. Paths in the recipe are relative to its folder.
        override: Settings such as `training.epochs=3`, which win over the file.

    Raises:
        CallError: if there is no such file, it is no text file of a recipe's size, or holds rows.
        RecipeError: with every problem of the file and of the overrides.
    """
    path = Path(path)
    if path.suffix.lower() in ROWS and path.is_file():
        command = shlex.join(["kbuilder", "init", str(path), "-o", f"{path.stem}.yaml"])
        raise CallError(f"{path} holds rows. Expected {FILE}; `{command}` proposes one for them.")
    return parse(
        files.read_text(path, FILE, HINT), name=str(path), folder=path.parent, override=override
    )


def parse(
    text: str, name: str = "recipe", folder: Path | None = None, override: Sequence[str] = ()
) -> Recipe:
    """Read a recipe from text; as `read`, but for the file."""
    origin = Origin(name=name, lines=lines_of(text))
    found: list[Problem] = []
    recipe: Recipe | None = None
    data = _mapping(text, origin, found)
    if data is not None:
        data = overrides.apply(data, override, origin, found)
        recipe = _validate(data, origin, folder, found)
    if found or recipe is None:
        located = [p if p.place else origin.locate(p) for p in found]
        raise RecipeError(sorted(located, key=origin.order))
    recipe._origin = origin
    return recipe


@contextmanager
def pointing(recipe: Recipe) -> Iterator[None]:
    """Give errors raised within the line of the recipe that their fix belongs to."""
    try:
        yield
    except KBuilderError as error:
        if recipe.origin and error.problem.key and not error.problem.place:
            error.problem = recipe.origin.point(error.problem)
        raise


def _mapping(text: str, origin: Origin, found: list[Problem]) -> dict[str, Any] | None:
    """The mapping that the text holds; None, with the reason in `found`, if it holds none."""
    value = nodes.compose(text, origin, found)
    if isinstance(value, dict):
        return value
    if value is None and not found:
        found.append(Problem((), "the recipe is empty. Expected at least `data:`."))
    elif not found:
        message = "a recipe is a mapping. Expected `data:`, `model:` … as keys, each with a colon."
        found.append(origin.locate(Problem((), message)))
    return None


def _validate(
    data: dict[str, Any], origin: Origin, folder: Path | None, found: list[Problem]
) -> Recipe | None:
    """The recipe, or None with the problems added to `found`.

    pydantic checks whether values agree with each other only once each is right by itself. So that
    those problems come with the first answer too, what is wrong is replaced by a stand-in, and the
    rest checked again, for as long as that changes anything.
    """
    told: set[Key] = set()
    rest, again, tried = data, False, [data]
    while True:
        try:
            recipe = Recipe.model_validate(rest, context={"folder": folder})
        except ValidationError as error:
            details = problems.details(error, rest)
        else:
            return None if again else recipe
        # A part that is wrong only since something was taken out of it is no problem of its own.
        fresh = [i for i in details if not any(key[: len(i["loc"])] == i["loc"] for key in told)]
        if again:  # what is missing now was taken out here
            fresh = [item for item in fresh if item["type"] not in problems.CONSEQUENCES]
        found.extend(problems.explain(item, data, origin) for item in fresh)
        told.update(item["loc"] for item in details)
        rest, again = problems.without(rest, data, details), True
        if rest in tried:
            return None
        tried.append(rest)
