"""How far reading, learning and preparing have come, for whoever follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder import pipeline, progress
from kbuilder.tables import chunks, parquet_file
from kbuilder.tables.dialect import Dialect

ROWS = 3000


def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame({
        "size": random.normal(size=ROWS),
        "kind": random.choice(["a", "b", "c"], ROWS),
        "y": random.choice(["yes", "no"], ROWS),
    })  # fmt: skip


class Seen:
    """What a follower is called with: the amounts by what is done, and whether each ended."""

    def __init__(self) -> None:
        self.amounts: dict[str, list[float]] = {}
        self.totals: dict[str, float | None] = {}
        self.ended: list[str] = []

    def __call__(self, stage: progress.Stage) -> None:
        self.amounts.setdefault(stage.what, []).append(stage.done)
        self.totals[stage.what] = stage.total
        self.ended += [stage.what] if stage.ended else []


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("rows.csv", lambda path: frame().to_csv(path, index=False)),
        ("rows.csv.gz", lambda path: frame().to_csv(path, index=False)),
        ("rows.jsonl", lambda path: frame().to_json(path, orient="records", lines=True)),
        ("rows.json", lambda path: frame().to_json(path, orient="records")),
    ],
)
def test_the_bytes_of_a_file_are_counted_as_they_are_read(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    seen = Seen()
    with progress.followed(seen):
        table = chunks.read(tmp_path / name)
    assert len(table) == ROWS
    packed = name.endswith(".gz")
    read, size = seen.amounts[f"reading {name}"], (tmp_path / name).stat().st_size
    assert read[-1] > size if packed else read[-1] == size
    assert seen.totals[f"reading {name}"] == (None if packed else size)
    assert list(dict.fromkeys(seen.ended)) == [f"reading {name}", f"converting {name}"]


def test_what_pandas_reads_is_counted_too(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("# a remark\n" + frame().to_csv(index=False))
    seen = Seen()
    with progress.followed(seen):
        chunks.read(path, reading=chunks.Reading(dialect=Dialect(comment="#")))
    assert seen.amounts["reading rows.csv"][-1] == path.stat().st_size


def test_the_columns_of_a_parquet_file_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "AT_ONCE", 8 * ROWS * 2)
    frame().to_parquet(tmp_path / "rows.parquet", row_group_size=1000)
    seen = Seen()
    with progress.followed(seen):
        table = chunks.read(tmp_path / "rows.parquet")
    assert seen.amounts == {"reading rows.parquet": [0, 1, 2, 3, 3]}
    pd.testing.assert_frame_equal(pd.DataFrame(dict(table.columns), dtype=object),
                                  frame().astype(object), check_dtype=False)  # fmt: skip


def test_of_several_files_the_files_are_counted(tmp_path: Path) -> None:
    for number in range(3):
        frame().to_csv(tmp_path / f"rows{number}.csv", index=False)
    seen = Seen()
    with progress.followed(seen):
        chunks.read(tmp_path / "rows*.csv")
    assert seen.amounts == {"reading 3 files": [0, 1, 2, 3, 3]}


@pytest.mark.parametrize("ignore", [(), ("size",), ("kind",)])
def test_preparing_counts_each_row_once(ignore: tuple[str, ...]) -> None:
    """Of words that repeat, of numbers, and of both, in their two steps."""
    recipe = kb.Recipe(data=kb.Frame(frame=frame(), target="y", ignore=ignore), model="mlp")
    seen = Seen()
    with progress.followed(seen):
        data = pipeline.prepare(recipe)
    assert list(seen.amounts) == [
        "converting the frame", "checking the rows", "learning from the rows", "preparing",
    ]  # fmt: skip
    ends = [a for a, b in zip(seen.amounts["preparing"], [*seen.amounts["preparing"][1:], 0],
                              strict=True) if b < a]  # fmt: skip
    assert ends == [len(table) for _, table in data.parts]


def test_a_stage_within_a_stage_is_not_followed_and_the_next_is() -> None:
    seen = Seen()
    with progress.followed(seen):
        with progress.stage("outer", 2, "rows") as outer, progress.stage("inner", 9, "rows") as one:
            one.advance(9)
            outer.advance(2)
        with pytest.raises(ValueError, match="wrong"), progress.stage("next", None, "files"):
            raise ValueError("wrong")
    with progress.stage("later", 1, "rows") as nobody:
        nobody.advance()
    assert seen.amounts == {"outer": [0, 2, 2], "next": [0, 0]}
    assert seen.ended == ["outer", "next"]
