"""Runs programs that need TensorFlow in forks of one process that has imported it, which takes 4 s.

The process, this file as a program, computes nothing itself, so that its forks begin as a fresh
process does. What has to begin with nothing imported has a process of its own.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

PROGRAM = str(Path(__file__).parents[1] / "kbuilder/__main__.py")
"""The command `kbuilder`."""


class Forks:
    """Runs a file of Python with arguments in a fork; to be closed at the end."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", __file__]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def __call__(
        self, program: list[str], folder: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program.

        Args:
            program: The file, and its arguments.
            folder: Where it works; left out: where this process does.
            variables: Of the environment, beside those of this process.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = [program, folder or str(Path.cwd()), {**os.environ, **variables}]
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        return subprocess.CompletedProcess(program, *json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def fork(program: list[str], folder: str, environment: dict[str, str]) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a program that is run in a fork of this process."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            os._exit(code_of(program))
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return os.waitstatus_to_exitcode(status), texts[0], texts[1]


def code_of(program: list[str]) -> int:
    """The exit code of a program, run as the main module of this process."""
    sys.argv = program
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - until the process ends
    try:
        runpy.run_path(program[0], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
    return 0


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Drop what is written to stderr: the test that first asks would hear TensorFlow's greeting."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def main() -> None:
    """Answer each line of stdin, what `fork` takes as JSON, by what it gives."""
    gc.disable()
    with unheard():
        import keras
        import pandas
        import tensorflow
    assert all((keras, pandas, tensorflow))
    gc.freeze()
    gc.enable()
    for line in sys.stdin:
        print(json.dumps(fork(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
