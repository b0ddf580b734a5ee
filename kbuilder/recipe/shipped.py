"""The recipes that come with kbuilder."""

from __future__ import annotations

from pathlib import Path

from kbuilder.errors import CallError, nearest

SCHEMA = "recipe.schema.json"


def folder() -> Path:
    """Where they are: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parents[1] / "gallery"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "recipes"


def names() -> list[str]:
    """Their names, such as `image/digits-cnn`, sorted."""
    root = folder()
    return sorted(f.relative_to(root).with_suffix("").as_posix() for f in root.rglob("*.yaml"))


def find(name: str) -> Path:
    """The file of a recipe by its name.

    Raises:
        CallError: if there is none of this name.
    """
    name = name.removesuffix(".yaml")
    if name not in names():
        raise CallError(
            f"no recipe {name!r} comes with kbuilder. `kbuilder recipes list` shows them all.",
            suggestion=nearest(name, names()),
        )
    return folder() / f"{name}.yaml"


def header(file: Path) -> dict[str, str]:
    """What the comment at the top of a recipe says: `about`, `run`, `expect`."""
    said: dict[str, str] = {"about": ""}
    key = "about"
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        text = line.removeprefix("#").strip()
        if text.startswith("yaml-language-server"):
            continue
        word, colon, rest = text.partition(":")
        if colon and word.lower() in ("run", "expect", "data"):
            key, text = word.lower(), rest.strip()
        said[key] = f"{said.get(key, '')} {text}".strip()
    return said
