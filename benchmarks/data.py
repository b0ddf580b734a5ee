"""How soon a fit of many rows, or of many columns, takes its first step, and in how much memory.

    python benchmarks/data.py DATA [--rows N] [--rounds N]

DATA is the folder of the recipes' data. Rows of Adult are drawn again and again into a CSV and a
Parquet file. Each figure is of a process of its own, the least of the rounds, since machines are
shared; it is told beside what pyarrow takes to read the same file, what TensorFlow takes to be
imported, and what a script of plain Keras takes to its first step. A fit of the same rows again
finds them in the cache. Then tables of 100 and of 1,000 columns are fitted for an epoch, predicted
and exported. Prints the figures, and writes them to benchmarks/results/data.md. Exits with 1 if a
limit is missed; they are the constants below.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

RESULTS = Path(__file__).parent / "results" / "data.md"
COLUMNS = 10_000
"""Rows of the tables of many columns."""
LATER, MEMORY, RATE, SHARE, WIDER, AGAIN = 2.0, 1.2, 300_000, 0.25, 3.0, 1.0
"""The first step comes after so many times reading and import together; in so many GB, the mapped
rows apart; so many rows are prepared in a second, or that share of what pyarrow reads; 1,000
columns take so many times as long as 100; again the first step comes so long after a script's."""
FIRST = """
import os, sys, threading, time
import kbuilder as kb

def resident(what):
    status = open("/proc/self/status").read()
    return int(status.split(what)[1].split()[0]) / 2**20

most = 0.0

def watch():
    global most
    while True:
        most = max(most, resident("RssAnon:"))
        time.sleep(0.01)

threading.Thread(target=watch, daemon=True).start()

class First:
    def step(self, progress):
        print(most + float(sys.argv[3]), flush=True)
        os._exit(0)

recipe = kb.Recipe(
    data=kb.CSV(path=sys.argv[1], target="income"), model="mlp",
    training=kb.Training(epochs=1, batch_size=1024, seed=0),
)
kb.fit(recipe, run_dir=sys.argv[2], listeners=[First()], verbose=False)
"""
PLAIN = """
import os, sys
import keras, numpy as np

x, y = np.load(sys.argv[1]), np.load(sys.argv[2])
layers = [keras.layers.Dense(units, activation="relu") for units in (128, 64)]
model = keras.Sequential([keras.Input(x.shape[1:]), *layers, keras.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy")

class First(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        os._exit(0)

model.fit(x, y, batch_size=1024, verbose=0, callbacks=[First()])
"""
LIBRARIES = """
import tensorflow
print(int(open("/proc/self/status").read().split("RssFile:")[1].split()[0]) / 2**20)
"""
PREPARE = """
import sys, time
import kbuilder as kb
from kbuilder import engine

engine.load_quietly()
began = time.perf_counter()
kb.prepare(kb.Recipe(data=kb.CSV(path=sys.argv[1], target="income"), model="mlp"))
print(time.perf_counter() - began)
"""
READ = """
import sys, time
from pyarrow import csv, parquet

began = time.perf_counter()
(parquet.read_table if sys.argv[1].endswith(".parquet") else csv.read_csv)(sys.argv[1])
print(time.perf_counter() - began)
"""


class Turn(NamedTuple):
    """Seconds of a process, what it printed, and its memory at most, in GB."""

    seconds: float
    said: str
    memory: float


def turn(command: Sequence[str], folder: Path, cache: Path | None = None) -> Turn:
    """Run a command to its end, with a cache or without."""
    began = time.perf_counter()
    kept = {**os.environ, "KBUILDER_CACHE": "none" if cache is None else str(cache)}
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env=kept,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:4])} … ended with {process.returncode}")
    return Turn(time.perf_counter() - began, said, usage.ru_maxrss / 2**20)


def least(turns: Sequence[Turn]) -> Turn:
    """The quickest turn, with what it printed."""
    return min(turns, key=lambda one: one.seconds)


def adult(data: Path, rows: int, folder: Path) -> dict[str, Path]:
    """So many rows of Adult, by the ending of their file."""
    known = csv.read_csv(data / "adult-train.csv")
    drawn = known.take(pa.array(np.random.default_rng(0).integers(0, len(known), rows)))
    files = {ending: folder / f"adult.{ending}" for ending in ("csv", "parquet")}
    csv.write_csv(drawn, files["csv"])
    parquet.write_table(drawn, files["parquet"])
    return files


def wide(columns: int, folder: Path) -> Path:
    """A table of so many columns, a fifth of them of words."""
    random = np.random.default_rng(0)
    table: dict[str, Any] = {
        f"x{n}": random.choice(["a", "b", "c", "d"], COLUMNS) if n % 5 == 0
        else random.normal(size=COLUMNS).round(4)
        for n in range(columns)
    }  # fmt: skip
    table["y"] = np.where(table["x1"] + table["x2"] > 0, "yes", "no")
    path = folder / f"wide{columns}.csv"
    csv.write_csv(pa.table(table), path)
    return path


def of_rows(data: Path, rows: int, rounds: int, folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the table of rows, and what is missed."""
    python = [sys.executable, "-c"]
    lines, missed = [], []
    imported = least([turn([*python, "import tensorflow"], folder) for _ in range(rounds)])
    libraries = turn([*python, LIBRARIES], folder).said.strip()
    plain = least([turn([*python, PLAIN, *arrays(rows, folder)], folder) for _ in range(rounds)])
    for ending, path in adult(data, rows, folder).items():
        first, again, read, prepared = [], [], [], []
        for number in range(rounds):
            cache = folder / f"cache-{ending}-{number}"
            for kind, turns in (("first", first), ("again", again)):
                run = str(folder / f"run-{ending}-{number}-{kind}")
                turns.append(turn([*python, FIRST, str(path), run, libraries], folder, cache))
            read.append(turn([*python, READ, str(path)], folder))
            prepared.append(turn([*python, PREPARE, str(path)], folder))
            shutil.rmtree(cache, ignore_errors=True)
        best, second = least(first), least(again)
        memory = min(float(one.said) for one in first)
        own = min(float(one.said) for one in read)
        rate = rows / min(float(one.said) for one in prepared)
        times = best.seconds / (own + imported.seconds)
        share, later = rate / (rows / own), second.seconds - plain.seconds
        lines.append(
            f"| {ending} | {own:.1f} | {imported.seconds:.1f} | {best.seconds:.1f} | {times:.1f} | "
            f"{memory:.2f} | {rate:,.0f} | {share:.2f} | {second.seconds:.1f} | {later:+.1f} |"
        )
        if times > LATER:
            missed.append(f"{ending}: the first step comes after {times:.1f} times both")
        if memory > MEMORY:
            missed.append(f"{ending}: {memory:.2f} GB up to the first step")
        if ending == "parquet" and rate < RATE and share < SHARE:
            missed.append(f"{ending}: {rate:,.0f} rows are prepared in a second")
        if later > AGAIN:
            missed.append(f"{ending}: again the first step is {later:.1f} s after a script's")
    return lines, missed


def arrays(rows: int, folder: Path) -> list[str]:
    """Files of arrays as large as what Adult becomes, for a script."""
    files = [str(folder / "x.npy"), str(folder / "y.npy")]
    np.save(files[0], np.ones((rows * 8 // 10, 105), np.float32))
    np.save(files[1], np.ones((rows * 8 // 10, 1), np.float32))
    return files


def of_columns(rounds: int, folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the table of columns, and what is missed."""
    found: dict[int, Mapping[str, float]] = {}
    for columns in (100, 1000):
        path, recipe = wide(columns, folder), folder / f"wide{columns}.yaml"
        recipe.write_text(
            f"data: {{path: {path.name}, target: y}}\nmodel: mlp\ntraining: {{epochs: 1}}\n",
            encoding="utf-8",
        )
        kbuilder = [sys.executable, "-m", "kbuilder"]
        seconds: dict[str, list[Turn]] = {"fit": [], "predict": [], "export": []}
        for number in range(rounds):
            run = f"wide-{columns}-{number}"
            seconds["fit"].append(turn([*kbuilder, "fit", recipe.name, "--run-dir", run], folder))
            answers = ["predict", run, path.name, "--output", f"{run}.csv"]
            seconds["predict"].append(turn([*kbuilder, *answers], folder))
            seconds["export"].append(turn([*kbuilder, "export", run, f"{run}-export"], folder))
        found[columns] = {name: least(turns).seconds for name, turns in seconds.items()}
    lines, missed = [], []
    for name, few in found[100].items():
        times = found[1000][name] / few
        lines.append(f"| {name} | {few:.1f} | {found[1000][name]:.1f} | {times:.1f} |")
        if times > WIDER:
            missed.append(f"{name}: 1,000 columns take {times:.1f} times as long as 100")
    return lines, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        rows, late = of_rows(given.data.absolute(), given.rows, given.rounds, Path(folder))
        columns, wider = of_columns(given.rounds, Path(folder))
    missed = [*late, *wider]
    text = "\n".join([
        "# Many rows, many columns", "",
        f"Made by `make bench-data` on {os.cpu_count()} {platform.machine()} cores, Python "
        f"{platform.python_version()}: {given.rows:,} rows of Adult, the least of {given.rounds} "
        "rounds. Memory is what is resident up to the first step, the mapped rows apart. Again: "
        "a second fit of the same rows, which are in the cache; beside a script of plain Keras on "
        "arrays as large.", "",
        "| file | pyarrow reads it, s | TensorFlow's import, s | first step, s | times both | "
        "memory, GB | rows prepared a second | share of pyarrow's | again, s | after a script, s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|", *rows, "",
        f"Commands on {COLUMNS:,} rows, in seconds:", "",
        "| command | 100 columns | 1,000 columns | times |", "|---|---:|---:|---:|", *columns, "",
        *(["Missed:", "", *(f"- {one}" for one in missed)] if missed else ["No limit is missed."]),
    ])  # fmt: skip
    print(text)
    RESULTS.write_text(f"{text}\n", encoding="utf-8")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
