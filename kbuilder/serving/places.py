"""Which models a path means: an export, a folder of exports, or a file that names them."""

from __future__ import annotations

import re
from pathlib import Path

from kbuilder import files
from kbuilder.errors import CallError, Problem, RecipeError, listed
from kbuilder.exports import MANIFEST, SAVED_MODEL, format_of
from kbuilder.recipe import nodes
from kbuilder.recipe.positions import Origin, lines_of
from kbuilder.serving.models import versions

EXPECTED = (
    "Expected a folder that `kbuilder export` wrote, such as exported/adult, one of its versions, "
    "a folder of such folders, a YAML file with a line `name: folder` for each, or a run, such as "
    "`latest`."
)


def find(path: Path, name: str | None = None) -> dict[str, Path]:
    """The folder of versions of each model, by its name.

    Args:
        path: An export; one of its versions, which is served alone; a folder of exports; or a YAML
            file.
        name: What the one model is called; left out: as its folder.

    Raises:
        CallError: if there is none, or a name for several.
    """
    found = _find(path)
    odd = [one for one in (found if name is None else [name]) if not re.fullmatch("[^/:]+", one)]
    if odd:
        raise CallError(f"{listed(map(repr, odd))} is no name of a model. Expected no / and no :.")
    if name is None:
        return found
    if len(found) > 1:
        raise CallError(
            f"--name is {name!r}, and {path} has {len(found)} models: {listed(found)}. Expected no "
            "--name."
        )
    return dict.fromkeys([name], *found.values())


def _find(path: Path) -> dict[str, Path]:
    if path.suffix in (".yaml", ".yml") and not path.is_dir():
        return _listed(path)
    if versions(path):
        folder = path.resolve()
        return {(folder.parent if (path / MANIFEST).is_file() else folder).name: path}
    inner = sorted(path.iterdir()) if path.is_dir() else []
    found = {folder.name: folder for folder in inner if folder.is_dir() and _served(folder)}
    if not found:
        raise CallError(f"{path} is no export. {EXPECTED}")
    return found


def _served(folder: Path) -> bool:
    """Whether a folder has versions, and the newest is no export for another runtime."""
    newest = next(iter(versions(folder).values()), None)
    return newest is not None and format_of(newest) in (SAVED_MODEL, None)


def _listed(file: Path) -> dict[str, Path]:
    """The models of a YAML file; folders are relative to it.

    Raises:
        CallError: if it cannot be read.
        RecipeError: with every line that is wrong.
    """
    text = files.read_text(file, "a YAML file with a line `name: folder` for each model")
    origin, wrong = Origin(str(file), lines_of(text)), list[Problem]()
    named = nodes.compose(text, origin, wrong)
    if not wrong and (not isinstance(named, dict) or not named):
        raise CallError(f"{file} names no models. {EXPECTED}")
    if isinstance(named, dict) and isinstance(named.get("data"), dict):
        raise CallError(
            f"{file} is a recipe. Fit it by `kbuilder fit {file}`, then serve the run: "
            "`kbuilder serve latest`."
        )
    found = {}
    for name, folder in (named or {}).items():
        if not isinstance(folder, str):
            why = "Expected the folder of an export, such as exported/adult."
        elif not versions(file.parent / folder):
            why = f"{file.parent / folder} is no export. {EXPECTED}"
        else:
            found[str(name)] = file.parent / folder
            continue
        wrong.append(origin.locate(Problem((name,), why)))
    if wrong:
        raise RecipeError(wrong)
    return found
