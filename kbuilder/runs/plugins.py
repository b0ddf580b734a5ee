"""Which plug-ins of others a run was fitted with, so that it is read with the same."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

from kbuilder import catalog, files, named
from kbuilder.console import echo
from kbuilder.errors import RunError
from kbuilder.recipe.recipe import Recipe

PLUGINS = "plugins.json"
"""The plug-ins of others that a run was fitted with; not there, if there were none."""


def keep(folder: Path, recipe: Recipe) -> None:
    """Write down which plug-ins of others a recipe uses, if any."""
    used = sorted(named.origins(recipe), key=lambda origin: (origin.folder, origin.name))
    if used:
        with files.new_file(folder / PLUGINS) as file:
            files.write_json(file, [asdict(origin) for origin in used])


def expect(path: Path) -> None:
    """Check that the plug-ins of others that a run was fitted with are here.

    Raises:
        RunError: if one is not.
    """
    if not (path / PLUGINS).exists():
        return
    with files.ours(path, RunError, "Fit again."):
        used = [catalog.Origin(**known) for known in files.read_json(path / PLUGINS)]
    for origin in used:
        try:
            now = catalog.origin_of(catalog.find(origin.folder, origin.name))
        except KeyError:
            raise RunError(
                f"{path} was fitted with the plug-in {origin}, which is not here. {_got(origin)}"
            ) from None
        if now is not None and now.version != origin.version:
            echo(
                f"Warning: {path} was fitted with another version of the plug-in {now}, which may "
                "prepare the rows in another way.",
                err=True,
            )


def _got(origin: catalog.Origin) -> str:
    """How a plug-in that is missing is got, as a sentence."""
    if origin.package:
        return f"Install it: `pip install {shlex.quote(f'{origin.package}=={origin.version}')}`."
    if not origin.version:
        return f"Import {origin.name.partition(':')[0]} first, in Python."
    spelled = ":" in origin.name
    folder = Path(origin.path).parents[0 if spelled else 1]
    return f"Name its folder: `--plugins {shlex.quote(str(folder))}`."
