"""What several tests of bad input share: a recipe to spoil, and the real data where it is."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from shared import message

import kbuilder as kb
from kbuilder.commands.main import main
from kbuilder.errors import RecipeError
from kbuilder.recipe import reading

ROOT = Path(__file__).parent.parent
DATA = "data: {source: csv, path: rows.csv, target: y}\n"


def recipe(rest: str = "", *override: str) -> kb.Recipe:
    """The recipe of one line on data and of `rest`, read."""
    return reading.parse(DATA + rest, override=override)


def wrong(text: str, *override: str) -> str:
    """All that is said about a wrong recipe."""
    return message(RecipeError, reading.parse, text, override=override)


@contextlib.contextmanager
def disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of its own, of such a size: a tmpfs, where tests may mount one."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"tests may not mount a disk here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def plain(said: str) -> str:
    """A message without its excerpts: what changes with the wording of a test's recipe."""
    lines = said.splitlines()
    return "\n".join(line for line in lines if line[:4] != "    " or "Did you mean" in line)


def real(name: str) -> Path:
    """A real data file, from the folder named by KBUILDER_DATA; skips where it is absent."""
    folder = os.environ.get("KBUILDER_DATA")
    if not folder:
        pytest.skip("KBUILDER_DATA names no folder; `make test DATA=…` sets it")
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path


def same(left: Any, right: Any) -> bool:
    """Whether two things are of one type, and equal: True is not 1 here."""
    return type(left) is type(right) and left == right


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def command(*arguments: str) -> Done:
    """Run the command in this process: TensorFlow is loaded once for all tests."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["kbuilder", *arguments])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                return Done(int(end.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("the command did not end with an exit code")


def files_below(folder: Path) -> list[str]:
    """Every file and folder, by its path there; hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
