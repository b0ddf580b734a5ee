"""The folder of something that takes long: there while it is under way, and kept to resume from.

A run that is fitted and predictions that are written both have one, beside the name that they take
when they are whole.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kbuilder import catalog, files

UNFINISHED = ".unfinished"
NETWORKS = "networks"
"""The folder of those fits of a run that are done before its last, each in one of its own."""


def unfinished(path: Path) -> Path:
    """The folder of a run, or of predictions, while it is under way."""
    return path.parent / f"{path.name}{UNFINISHED}"


def finished(path: Path) -> Path:
    """The name of what is under way, once it is whole; other names stay as they are."""
    return path.with_name(path.name.removesuffix(UNFINISHED)) if path.name else path


def resume_command(path: Path) -> str:
    """The command that resumes the fit of a run."""
    named = [word for folder in catalog.folders() for word in ("--plugins", str(folder))]
    return shlex.join(["kbuilder", "fit", "--resume", str(path), *named])


@contextmanager
def folder(path: Path, keep: Callable[[Path, BaseException], bool]) -> Iterator[Path]:
    """The folder while it is under way; it is removed once all is done.

    Args:
        path: The name of the whole.
        keep: Called with the folder and an error: whether there is something to resume from. If
            not, the folder and the parents that were made for it are removed.

    Raises:
        CallError: if another process is at work on it.
    """
    own = unfinished(path)
    made = [parent for parent in (own, *own.parents) if not parent.exists()]
    own.mkdir(parents=True, exist_ok=True)
    with files.alone(own):
        try:
            yield own
        except BaseException as error:
            if not keep(own, error):
                shutil.rmtree(own, ignore_errors=True)
                with suppress(OSError):  # another process may be at work there
                    for parent in made[1:]:
                        parent.rmdir()
            raise
        shutil.rmtree(own, ignore_errors=True)
