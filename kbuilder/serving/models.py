"""The models that are served, and their versions: numbered folders that are watched.

A new version is checked, loaded and compared with its own examples, which warms it, before the old
one goes; one that fails is told of and left, and the old one stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kbuilder.errors import CallError, ExportError
from kbuilder.serving import exported
from kbuilder.serving.batching import Batcher
from kbuilder.serving.exported import Exported


@dataclass
class Version:
    """One version, ready to answer."""

    number: int
    export: Exported
    batcher: Batcher


@dataclass
class Model:
    """The versions of one model in a folder; the newest that is sound answers.

    Args:
        name: What clients call it.
        folder: Its numbered folders are the versions.
        say: Is told of versions that come and go.
    """

    name: str
    folder: Path
    say: Callable[[str], None]
    make_batcher: Callable[[Exported], Batcher]
    current: Version | None = None
    states: dict[int, str] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)

    def numbers(self) -> list[int]:
        """The versions that there are, the newest first."""
        if not self.folder.is_dir():
            return []
        names = (path.name for path in self.folder.iterdir() if path.is_dir())
        return sorted(
            (int(name) for name in names if name.isascii() and name.isdigit()), reverse=True
        )

    def load(self) -> bool:
        """Take the newest version that is sound, if it is another. Returns whether it is.

        Blocks while it loads; what is served meanwhile is the old one.
        """
        for number in self.numbers():
            if self.current is not None and number <= self.current.number:
                return False
            if number in self.refused:
                continue
            self.states[number] = "LOADING"
            try:
                fresh = self._ready(number)
            except ExportError as error:
                self.refused.add(number)
                self.states[number] = "END"
                self.say(f"{self.name}: version {number} is refused: {error}")
                continue
            old, self.current = self.current, fresh
            self.states[number] = "AVAILABLE"
            self.say(f"{self.name}: version {number} is served")
            if old is not None:
                self.states[old.number] = "UNLOADING"
                old.batcher.close()  # which answers what it was asked
                self.states[old.number] = "END"
            return True
        return False

    def _ready(self, number: int) -> Version:
        folder = self.folder / str(number)
        exported.check(folder)
        export = Exported(folder)
        export.verify()
        return Version(number, export, self.make_batcher(export))

    def close(self) -> None:
        """Answer what waits, and end."""
        if self.current is not None:
            self.current.batcher.close()


async def watch(models: dict[str, Model], seconds: float) -> None:
    """Look for new versions, again and again."""
    while True:
        await asyncio.sleep(seconds)
        for model in models.values():
            await asyncio.to_thread(model.load)


def find(path: Path) -> Path:
    """The folder of versions that a path means: itself, or that of the version that it is.

    Raises:
        CallError: if there is none.
    """
    if (path / exported.MANIFEST).is_file() and path.name.isdigit():
        return path.parent
    if path.is_dir() and any(inner.name.isdigit() for inner in path.iterdir()):
        return path
    raise CallError(
        f"{path} is no export. Expected a folder that `kbuilder export` wrote, such as "
        "exported/adult, or one of its versions."
    )
