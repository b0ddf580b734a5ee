"""The register of plug-ins: by folder, such as "architectures", and by name, such as "lstm".

Kbuilder's own are files: `find("architectures", "lstm")` imports `kbuilder/architectures/lstm.py`
and returns the class `LSTM`, whose name is the file's name, without underscores and whatever its
capitals. There is no decorator, no list to keep in step, and importing one imports no other.

Those of others come from two places. An *installed* package names them in the entry-point group
`kbuilder`, as `architectures.resmlp = "other.resmlp:ResMLP"`. A folder is laid out like kbuilder's
own (`DIR/architectures/resmlp.py`), and is looked at only once the caller names it, by
`--plugins DIR` or `kb.plugins(DIR)`: a recipe is data, and never makes code run.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isfunction
from pathlib import Path
from types import ModuleType

from kbuilder import files
from kbuilder.errors import CallError, KBuilderError, briefly

FOLDERS = (
    "sources", "splits", "features", "augmentations", "tasks", "architectures", "blocks",
    "schedules",
)  # fmt: skip
GROUP = "kbuilder"
"""The entry-point group of other packages."""


@dataclass(frozen=True)
class Origin:
    """Where a plug-in of others comes from.

    Args:
        folder, name: What it is, such as "architectures" and "resmlp".
        package: The package that brings it; empty: it is in a folder.
        path: The file that holds it; empty: it is in a package.
        version: The version of the package, or the SHA-256 of the file.
    """

    folder: str
    name: str
    package: str = ""
    path: str = ""
    version: str = ""

    def __str__(self) -> str:
        module = self.name.partition(":")[0]
        place = f"{self.package} {self.version}" if self.package else self.path or module
        return f"{self.folder}.{self.name} of {place}"


@dataclass(frozen=True)
class _Other:
    """A plug-in of others, which is imported when it is asked for."""

    origin: Origin
    load: Callable[[], object]


_folders: list[Path] = []
_checks: list[Callable[[str, object], str | None]] = []
_named: dict[tuple[str, str], _Other] = {}
_loaded: dict[type, Origin] = {}


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names that `find` knows in `folder`, sorted."""
    others = {name for inner, name in (*_installed(), *_named) if inner == folder}
    return tuple(sorted({*own(folder), *others}))


@cache
def own(folder: str) -> frozenset[str]:
    """The names of kbuilder's own."""
    found = (Path(__file__).parent / folder).glob("*.py")
    return frozenset(file.stem for file in found if not file.stem.startswith("_"))


def find(folder: str, name: str) -> type:
    """The public class called `name` in `folder`.

    Raises:
        KeyError: if there is none.
        CallError: if it is of others, and cannot be used.
    """
    if ":" in name:  # what Python has at hand may be another tomorrow, in a notebook
        spelled = _spelled(folder, name)
        if spelled is None:
            raise KeyError(name)
        return _load(spelled)
    return _find(folder, name)


@cache
def _find(folder: str, name: str) -> type:
    other = _named.get((folder, name)) or _installed().get((folder, name))
    if name in own(folder):
        if other is not None:
            raise CallError(
                f"{other.origin} has the name of one of kbuilder's own. Expected another name; "
                "until then, leave the package or the folder out."
            )
        module = import_module(f"kbuilder.{folder.replace('/', '.')}.{name}")
        return _class(module, name)
    if other is None:
        raise KeyError(name)
    return _load(other)


def name_of(plugin: object) -> str:
    """The name under which a plug-in (an object or its class) is found."""
    kind = plugin if isinstance(plugin, type) else type(plugin)
    origin = origin_of(kind)
    return kind.__module__.rpartition(".")[2] if origin is None else origin.name


def is_in(folder: str, plugin: object) -> bool:
    """Whether an object is a plug-in of `folder`."""
    kind = type(plugin)
    origin = _loaded.get(kind)
    if origin is not None:
        return origin.folder == folder
    return kind.__module__.startswith(f"kbuilder.{folder}.")


def adopt(folder: str, kind: type) -> None:
    """Take a class that Python has at hand for a plug-in of `folder`.

    Raises:
        CallError: if it lacks what the folder asks of it.
    """
    _load(_Other(_here(folder, kind.__module__, kind.__qualname__), lambda: kind))


def origin_of(plugin: object) -> Origin | None:
    """Where a plug-in of others comes from; None: it is kbuilder's own."""
    return _loaded.get(plugin if isinstance(plugin, type) else type(plugin))


@contextmanager
def blamed(plugin: object, doing: str) -> Iterator[None]:
    """While a plug-in is called: whatever a program of others raises is said with its name.

    Args:
        plugin: The plug-in, or its class.
        doing: What it is called for, such as "recognise".

    Raises:
        CallError: where one of others fails with an error that is not kbuilder's.
    """
    try:
        yield
    except KBuilderError:
        raise
    except Exception as error:
        origin = origin_of(plugin)
        if origin is None:
            raise
        raise CallError(f"{origin} failed to {doing}: {briefly(error)}") from error


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


def plugins(path: str | Path) -> None:
    """Let recipes name the plug-ins of a folder, laid out as `architectures/resmlp.py`.

    Its files are programs, which run with your rights when a recipe names them.

    Args:
        path: The folder.

    Raises:
        CallError: if there is no such folder, it holds no plug-in, or one of them has the name of
            another.
    """
    folder = Path(path).absolute()
    if folder in _folders:
        return
    if not folder.is_dir():
        raise CallError(f"there is no folder {path}. Expected the folder of your plug-ins.")
    found = {
        (inner, file.stem): _Other(
            Origin(inner, file.stem, path=str(file), version=files.sha256(file)), _from_file(file)
        )
        for inner in FOLDERS
        for file in sorted((folder / inner).glob("*.py"))
        if not file.stem.startswith("_")
    }
    if not found and not any(folder.glob("*.py")):
        raise CallError(
            f"{path} holds no plug-ins. Expected files such as {path}/architectures/resmlp.py, in "
            f"one of: {', '.join(FOLDERS)}; or modules, for `model: module:Class`."
        )
    for key, other in found.items():
        earlier = _named.get(key) or _installed().get(key)
        if earlier is not None or key[1] in own(key[0]):
            whose = "kbuilder's own" if earlier is None else str(earlier.origin)
            raise CallError(f"{other.origin} has the name of {whose}. Expected another name.")
    _named.update(found)
    _folders.append(folder)
    _forget()


def check_by(check: Callable[[str, object], str | None]) -> None:
    """Have each class of others looked at, once it is loaded.

    Args:
        check: Gives what a class lacks to be a plug-in of a folder; None: nothing.
    """
    _checks.append(check)


def folders() -> tuple[Path, ...]:
    """The folders that the caller named."""
    return tuple(_folders)


def _forget() -> None:
    names.cache_clear()
    _find.cache_clear()


@cache
def _installed() -> dict[tuple[str, str], _Other]:
    """What installed packages bring."""
    found: dict[tuple[str, str], _Other] = {}
    for entry in entry_points(group=GROUP):
        folder, _, name = entry.name.partition(".")
        if folder in FOLDERS and name:
            found[folder, name] = _Other(_package(entry, folder, name), entry.load)
    return found


def _package(entry: EntryPoint, folder: str, name: str) -> Origin:
    known = entry.dist
    package, version = (known.name, known.version) if known else (entry.module, "")
    return Origin(folder, name, package=package, version=version)


def _spelled(folder: str, name: str) -> _Other | None:
    """What `module:Class` means: a module of a folder that was named, or one that Python has.

    No module is imported for it from anywhere else, since a recipe may name any.
    """
    title, _, spelled = name.partition(":")
    if not spelled:
        return None
    for place in _folders:
        file = place / f"{title}.py"
        if file.is_file():
            origin = Origin(folder, name, path=str(file), version=files.sha256(file))
            return _Other(origin, _member_of(file, spelled))
    module = sys.modules.get(title)
    if module is None or spelled not in vars(module):
        return None
    return _Other(_here(folder, title, spelled), lambda: vars(module)[spelled])


def _here(folder: str, module: str, spelled: str) -> Origin:
    """The origin of a class that Python has at hand."""
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return Origin(folder, f"{module}:{spelled}", path=file)


def _member_of(file: Path, spelled: str) -> Callable[[], object]:
    return lambda: vars(_imported(file)).get(spelled)


def _from_file(file: Path) -> Callable[[], type]:
    return lambda: _class(_imported(file), file.stem)


def _imported(file: Path) -> ModuleType:
    """A file as a module, under a name that no other module has."""
    place = hashlib.sha256(str(file.parent).encode()).hexdigest()[:8]
    title = f"kbuilder_plugins_{place}.{file.stem}"
    if title in sys.modules:
        return sys.modules[title]
    spec = spec_from_file_location(title, file)
    assert spec is not None, "a Python file"
    assert spec.loader is not None, "a Python file"
    module = module_from_spec(spec)
    sys.modules[title] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[title]
        raise
    return module


def _load(other: _Other) -> type:
    """The class of a plug-in of others, which has what its folder asks of it."""
    try:
        kind = other.load()
    except KBuilderError:
        raise
    except Exception as error:  # whatever happens in a program of others
        raise CallError(f"{other.origin} cannot be imported: {briefly(error)}.") from error
    if isfunction(kind) and other.origin.folder == "architectures":
        kind = import_module("kbuilder.architectures._given").of_function(kind)
    for check in _checks:
        lacking = check(other.origin.folder, kind)
        if lacking:
            raise CallError(f"{other.origin} is no plug-in: {lacking}.")
    assert isinstance(kind, type), "it was looked at"
    _loaded[kind] = other.origin
    return kind


def _class(module: ModuleType, name: str) -> type:
    """The class of a module that is called like it."""
    spelled = name.replace("_", "")
    found: Iterable[type] = (
        member
        for title, member in vars(module).items()
        if title.lower() == spelled and isinstance(member, type)
    )
    kind = next(iter(found), None)
    if kind is None:
        raise CallError(
            f"{module.__file__} has no class that is called like the file. Expected a class "
            f"{name.title().replace('_', '')}."
        )
    return kind
