"""A server at its limit for minutes: new versions, malformed requests, clients that are cut off.

    python tests/serving/soak.py SECONDS [SWITCH]

Clients ask a server in a process of its own as fast as they are answered; every SWITCH seconds a
new version comes, and in between one that is broken. Each answer is worked out and compared:
version k answers k·x. Prints what was found, and exits with 1 if anything undeclared came.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import handmade
from serving_process import Served

ASKING = 32
MALFORMED: list[tuple[str, bytes]] = [
    ("/v1/models/soak:predict", b"{"),
    ("/v1/models/soak:predict", b'{"instances": []}'),
    ("/v1/models/soak:predict", b'{"instances": [{"x": "1", "word": "a"}]}'),
    ("/v1/models/soak:predict", b'{"instances": [{"x": 1}]}'),
    ("/v1/models/soak/versions/999:predict", b'{"instances": [1]}'),
    ("/v1/models/other:predict", b"{}"),
    ("/v2/models/soak/infer", b'{"inputs": [{"name": "x"}]}'),
    ("/v2/models/soak/infer", b'{"inputs": [{"name": "y", "shape": [1]}]}'),
    ("/v2/models/soak/infer", b"\xff" * 1000),
]


@dataclass
class Report:
    """What was found.

    Args:
        codes: How many answers had each status: of good requests, and of malformed ones.
        wrong: Answers that are not k·x, or of a version that was not served.
        memory: The server's memory in MiB, second by second.
        versions: Those that were served.
    """

    good: Counter[int] = field(default_factory=Counter)
    malformed: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    cut: int = 0
    said: tuple[int, str] = (0, "")

    def faults(self) -> list[str]:
        """What should not have been."""
        found = list(self.wrong[:5])
        found += [
            f"{n} good requests: {c}" for c, n in self.good.items() if c not in (200, 503, 504)
        ]
        found += [f"{n} malformed: {c}" for c, n in self.malformed.items() if not 400 <= c < 500]
        if self.said[0]:
            found.append(f"the server ended with {self.said}")
        return found

    def growth(self, first: int) -> float:
        """By which share memory has grown since so many seconds after the start."""
        return max(self.memory[-10:]) / max(self.memory[first : first + 10]) - 1


def write_version(place: Path, number: int, broken: bool = False) -> None:
    """Version `number`, which answers `number` times x, comes to be at once."""
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        handmade.write(
            Path(folder), {"x": ("float32", ()), "word": ("string", ())},
            lambda x, word: {"y": x * number, "said": word}, {"x": 1, "word": "a"},
        )  # fmt: skip
        if broken:
            (Path(folder) / "1/saved_model.pb").write_bytes(b"oops")
        (Path(folder) / "1").rename(place / str(number))


class Soak:
    """Clients of a server, until the time is up."""

    def __init__(self, served: Served, seconds: float) -> None:
        self.served = served
        self.end = time.monotonic() + seconds
        self.report = Report(versions=[1])
        self.coming = 1

    def going(self) -> bool:
        return time.monotonic() < self.end

    async def asking(self, number: int) -> None:
        """One client, which asks by rows or by tensors, and works the answers out."""
        draw = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.served.port)
        while self.going():
            xs = [draw.randint(-1000, 1000) for _ in range(draw.choice([1, 1, 1, 2, 50]))]
            words = [str(x) for x in xs]
            before = self.report.versions[-1]
            if draw.random() < 0.5:
                rows = [{"x": x, "word": w} for x, w in zip(xs, words, strict=True)]
                path, body = "/v1/models/soak:predict", json.dumps({"instances": rows})
            else:
                tensors = [
                    {"name": "x", "shape": [len(xs)], "datatype": "FP32", "data": xs},
                    {"name": "word", "shape": [len(xs)], "datatype": "BYTES", "data": words},
                ]
                path, body = "/v2/models/soak/infer", json.dumps({"inputs": tensors})
            code, answer = await exchange(reader, writer, path, body.encode())
            self.report.good[code] += 1
            if code == 200:
                self.compare(answer, xs, words, before)
        writer.close()

    def compare(self, answer: Any, xs: list[int], words: list[str], before: int) -> None:
        if "predictions" in answer:
            ys = [row["y"] for row in answer["predictions"]]
            said = [row["said"] for row in answer["predictions"]]
        else:
            outputs = {one["name"]: one["data"] for one in answer["outputs"]}
            ys, said = outputs["y"], outputs["said"]
        # A version is served until a while after the next one has come; every other one is broken.
        known = [v for v in self.report.versions if v >= before - 2] + [self.coming]
        if said != words or all(ys != [k * x for x in xs] for k in known):
            self.report.wrong.append(f"{xs} became {answer}, versions {known}")

    async def spoiling(self) -> None:
        """One client whose requests are malformed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.served.port)
        for path, body in itertools.cycle(MALFORMED):
            if not self.going():
                break
            code, _ = await exchange(reader, writer, path, body)
            self.report.malformed[code] += 1
        writer.close()

    async def cutting(self) -> None:
        """Clients that go away in the midst of a body."""
        while self.going():
            _, writer = await asyncio.open_connection("127.0.0.1", self.served.port)
            size = random.randint(10, 200_000)
            writer.write(head("/v1/models/soak:predict", size) + b'{"instances": [' + b"1," * 3)
            await writer.drain()
            await asyncio.sleep(random.random() / 50)
            writer.transport.abort()
            self.report.cut += 1

    async def switching(self, place: Path, every: float) -> None:
        """New versions, and broken ones between them."""
        for number in itertools.count(2):
            await asyncio.sleep(every / 2)
            if not self.going():
                return
            broken = number % 2 == 0
            if not broken:
                self.coming = number
            await asyncio.to_thread(write_version, place, number, broken)
            if not broken:
                self.report.versions.append(number)

    async def watching(self) -> None:
        while self.going():
            status = Path(f"/proc/{self.served.process.pid}/status").read_text()
            [kilobytes] = re.findall(r"VmRSS:\s+(\d+) kB", status)
            self.report.memory.append(int(kilobytes) / 1024)
            await asyncio.sleep(1)


def head(path: str, size: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode()


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes
) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    writer.write(head(path, len(body)) + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    [length] = re.findall(rb"content-length: (\d+)", answer)
    return int(answer[9:12]), json.loads(await reader.readexactly(int(length)))


def soak(folder: Path, seconds: float, every: float) -> Report:
    """Ask a server for so long, with a new version every so often."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it is told that functions are traced again and again
    place = folder / "soak"
    place.mkdir()
    write_version(place, 1)
    served = Served(place)
    going = Soak(served, seconds)

    async def all_of_it() -> None:
        clients: list[Callable[[], Awaitable[None]]] = [
            going.spoiling, going.cutting, going.watching,
            lambda: going.switching(place, every),
        ]  # fmt: skip
        await asyncio.gather(
            *(going.asking(number) for number in range(ASKING)), *(one() for one in clients)
        )

    asyncio.run(all_of_it())
    going.report.said = served.close()
    return going.report


def main() -> int:
    seconds, every = float(sys.argv[1]), float((*sys.argv, 60)[2])
    first = int(min(60, seconds / 2))
    with tempfile.TemporaryDirectory() as folder:
        report = soak(Path(folder), seconds, every)
    print(f"good {dict(report.good)}, malformed {dict(report.malformed)}, cut off {report.cut}")
    print(f"versions {report.versions}; memory, MiB, each minute: "
          f"{[round(m) for m in report.memory[::60]]}")  # fmt: skip
    print(f"memory has grown by {report.growth(first):.1%} since second {first}")
    faults = report.faults()
    faults += ["memory has grown by more than 5 %"] if report.growth(first) > 0.05 else []
    print(faults or "no fault")
    print(report.said[1])
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
