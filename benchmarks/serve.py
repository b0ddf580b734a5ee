"""How many requests a second kbuilder serves, beside a plain handler and the model itself.

    python benchmarks/serve.py DATA [--seconds N] [--rounds N]

DATA is the folder of the recipes' data. A small network is fitted on Adult, exported, and served on
loopback by `kbuilder serve` and by a plain handler that calls the model for each request; clients
in this process ask by 1, 16 and 64 connections, a row at a time, and by 4 and 16 with 256 rows at a
time; kbuilder by columns too. Both are asked in turns; what counts is the median of the rounds.
Prints the figures, writes them to benchmarks/results/serve.md, and exits with 1 if kbuilder serves
fewer than 4 times the requests of the plain handler to 64 clients, if its median to one client is
more than a millisecond longer, or if rows by 256 to 16 clients are fewer than half of what the
model itself does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import uvloop

from kbuilder import engine, pipeline
from kbuilder.recipe import shipped
from kbuilder.recipe.reading import read

if TYPE_CHECKING:
    from kbuilder.serving.exported import Exported
    from kbuilder.serving.signature import Columns

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "serve.md"
TRIED = "## What was tried"
CLIENTS = (1, 16, 64)
TOGETHER = 256
HEAD = (
    "| server | clients | rows each | requests/s | rows/s | p50, ms | p99, ms | CPU, ms each |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|"
)


class Figures(NamedTuple):
    """Of one server and so many clients."""

    requests: float
    p50: float
    p99: float
    cpu: float


def exported(data: Path, folder: Path) -> Path:
    """A fit of one epoch on Adult, exported."""
    sys.path.append(str(HERE.parent / "tools"))
    import run_recipes

    found = run_recipes.settings("tabular/adult", data, folder)
    if isinstance(found, str):
        raise SystemExit(found)
    recipe = read(shipped.find("tabular/adult"), [*found[1::2], "training.epochs=1"])
    return pipeline.fit(recipe, run_dir=folder / "run", verbose=False).export(folder / "model")


@contextmanager
def serving(command: list[str], port: int) -> Iterator[int]:
    """A server in a process of its own; gives its number."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command} does not serve") from None
                time.sleep(0.1)
        try:
            yield process.pid
        finally:
            process.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def cpu_seconds(process: int) -> float:
    """CPU time that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def ask(port: int, clients: int, body: bytes, seconds: float) -> list[float]:
    """The seconds of each answer, of so many connections that ask again and again."""
    head = (
        f"POST /v1/models/model:predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    request, taken = head.encode() + body, []
    end = time.perf_counter() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < end:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(answer.decode())
            [length] = re.findall(rb"content-length: (\d+)", answer)
            await reader.readexactly(int(length))
            taken.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return taken


def measured(port: int, process: int, clients: int, body: bytes, seconds: float) -> Figures:
    uvloop.run(ask(port, clients, body, 1.0))  # which warms it
    before, started = cpu_seconds(process), time.perf_counter()
    taken = np.array(uvloop.run(ask(port, clients, body, seconds)))
    wall = time.perf_counter() - started
    p50, p99 = np.percentile(taken, [50, 99]) * 1000
    cpu = (cpu_seconds(process) - before) / len(taken) * 1000
    return Figures(len(taken) / wall, p50, p99, cpu)


def alone(model: Exported, columns: Columns, seconds: float) -> float:
    """Rows per second of the model in this process, by batches."""
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        model.predict(columns)
        count += TOGETHER
    return count / (time.perf_counter() - started)


def commands(export: Path, ports: Mapping[str, int]) -> dict[str, list[str]]:
    """What starts each server."""
    ours = ["-m", "kbuilder", "serve", str(export), "--name", "model"]
    return {
        "plain": [sys.executable, str(HERE / "serve_plain.py"), str(export), str(ports["plain"])],
        "kbuilder": [sys.executable, *ours, "--port", str(ports["kbuilder"])],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    engine.load_quietly()
    from serve_batching import compare

    from kbuilder.serving import tensorflow_serving
    from kbuilder.serving.exported import Exported

    seconds = arguments.seconds
    found: dict[Any, list[Figures]] = {}
    limits = []
    with TemporaryDirectory() as folder, ExitStack() as running:
        export = exported(arguments.data.absolute(), Path(folder))
        schedulers = compare(export, seconds)
        rows = json.loads((export / "assets.extra" / "examples.json").read_text("utf-8"))[
            "instances"
        ]
        rows = [rows[place % len(rows)] for place in range(TOGETHER)]
        single, many = (json.dumps({"instances": r}).encode() for r in (rows[:1], rows))
        lists = {name: [row[name] for row in rows] for name in rows[0]}
        by_columns = json.dumps({"inputs": lists}).encode()
        model = Exported(export)
        columns = tensorflow_serving.read(many, model.signature).columns
        ports = {name: free_port() for name in ("plain", "kbuilder")}
        processes = {
            name: running.enter_context(serving(command, ports[name]))
            for name, command in commands(export, ports).items()
        }
        both = tuple(processes)
        cases = [(both, clients, 1, single) for clients in CLIENTS]
        cases += [(both, clients, TOGETHER, many) for clients in (4, 16)]
        cases += [(("kbuilder",), 16, TOGETHER, by_columns)]
        for _ in range(arguments.rounds):
            limits.append(alone(model, columns, seconds))
            for names, clients, count, body in cases:
                for name in names:
                    it = measured(ports[name], processes[name], clients, body, seconds)
                    title = f"{name}, by columns" if body is by_columns else name
                    found.setdefault((title, clients, count), []).append(it)
                    print(title, clients, count, *(f"{x:.2f}" for x in it), flush=True)
    middle = {case: Figures(*np.median(figures, axis=0)) for case, figures in found.items()}
    lines = [
        f"| {name} | {clients} | {count} | {it.requests:,.0f} | {it.requests * count:,.0f} | "
        f"{it.p50:.2f} | {it.p99:.2f} | {it.cpu:.2f} |"
        for (name, clients, count), it in sorted(middle.items(), reverse=True)
    ]
    limit = float(np.median(limits))
    lines.append(f"| the model itself | | {TOGETHER} | | {limit:,.0f} | | | |")
    ok, told = verdict(middle, limit)
    own, other = schedulers
    told += (
        f"\n\nBatching in one process, 64 clients, a row each: {own.rows:,.0f} rows/s by the "
        f"batcher of kbuilder ({own.cpu:.3f} ms of CPU time each), {other.rows:,.0f} rows/s by "
        f"TensorFlow's own scheduler ({other.cpu:.3f} ms), which each client has to call with "
        "tensors of its own."
    )
    print("\n".join([HEAD, *lines]), told, sep="\n")
    write(lines, told)
    return int(not ok)


def verdict(middle: Mapping[Any, Figures], limit: float) -> tuple[bool, str]:
    """Whether the bars are reached, and in words by how much."""
    times = middle["kbuilder", 64, 1].requests / middle["plain", 64, 1].requests
    later = middle["kbuilder", 1, 1].p50 - middle["plain", 1, 1].p50
    few, share, columns = (
        middle[case].requests * TOGETHER / limit
        for case in (
            ("kbuilder", 4, TOGETHER),
            ("kbuilder", 16, TOGETHER),
            ("kbuilder, by columns", 16, TOGETHER),
        )
    )
    return times >= 4 and later <= 1 and share >= 0.5, (
        f"64 clients: {times:.1f} times the plain handler (4 at least). One client: p50 "
        f"{later:+.2f} ms (1 at most). Rows by {TOGETHER}: {share:.2f} of the model itself with 16 "
        f"clients (0.5 at least), {few:.2f} with 4, {columns:.2f} by columns."
    )


def write(lines: list[str], told: str) -> None:
    """The results, with what stands there of what was tried."""
    import tensorflow as tf

    known = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    tried = TRIED + known.partition(TRIED)[2] if TRIED in known else f"{TRIED}\n"
    about = (
        "Requests of clients on the same machine, a network for Adult with 14 columns: kbuilder "
        "beside a handler that calls the model for each request; medians. Made by `make "
        "bench-serve` on "
        f"{os.cpu_count()} {platform.machine()} cores, which the clients use too, Python "
        f"{platform.python_version()}, TensorFlow {tf.__version__}."
    )
    text = "\n\n".join(["# Served", about, "\n".join([HEAD, *lines]), told, tried])
    RESULTS.write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
