"""One table from several files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message, seen

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.ejecting import helpers
from kbuilder.errors import CallError, DataError
from kbuilder.tables.arrays import from_frame
from kbuilder.tables.several import joined, matching


def source(path: Any, **fields: Any) -> Any:
    return kb.CSV(**{"path": path, "target": "y", **fields})


def put(**contents: str) -> None:
    """Write CSV files by their names."""
    for name, content in contents.items():
        Path(f"{name}.csv").write_text(content, encoding="utf-8")


def test_files_stand_one_after_the_other_by_the_names_of_their_columns() -> None:
    put(jan="x,y\n1,a\n2,b\n", feb="y,x\nc,\nd,4\n")
    table = source(["jan.csv", "feb.csv"]).load()[0]
    assert {name: seen(values) for name, values in table.columns.items()} == {
        "x": [1, 2, None, 4], "y": ["a", "b", "c", "d"],
    }  # fmt: skip
    assert [table.row(n) for n in (0, 3)] == ["row 1 of jan.csv", "row 2 of feb.csv"]
    assert table.origin == "jan.csv, feb.csv"
    assert source(("feb.csv",)).path == Path("feb.csv")


def test_files_of_a_pattern_are_sorted_and_named_in_the_resolved_recipe() -> None:
    put(**{f"s-{n}": f"x,y\n{n},a\n" for n in (2, 1, 3)}, other="x,y\n9,b\n")
    given = source("s-*.csv", test_path="oth?r.csv")
    train, test = given.load()
    assert train["x"].tolist() == [1, 2, 3]
    assert test is not None
    assert test["x"].tolist() == [9]
    choices = given.settle()
    assert choices["path"] == ((Path("s-1.csv"), Path("s-2.csv"), Path("s-3.csv")),
                               "3 files match s-*.csv")  # fmt: skip
    assert choices["test_path"] == (Path("other.csv"), "1 file matches oth?r.csv")


def test_a_run_holds_each_file_of_a_pattern() -> None:
    put(**{f"s-{n}": "x,y\n" + f"{n},a\n{n}5,b\n" * 10 for n in (1, 2)})
    found = dataset.look(kb.Recipe(data=source("s-*.csv")))
    files = [str(Path(f"s-{n}.csv").absolute()) for n in (1, 2)]
    assert found.resolved.recipe.data.model_dump(mode="json")["path"] == files  # type: ignore[attr-defined]
    [said] = [one for one in found.resolved.decisions if one.key == ("data", "path")]
    assert said.value == files
    put(**{"s-3": "x,y\n7,a\n"})
    assert len(found.resolved.recipe.data.load()[0]) == 40


def test_a_name_with_signs_of_a_pattern_is_the_file_of_that_name() -> None:
    put(**{"a[1]": "x,y\n1,a\n", "a1": "x,y\n2,a\n"})
    assert matching(Path("a[1].csv")) is None
    assert source("a[1].csv").load()[0]["x"].tolist() == [1]
    assert matching(Path("a?.csv")) == (Path("a1.csv"),)


def test_a_pattern_that_no_file_has_says_so() -> None:
    said = message(DataError, source("s-*.csv", origin="https://a.b").load)
    assert said == (
        "data.path: there is no s-*.csv. Expected at least one file of this pattern. Get it from "
        "https://a.b and put it there, or give its path with `-o data.path=…`."
    )


def test_formats_and_packings_may_differ() -> None:
    put(a="x,y\n1,a\n")
    Path("b.csv.gz").write_bytes(gzip.compress(b"x,y\n2,b\n"))
    pd.DataFrame({"y": ["c"], "x": [3]}).to_parquet("c.parquet")
    Path("d.jsonl").write_text('{"x": 4, "y": "d"}\n')
    files = ["a.csv", "b.csv.gz", "c.parquet", "d.jsonl"]
    assert source(files).load()[0]["x"].tolist() == [1, 2, 3, 4]


def test_one_dialect_is_recognised_for_all_files_of_which_some_do_not_tell() -> None:
    put(a="x;y\n1;a\n")
    Path("b.csv").write_bytes("x;y\n2;서울 부산\n".encode("cp949"))
    given = source(["a.csv", "b.csv"])
    assert {name: choice.value for name, choice in given.settle().items()} == {
        "delimiter": ";", "encoding": "cp949",
    }  # fmt: skip
    assert given.load()[0]["y"].tolist() == ["a", "서울 부산"]


def line(*names: str) -> str:
    """The line that names these files."""
    return ", ".join(f'"{Path(f"{name}.csv").absolute()}"' for name in names)


DIFFER = {
    "a delimiter": (
        {"a": "x,y\n1,a\n", "b": "x,y\n2,b\n", "c": "x;y\n3;c\n"},
        "c.csv has the delimiter ';', and a.csv ','. Expected files that are written in one way. "
        "Change c.csv, or leave it out: `data: {path: [A, B]}`.",
    ),
    "columns": (
        {"a": "x,y\n1,a\n", "b": "x,z,y\n2,3,b\n"},
        "b.csv has 'z', unlike a.csv. Expected equal columns. Do without: `data: {ignore: [z]}`. "
        "Change b.csv, or leave it out: `data: {path: A}`.",
    ),
    "columns that lack": (
        {"a": "x,z,y\n1,2,a\n", "b": "x,w,y\n2,3,b\n"},
        "b.csv has 'w', and lacks 'z', unlike a.csv. Expected equal columns. Do without: "
        "`data: {ignore: [w, z]}`. Change b.csv, or leave it out: `data: {path: A}`.",
    ),
    "words": (
        {"a": "x,y\n1,a\n", "b": "x,y\n2,b\nn.a.,c\n"},
        "column 'x' has numbers in a.csv and words in b.csv. The first word is 'n.a.' (row 2 of "
        "b.csv). If that means missing: `data: {missing: [\"n.a.\"]}`; if all are names: "
        "`features: {x: category}`. Change b.csv, or leave it out: `data: {path: A}`.",
    ),
    "codes": (
        {"a": "x,y\n10,a\n", "b": "x,y\n07,b\n"},
        "column 'x' has numbers in a.csv and words in b.csv. The first word is '07' (row 1 of "
        "b.csv). If all are names: `features: {x: category}`. Change b.csv, or leave it out: "
        "`data: {path: A}`.",
    ),
    "truth": (
        {"a": "x,y\ntrue,a\n", "b": "x,y\n1,b\n"},
        "column 'x' has truth values in a.csv and numbers in b.csv. If all are names: "
        "`features: {x: category}`. Change b.csv, or leave it out: `data: {path: A}`.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DIFFER)
def test_files_that_differ_are_refused_by_their_names_with_the_line(what: str) -> None:
    contents, said = DIFFER[what]
    put(**contents)
    expected = said.replace("[A, B]", f"[{line('a', 'b')}]").replace(
        "path: A}", f"path: {line('a')}}}"
    )
    found = message(DataError, source([f"{name}.csv" for name in contents]).load)
    assert found == f"data.path: {expected}"


def test_the_lines_that_are_named_read_the_files() -> None:
    put(a="x,y,z\n1,a,1\n", b="y,x\nb,n.a.\n")
    files = ["a.csv", "b.csv"]
    table = source(files, ignore="z", missing="n.a.").load()[0]
    assert seen(table["x"]) == [1, None]
    assert list(table.columns) == ["x", "y"]
    assert source(files, ignore="z").load({"x": ()})[0]["x"].tolist() == ["1", "n.a."]


CHUNKS: list[tuple[list[Any], list[Any]]] = [
    ([1, 2], [3, 4]), ([1, None], [2**60 + 1, 3]), ([1.5, 2], [3, None]), ([None, None], [1, 2]),
    ([None, None], ["a", None]), ([2**64 - 1, 1], [2, 3]), ([True, None], [False, True]),
    ([2**60 + 1, 2], [0.5, 1]), ([None, None], [None, None]),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two"), CHUNKS)
def test_the_values_of_two_files_are_those_of_one(one: list[Any], two: list[Any]) -> None:
    def words(values: list[Any]) -> pd.DataFrame:
        return pd.DataFrame({"x": [None if v is None else str(v) for v in values]}, dtype="str")

    tables = [from_frame(words(values), "it") for values in (one, two)]
    found = joined([Path("a"), Path("b")], tables)["x"]
    whole = from_frame(words(one + two), "it")["x"]
    assert found.dtype == whole.dtype
    assert seen(found) == seen(whole)


def test_arrays_of_several_files_are_one_where_their_shapes_are() -> None:
    files = [Path("a"), Path("b")]
    one, two, other = (np.ones((2, 3)), np.zeros((1, 3)), np.zeros((1, 4)))
    tables = [from_frame(pd.DataFrame({"x": list(part)}), "it") for part in (one, two)]
    assert joined(files, tables)["x"].shape == (3, 3)
    tables[1] = from_frame(pd.DataFrame({"x": list(other)}), "it")
    assert [len(row) for row in joined(files, tables)["x"]] == [3, 3, 4]


def test_others_are_read_by_a_pattern_too() -> None:
    put(a="x,y\n1,a\n", **{"new-1": "x\n5\n6\n", "new-2": "x\n7\n"})
    assert source("a.csv").read(Path("new-*.csv"))["x"].tolist() == [5, 6, 7]
    parts = list(source("a.csv").parts(Path("new-*.csv"), {}, ["x"], 2, 1))
    assert [part.table["x"].tolist() for part in parts] == [[6, 7]]
    assert parts[0].table.row(1) == "row 1 of new-2.csv"


ROWS = pd.DataFrame({"x": [1.25, None, -1234.5], "k": pd.array([7, None, 2**60], "Int64"),
                     "y": ["a", " NA", "b"], "f": [True, False, True]})  # fmt: skip


def german(path: str) -> kb.CSV:
    rows = [f"{x};{x} €;{y}" for x, y in zip(("1,5", "-1.234,25", ""), "aba", strict=True)]
    Path(path).write_text("\n".join(["x;p;y", *rows]) + "\n", encoding="utf-8")
    return kb.CSV(path=path, target="y", decimal=",", thousands=".")


SCRIPTED = {
    "several": lambda: (put(a="x,y\n1.5,a\n", b="y,x\nNA,2\nb,\n"), source("?.csv"))[1],
    "Parquet": lambda: (ROWS.to_parquet("t.parquet"), source("t.parquet"))[1],
    "decimals": lambda: german("d.csv"),
}


@pytest.mark.parametrize("kind", SCRIPTED)
def test_a_script_reads_what_the_source_reads(kind: str) -> None:
    given = SCRIPTED[kind]()
    table = given.load()[0]
    words = [name for name, values in table.columns.items() if values.dtype == object]
    script = given.script({"y": (), "f": ()})
    known: dict[str, Any] = {"pd": pd, **vars(helpers), **script.paths}
    exec("\n".join(["import pandas as pd", *script.functions, *script.lines]), known)
    for name, values in table.columns.items():
        text = helpers.words if name in words else helpers.numbers
        read = helpers.integers if name == "k" else text
        ours, theirs = read(values), read(known["rows"][name])
        assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f")


def test_a_script_reads_no_other_formats_nor_lists() -> None:
    ROWS.to_json("t.jsonl", orient="records", lines=True)
    assert message(CallError, source("t.jsonl").script).startswith(
        "a script reads CSV and Parquet files, and no jsonl. Expected such a file: "
    )
    pd.DataFrame({"x": [[1], [2]], "y": ["a", "b"]}).to_parquet("l.parquet")
    assert "column 'x' of l.parquet has values of type list<element: int64>" in message(
        CallError, source("l.parquet").script
    )
