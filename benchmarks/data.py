"""How soon a fit of many rows, or of many columns, takes its first step, and in how much memory.

    python benchmarks/data.py DATA [--rows N] [--rounds N] [--parts PART …] [--most N]

DATA is the folder of the recipes' data. Rows of Adult are drawn again and again into a CSV and a
Parquet file. Each figure is of a process of its own, the least of the rounds, since machines are
shared; it is told beside what pyarrow takes to read the same file, what TensorFlow takes to be
imported, and what a script of plain Keras takes to its first step. A fit of the same rows again
finds them in the cache. Tables of 100 and of 1,000 columns are fitted for an epoch, predicted and
exported, and those of 5,000 fitted. Tables of numbers, categories and a text, of two numbers of
rows, are prepared, and what more rows take of memory is told for each row. Small JPEG files are
prepared, beside what a pool of threads takes to decode them. Parts of it are `rows`, `columns`,
`widest`, `memory`, `pictures` and `most`, which is made if it is asked for: so many rows of
numbers, categories and a text are fitted for an epoch. Prints the figures, and writes them to
benchmarks/results/data.md. Exits with 1 if a limit is missed; they are the constants below.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

RESULTS = Path(__file__).parent / "results" / "data.md"
COLUMNS = 10_000
"""Rows of the tables of many columns."""
WIDEST, MINUTE = 5000, 60.0
"""Columns of the widest tables, and the seconds in which a fit of them is done."""
MANY, MILLIONS, LARGEST = (1_000_000, 2_000_000, 4_000_000), 50, 2.5
"""Rows of the tables whose memory is measured; the millions of rows it is reckoned for, and the GB
that these may take."""
PICTURES, DECODED = 20_000, 0.8
"""JPEG files, and the share of the rate of decoding alone at which they are prepared."""
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
WATCHED = """
import sys, threading, time
import kbuilder as kb

most = 0.0

def watch():
    global most
    while True:
        status = open("/proc/self/status").read()
        most = max(most, int(status.split("RssAnon:")[1].split()[0]) / 2**20)
        time.sleep(0.01)

threading.Thread(target=watch, daemon=True).start()
"""
"""Follows `most`, the gigabytes of a process's own that it has taken so far."""
PEAK = f"""{WATCHED}kb.prepare(kb.Recipe(data=kb.CSV(path=sys.argv[1], target="y"), model="mlp"))
print(most)
"""
MOST = f"""{WATCHED}
places = dict()

class Times:
    def step(self, progress):
        places.setdefault("first", (time.perf_counter(), most))
        places["last"] = (time.perf_counter(), most)

    def epoch(self, figures):
        return False

began = time.perf_counter()
recipe = kb.Recipe(
    data=kb.CSV(path=sys.argv[1], target="y"), model="mlp",
    training=kb.Training(epochs=1, batch_size=16384, seed=0),
)
kb.fit(recipe, run_dir=sys.argv[2], listeners=[Times()], verbose=False)
for ended, peak in (*places.values(), (time.perf_counter(), most)):
    print(ended - began, peak)
"""
DECODE = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import kbuilder as kb
from kbuilder import engine

engine.load_quietly()
import tensorflow as tf

files = sorted(Path(sys.argv[1]).glob("*/*.jpg"))
recipe = kb.Recipe(data=kb.ImageFolder(path=sys.argv[1]), model="cnn")
began = time.perf_counter()
with ThreadPoolExecutor(os.cpu_count()) as pool:
    sum(1 for _ in pool.map(lambda file: tf.io.decode_jpeg(file.read_bytes()), files))
alone = time.perf_counter() - began
began = time.perf_counter()
rows = kb.prepare(recipe).rows["train"][0]
print(alone, time.perf_counter() - began, next(iter(rows.values())).dtype.name)
"""
READ = """
import sys, time
from pyarrow import csv, parquet

began = time.perf_counter()
(parquet.read_table if sys.argv[1].endswith(".parquet") else csv.read_csv)(sys.argv[1])
print(time.perf_counter() - began)
"""


PARTS = {
    "rows": """
{rows:,} rows of Adult. Memory is what is resident up to the first step, the mapped rows apart.
Again: a second fit of the same rows, which are in the cache; beside a script of plain Keras on
arrays as large.

| file | pyarrow reads it, s | TensorFlow's import, s | first step, s | times both | memory, GB | \
rows prepared a second | share of pyarrow's | again, s | after a script, s |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|""",
    "columns": f"""
Commands on {COLUMNS:,} rows, in seconds:

| command | 100 columns | 1,000 columns | times |
|---|---:|---:|---:|""",
    "widest": f"""
A fit of {WIDEST:,} columns and {COLUMNS:,} rows, from the command to the finished run:

| file | seconds | resident memory, GB |
|---|---:|---:|""",
    "memory": """
Rows of eight numbers, five categories and a text of five words, from Parquet, until they are
prepared, with a cache. Anonymous memory at most, in GB:

| rows | memory |
|---|---:|""",
    "most": """
{most:,} such rows, fitted for an epoch; memory as above, at most up to there:

| up to | seconds | memory, GB |
|---|---:|---:|""",
    "pictures": f"""
{PICTURES:,} grey JPEG files of 28 × 28 pixels in a folder: looked at, learned of, and prepared.

| decoded by all cores, a second | prepared, a second | share | epoch 2 waits for the decoder |
|---:|---:|---:|---|""",
}
"""What stands above the figures of each part."""


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


def wide(columns: int, folder: Path, ending: str = "csv") -> Path:
    """A table of so many columns, a fifth of them of words."""
    random = np.random.default_rng(0)
    table: dict[str, Any] = {
        f"x{n}": random.choice(["a", "b", "c", "d"], COLUMNS) if n % 5 == 0
        else random.normal(size=COLUMNS).round(4)
        for n in range(columns)
    }  # fmt: skip
    table["y"] = np.where(table["x1"] + table["x2"] > 0, "yes", "no")
    path = folder / f"wide{columns}.{ending}"
    (csv.write_csv if ending == "csv" else parquet.write_table)(pa.table(table), path)
    return path


def mixed(rows: int, folder: Path) -> Path:
    """A Parquet file of eight numbers, five categories and a text of five words."""
    path, at_once = folder / f"mixed{rows}.parquet", 500_000
    words = np.array([f"word{number}" for number in range(2000)])
    writer = None
    for first in range(0, rows, at_once):
        count = min(at_once, rows - first)
        random = np.random.default_rng(first)
        table: dict[str, Any] = {f"x{n}": random.normal(size=count).round(4) for n in range(8)}
        table |= {
            f"c{n}": np.array([f"kind{k}" for k in range(5 * (n + 1))])[
                random.integers(0, 5 * (n + 1), count)
            ]
            for n in range(5)
        }
        drawn = words[random.zipf(1.5, (count, 5)).clip(1, len(words)) - 1]
        table["text"] = [" ".join(row) for row in drawn.tolist()]
        table["y"] = np.where(table["x0"] + random.normal(size=count) > 0, "yes", "no")
        made = pa.table(table)
        writer = writer or parquet.ParquetWriter(path, made.schema)
        writer.write_table(made)
    assert writer is not None, "there are rows"
    writer.close()
    return path


def pictures(folder: Path) -> Path:
    """Small grey JPEG files in a folder for each of ten classes."""
    from PIL import Image

    random = np.random.default_rng(0)
    for number in range(PICTURES):
        place = folder / "pictures" / str(number % 10)
        place.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(random.integers(0, 256, (7, 7), dtype=np.uint8))
        small.resize((28, 28)).save(place / f"{number}.jpg", quality=90)
    return folder / "pictures"


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


def of_widest(rounds: int, folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the tables of most columns, and what is missed."""
    lines, missed = [], []
    for ending in ("csv", "parquet"):
        path, recipe = wide(WIDEST, folder, ending), folder / f"widest-{ending}.yaml"
        recipe.write_text(
            f"data: {{path: {path.name}, target: y}}\nmodel: mlp\ntraining: {{epochs: 1}}\n",
            encoding="utf-8",
        )
        fit = [sys.executable, "-m", "kbuilder", "fit", recipe.name, "--run-dir"]
        best = least([turn([*fit, f"widest-{ending}-{n}"], folder) for n in range(rounds)])
        lines.append(f"| {ending} | {best.seconds:.1f} | {best.memory:.2f} |")
        if best.seconds > MINUTE:
            missed.append(f"{ending}: a fit of {WIDEST:,} columns takes {best.seconds:.0f} s")
    return lines, missed


def of_memory(folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the table of memory, and what is missed."""
    peaks = []
    for rows in MANY:
        cache = folder / f"cache-mixed-{rows}"
        command = [sys.executable, "-c", PEAK, str(mixed(rows, folder))]
        peaks.append(float(turn(command, folder, cache).said.split()[-1]))
        shutil.rmtree(cache, ignore_errors=True)
    each = float(np.polyfit(MANY, peaks, 1)[0])  # GB
    all_ = peaks[-1] + each * (MILLIONS * 10**6 - MANY[-1])
    lines = [f"| {rows:,} | {peak:.2f} |" for rows, peak in zip(MANY, peaks, strict=True)]
    lines.append(f"| each row more | {each * 2**30:,.0f} bytes |")
    lines.append(f"| {MILLIONS} million, reckoned | {all_:.1f} |")
    return lines, (
        [f"{MILLIONS} million rows would take {all_:.1f} GB to prepare"] if all_ > LARGEST else []
    )  # fmt: skip


def of_most(rows: int, folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the table of a fit of many rows, and what is missed."""
    command = [sys.executable, "-c", MOST, str(mixed(rows, folder)), str(folder / "most")]
    said = turn(command, folder, folder / "cache-most").said.split()
    pairs = list(zip(map(float, said[::2]), map(float, said[1::2]), strict=True))
    names = ("the first step", "the last step", "the finished run")
    lines = [
        f"| {name} | {seconds:,.0f} | {peak:.2f} |"
        for name, (seconds, peak) in zip(names, pairs, strict=True)
    ]
    peak = pairs[-1][1]
    missed = f"a fit of {rows:,} rows takes {peak:.2f} GB"
    return lines, [missed] if peak > LARGEST else []


def of_pictures(rounds: int, folder: Path) -> tuple[list[str], list[str]]:
    """The line of the table of pictures, and what is missed."""
    path = str(pictures(folder))
    said = [turn([sys.executable, "-c", DECODE, path], folder).said.split() for _ in range(rounds)]
    alone, prepared = (min(float(one[place]) for one in said) for place in (0, 1))
    kept = said[0][2] == "uint8"
    waits = "0, decoded bytes are kept" if kept else "not measured"
    share = alone / prepared
    line = f"| {PICTURES / alone:,.0f} | {PICTURES / prepared:,.0f} | {share:.2f} | {waits} |"
    missed = f"pictures are prepared at {share:.2f} of the rate at which they are decoded"
    return [line], [missed] if share < DECODED else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    usual = [part for part in PARTS if part != "most"]
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=usual)
    parser.add_argument("--most", type=int, default=MILLIONS * 10**6, help="rows of that part")
    parser.add_argument("--note", default="", help="what is said of the machine, in the results")
    given = parser.parse_args()
    text = [
        "# Many rows, many columns", "",
        f"Made by `make bench-data` on {os.cpu_count()} {platform.machine()} cores, Python "
        f"{platform.python_version()}, the least of {given.rounds} rounds. {given.note}".strip(),
    ]  # fmt: skip
    missed: list[str] = []
    with TemporaryDirectory() as folder:
        place, data = Path(folder), given.data.absolute()
        work: dict[str, Callable[[], tuple[list[str], list[str]]]] = {
            "rows": lambda: of_rows(data, given.rows, given.rounds, place),
            "columns": lambda: of_columns(given.rounds, place),
            "widest": lambda: of_widest(given.rounds, place),
            "memory": lambda: of_memory(place),
            "most": lambda: of_most(given.most, place),
            "pictures": lambda: of_pictures(given.rounds, place),
        }
        for part in given.parts:
            lines, late = work[part]()
            missed += late
            text += [PARTS[part].format(rows=given.rows, most=given.most), *lines]
    text += ["", "Missed:", "", *(f"- {one}" for one in missed)] if missed else [
        "", "No limit is missed."
    ]  # fmt: skip
    content = "\n".join(text)
    print(content)
    RESULTS.write_text(f"{content}\n", encoding="utf-8")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
