"""The folder is the register: a plug-in is a file, its name is the file's name.

`find("architectures", "lstm")` imports `kbuilder/architectures/lstm.py` and returns the class
`LSTM`: the class whose name is the file's name, without underscores and whatever its capitals.
There is no decorator, no list to keep in step, and importing one plug-in imports no other.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

FOLDERS = (
    "sources", "features", "augmentations", "tasks", "architectures", "blocks", "schedules",
)  # fmt: skip


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names that `find` knows in `folder`, sorted."""
    files = (Path(__file__).parent / folder).glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


@cache
def find(folder: str, name: str) -> type:
    """The public class of `kbuilder/<folder>/<name>.py`.

    Raises:
        KeyError: if the folder has no such file.
    """
    if name not in names(folder):
        raise KeyError(name)
    module = import_module(f"kbuilder.{folder.replace('/', '.')}.{name}")
    spelled = name.replace("_", "")
    return next(
        member
        for title, member in vars(module).items()
        if title.lower() == spelled and isinstance(member, type)
    )


def name_of(plugin: object) -> str:
    """The name under which a plug-in (an object or its class) is found."""
    kind = plugin if isinstance(plugin, type) else type(plugin)
    return kind.__module__.rpartition(".")[2]


def public(title: str) -> type:
    """The plug-in class called `title`, in whichever folder it lives: `public("LSTM")`.

    Raises:
        KeyError: if no plug-in class has this name.
    """
    for folder in FOLDERS:
        for name in names(folder):
            if name.replace("_", "") == title.lower():
                found = find(folder, name)
                if found.__name__ == title:
                    return found
    raise KeyError(title)
