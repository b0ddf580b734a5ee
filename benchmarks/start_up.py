"""How long a person waits for an answer that needs no TensorFlow, beside an empty Python.

    python benchmarks/start_up.py [--rounds N]

Rounds alternate over the commands; the least of each counts, since machines are shared. Prints the
seconds and the ratio to `python -c pass`, and exits with 1 if a limit of the design is passed:
0.3 s for `--help`, 0.5 s for `check` of a recipe with seven mistakes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

MISTAKES = """\
data:
  source: csv
  path: rows.csv
  path: again.csv
  split: {validation: 0.6, test: 0.5}
model: {name: mlpp}
training:
  epochs: 0
  batch_size: many
  patience: 3
"""


def seconds(command: list[str], folder: str) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    kbuilder = str(Path(sys.executable).with_name("kbuilder"))
    limits = {"python -c pass": None, "kbuilder --help": 0.3, "kbuilder check": 0.5}
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "kbuilder --help": [kbuilder, "--help"],
        "kbuilder check": [kbuilder, "check", "mistakes.yaml"],
    }
    with TemporaryDirectory() as folder:
        Path(folder, "mistakes.yaml").write_text(MISTAKES, encoding="utf-8")
        least = dict.fromkeys(commands, float("inf"))
        for _ in range(rounds):
            for name, command in commands.items():
                least[name] = min(least[name], seconds(command, folder))
    failed = 0
    for name, limit in limits.items():
        ratio = least[name] / least["python -c pass"]
        verdict = "" if limit is None else f"  (limit {limit} s)"
        failed += limit is not None and least[name] > limit
        print(f"{name:<16} {least[name]:.3f} s  {ratio:5.1f} × empty Python{verdict}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
