"""Rows of a table in a file: CSV, Parquet, Arrow, JSON lines, JSON, Excel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from kbuilder.contracts import Choice, Script
from kbuilder.errors import CallError, Key, listed, missing_file
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.refusals import refuse
from kbuilder.spec import (
    DataPaths,
    Decimal,
    Ignored,
    Missing,
    Names,
    Series,
    Spec,
    Thousands,
    Time,
    Unreadable,
    Weight,
    encoding_name,
)
from kbuilder.tables import chunks, dialect, several
from kbuilder.tables.cells import MISSING, Cells, Words
from kbuilder.tables.chunks import Reading
from kbuilder.tables.dialect import Dialect, Quoting
from kbuilder.tables.formats import expect_scalars, format_of
from kbuilder.tables.keeping import Keep
from kbuilder.tables.table import Part, Table

DELIMITERS = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "space": " "}
"""What people write for a delimiter."""


def _delimiter(name: str) -> str:
    if name != dialect.WHITESPACE and len(name) != 1:
        raise PydanticCustomError(
            "delimiter", "Expected one character, such as ';', or tab, or whitespace"
        )
    return name


class CSV(Spec):
    """A table in a file, or in several, and optionally others for validation and the test.

    CSV, Parquet, Arrow, JSON lines, JSON or Excel: what it is its content says. Of a CSV file the
    delimiter, the encoding and the quotes are recognised, and said.
    """

    path: DataPaths
    """The file, relative to the recipe, or several: a list, or a pattern such as sales-*.csv."""
    validation_path: DataPaths | None = None
    """Another file, or several, with the rows for validation."""
    test_path: DataPaths | None = None
    """Another file, or several, with the rows to test on."""
    target: Names = Field(min_length=1)
    """The column to predict, or several columns of numbers."""
    ignore: Ignored
    weight: Weight
    time: Time
    series: Series
    delimiter: (
        Annotated[
            str,
            BeforeValidator(lambda name: DELIMITERS.get(name, name)),
            AfterValidator(_delimiter),
        ]
        | None
    ) = None
    """What stands between two fields: a character, tab, or whitespace for any number of blanks;
    left out: as the file has it."""
    encoding: Annotated[str, AfterValidator(encoding_name)] | None = None
    """The encoding of the file, as Python names it: utf-8, cp949, latin-1 …; left out: as the file
    has it."""
    quoting: Quoting | None = None
    """standard: a field may stand in double quotes; none: quotes are characters like others; left
    out: as the file has it."""
    decimal: Decimal | None = None
    """What stands before the decimals of a number, "." or ","; left out: "."."""
    thousands: Thousands | None = None
    """What groups the digits of large numbers: "," in 1,234,567. Where it or `decimal` is given,
    signs of currencies, % and brackets around negative numbers are read too."""
    columns: Names = ()
    """The names of the columns, for a file without a header."""
    header: bool = True
    """Whether the first line has the names of the columns; if not, they are called column_1 …"""
    skip: Annotated[int, Field(ge=0)] = 0
    """Lines before the header that are skipped; >= 0."""
    comment: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """A character that begins a line, or the end of one, that is skipped."""
    sheet: str | int | None = None
    """The sheet of an Excel file, by name or by number from 0; left out: the first."""
    missing: Missing | None = None
    """Words that mean missing, beside the empty field; left out: NA, N/A, NaN, null, None and the
    like."""
    origin: str | None = None
    """Where the file can be had; said when it is not there."""
    unreadable: Unreadable = "error"
    """What rows are whose pictures, named by their paths, cannot be read: an error, or skipped and
    counted."""
    checks: Checks
    split: Split

    @model_validator(mode="after")
    def _marks_differ(self) -> CSV:
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise refuse(
                ("thousands",), f"{self.thousands!r} stands before decimals. Expected another, "
                "or `decimal` with another", self.thousands,
            )  # fmt: skip
        return self

    def settle(self) -> dict[str, Choice]:
        """The files of a pattern, and their dialect where it is left open."""
        found: dict[str, Choice] = {}
        for name in ("path", "validation_path", "test_path"):
            given = getattr(self, name)
            if isinstance(given, Path) and (matched := several.matching(given)):
                count = "1 file matches" if len(matched) == 1 else f"{len(matched):,} files match"
                value = matched[0] if len(matched) == 1 else matched
                found[name] = Choice(value, f"{count} {given.name}")
        files = [file for file in self._files(self.path, "path") if file.exists()]
        return {**found, **self._recognised(files, ("data", "path"))}

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read the file, and the test file if there is one."""
        train = self._read(self.path, "path", words)
        if self.test_path is None:
            return train, None
        return train, self._read(self.test_path, "test_path", _alike(train, words))

    def validation(self, train: Table, words: Words | None = None) -> Table | None:
        """Read the file of the rows for validation, if there is one."""
        if self.validation_path is None:
            return None
        return self._read(self.validation_path, "validation_path", _alike(train, words))

    def files(self) -> Sequence[Path]:
        """Those of all parts."""
        given = {name: getattr(self, name) for name in ("path", "validation_path", "test_path")}
        there = {name: value for name, value in given.items() if value is not None}
        return list(dict.fromkeys(x for n, one in there.items() for x in self._files(one, n)))

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """The rows of another file, of any format, or of several by a pattern."""

        def one(file: Path) -> Table:
            return chunks.read(file, (), self._reading([file], (), words, keep))

        return several.read(several.matching(path) or (path,), one, self.ignore)

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The rows of another file, as they are read; several files are read whole."""
        if several.matching(path):
            return self.read(path, words, keep).only(wanted).parts(size, start)
        return chunks.parts(path, (), self._reading([path], (), words, keep), wanted, size, start)

    @property
    def _rest(self) -> Dialect:
        """What of the dialect is never recognised."""
        return Dialect(
            columns=self.columns, header=self.header, skip=self.skip, comment=self.comment
        )

    def _recognised(self, files: Sequence[Path], key: Key) -> dict[str, Choice]:
        lines = [file for file in files if format_of(file, key) == "lines"]
        known = (self.delimiter, self.encoding, self.quoting, self._rest)
        if len(lines) > 1:
            return dialect.alike(lines, key, *known)
        return dialect.recognise(lines[0], key, *known) if lines else {}

    def _reading(
        self, files: Sequence[Path], key: Key, words: Words | None, keep: Keep = ()
    ) -> Reading:
        """How files are read."""
        cells = Cells.of(self.missing, words, self.decimal, self.thousands)
        return Reading(cells, self._dialect(files, key), self.sheet, keep)

    def _dialect(self, files: Sequence[Path], key: Key) -> Dialect:
        """How files are written: as the recipe says, and what it leaves open as they have it."""
        found = self._recognised(files, key)
        known = replace(
            self._rest,
            **{name: choice.value for name, choice in found.items()},
            **{
                name: getattr(self, name)
                for name in ("delimiter", "encoding", "quoting")
                if getattr(self, name) is not None
            },
        )
        if not key and format_of(files[0], key) == "lines":
            known = dialect.suited(files[0], known)
        return known

    def script(self, words: Words | None = None) -> Script:
        """pandas, each value as it is written."""
        given = {"path": self.path, "validation_path": self.validation_path}
        fields = {**given, "test_path": self.test_path}
        files = {
            field: self._files(paths, field) for field, paths in fields.items() if paths is not None
        }
        missing = MISSING if self.missing is None else self.missing
        texts = (words or {}).items()
        kept = {name: [word for word in known if word in missing] for name, known in texts}
        lists = None if self.missing is None else list(self.missing)
        value = "cells(frame[name], missing, words.get(name))"
        if self.decimal or self.thousands:
            marks = f"{self.decimal!r}, {self.thousands!r}, name in words"
            value = f"amounts({value}, {marks})"
        several_ = any(len(known) > 1 for known in files.values())
        read = self._read_script(files, several_)
        read += f"    words = {kept!r}\n    missing = {lists!r}\n"
        many = self.decimal or self.thousands
        form = (
            "\n        name: {}\n        for name in frame\n    "
            if many
            else "name: {} for name in frame"
        )
        read += f"    return {{{form.format(value)}}}"
        lines: list[str] = []
        paths: dict[str, Path] = {}
        for field, known in files.items():
            names = [field if not n else f"{field}_{n + 1}" for n in range(len(known))]
            paths |= dict(zip(names, known, strict=True))
            part = field.removesuffix("_path") if field != "path" else "rows"
            lines.append(f"{part} = read({', '.join(names)})")
        return Script(tuple(lines), (read,), ("import pandas as pd",), paths)

    def _read_script(self, files: Mapping[str, Sequence[Path]], several_: bool) -> str:
        """The beginning of `read`, after which `frame` has all cells as words."""
        key = ("data", "path")
        formats = {format_of(file, key) for known in files.values() for file in known}
        if formats == {"parquet"}:
            for file in (file for known in files.values() for file in known):
                expect_scalars(file)
            kind, one = "Parquet", 'pd.read_parquet(path, dtype_backend="numpy_nullable")'
            one, naming = f'{one}.astype("string")', self._naming(Dialect())
        elif formats == {"lines"}:
            dialects = [self._dialect(known, ("data", field)) for field, known in files.items()]
            if any(other != dialects[0] for other in dialects):
                raise CallError(
                    "a script reads CSV files that are written alike, and these differ in "
                    "delimiter, encoding or quotes. Expected files of one kind."
                )
            kind, naming = "CSV", self._naming(dialects[0])
            given = "".join(
                f"        {option},\n" for option in ("path", *self._options(dialects[0]))
            )
            one = f"pd.read_csv(\n{given}    )"
        else:
            raise CallError(
                f"a script reads CSV and Parquet files, and no {listed(sorted(formats))}. Expected "
                "such a file: pandas writes one with `frame.to_parquet`."
            )
        if not several_:
            return (
                f'def read(path):\n    """The columns of a {kind} file, their cells as words."""\n'
                f"    frame = {one}\n{naming}"
            )
        return (
            f'def read(*paths):\n    """The columns of {kind} files, their cells as words."""\n'
            f"    frames = [{one} for path in paths]\n"
            f'    frame = pd.concat(frames, ignore_index=True, join="inner")\n{naming}'
        )

    @staticmethod
    def _options(known: Dialect) -> list[str]:
        """Arguments of `pd.read_csv`."""
        blank = known.delimiter == dialect.WHITESPACE
        options = ['sep=r"\\s+"' if blank else f"sep={known.delimiter!r}"]
        options += [f"encoding={known.encoding!r}", "dtype=str", "index_col=False"]
        options += ["skipinitialspace=True", "keep_default_na=False"]
        options += ["quoting=3"] if known.quoting == "none" else []
        options += [f"skiprows={known.skip}"] if known.skip else []
        options += [f"comment={known.comment!r}"] if known.comment else []
        return options + (["header=None"] if known.columns or not known.header else [])

    @staticmethod
    def _naming(known: Dialect) -> str:
        """A statement that names the columns."""
        if known.columns:
            return f"    frame.columns = {list(known.columns)!r}\n"
        if not known.header:
            return '    frame.columns = [f"column_{n + 1}" for n in frame.columns]\n'
        return "    frame.columns = frame.columns.str.strip()\n"

    def _files(self, given: Path | tuple[Path, ...], field: str) -> tuple[Path, ...]:
        """The files of a field, those of a pattern in the order of their names."""
        if isinstance(given, tuple):
            return given
        matched = several.matching(given)
        if matched == ():
            what = "at least one file of this pattern"
            raise missing_file(given, self.origin, ("data", field), what)
        return matched or (given,)

    def _read(self, given: Path | tuple[Path, ...], field: str, words: Words | None) -> Table:
        key: Key = ("data", field)
        files = self._files(given, field)
        for file in files:
            if not file.exists():
                raise missing_file(file, self.origin, key, "a table, such as a CSV file")
        reading = self._reading(files, key, words)
        return several.read(files, lambda file: chunks.read(file, key, reading), self.ignore, key)


def _alike(train: Table, words: Words | None) -> Words:
    """What is read as words in other rows: what is in training, too."""
    texts = {name: () for name, values in train.columns.items() if values.dtype == object}
    return {**texts, **(words or {})}
