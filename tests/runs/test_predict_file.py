"""Predictions of any number of rows into a file, part by part."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bad import disk, files_below
from shared import message

from kbuilder import files
from kbuilder.console import Console
from kbuilder.errors import CallError, DataError, Interrupted
from kbuilder.runs import predict_file, predicted_ways, under_way
from kbuilder.runs.predict_file import Job
from kbuilder.runs.predicted_ways import WAYS
from kbuilder.tables.csv_file import csv_parts
from kbuilder.tables.table import Part, Table

ROWS = 25
DATA = Path("rows.csv")
OUTPUTS = [Path("out.csv"), Path("out.parquet")]


def doubled(table: Table) -> pd.DataFrame:
    """What is predicted of some rows here."""
    values = table["x"]
    return pd.DataFrame({"value": 2.0 * values, "label": [f"é {n}" for n in values]})


def parts(start: int) -> Iterator[Part]:
    """Some rows at a time."""
    return csv_parts(DATA, size=4, start=start)


def job(output: Path = OUTPUTS[0], **other: Any) -> Job:
    """A prediction of the rows of DATA."""
    given = {"data": (DATA,), "output": output, "run": "r", "parts": parts, "predict": doubled}
    return Job(**{**given, "again": "predict it again", **other})


def ending(after: int, how: Callable[[], Any]) -> Callable[[Table], pd.DataFrame]:
    """Predicts as `doubled`, up to the part with a row; then something happens."""

    def predict(table: Table) -> pd.DataFrame:
        if after in table.labels:
            how()
        return doubled(table)

    return predict


def cut() -> None:
    """A disk that fails, in place of a kill: what is on it stays as it is."""
    raise OSError("cut")


def write(given: Job) -> tuple[int, list[str]]:
    """The number of rows, and what was said."""
    console = Console(verbose=False)
    return predict_file.write(given, console), console.lines


def read(output: Path) -> pd.DataFrame:
    return pd.read_csv(output) if output.suffix == ".csv" else pd.read_parquet(output)


@pytest.fixture(autouse=True)
def _rows() -> None:
    pd.DataFrame({"x": range(ROWS)}).to_csv(DATA, index=False)


@pytest.mark.parametrize("output", OUTPUTS)
def test_all_parts_are_one_file_in_the_order_of_the_rows(output: Path) -> None:
    folder = Path("new/folder")
    assert write(job(folder / output)) == (ROWS, [])
    [whole] = csv_parts(DATA)
    pd.testing.assert_frame_equal(read(folder / output), doubled(whole.table))
    assert files_below(folder) == [output.name]


def test_a_csv_file_is_that_of_the_whole_byte_for_byte() -> None:
    write(job())
    [whole] = csv_parts(DATA)
    assert OUTPUTS[0].read_bytes() == doubled(whole.table).to_csv(index=False).encode()


def test_the_groups_of_a_parquet_file_do_not_go_by_the_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pyarrow import parquet

    monkeypatch.setattr(predicted_ways, "GROUP", 8)
    write(job(OUTPUTS[1]))
    with parquet.ParquetFile(OUTPUTS[1]) as file:
        groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        assert groups == [8, 8, 8, 1]
        assert file.schema_arrow.names == ["value", "label"]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("after", [5, 13, 25])
def test_what_was_cut_short_goes_on_to_the_very_file(output: Path, after: int) -> None:
    write(job(output))
    expected = output.read_bytes()
    output.unlink()
    with pytest.raises(OSError, match=r"^cut$"):
        write(job(output, predict=ending(after, cut)))
    assert not output.exists()
    done = (after - 1) // 4 * 4
    left = under_way.unfinished(output) / "predictions"
    left.write_bytes(left.read_bytes() + b"half a par")
    seen: list[int] = []
    again = job(output, predict=lambda table: (seen.extend(table.labels), doubled(table))[1])
    assert write(again) == (ROWS, [f"resuming after {done} rows"])
    assert seen == list(range(done + 1, ROWS + 1))
    assert output.read_bytes() == expected
    assert files_below(Path()) == [output.name, DATA.name]


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_was_cut_short_before_the_file_took_its_name_is_not_predicted_again(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(job(output))
    expected = output.read_bytes()
    output.unlink()
    with monkeypatch.context() as patch:
        way = replace(WAYS[output.suffix], finish=lambda *names: cut())
        patch.setitem(WAYS, output.suffix, way)
        with pytest.raises(OSError, match=r"^cut$"):
            write(job(output))
    assert not output.exists()
    again = job(output, predict=ending(1, cut), parts=lambda start: cut())
    assert write(again) == (ROWS, [f"resuming after {ROWS} rows"])
    assert output.read_bytes() == expected


def other_rows() -> None:
    pd.DataFrame({"x": range(1, ROWS + 1)}).to_csv(DATA, index=False)


CHANGES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "the rows": (other_rows, {}),
    "the run": (lambda: None, {"run": "another"}),
    "the rows, the run": (lambda: os.utime(DATA, (1, 1)), {"run": "another"}),
}


@pytest.mark.parametrize("changed", CHANGES)
def test_with_anything_else_it_begins_anew_and_says_so(changed: str) -> None:
    with pytest.raises(OSError, match=r"^cut$"):
        write(job(predict=ending(13, cut)))
    change, other = CHANGES[changed]
    change()
    said = f"beginning anew: {changed} changed since 12 rows were predicted"
    assert write(job(**other)) == (ROWS, [said])
    [whole] = csv_parts(DATA)
    pd.testing.assert_frame_equal(read(OUTPUTS[0]), doubled(whole.table))


def test_rows_that_are_of_another_place_are_others() -> None:
    with pytest.raises(OSError, match=r"^cut$"):
        write(job(predict=ending(13, cut)))
    shutil.copy2(DATA, "copy.csv")
    _, said = write(job(data=(Path("copy.csv"),)))
    assert said == ["beginning anew: the rows changed since 12 rows were predicted"]


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "no journal": lambda folder: (folder / "journal.json").unlink(),
    "half a journal": lambda folder: (folder / "journal.json").write_text('{"of": {}, "rows'),
    "another journal": lambda folder: (folder / "journal.json").write_text("[1]"),
    "no predictions": lambda folder: (folder / "predictions").unlink(),
    "few predictions": lambda folder: (folder / "predictions").write_text("value"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_predicted_anew(damage: str) -> None:
    with pytest.raises(OSError, match=r"^cut$"):
        write(job(predict=ending(13, cut)))
    DAMAGES[damage](under_way.unfinished(OUTPUTS[0]))
    assert write(job()) == (ROWS, [])
    assert len(read(OUTPUTS[0])) == ROWS


def test_a_row_that_cannot_be_predicted_leaves_nothing_but_the_old_file() -> None:
    def refuse() -> None:
        raise DataError("row 13 is wrong.")

    OUTPUTS[0].write_text("old")
    assert message(DataError, write, job(predict=ending(13, refuse))) == "row 13 is wrong."
    assert OUTPUTS[0].read_text() == "old"
    nested = job(Path("new/folder/out.csv"), predict=ending(1, refuse))
    assert message(DataError, write, nested) == "row 13 is wrong."
    assert files_below(Path()) == [OUTPUTS[0].name, DATA.name]
    assert not Path("new").exists()


def test_rows_that_change_while_they_are_predicted_are_refused() -> None:
    def grow() -> None:
        with DATA.open("a") as file:
            file.write("7\n")

    growing = job(predict=ending(13, grow))
    assert message(DataError, write, growing) == (
        "rows.csv was changed while it was predicted. Expected rows that stay as they are. "
        "Predict them again."
    )
    assert files_below(Path()) == [DATA.name]


def test_an_output_among_the_rows_does_not_change_them() -> None:
    Path("rows").mkdir()
    shutil.copy(DATA, "rows")
    inside = job(Path("rows/out.csv"), data=(Path("rows"),))
    Path("rows/out.csv").write_text("old")
    with pytest.raises(OSError, match=r"^cut$"):
        write(replace(inside, predict=ending(13, cut)))
    assert write(inside) == (ROWS, ["resuming after 12 rows"])
    shutil.copy(DATA, "rows/more.csv")
    with pytest.raises(OSError, match=r"^cut$"):
        write(replace(inside, predict=ending(13, cut)))
    Path("rows/more.csv").unlink()
    said = ["beginning anew: the rows changed since 12 rows were predicted"]
    assert write(inside) == (ROWS, said)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_message_says_how_to_go_on(number: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as stopped:
        write(job(predict=ending(13, lambda: os.kill(os.getpid(), number))))
    said = "Interrupted after 12 rows. Resume with:\n  predict it again"
    assert (str(stopped.value), stopped.value.exit_code) == (said, 128 + number)
    assert signal.getsignal(number) is before
    assert write(job()) == (ROWS, ["resuming after 12 rows"])


def test_a_signal_before_the_first_part_leaves_nothing() -> None:
    with pytest.raises(Interrupted) as stopped:
        write(job(predict=ending(1, lambda: os.kill(os.getpid(), signal.SIGINT))))
    assert str(stopped.value) == "Interrupted after 0 rows. Nothing is kept of it."
    assert files_below(Path()) == [DATA.name]


def test_an_output_that_another_process_predicts_is_left_alone() -> None:
    folder = under_way.unfinished(OUTPUTS[0])
    folder.mkdir()
    with files.alone(folder):
        assert message(CallError, write, job()) == (
            "another process is at work on out.csv.unfinished. Wait for it, or end it first."
        )
    assert write(job()) == (ROWS, [])


@pytest.mark.parametrize("name", ["out.txt", "out", "out.csv.gz", "csv"])
def test_a_name_with_another_ending_is_refused(name: str) -> None:
    assert message(CallError, predict_file.check, Path(name)) == (
        f"{name} is no name of a file of predictions. Expected one that ends in .csv, .jsonl, "
        ".parquet or .xlsx."
    )
    predict_file.check(Path("OUT.CSV"))


def test_a_folder_is_no_file_of_predictions() -> None:
    OUTPUTS[0].mkdir()
    said = "out.csv is a folder. Expected the name of a file."
    assert message(CallError, predict_file.check, OUTPUTS[0]) == said


def test_a_full_disk_keeps_what_has_been_predicted(tmp_path: Path) -> None:
    pd.DataFrame({"x": range(20_000)}).to_csv(DATA, index=False)
    with disk(tmp_path / "disk", "64k") as place:
        large = job(place / "out.csv", parts=lambda n: csv_parts(DATA, size=1000, start=n))
        with pytest.raises(OSError, match="No space left"):
            write(large)
        assert not (place / "out.csv").exists()
        kept = json.loads((place / "out.csv.unfinished/journal.json").read_text())
        assert kept["rows"] >= 1000
