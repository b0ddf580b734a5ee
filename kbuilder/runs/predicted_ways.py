"""How predictions are kept while they come, and become a file of their kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import files
from kbuilder.runs import predicted_excel
from kbuilder.runs.predicted_csv import to_csv
from kbuilder.runs.predicted_lines import to_lines

if TYPE_CHECKING:
    import pandas as pd


GROUP = 2**18
"""The rows of a group in a Parquet file."""


@dataclass(frozen=True)
class Way:
    """How predictions are kept, and become a file of their kind.

    Args:
        encode: Called with predictions, whether they are the first, and `safe_csv` and `encoding`
            of `Run.predict_file`; gives their bytes.
        finish: Makes the output from the folder of all bytes.
        most: The rows that it has room for; None: any number.
    """

    encode: Callable[[pd.DataFrame, bool, bool, str], bytes]
    finish: Callable[[Path, Path], None]
    most: int | None = None


def _as_csv(frame: pd.DataFrame, first: bool, safe: bool, encoding: str) -> bytes:
    return to_csv(frame, first, safe, encoding)


def _as_lines(frame: pd.DataFrame, first: bool, safe: bool, encoding: str) -> bytes:
    return to_lines(frame)


def _settle(folder: Path, output: Path) -> None:
    files.settle(folder / "predictions", output)


def _as_arrow(frame: pd.DataFrame, first: bool, safe: bool, encoding: str) -> bytes:
    """A batch of an Arrow stream, which can be cut anywhere between two."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    [batch] = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
    head = batch.schema.serialize().to_pybytes() if first else b""
    return head + batch.serialize().to_pybytes()


def _to_parquet(folder: Path, output: Path) -> None:
    """Copy the Arrow stream into a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    joined = folder / "joined"
    with (
        pa.ipc.open_stream(folder / "predictions") as batches,
        parquet.ParquetWriter(joined, batches.schema) as file,
    ):
        held: list[Any] = []
        for batch in batches:
            held.append(batch)
            if sum(map(len, held)) >= GROUP:
                file.write_table(pa.Table.from_batches(held), GROUP)
                held = []
        if held:
            file.write_table(pa.Table.from_batches(held), GROUP)
    files.settle(joined, output)


def _to_excel(folder: Path, output: Path) -> None:
    """Copy the Arrow stream into a sheet."""
    import pyarrow as pa

    with files.partial(output) as file, pa.ipc.open_stream(folder / "predictions") as batches:
        predicted_excel.write(batches.schema.names, batches, file)
        files.settle(file, output)


WAYS = {
    ".csv": Way(_as_csv, _settle),
    ".jsonl": Way(_as_lines, _settle),
    ".parquet": Way(_as_arrow, _to_parquet),
    ".xlsx": Way(_as_arrow, _to_excel, predicted_excel.MOST),
}
"""What an output may be, by its ending."""
