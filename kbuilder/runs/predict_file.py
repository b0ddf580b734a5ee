"""Predictions of any number of rows into a file, part by part.

Until the output is whole, what has been predicted is in a folder beside it, `<output>.unfinished`:
`predictions`, which grows by a part at a time, and `journal.json`, which says how much of it
counts, and what it was predicted from. Both are on the disk before the next part begins. So a
process that is killed at any moment leaves a beginning to resume from, and nothing under the
output's name.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kbuilder import __version__, files, signals
from kbuilder.columns import Columns
from kbuilder.console import Console
from kbuilder.contracts import Form, Wide
from kbuilder.errors import CallError, DataError, Interrupted, KBuilderError, listed
from kbuilder.runs import under_way
from kbuilder.runs.predicted_csv import UTF8, check_encoding
from kbuilder.runs.predicted_ways import WAYS
from kbuilder.tables import several
from kbuilder.tables.keeping import Keep
from kbuilder.tables.table import Part, Table

if TYPE_CHECKING:
    import pandas as pd

SIZES: dict[Form, int] = {
    "vector": 32_768,
    "text": 8_192,
    "sequence": 2_048,
    "image": 1_024,
    "video": 64,
}
"""The rows of a part by the largest of its features: some MB as text, and some tenths of a second.

They are multiples of the rows of a batch, so that each row has the company that it has in the
whole, and a number that is equal to the last bit.
"""
FEWEST = 1_024
"""The rows of the smallest part."""
NUMBERS = 2**25
"""Numbers that the long vectors of a part become: 128 MB."""


def rows_per_part(columns: Columns) -> int:
    """How many rows are read, predicted and written at a time."""
    rows = min(SIZES[feature.form] for feature in columns.features.values())
    wide = [f.width for f in columns.features.values() if isinstance(f, Wide)]
    if not wide:
        return rows
    return min(rows, max(FEWEST, NUMBERS // max(1, sum(wide)) // FEWEST * FEWEST))


@dataclass(frozen=True)
class Job:
    """What is predicted, by what, and where to.

    Args:
        data: The files, folders or patterns of the rows.
        output: The file of the predictions, which ends in one of `WAYS`.
        run: What tells the run from others.
        parts: The rows from a given one on, counted from 0.
        predict: The predictions of some rows.
        again: The command that resumes it.
        safe: Keep words in CSV from being formulas in a spreadsheet.
        keep: The columns of the rows that are carried over.
        encoding: Of CSV.
        explain: Whether answers are explained, or what of them is.
    """

    data: tuple[Path, ...]
    output: Path
    run: str
    parts: Callable[[int], Iterator[Part]]
    predict: Callable[[Table], pd.DataFrame]
    again: str
    safe: bool = False
    keep: Keep = ()
    encoding: str = UTF8
    explain: bool | str = False


@dataclass(frozen=True)
class Journal:
    """How far a prediction has come.

    Args:
        of: What it is made from: with anything else a prediction begins anew.
        rows: Rows that are predicted.
        size: Bytes of `predictions` that hold them.
        whole: Whether these are all rows.
    """

    of: Mapping[str, str]
    rows: int = 0
    size: int = 0
    whole: bool = False


def check(output: Path | None, encoding: str = UTF8) -> None:
    """Refuse an output that could not be written at the end.

    Args:
        output: The file; None: CSV to stdout.
        encoding: The encoding that is asked for.

    Raises:
        CallError: if its ending is none of those known, it is a folder, or its encoding is none.
    """
    if output is not None and output.suffix.lower() not in WAYS:
        *endings, last = WAYS
        raise CallError(
            f"{output} is no name of a file of predictions. Expected one that ends in "
            f"{', '.join(endings)} or {last}."
        )
    if output is not None and output.is_dir():
        raise CallError(f"{output} is a folder. Expected the name of a file.")
    check_encoding(encoding)
    if output is not None and output.suffix.lower() != ".csv" and encoding != UTF8:
        raise CallError(f"{output} has no encoding to choose. Expected --encoding with CSV alone.")


def write(job: Job, console: Console) -> int:
    """Predict all rows into the output, which takes its name when it is whole.

    Returns:
        The number of rows.

    Raises:
        CallError: if the output cannot be, or another process is at work on it.
        DataError: if the rows cannot be predicted, or are others in the end than they were.
        Interrupted: by SIGINT or SIGTERM; what has been predicted is kept.
    """
    check(job.output, job.encoding)
    of = _made_from(job)
    stopped: list[int] = []

    def stop(number: int) -> None:
        """Raised at any place, as a process may be killed at any."""
        stopped.append(number)
        raise KeyboardInterrupt

    try:
        with (
            closing(console),
            under_way.folder(job.output, _resumable) as folder,
            signals.guard(stop),
        ):
            journal = _predict(job, folder, _begin(folder, of, console), console)
            if _made_from(job) != of:
                raise DataError(
                    f"{_named(job)} was changed while it was predicted. "
                    "Expected rows that stay as they are. Predict them again."
                )
            journal = _put(folder, replace(journal, whole=True))
            WAYS[job.output.suffix.lower()].finish(folder, job.output)
    except KeyboardInterrupt:
        if not stopped:
            raise
        kept = _kept(under_way.unfinished(job.output))
        done = f"{kept.rows if kept else 0:,} rows"
        raise Interrupted(stopped[0], done, job.again if kept else None) from None
    return journal.rows


def save(frame: pd.DataFrame, output: Path) -> None:
    """Write answers that are all there into a file, whole or not at all.

    Raises:
        CallError: if its name says no kind of file.
    """
    check(output)
    way = WAYS[output.suffix.lower()]
    with TemporaryDirectory(prefix=".kbuilder-", dir=output.absolute().parent) as name:
        folder = Path(name)
        (folder / "predictions").write_bytes(way.encode(frame, True, False, UTF8))
        way.finish(folder, output)


def _resumable(folder: Path, error: BaseException) -> bool:
    """Whether to keep what was predicted; rows or a run that had to be fixed are others."""
    return not isinstance(error, KBuilderError) and _kept(folder) is not None


def _predict(job: Job, folder: Path, journal: Journal, console: Console) -> Journal:
    """Predict what is left, a part at a time, and say how far it has come."""
    if journal.whole:
        return journal
    way = WAYS[job.output.suffix.lower()]
    began, before = time.monotonic(), journal.rows
    with (folder / "predictions").open("r+b" if journal.rows else "wb") as file:
        file.truncate(journal.size)  # a part may have been half written
        file.seek(journal.size)
        for table, share in job.parts(journal.rows):
            rows = journal.rows + len(table)
            if way.most is not None and rows > way.most:
                raise DataError(
                    f"{job.output} has room for {way.most:,} rows, and {_named(job)} has more. "
                    "Expected an output in CSV or Parquet."
                )
            file.write(way.encode(job.predict(table), not journal.rows, job.safe, job.encoding))
            file.flush()
            os.fsync(file.fileno())
            journal = _put(folder, replace(journal, rows=rows, size=file.tell()))
            console.predicted(rows, share, (rows - before) / (time.monotonic() - began))
    return journal


def _begin(folder: Path, of: Mapping[str, str], console: Console) -> Journal:
    """From where to resume: the journal of what is there, or a new one."""
    kept = _kept(folder)
    if kept is not None:
        others = [name for name in of if of[name] != kept.of.get(name)]
        if not others:
            console.say(f"resuming after {kept.rows:,} rows")
            return kept
        console.say(
            f"beginning anew: {listed(others)} changed since {kept.rows:,} rows were predicted"
        )
    (folder / "journal.json").unlink(missing_ok=True)  # before what it counts is written over
    return Journal(of)


def _kept(folder: Path) -> Journal | None:
    """The journal of what has been predicted; None, if nothing has, or it is damaged."""
    try:
        text = (folder / "journal.json").read_text(encoding="utf-8")
        journal = Journal(**json.loads(text))
        sound = (folder / "predictions").stat().st_size >= journal.size
    except (OSError, ValueError, TypeError):
        return None
    return journal if sound else None


def _put(folder: Path, journal: Journal) -> Journal:
    """Write the journal, in place of the one before."""
    with files.new_file(folder / "journal.json") as file:
        file.write_text(json.dumps(asdict(journal), indent=2) + "\n", encoding="utf-8")
    return journal


def _made_from(job: Job) -> dict[str, str]:
    """What a prediction is made from, each by the name that is printed."""
    return {
        "the rows": " ".join(f"{path.absolute()} {_stamp(path, job)}" for path in job.data),
        "the run": job.run,
        "--safe-csv": str(job.safe),
        "--keep": json.dumps(list(job.keep)),
        "--encoding": job.encoding,
        "--explain": str(job.explain),
        "kbuilder": __version__,
        "tensorflow": version("tensorflow"),
    }


def _named(job: Job) -> str:
    """What a message calls the rows."""
    return listed(map(str, job.data), 3)


def _stamp(path: Path, job: Job) -> str:
    """What changes with a file, or with any of a folder or a pattern: names, sizes and times."""
    path, output = path.absolute(), job.output.absolute()
    ours = {output, under_way.unfinished(output)}  # which may be put among the rows
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else several.matching(path) or [path]:
        with suppress(OSError):  # the reading tells that it is not there
            if file.is_file() and not ours & {file, *file.parents}:
                seen = file.stat()
                name = str(file.relative_to(path)) if path.is_dir() else file.name
                digest.update(f"{name!r} {seen.st_size} {seen.st_mtime_ns}".encode())
    return digest.hexdigest()
