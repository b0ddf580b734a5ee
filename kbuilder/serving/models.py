"""The models that are served, and their versions: numbered folders that are watched.

A new version is checked, loaded and compared with its own examples, which warms it, before the old
one goes; one that fails is reported and skipped, and the old one stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kbuilder import exports, files
from kbuilder.errors import ExportError
from kbuilder.serving import exported
from kbuilder.serving.batching import Batcher, ClosedError
from kbuilder.serving.exported import Exported
from kbuilder.serving.refusals import BusyError, TooLargeError, UnknownError
from kbuilder.serving.signature import Columns

Stamp = frozenset[tuple[str, int, int]]
"""The files of a folder, their sizes and times: whether anything has changed there."""
EXPLAINED = 16
"""Rows that may be explained by one request, and that may wait to be."""


@dataclass(frozen=True)
class Version:
    """One version, ready to answer."""

    number: int
    export: Exported
    batcher: Batcher
    explainer: Batcher
    """Explains answers, a row at a time: one takes as long as a hundred answers and more."""

    def asked(self, explained: bool) -> Batcher:
        """What answers rows, or explains them."""
        return self.explainer if explained else self.batcher

    def close(self) -> None:
        """Answer what waits, and end."""
        self.explainer.close()
        self.batcher.close()


@dataclass
class Model:
    """The versions of one model in a folder; the newest that is sound answers.

    Args:
        name: What clients call it.
        folder: Its numbered folders are the versions.
        say: Called with versions that come and go.
        make_batcher: Makes what answers the requests for a version.
    """

    name: str
    folder: Path
    say: Callable[[str], None]
    make_batcher: Callable[[Exported], Batcher]
    current: Version | None = None
    states: dict[int, str] = field(default_factory=dict)
    refused: dict[int, tuple[Stamp, str]] = field(default_factory=dict)

    def version(self, number: int | None = None) -> Version:
        """The version that is served.

        Raises:
            UnknownError: if another one is asked for.
            BusyError: if there is none yet.
        """
        if self.current is None:
            raise BusyError(f"model {self.name} is not loaded yet")
        if number not in (None, self.current.number):
            raise UnknownError(f"Servable not found for request: Specific({self.name}, {number})")
        return self.current

    async def answer(
        self,
        version: Version,
        columns: Columns,
        seconds: float,
        exactly: bool,
        explained: bool = False,
    ) -> tuple[Version, Columns]:
        """The answer, and the version that gave it: another one, if that has just taken over.

        Args:
            version: Whose signature the columns have.
            columns: The rows.
            seconds: The time for the answer.
            exactly: Whether no other version may answer.
            explained: Whether what is asked is what pushes the answers.

        Raises:
            RefusedError: if it is not answered.
        """
        if explained and len(next(iter(columns.values()))) > EXPLAINED:
            raise TooLargeError(
                f"at most {EXPLAINED} rows are explained at once. Expected fewer, or `kbuilder "
                "predict --explain`, which explains files"
            )
        try:
            return version, await version.asked(explained).ask(columns, seconds)
        except ClosedError:
            fresh = self.version(version.number if exactly else None)  # which it may be no more
            if fresh is version:
                raise
            if fresh.export.signature != version.export.signature:
                raise BusyError(f"version {version.number} has just been replaced") from None
            return fresh, await fresh.asked(explained).ask(columns, seconds)

    def load(self) -> bool:
        """Take the newest version that is sound, if it is another. Returns whether it is.

        Blocks while it loads; what is served meanwhile is the old one. A version that was refused
        is tried again once its files have changed: it may have been in the midst of being copied.
        """
        for number, folder in versions(self.folder).items():
            if self.current is not None and number <= self.current.number:
                return False
            stamp = _stamp(folder)
            known, reason = self.refused.get(number, (None, None))
            if stamp == known:
                continue
            self.states[number] = "LOADING"
            try:
                fresh = self._ready(number, folder)
            except ExportError as error:
                self.states[number] = "END"
                self.refused[number] = stamp, str(error)
                if str(error) != reason:
                    self.say(f"{self.name}: version {number} is refused: {error}")
                continue
            old, self.current = self.current, fresh
            self.states[number] = "AVAILABLE"
            self.say(f"{self.name}: version {number} is served")
            if old is not None:
                self.states[old.number] = "UNLOADING"
                old.close()  # which answers what it was asked
                self.states[old.number] = "END"
            return True
        return False

    def _ready(self, number: int, folder: Path) -> Version:
        with files.ours(folder, ExportError, "Export again."):
            exported.check(folder)
            export = Exported(folder, lambda line: self.say(f"{self.name}: {line}"))
            export.verify()
        explainer = Batcher(export.explain, most=1, waiting=EXPLAINED)
        return Version(number, export, self.make_batcher(export), explainer)

    def close(self) -> None:
        """Answer what waits, and end."""
        if self.current is not None:
            self.current.close()


def versions(path: Path) -> dict[int, Path]:
    """The versions in a folder, the newest first; of the folder of one version, that alone."""
    if (path / exports.MANIFEST).is_file():
        return {int(path.name): path} if _is_number(path.name) else {}
    try:
        names = [folder.name for folder in path.iterdir() if folder.is_dir()]
    except OSError:  # it has gone, or may not be read
        return {}
    found = sorted((int(name), name) for name in names if _is_number(name))
    return {number: path / name for number, name in reversed(found)}


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _stamp(folder: Path) -> Stamp:
    found = set()
    for file in folder.rglob("*"):
        try:
            known = file.lstat()
        except OSError:  # it has just gone
            continue
        found.add((file.relative_to(folder).as_posix(), known.st_size, known.st_mtime_ns))
    return frozenset(found)


def find(models: Mapping[str, Model], name: str) -> Model:
    """The model of a name.

    Raises:
        UnknownError: if there is none.
    """
    if name not in models:
        raise UnknownError(f"Servable not found for request: Latest({name})")
    return models[name]


async def watch(models: Mapping[str, Model], seconds: float) -> None:
    """Look for new versions, again and again, whatever happens to one of them."""
    while True:
        await asyncio.sleep(seconds)
        for model in models.values():
            try:
                await asyncio.to_thread(model.load)
            except Exception as error:  # whatever TensorFlow or the disk does, the old one serves
                model.say(f"{model.name}: a new version could not be looked at: {error}")
