"""Files that are whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder.errors import CallError, KBuilderError, neighbour

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 1_000_000
"""The size of a file that a person writes by hand, at most."""
AT_WORK = ".at-work"
"""The file of a folder that the process at work on it holds locked."""


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its name when all went well.

    Raises:
        CallError: if `path` is there already, other than as an empty folder.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise CallError(f"{path} is there already. Expected a name that is free.")
    made = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        for file in temporary.rglob("*"):
            if file.is_file():
                sync(file)
        if path.is_dir():
            path.rmdir()
        temporary.rename(path)
        try:
            sync(path.parent)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):  # another run may be at work there
            for parent in made:
                parent.rmdir()
        raise


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its name, and its place, when all went well."""
    with partial(path) as temporary:
        yield temporary
        settle(temporary, path)


@contextlib.contextmanager
def partial(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`; it is gone afterwards, if it has not been settled."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def settle(temporary: Path, path: Path) -> None:
    """Give a finished temporary file its name, and its place, once it is on the disk."""
    temporary.chmod(0o644)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def read_text(path: Path, expected: str, hint: str = "") -> str:
    """The text of a small file that a person wrote.

    Args:
        path: The file.
        expected: What it should be, for messages: "the YAML file of a recipe".
        hint: Where such files are found.

    Raises:
        CallError: if there is no such file, or it is no text of at most `MOST_BYTES`.
    """
    if path.is_dir():
        raise CallError(f"{path} is a folder. Expected {expected}.")
    if path.exists() and not path.is_file():  # a pipe may never end, and a device neither
        raise CallError(f"{path} is no regular file. Expected {expected}.")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        hint = hint and f"; {hint}"
        raise CallError(
            f"there is no file {path}. Expected {expected}{hint}.", suggestion=neighbour(path)
        ) from None
    except OSError as error:
        raise CallError(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        raise CallError(
            f"{path} is larger than {MOST_BYTES // 1_000_000} MB. Expected {expected}; data "
            "belongs into a file of its own."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CallError(f"{path} is not UTF-8 text (byte {error.start}).") from None


@contextlib.contextmanager
def ours(what: object, kind: type[KBuilderError], mend: str) -> Iterator[None]:
    """While what somebody else may have written is read: whatever is wrong with it is said.

    Hashes tell damage. Who alters a file together with its hash is refused here.

    Args:
        what: The file or folder.
        kind: The error; what raises it has said it already.
        mend: What to do.
    """
    try:
        yield
    except kind:
        raise
    except OSError as error:  # a file goes while it is looked at
        raise kind(f"{what} cannot be read: {error}.") from error
    except Exception as error:  # a parser raises whatever one of its values happens to
        lines = str(error).strip().splitlines() or [type(error).__name__]
        # Keras adds how to load what runs code.
        reason = f"{type(error).__name__}: {lines[0].partition('. ')[0].rstrip('.')[:300]}"
        raise kind(
            f"{what} is not as kbuilder wrote it, though its hashes match: {reason}. {mend}"
        ) from error


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While it lasts no other process is at work on the folder; a killed one leaves no trace.

    Raises:
        CallError: if another process is.
    """
    with (folder / AT_WORK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CallError(
                f"another process is at work on {folder}. Wait for it, or end it first."
            ) from None
        except OSError:  # some file systems have no locks
            pass
        yield


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write a CSV file with a header, of rows that all have the columns of the first.

    It is whole at any moment, but not waited for until it is on the disk.
    """
    with partial(path) as temporary:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        temporary.chmod(0o644)
        temporary.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file, for people to read too."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame; whole numbers as what each differs by from the one before, categoricals as
    what they stand for."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    whole = [field.name for field in table.schema if pa.types.is_int64(field.type)]
    parquet.write_table(
        table, path, compression="zstd",
        use_dictionary=[name for name in table.column_names if name not in whole],
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED") or None, store_schema=False,
    )  # fmt: skip


def read_parquet(path: Path) -> pd.DataFrame:
    """The frame of a Parquet file."""
    from pyarrow import parquet

    return parquet.read_table(path, memory_map=False).to_pandas()


def hashes(folder: Path, leave_out: tuple[str, ...] = ()) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by its path there."""
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name not in leave_out:
            found[name] = sha256(file)
    return found


def hashes_in(file: Path) -> dict[str, str]:
    """The hashes that a file of JSON lists under `sha256`, by path.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it lists none.
    """
    known = read_json(file)
    listed = known.get("sha256") if isinstance(known, dict) else None
    if not isinstance(listed, dict) or not listed:
        raise ValueError(f"{file} lists no hashes")
    return listed


def sha256(file: Path) -> str:
    """SHA-256 of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have the system write to the disk what it holds in memory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
