"""Arrow reads a file as pandas does, or leaves it."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbuilder.errors import KBuilderError
from kbuilder.tables import arrow_csv, csv_file
from kbuilder.tables.cells import Cells
from kbuilder.tables.csv_file import read_csv
from kbuilder.tables.dialect import Dialect
from kbuilder.tables.dictionary import codes_of
from kbuilder.tables.table import Table

PIECES = ["a", "1", "1.5", '"', '""', ",", "\n", "\r\n", "\r", " ", "\t", "é", '",', '\n"', "NA"]
TEXTS = st.text(st.sampled_from('ab1,"\n\r é;\t'), max_size=6)


def both(path: Path, content: bytes, dialect: Dialect | None = None) -> tuple[object, object]:
    """The table of a file, or what is said of it; with Arrow, and without."""
    path.write_bytes(content)
    own = arrow_csv.read
    found = []
    for read in (own, lambda *given: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_file.arrow_csv, "read", read)
            try:
                found.append(seen(read_csv(path, (), dialect, cells=Cells())))
            except KBuilderError as error:
                found.append(str(error))
    return found[0], found[1]


def seen(table: Table) -> object:
    return (
        {name: (str(v.dtype), [repr(x) for x in v.tolist()]) for name, v in table.columns.items()},
        list(table.labels), dict(table.taken),
    )  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "rows.csv"


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.integers(1, 3), st.lists(st.sampled_from(PIECES), max_size=16))
def test_any_text_is_read_alike(path: Path, width: int, pieces: list[str]) -> None:
    content = ",".join("abc"[:width]) + "\n" + "".join(pieces)
    ours, theirs = both(path, content.encode())
    assert ours == theirs


ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(ROWS, st.sampled_from([0, 1]), st.sampled_from(",;\t"))
def test_what_a_program_wrote_is_read_alike(path: Path, rows, quoting: int, mark: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=mark, quoting=quoting).writerows([("a", "b"), *rows])
    ours, theirs = both(path, text.getvalue().encode(), Dialect(delimiter=mark))
    assert ours == theirs


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        (b"a,b\n1,x\n2,y\n", None),
        (b"\xef\xbb\xbfa,b\n1,x\n2,y\n", Dialect(encoding="utf-8-sig")),
        (b'a,b\n1,"x, y"\n2,"z ""w"""\n', None),
        (b'a,b\n1,"x\ny"\n2,z\n', None),
        (b"1,x\n2,y\n", Dialect(columns=("a", "b"))),
        (b"1;x\n2;y\n", Dialect(delimiter=";", header=False)),
        (b'a\tb\n1\t"x\n2\ty\n', Dialect(delimiter="\t", quoting="none")),
    ],
)  # fmt: skip
def test_plain_files_are_read_by_arrow(path: Path, content: bytes, dialect) -> None:
    ours, theirs = both(path, content, dialect)
    assert ours == theirs
    dialect = dialect or Dialect()
    header = dialect.header and not dialect.columns
    assert len(arrow_csv.read(path, dialect, ["a", "b"], header)) == 2


@pytest.mark.parametrize(
    "content",
    [
        b'a,b\n1,x"y\n', b'a,b\n1, "x"\n', b"a,b\n1,x\ry\n", b"a,b\n1,x\0y\n", b"a,b\n1\n",
        b"a,b\n1,2,3\n", b"a,b\n1,\xff\n", b"a,b\n", b"",
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_left_to_pandas(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert arrow_csv.read(path, Dialect(), ["a", "b"], header=True) is None


def test_words_that_repeat_are_known_and_those_that_do_not_are_read_once(path: Path) -> None:
    rows = "".join(f"{'xy'[n % 2]},text {n},{n / 7}\n" for n in range(100))
    ours, theirs = both(path, f"few,many,number\n{rows}".encode())
    assert ours == theirs
    table = read_csv(path)
    assert set(table["few"].compact()[1]) == {"x", "y"}
    assert codes_of(table["many"]) is not None
    assert table["number"].dtype == float
