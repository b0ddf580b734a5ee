"""Checkpoints: each is one file that is whole or not there, and proves its content by its name.

`epoch-0003-step-000120.<SHA-256>.npz` holds arrays by name and a JSON state. It is written under a
temporary name, put on the disk, and renamed; older ones go once a newer is in place. So a process
that is killed at any moment leaves the newest checkpoint, or the one before it, as it was.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder import files
from kbuilder.errors import RunError, listed

NAME = re.compile(r"epoch-(\d+)-step-(\d+)\.([0-9a-f]{64})\.npz")
STATE = "state.json"


@dataclass(frozen=True)
class Checkpoint:
    """All that a fit needs to be resumed as if it had never stopped.

    Args:
        epoch: Epochs that are finished.
        step: Steps of the epoch under way, from 0.
        arrays: The variables by name.
        state: The rest, as JSON values.
    """

    epoch: int
    step: int
    arrays: Mapping[str, np.ndarray]
    state: Mapping[str, Any]


def find(folder: Path) -> list[Path]:
    """The checkpoints of a folder, newest first; whether they are sound is not looked at."""
    paths = [path for path in folder.glob("epoch-*.npz") if NAME.fullmatch(path.name)]
    return sorted(paths, key=lambda path: (position(path), path.name), reverse=True)


def position(path: Path) -> tuple[int, int]:
    """The epoch and the step in a checkpoint's name."""
    epoch, step = path.name.partition(".")[0].split("-")[1::2]
    return int(epoch), int(step)


def newest(folder: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """The newest sound checkpoint; None if the folder has none at all.

    Args:
        say: Called with each that is damaged.

    Raises:
        RunError: if there are checkpoints, and all are damaged.
    """
    paths = find(folder)
    for path in paths:
        try:
            return read(path)
        except ValueError as error:
            older = paths.index(path) + 1 < len(paths)
            say(f"{path.name} is damaged: {error}." + older * " The one before it is taken.")
    if paths:
        raise RunError(
            f"every checkpoint in {folder} is damaged: {listed(path.name for path in paths)}. "
            "Restore one of the files, or fit anew."
        )
    return None


def read(path: Path) -> Checkpoint:
    """A checkpoint, checked against the hash in its name.

    Raises:
        ValueError: in a few words, if it is damaged.
    """
    match = NAME.fullmatch(path.name)
    if match is None or not path.is_file() or path.is_symlink():
        raise ValueError("it is no regular file with a checkpoint's name")
    try:
        digest = files.sha256(path)
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror or error})") from None
    if digest != match[3]:
        raise ValueError("its content does not match the hash in its name")
    try:
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        state = json.loads(arrays.pop(STATE).tobytes())
    except Exception as error:  # zipfile and numpy raise whatever one of the bytes happens to
        raise ValueError(f"it is no checkpoint ({error})") from None
    return Checkpoint(int(match[1]), int(match[2]), arrays, state)


def write(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Write a checkpoint, then remove all but it and those before it, `keep` in all.

    One that stands further than it is damaged, or the fit would have been resumed from there.

    Raises:
        OSError: if it cannot be written; those before it stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = np.frombuffer(json.dumps(checkpoint.state).encode(), np.uint8)
    stem = f"epoch-{checkpoint.epoch:04d}-step-{checkpoint.step:06d}"
    with files.partial(folder / stem) as temporary:
        with temporary.open("wb") as file:
            np.savez(file, **checkpoint.arrays, **{STATE: state})  # type: ignore[arg-type]
        final = folder / f"{stem}.{files.sha256(temporary)}.npz"
        files.settle(temporary, final)
    before = [path for path in find(folder) if position(path) < position(final)]
    for other in find(folder):
        if other != final and other not in before[: keep - 1]:
            other.unlink(missing_ok=True)
    return final


class Writer:
    """Writes checkpoints beside the fit, one at a time, always the newest that it was given.

    A checkpoint that is handed over while another is being written waits; a newer one takes its
    place. A disk that is full does not stop the fit: it is said, and tried again with the next.

    Args:
        folder: Where they are kept; made with the first.
        keep: How many.
        say: Called with what could not be written, from the thread of the fit.
    """

    def __init__(self, folder: Path, keep: int, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.keep = keep
        self.say = say
        self._next: Checkpoint | None = None
        self._failed: list[str] = []
        self._free = threading.Condition()
        self._busy = False
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
        self._thread.start()

    def put(self, checkpoint: Checkpoint) -> None:
        """Hand a checkpoint over; returns at once."""
        with self._free:
            self._next = checkpoint
            self._free.notify_all()
        self._tell()

    def wait(self) -> None:
        """Wait until the last one is written, or could not be."""
        with self._free:
            self._free.wait_for(lambda: self._next is None and not self._busy)
        self._tell()

    def close(self) -> None:
        """Wait, and end the thread."""
        self.wait()
        with self._free:
            self._ended = True
            self._free.notify_all()
        self._thread.join()

    def _tell(self) -> None:
        while self._failed:
            self.say(self._failed.pop(0))

    def _work(self) -> None:
        while True:
            with self._free:
                self._free.wait_for(lambda: self._next is not None or self._ended)
                if self._next is None:
                    return
                checkpoint, self._next, self._busy = self._next, None, True
            try:
                write(self.folder, checkpoint, self.keep)
            except Exception as error:  # reported by the thread of the fit, which continues
                reason = error.strerror if isinstance(error, OSError) else None
                step = f", step {checkpoint.step}," if checkpoint.step else ""
                self._failed.append(
                    f"the checkpoint after epoch {checkpoint.epoch}{step} could not be written: "
                    f"{reason or error}. Those before it stay."
                )
            finally:
                with self._free:
                    self._busy = False
                    self._free.notify_all()
