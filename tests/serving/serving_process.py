"""A server in a process of its own, as `kbuilder serve` starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from halting import HANG


class Served:
    """A process that serves, and a client of it."""

    def __init__(self, *arguments: object, open_files: int | None = None, **client: Any) -> None:
        command = [sys.executable, "-m", "kbuilder", "serve", *map(str, arguments), "--port", "0"]
        if open_files is not None:
            limited = 'ulimit -S -n "$0" && exec "$@"'
            command = ["sh", "-c", limited, str(open_files), *command]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.said: list[str] = []
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            found = re.search(r" on (http://[\d.]+:(\d+))$", self.said[-1])
            if found:
                break
        else:
            raise AssertionError(self.said)
        self.address = found[1]
        self.port = int(found[2])
        self.client = httpx.Client(base_url=self.address, timeout=HANG, **client)

    def most_memory(self) -> int:
        """The most bytes of memory that the process has had; Linux tells."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])  # type: ignore[index]

    def close(self) -> tuple[int, str]:
        """Its exit code, after SIGTERM, and what it said since."""
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=HANG)
        return self.process.returncode, err
