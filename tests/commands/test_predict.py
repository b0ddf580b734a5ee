"""`kbuilder predict`."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad import real
from halting import HANG, Halting
from shared import ROWS, Call, encoded, mixed, picture

import kbuilder as kb
from kbuilder.runs import predict_file, under_way


@pytest.fixture
def rows(tmp_path: Path) -> str:
    mixed().to_csv(tmp_path / "rows.csv", index=False)
    return "rows.csv"


def test_predictions_go_to_stdout_as_csv(rows: str, fitted: Any, call: Call) -> None:
    run = fitted("mixed")
    code, out, err = call("predict", run.path, rows)
    assert (code, err) == (0, "")
    frame = pd.read_csv(io.StringIO(out))
    assert list(frame) == ["label", "probability", "probability of no", "probability of yes"]
    assert frame["label"].tolist() == run.predict(mixed())["label"].tolist()


def test_a_file_is_written_whole_in_place_of_the_old(rows: str, fitted: Any, call: Call) -> None:
    _, expected, _ = call("predict", fitted("mixed").path, rows)
    with Path("out.csv").open("w", encoding="utf-8") as old:
        code, out, err = call("predict", fitted("mixed").path, rows, "--output", "out.csv")
        assert Path("out.csv").stat().st_ino != os.fstat(old.fileno()).st_ino  # by rename
    assert (code, out, err) == (0, "", f"{ROWS} predictions: out.csv\n")
    assert Path("out.csv").read_text(encoding="utf-8") == expected
    assert sorted(path.name for path in Path().iterdir()) == ["out.csv", "rows.csv"]


def test_a_failure_leaves_the_old_file(fitted: Any, call: Call) -> None:
    Path("out.csv").write_text("old", encoding="utf-8")
    pd.DataFrame({"size": [1.0]}).to_csv("few.csv", index=False)
    code, out, err = call("predict", fitted("mixed").path, "few.csv", "--output", "out.csv")
    assert (code, out) == (1, "")
    assert err == "Error: few.csv has no column 'colour', 'floor'. It has: size.\n"
    assert Path("out.csv").read_text(encoding="utf-8") == "old"


def test_the_examples_of_the_run_are_predicted(fitted: Any, call: Call) -> None:
    path = fitted("files").path
    code, out, _ = call("predict", path, path / "examples.json")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(fitted("files").record.examples)


@pytest.mark.parametrize(
    ("run", "data", "code", "said"),
    [
        ("nowhere", "rows.csv", 2, "Error: there is no run folder nowhere."),
        ("latest", "rows.csv", 2, "Error: there is no run below runs/."),
        (".", "rows.csv", 1, "Error: . is no whole run: it has no readable lock.json."),
        ("mixed", "nowhere.csv", 1, "Error: there is no file nowhere.csv."),
        ("mixed", "nowhere.json", 1, "Error: there is no file nowhere.json."),
    ],
)
def test_what_is_not_there_is_named(
    rows: str, fitted: Any, call: Call, run: str, data: str, code: int, said: str
) -> None:
    place = fitted("mixed").path if run == "mixed" else run
    found, out, err = call("predict", place, data)
    assert (found, out) == (code, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_a_name_that_predictions_cannot_have_is_refused_before_tensorflow_is_loaded(
    rows: str, fitted: Any
) -> None:
    words = ["predict", str(fitted("mixed").path), rows, "--output", "out.json"]
    program = (
        "import sys; from kbuilder.commands.main import kbuilder\n"
        "try: kbuilder.main(sys.argv[1:], standalone_mode=False)\n"
        "except Exception as error: print(error, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True)
    assert done.stdout == (
        "out.json is no name of a file of predictions. Expected one that ends in "
        ".csv, .jsonl, .parquet or .xlsx. False\n"
    )


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of one batch, so that a small file has many."""
    for form in predict_file.SIZES:
        monkeypatch.setitem(predict_file.SIZES, form, 1024)


def many(rows: int, seed: int = 0) -> pd.DataFrame:
    """Rows like those of `mixed`, with missing ones, whose parts differ from the whole."""
    random = np.random.default_rng(seed)
    frame = mixed().sample(rows, replace=True, random_state=seed, ignore_index=True)
    frame["size"] = (frame["size"] + random.normal(size=rows)).map(repr, na_action="ignore")
    frame.loc[rows // 2, "size"] = "007.5"  # beside it no value is taken for a number
    frame["floor"] = frame["floor"].astype(object).map(str, na_action="ignore")
    frame.loc[rows - 1, "floor"] = "03"
    frame.loc[rows - 2, "floor"] = "2.0"
    return frame


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("output", ["out.csv", "out.parquet"])
def test_the_parts_of_a_file_are_predicted_as_the_whole_to_the_last_bit(
    output: str, fitted: Any, call: Call
) -> None:
    run = fitted("mixed")
    other = many(3000)[["answer", "floor", "size", "colour"]].assign(note='a\n"b"')
    other.to_csv("rows.csv", index=False)
    other.to_parquet("rows.parquet", index=False, row_group_size=700)
    expected = run.predict(other)
    pd.testing.assert_frame_equal(run.predict("rows.csv"), expected, check_exact=True)
    for data in ("rows.csv", "rows.parquet"):
        code, _, err = call("predict", run.path, data, "--output", output)
        assert (code, err) == (0, f"3,000 predictions: {output}\n")
        if output == "out.csv":
            assert Path(output).read_text(encoding="utf-8") == expected.to_csv(index=False)
        else:
            found = pd.read_parquet(output)
            pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert call("predict", run.path, "rows.csv")[1] == expected.to_csv(index=False)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_value_far_below_is_named_by_its_row_and_nothing_is_left(
    ending: str, fitted: Any, call: Call
) -> None:
    frame = many(3000)
    frame.loc[2500, "size"] = "large"
    frame.to_csv("rows.csv", index=False)
    frame.to_parquet("rows.parquet")
    code, out, err = call("predict", fitted("mixed").path, f"rows.{ending}", "--output", "out.csv")
    assert (code, out) == (1, "")
    assert err == (
        f"Error: features.size: row 2501 of rows.{ending}: column 'size' is a number, but here "
        "'large'. Expected a number; name a text that means missing in data.missing, or read the "
        "column as a category.\n"
    )
    assert sorted(path.name for path in Path().iterdir()) == ["rows.csv", "rows.parquet"]


@pytest.mark.slow
def test_what_can_only_be_read_whole_is_predicted_in_parts(
    fitted: Any, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for form in predict_file.SIZES:
        monkeypatch.setitem(predict_file.SIZES, form, 8)
    photos = pd.DataFrame({"photo": [encoded(picture(n)) for n in range(20)]})
    photos.to_parquet("photos.parquet")
    waves = np.random.default_rng(0).normal(size=(20, 6, 2)).astype(np.float32)
    np.savez("waves.npz", wave=waves)
    run = fitted("sequence")
    given = {
        "files": ("photos.parquet", photos),
        "sequence": ("waves.npz", pd.DataFrame({"wave": list(waves)})),
    }
    for kind, (name, frame) in given.items():
        run, expected = fitted(kind), fitted(kind).predict(frame)
        assert call("predict", run.path, name, "--output", "out.csv")[0] == 0
        found = pd.read_csv("out.csv")
        pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-4)


LONG = 30 * 1024 + 7
SIZED = """
from kbuilder.runs import predict_file
predict_file.SIZES["vector"] = 1024
"""
SMALL = f"{SIZED}\nfrom kbuilder.commands.main import main\nmain()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of thirty parts and some rows."""
    folder = tmp_path_factory.mktemp("long")
    many(LONG).to_csv(folder / "rows.csv", index=False)
    return folder


def journal(output: Path) -> dict[str, Any]:
    """How far a prediction has come by its journal."""
    try:
        return dict(json.loads((under_way.unfinished(output) / "journal.json").read_text()))
    except OSError:
        return {"rows": 0, "whole": False}


MOMENTS: dict[str, tuple[int, str, int]] = {
    "killed after its first part.csv": (signal.SIGKILL, r"\.journal\.json\.", 2),
    "killed on its way.parquet": (signal.SIGKILL, r"\.journal\.json\.", 17),
    "killed in the end.parquet": (signal.SIGKILL, r"/joined$", 1),
    "terminated.csv": (signal.SIGTERM, r"\.journal\.json\.", 17),
}
"""By output the signal, and the file that is about to be opened, or so many of them."""


@pytest.fixture(scope="module")
def ended(folder: Path, fitted: Any) -> dict[str, tuple[int, str]]:
    """By moment, the exit code of the process that was ended then, and what it said."""
    found = {}
    run = str(fitted("mixed").path)
    for one, two in zip(*[iter(MOMENTS)] * 2, strict=True):  # two at a time
        pair = {}
        for name in (one, two):
            _, file, count = MOMENTS[name]
            arguments = ["predict", run, "rows.csv", "--output", name]
            pair[name] = Halting(arguments, folder, file, count, SIZED)
        for name, process in pair.items():
            _, err, code = process.signal(MOMENTS[name][0])
            found[name] = (code, err)
    return found


def without_progress(said: str) -> str:
    """What is printed on a machine that is never slow enough to tell how far it is."""
    return re.sub(r"^[\d,]+ rows \(\d+%\), .*\n", "", said, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def expected(folder: Path, fitted: Any) -> pd.DataFrame:
    return fitted("mixed").predict(pd.read_csv(folder / "rows.csv", dtype=str))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.slow
def test_what_was_ended_goes_on_to_the_very_file(
    moment: str, ended: Any, expected: pd.DataFrame, folder: Path, fitted: Any, call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The processes were real, and so were the signals."""
    code, said = ended[moment][0], without_progress(ended[moment][1])
    number, *_ = MOMENTS[moment]
    output, run = folder / moment, fitted("mixed").path
    assert not output.exists()
    rows = journal(output)["rows"]
    again = shlex.join(["kbuilder", "predict", str(run), "rows.csv", "--output", moment])
    if number == signal.SIGKILL:
        assert (code, said) == (-number, "")
    else:
        assert (code, rows > 0) == (128 + number, True)
        assert said == f"Interrupted after {rows:,} rows. Resume with:\n  {again}\n"
    monkeypatch.chdir(folder)
    code, _, err = call(*shlex.split(again)[1:])
    on = f"resuming after {rows:,} rows\n" if rows else ""
    assert (code, without_progress(err)) == (0, f"{on}{LONG:,} predictions: {moment}\n")
    if output.suffix == ".csv":
        assert output.read_text(encoding="utf-8") == expected.to_csv(index=False)
    else:
        pd.testing.assert_frame_equal(pd.read_parquet(output), expected, check_exact=True)
    assert not under_way.unfinished(output).exists()


PROGRAM = """
import resource, sys
import kbuilder as kb
from kbuilder.runs import predict_file
predict_file.SIZES["vector"] = 1024
run, seen = kb.load(sys.argv[1]), []
for data in sys.argv[2:]:
    rows = run.predict_file(data, f"out.{data.rpartition('.')[2]}", unknown="warn")
    seen += [rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]
print(*seen)
"""


@pytest.mark.slow
def test_five_times_the_rows_take_no_more_memory(folder: Path, fitted: Any) -> None:
    """In a process of its own, whose most memory the system tells, in MB."""
    frame = many(3 * 1024)
    frame["colour"] = [f"{n} " * 1000 for n in range(len(frame))]  # 15 MB, five times 74 MB
    for times in (1, 5):
        repeated = pd.concat([frame] * times)
        repeated.to_csv(folder / f"times-{times}.csv", index=False)
        repeated.to_parquet(folder / f"times-{times}.parquet")
    names = [f"times-{times}.{ending}" for ending in ("csv", "parquet") for times in (1, 5)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(fitted("mixed").path), *names],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, most = np.array(done.stdout.split(), dtype=int).reshape(4, 2).T
    assert rows.tolist() == [3_072, 15_360, 3_072, 15_360]
    assert most[1] - most[0] < 30, most
    assert most[3] - most[2] < 30, most


@pytest.mark.slow
def test_on_a_terminal_a_bar_tells_how_far_it_has_come(folder: Path, fitted: Any) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", SMALL, "predict", str(fitted("mixed").path)]
    with subprocess.Popen(
        [*command, "rows.csv", "-o", "shown.csv"], cwd=folder, stderr=theirs,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while some := os.read(ours, 4096):
                shown += some
        except OSError:  # the other end is closed
            pass
        assert process.wait(HANG) == 0
    os.close(ours)
    text = shown.decode()
    assert "1,024 rows " in text
    assert " rows/s" in text
    assert text.endswith(f"{LONG:,} predictions: shown.csv\r\n")


@pytest.mark.slow
def test_real_rows_are_predicted_alike_from_csv_and_parquet(call: Call) -> None:
    for part, rows in (("train", 3000), ("test", 5000)):
        lines = real(f"adult-{part}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        Path(f"{part}.csv").write_text("".join(lines[: rows + 1]), encoding="utf-8")
    data = kb.CSV(path="train.csv", target="income", missing=["?"])
    training = kb.Training(epochs=1, batch_size=1024)
    run = kb.fit(kb.Recipe(data=data, training=training), verbose=False)
    test = "test.csv"
    expected = run.predict(test)
    assert call("predict", run.path, test, "--output", "out.parquet")[0] == 0
    pd.testing.assert_frame_equal(pd.read_parquet("out.parquet"), expected, check_exact=True)
    pd.read_csv(test, na_values="?", skipinitialspace=True).to_parquet("test.parquet")
    assert call("predict", run.path, "test.parquet", "--output", "out.csv")[0] == 0
    assert Path("out.csv").read_text(encoding="utf-8") == expected.to_csv(index=False)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_ids_are_carried_over_in_every_chunk(ending: str, fitted: Any, call: Call) -> None:
    run, frame = fitted("mixed"), many(3000)
    frame.insert(0, "id", [f"{9_000_000_000_000_000_000 + n:020d}" for n in range(3000)])
    frame["label"] = [None if n < 2000 else f" {n:04d}" for n in range(3000)]
    getattr(frame, f"to_{ending}")(f"rows.{ending}", index=False)
    words = ["predict", run.path, f"rows.{ending}", "--keep", "row", "--keep", "id"]
    code, out, err = call(*words, "--keep", "label")
    said = "the column 'label' is called 'given label' here: an answer has its name\n"
    assert (code, err) == (0, said)
    found = pd.read_csv(io.StringIO(out), dtype=str, keep_default_na=False)
    assert list(found)[:4] == ["row", "id", "given label", "label"]
    assert found["row"].tolist() == [str(n) for n in range(1, 3001)]
    assert found["id"].tolist() == frame["id"].tolist()
    given = found["given label"].str.strip().tolist()
    assert given == [""] * 2000 + [f"{n:04d}" for n in range(2000, 3000)]
    pd.testing.assert_series_equal(found["label"], run.predict(frame)["label"], check_dtype=False)
    code, _, err = call(*words, "--keep", "label", "--output", "out.parquet")
    assert (code, err) == (0, f"{said}3,000 predictions: out.parquet\n")
    parquet = pd.read_parquet("out.parquet")
    assert parquet["id"].tolist() == frame["id"].tolist()
    assert call(*words, "--keep", "all", "--output", "out.csv")[0] == 0
    names = ["row", "id", *mixed(), "given label", "label"]
    assert list(pd.read_csv("out.csv"))[: len(names)] == names


def test_all_columns_go_into_a_sheet(rows: str, fitted: Any, call: Call) -> None:
    run = fitted("mixed")
    code, _, err = call("predict", run.path, rows, "--keep", "all", "--output", "out.xlsx")
    assert (code, err) == (0, f"{ROWS} predictions: out.xlsx\n")
    found = pd.read_excel("out.xlsx", dtype=object, engine="calamine")
    given = pd.read_csv(rows, dtype=str)
    pd.testing.assert_frame_equal(found[list(given)], given, check_dtype=False)
    assert found["label"].tolist() == run.predict(mixed())["label"].tolist()


def test_a_column_that_cannot_be_kept_is_named(rows: str, fitted: Any, call: Call) -> None:
    code, out, err = call("predict", fitted("mixed").path, rows, "--keep", "nr")
    assert (code, out) == (1, "")
    assert err == (
        "Error: rows.csv has no column 'nr' to keep. It has: size, colour, floor, answer. "
        "`row` is there too, and `all` means every column.\n"
    )


def test_csv_for_excel_has_its_mark_once(rows: str, fitted: Any, call: Call) -> None:
    path = fitted("mixed").path
    _, plain, _ = call("predict", path, rows, "--output", "plain.csv")
    code, _, _ = call("predict", path, rows, "--encoding", "utf-8-sig", "--output", "out.csv")
    assert code == 0
    assert Path("out.csv").read_bytes() == b"\xef\xbb\xbf" + Path("plain.csv").read_bytes()
    assert plain == ""


def test_an_encoding_that_there_is_not_is_refused(rows: str, fitted: Any, call: Call) -> None:
    code, out, err = call("predict", fitted("mixed").path, rows, "--encoding", "utf-9")
    assert (code, out) == (2, "")
    assert err.startswith("Error: 'utf-9' is no encoding of text.")


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_columns_of_several_files_are_carried_over(ending: str, fitted: Any, call: Call) -> None:
    for number in (1, 2):
        mixed()[:4].assign(id=[10**18 + n * number for n in range(4)]).to_csv(
            f"q-{number}.csv", index=False
        )
    code, _, err = call(
        "predict", fitted("mixed").path, "q-*.csv", "--keep", "id", "--output", f"out.{ending}"
    )
    assert code == 0, err
    read = pd.read_parquet if ending == "parquet" else partial(pd.read_excel, engine="openpyxl")
    frame = read(f"out.{ending}")
    assert [int(value) for value in frame["id"]] == [
        10**18 + n * number for number in (1, 2) for n in range(4)
    ]
