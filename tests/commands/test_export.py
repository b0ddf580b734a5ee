"""`kbuilder export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared import Call


def test_the_place_goes_to_stdout_and_renamed_columns_to_stderr(fitted: Any, call: Call) -> None:
    code, out, err = call("export", fitted("odd names").path, "exported/odd")
    assert (code, out) == (0, "export: exported/odd/1\n")
    assert Path("exported/odd/1/saved_model.pb").is_file()
    assert err == (
        "Some inputs have other names than their columns: 'with space' is 'with_space_2', "
        "'größe' is 'gr_e', '_hidden' is 'column_hidden', 'a b' is 'a_b_2', 'a_b' is 'a_b_3', "
        "'A-B' is 'A-B_4', 'self' is 'column_self', '日本' is 'column', '100 %' is '100_', "
        "'x\\ny' is 'x_y', 'a' is 'a_2', 'Age (years)' is 'Age_years_' and 5 more. TensorFlow "
        "allows letters, digits and _ . - / there, in any case the same name once. "
        "`kbuilder serve` takes the columns' own names too.\n"
    )


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


def test_another_format_is_written_without_a_word_from_its_converter(
    fitted: Any, call: Call
) -> None:
    for name in ("litert", "onnx", "openvino"):
        code, out, err = call(
            "export", fitted("sequence").path, f"exported/{name}", "--format", name
        )
        assert (code, out, err) == (0, f"export: exported/{name}/1\n", ""), err


def test_a_format_that_nobody_knows_is_refused(fitted: Any, call: Call) -> None:
    code, out, err = call("export", fitted("mixed").path, "exported", "--format", "onxx")
    assert (code, out) == (2, "")
    assert err.endswith(
        "'onxx' is not one of 'keras', 'litert', 'onnx', 'openvino', 'saved_model'.\n"
    )


def test_what_is_not_quantized_is_refused(fitted: Any, call: Call) -> None:
    code, out, err = call("export", fitted("mixed").path, "exported", "--quantize", "int8")
    assert (code, out) == (2, "")
    assert err == (
        "Error: TensorFlow SavedModel is not quantized to int8 here. Expected --format litert to "
        "float16 or int8, or no --quantize.\n"
    )
    assert not Path("exported").exists()


def test_files_for_other_servers_that_were_changed_are_told(fitted: Any, call: Call) -> None:
    Path("exported").mkdir()
    Path("exported/Dockerfile").write_text("FROM scratch", encoding="utf-8")
    code, out, err = call("export", fitted("two numbers").path, "exported")
    assert (code, out) == (0, "export: exported/1\n")
    assert err == "exported/Dockerfile was changed, and is left as it is\n"
