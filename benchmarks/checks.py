"""Faults planted in clean tables: which are found, and what is said of the tables as they are.

    python benchmarks/checks.py DATA

DATA is the folder with penguins.csv, titanic.csv, mpg.csv and tables/. Each fault is planted in a
copy of a table, which is then looked at as a fit does before TensorFlow is there: a finding, a
column that is left out, or an error has to name the fault. Then a million rows of 50 columns are
checked. Prints both, and writes them to benchmarks/results/checks.md.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import kbuilder as kb
from kbuilder.data import checks, dataset
from kbuilder.data.seen import Seen
from kbuilder.errors import KBuilderError, on_one_line

RESULTS = Path(__file__).with_name("results") / "checks.md"
TABLES = {
    "penguins": "species", "titanic": "survived", "mpg": "mpg", "tables/auto-imports": "price",
    "tables/banknote": "forged", "tables/breast-cancer-recurrence": "recurrence",
    "tables/horse-colic": "outcome", "tables/ionosphere": "quality", "tables/phoneme": "oral",
    "tables/pima": "diabetes", "tables/sonar": "object", "tables/wheat-seeds": "kind",
    "tables/wine-quality-red": "quality",
}  # fmt: skip
"""The tables, each with its target."""
RANDOM = np.random.default_rng(0)

Planted = tuple[pd.DataFrame, dict[str, Any]]


def _copied(frame: pd.DataFrame, target: str) -> Planted:
    return frame.assign(planted=frame[target].astype(str).str.upper()), {}


def _noisy(frame: pd.DataFrame, target: str) -> Planted:
    noise = RANDOM.normal(size=len(frame)) * frame[target].std() * 0.01
    return frame.assign(planted=frame[target] + noise), {}


def _summed(frame: pd.DataFrame, target: str) -> Planted:
    share = RANDOM.uniform(0.2, 0.8, len(frame)) * frame[target]
    return frame.assign(planted=share, rest=frame[target] - share), {}


def _repeated(frame: pd.DataFrame, target: str) -> Planted:
    return pd.concat([frame, frame.sample(frac=0.4, random_state=0)]), {}


def _in_capitals(frame: pd.DataFrame, target: str) -> Planted:
    words = frame[target].astype(str)
    return frame.assign(
        **{target: words.where(RANDOM.random(len(frame)) < 0.7, words.str.upper())}
    ), {}


def _far(frame: pd.DataFrame, target: str) -> Planted:
    column = next(name for name in frame if name != target and frame[name].dtype.kind == "f")
    values = frame[column].to_numpy(copy=True)
    values[RANDOM.permutation(len(frame))[:3]] = 1e9
    return frame.rename(columns={column: "planted"}).assign(planted=values), {}


def _rare(frame: pd.DataFrame, target: str) -> Planted:
    words = frame[target].astype(str).to_numpy(dtype=object)
    words[0] = "planted"
    return frame.assign(**{target: words}), {}


def _none(frame: pd.DataFrame, target: str) -> Planted:
    words = frame[target].astype(str).to_numpy(dtype=object)
    words[RANDOM.random(len(frame)) < 0.3] = "None"
    return frame.assign(**{target: words}), {}


def _words(frame: pd.DataFrame, target: str) -> Planted:
    words = frame[target].astype(str).to_numpy(dtype=object)
    words[:5] = "on request"
    return frame.assign(**{target: words}), {}


def _dirty(frame: pd.DataFrame, target: str) -> Planted:
    words = RANDOM.integers(0, 90, len(frame)).astype(str).astype(object)
    words[::40] = "not measured"
    return frame.assign(planted=words), {}


def _commas(frame: pd.DataFrame, target: str) -> Planted:
    numbers = RANDOM.uniform(0, 100, len(frame)).round(2)
    return frame.assign(planted=[str(n).replace(".", ",") for n in numbers]), {}


def _parted(frame: pd.DataFrame, target: str) -> Planted:
    return frame.assign(planted=RANDOM.choice(["train", "test"], len(frame), p=[0.8, 0.2])), {}


def _shifted(frame: pd.DataFrame, target: str) -> Planted:
    column = next(name for name in frame if name != target and frame[name].dtype.kind == "f")
    frame = frame.rename(columns={column: "planted"}).sample(frac=1, random_state=0)
    half = len(frame) // 2
    test = frame.iloc[half:].assign(planted=lambda f: f["planted"] + 3 * f["planted"].std())
    return frame.iloc[:half], {"test_frame": test}


def _groups(frame: pd.DataFrame, target: str) -> Planted:
    frame = frame.assign(planted=RANDOM.integers(0, 40, len(frame)))
    split = kb.Group(column="planted")
    return frame.iloc[::2], {"test_frame": frame.iloc[1::2], "split": split}


def _backwards(frame: pd.DataFrame, target: str) -> Planted:
    frame = frame.assign(planted=np.arange(len(frame)))
    split = kb.Time(column="planted")
    return frame.iloc[::2], {"test_frame": frame.iloc[1::2], "split": split}


def _column(make: Callable[[int], Any]) -> Callable[[pd.DataFrame, str], Planted]:
    return lambda frame, target: (frame.assign(planted=make(len(frame))), {})


def _arrays(kind: str, n: int) -> list[np.ndarray]:
    """Sequences of 12 steps of 3 numbers with a fault in them."""
    arrays = RANDOM.normal(size=(n, 12, 3)).astype(np.float32)
    if kind == "empty":
        arrays[..., 1] = np.nan
    elif kind == "constant":
        arrays[..., 1] = 7
    elif kind == "alike":
        arrays[:] = arrays[0]
    else:
        arrays[RANDOM.permutation(n)[:2], 5, 1] = 1e9
    return list(arrays)


def _pictures(n: int) -> list[bytes]:
    """PNG files of one picture, which differ by a text in them."""
    files = []
    for number in range(n):
        said = PngInfo()
        said.add_text("number", str(number))
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((8, 8)).save(buffer, "PNG", pnginfo=said)
        files.append(buffer.getvalue())
    return files


FAULTS: dict[str, tuple[str, Callable[[pd.DataFrame, str], Planted]]] = {
    "a column equal to the target, in capitals": ("penguins", _copied),
    "a column that is the target with 1 % of noise": ("mpg", _noisy),
    "two columns whose sum is the target": ("tables/auto-imports", _summed),
    "two rows of five twice": ("tables/banknote", _repeated),
    "labels in two spellings": ("penguins", _in_capitals),
    "three values of 1e9": ("tables/pima", _far),
    "a class of one row": ("tables/wheat-seeds", _rare),
    "a class that is called None": ("tables/breast-cancer-recurrence", _none),
    "a price 'on request' among numbers": ("tables/auto-imports", _words),
    "words among the numbers of a column": ("tables/wine-quality-red", _dirty),
    "decimal commas": ("tables/phoneme", _commas),
    "an empty column": ("tables/sonar", _column(lambda n: [None] * n)),
    "a constant column": ("tables/ionosphere", _column(lambda n: ["same"] * n)),
    "the numbers of the rows": ("tables/wheat-seeds", _column(np.arange)),
    "the same in any order": ("tables/pima", _column(lambda n: RANDOM.permutation(n) + 1)),
    "ids of nine digits": ("tables/banknote", _column(
        lambda n: RANDOM.choice(10**9, n, replace=False))),
    "ids of letters and digits": ("mpg", _column(
        lambda n: [f"C-{k:06d}" for k in RANDOM.permutation(10**6)[:n]])),
    "a column that says train or test": ("tables/phoneme", _parted),
    "a column that is another in the test rows": ("tables/wine-quality-red", _shifted),
    "groups in training and in the test": ("tables/pima", _groups),
    "test rows that are not later": ("tables/banknote", _backwards),
    "a channel of sequences without a number": ("tables/pima", _column(
        lambda n: _arrays("empty", n))),
    "a channel of sequences with one number": ("tables/pima", _column(
        lambda n: _arrays("constant", n))),
    "two numbers of 1e9 in sequences": ("tables/pima", _column(lambda n: _arrays("far", n))),
    "arrays that are all the same": ("tables/pima", _column(lambda n: _arrays("alike", n))),
    "pictures that are the same once decoded": ("tables/wheat-seeds", _column(_pictures)),
}  # fmt: skip
"""By what it is: the table, and how it is planted. A column of its own is called "planted"."""
SAID = {
    "two rows of five twice": "stand in the training rows too",
    "labels in two spellings": "spellings",
    "a class of one row": "'planted'", "a class that is called None": "'None'",
    "a price 'on request' among numbers": "'on request'",
    "a column that is another in the test rows": "is another in the test rows",
    "groups in training and in the test": "groups of planted",
    "test rows that are not later": "not later",
}  # fmt: skip
"""What has to be in the message; left out: the planted column."""


def look(frame: pd.DataFrame, target: str, **given: Any) -> list[str]:
    """What is said of a table: findings, columns left out, or the error."""
    if "missing" not in given and not frame[target].astype(str).eq("None").any():
        given["missing"] = ("?",)
    data = kb.Frame(frame=frame.reset_index(drop=True), target=target, **given)
    try:
        looked = dataset.look(kb.Recipe(data=data))
    except KBuilderError as error:
        return ["refused: " + on_one_line(str(error).splitlines()[0])]
    said = [finding.message for finding in looked.findings]
    return said + [
        f"column {d.key[1]!r} is left out: {d.reason}"
        for d in looked.resolved.decisions
        if d.value == "ignored" and d.key[1] not in data.split.keys
    ]


def checked(rows: int = 1_000_000, columns: int = 50) -> tuple[float, float]:
    """Seconds that a large table takes to be looked at, and those of the checks alone."""
    frame = pd.DataFrame({
        f"c{n}": RANDOM.normal(size=rows) if n % 3 else RANDOM.choice(list("abcdefgh"), rows)
        for n in range(columns)
    })  # fmt: skip
    frame["y"] = RANDOM.choice(["yes", "no"], rows)
    start = time.perf_counter()
    looked = dataset.look(kb.Recipe(data=kb.Frame(frame=frame, target="y")))
    middle = time.perf_counter()
    checks.check(Seen(looked.resolved.recipe, looked.parts, looked.targets, own_test=False))
    return middle - start, time.perf_counter() - middle


def main() -> None:
    """Plant, look, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    lines = [
        "# What the checks find", "", "Made by `make bench-checks DATA=FOLDER`.", "",
        "| fault | in | found | what is said |", "|---|---|---|---|",
    ]  # fmt: skip
    found = 0
    for fault, (table, plant) in FAULTS.items():
        target = TABLES[table]
        clean = look(pd.read_csv(given.data / f"{table}.csv"), target)
        frame, own = plant(pd.read_csv(given.data / f"{table}.csv"), target)
        said = look(frame, target, **own)
        word = SAID.get(fault, "column 'planted'" if fault[:3] != "two" else "planted")
        new = [text for text in said if text not in clean and word in text]
        found += bool(new)
        short = new[0][:110].replace("|", "\\|") if new else ""
        lines.append(f"| {fault} | {table} | {'yes' if new else '**no**'} | {short} |")
    lines += [
        "",
        f"{found} of {len(FAULTS)} found.",
        "",
        "| clean table | what is said |",
        "|---|---|",
    ]
    for table, target in TABLES.items():
        said = look(pd.read_csv(given.data / f"{table}.csv"), target)
        lines.append(f"| {table} | {'; '.join(text[:110] for text in said) or 'nothing'} |")
    whole, alone = checked()
    lines += ["", f"A million rows of 50 columns are looked at in {whole:.1f} s, the checks alone"]
    lines += [f"take {alone:.1f} s."]
    print("\n".join(lines))
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
