"""Fit the shipped recipes, and compare the results with the claims in their headers.

    python tools/run_recipes.py [--data FOLDER] [NAME …]

A recipe whose data is not in FOLDER is passed over, with a word. Exits with 1 if a claim fails.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kbuilder.recipe import shipped
from kbuilder.recipe.reading import read


@dataclass(frozen=True)
class Claim:
    """What a recipe's header expects: `test <metric> >= <least> …, under <seconds> s`."""

    metric: str
    least: float
    seconds: float


def claim(name: str) -> Claim:
    """The claim of a shipped recipe."""
    said = shipped.header(shipped.find(name))["expect"]
    result = re.match(r"test (\w+) >= ([0-9.]+)", said)
    limit = re.search(r"under ([0-9]+) s", said)
    if result is None or limit is None:
        raise ValueError(f"{name}: the header claims nothing that can be checked: {said}")
    return Claim(result[1], float(result[2]), float(limit[1]))


def settings(name: str, data: Path, scratch: Path) -> list[str] | str:
    """The overrides that point a recipe to its data, or why it cannot be fitted."""
    source = read(shipped.find(name)).data
    overrides: list[str] = []
    for field in ("path", "test_path"):
        path = getattr(source, field, None)
        if path is None:
            continue
        found = data / path.name
        archive = data / f"{path.name}.tar"
        if not found.exists() and archive.is_file():
            found = scratch / path.name
            if not found.exists():
                with tarfile.open(archive) as tar:
                    tar.extractall(scratch, filter="data")
        if not found.exists():
            return f"there is no {path.name} in {data}"
        overrides += ["-o", f"data.{field}={found.absolute()}"]
    return overrides


def fit(name: str, overrides: list[str], scratch: Path) -> tuple[dict[str, float], float]:
    """The test scores of a recipe, and the seconds that the command took."""
    command = [
        sys.executable,
        "-m",
        "kbuilder",
        "fit",
        str(shipped.find(name).absolute()),
        "--json",
    ]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *overrides], cwd=scratch, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)["splits"]["test"], time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the data")
    parser.add_argument("names", nargs="*", help="recipes; left out: all")
    arguments = parser.parse_args()
    failed = 0
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name in arguments.names or shipped.names():
            overrides = settings(name, arguments.data.absolute(), scratch)
            if isinstance(overrides, str):
                print(f"{name:<28} passed over: {overrides}", flush=True)
                continue
            wanted = claim(name)
            scores, seconds = fit(name, overrides, scratch)
            got = scores[wanted.metric]
            verdict = "ok" if got >= wanted.least else "FAILED"
            slow = "" if seconds <= wanted.seconds else f"  slower than {wanted.seconds:.0f} s"
            failed += got < wanted.least
            print(
                f"{name:<28} {wanted.metric} {got:.4f} (claim {wanted.least})  {seconds:5.1f} s  "
                f"{verdict}{slow}",
                flush=True,
            )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
