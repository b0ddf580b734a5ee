"""A real process that halts at a certain file: so a real signal meets it at a certain moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HANG = 900
"""Seconds after which a process hangs, and is not slow."""

PROGRAM = """
import os, re, signal, sys

name, count, halted, going = re.compile(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:5])
seen = set()

def look(event, given):
    path = given[0] if event == "open" else None
    if isinstance(path, str) and name.search(path) and path not in seen:
        seen.add(path)
        if len(seen) == count:
            os.write(halted, b".")
            os.read(going, 1)

sys.addaudithook(look)
sys.argv[1:] = sys.argv[5:]
# What runs in the background of a shell ignores SIGINT, and so would this process.
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


class Halting:
    """`kbuilder` in a process of its own, which halts before it opens a file.

    Args:
        arguments: Of the command.
        cwd: Its working folder.
        at: A pattern for the paths of files.
        count: Halt at the first (1), second … of the files that match it.
        before: Lines of Python to run before the command.
    """

    def __init__(
        self, arguments: list[str], cwd: Path, at: str, count: int = 1, before: str = ""
    ) -> None:
        self._halted, halted = os.pipe()
        going, self._going = os.pipe()
        program = f"{PROGRAM}\n{before}\nfrom kbuilder.commands.main import main\nmain()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, at, str(count), str(halted), str(going), *arguments],
            cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            pass_fds=(halted, going),
        )  # fmt: skip
        os.close(halted)
        os.close(going)

    def signal(self, number: int) -> tuple[str, str, int]:
        """Send a signal once it has halted: what it printed on both streams, and its exit code."""
        came = os.read(self._halted, 1)  # nothing, if it ends before
        if came:
            self.process.send_signal(number)
        os.close(self._going)
        out, err = self.process.communicate(timeout=HANG)
        os.close(self._halted)
        assert came, f"it ended before it halted: {out}{err}"
        return out, err, self.process.returncode
