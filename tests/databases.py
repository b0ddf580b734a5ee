"""A real PostgreSQL on loopback, for as long as the tests of a process last."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "s3cr:t/@% word"
"""Of characters that a url has to quote, and that nothing else holds."""
USERS = ("postgres", "nobody")
"""Who runs the server where the tests run as root, which it refuses."""


def _programs() -> Path:
    """The folder of initdb and pg_ctl; skips without one, unless there has to be one."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    missing = "there is no PostgreSQL here (initdb, pg_ctl) to ask a query"
    if os.environ.get("KBUILDER_POSTGRES") == "required":
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def postgres() -> Iterator[tuple[str, int]]:
    """A new server, by the name of its user and its port; its password is `PASSWORD`."""
    programs = _programs()
    root = os.geteuid() == 0
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next(name for name in USERS if name in known) if root else None
    other: dict[str, Any] = {}
    if user is not None:
        entry = pwd.getpwnam(user)
        other = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="kbuilder-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if user is not None:
            shutil.chown(folder, user)
            shutil.chown(folder / "password", user)

        def call(program: str, *words: str) -> None:
            command = [str(programs / program), "--pgdata", str(folder / "data"), *words]
            with (folder / "said").open("w+") as said:
                done = subprocess.run(
                    command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                    env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, check=False, **other,
                )  # fmt: skip
            assert done.returncode == 0, (folder / "said").read_text()

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        call(
            "initdb", "--auth=scram-sha-256", "--username=reader", "--pwfile=password",
            "--encoding=UTF8", "--no-sync",
        )  # fmt: skip
        options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
        call("pg_ctl", "start", "--wait", f"--log={folder / 'log'}", f"--options={options}")
        try:
            yield "reader", port
        finally:
            call("pg_ctl", "stop", "--mode=immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def connection(url: str) -> Any:
    """A connection to the server of a url that has PASSWORD for its password."""
    import psycopg

    plain = url.replace("+psycopg", "").replace(":PASSWORD", "")
    return psycopg.connect(plain, password=PASSWORD)
