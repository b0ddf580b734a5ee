"""`kbuilder export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared import Call


def test_the_place_goes_to_stdout_and_renamed_columns_to_stderr(fitted: Any, call: Call) -> None:
    code, out, err = call("export", fitted("odd names").path, "exported/odd")
    assert (code, out) == (0, "export: exported/odd/1\n")
    assert Path("exported/odd/1/saved_model.pb").is_file()
    lines = err.splitlines()
    assert lines[0] == (
        "The column 'with space' is called 'with_space' in the export: TensorFlow allows "
        "letters, digits and _ . - / there, and no word of Python's own."
    )
    assert len(lines) == 10  # of twelve columns two keep their names


def test_a_file_in_the_way_is_refused(fitted: Any, call: Call) -> None:
    Path("taken").touch()
    code, out, err = call("export", fitted("mixed").path, "taken")
    assert (code, out) == (1, "")
    assert err == ("Error: taken is a file. Expected a folder for the versions of the export.\n")


def test_a_folder_that_is_no_run_is_refused(call: Call) -> None:
    Path("empty").mkdir()
    code, out, err = call("export", "empty", "exported")
    assert (code, out) == (1, "")
    assert err.startswith("Error: empty is no whole run: it has no readable lock.json.")
    assert not Path("exported").exists()
