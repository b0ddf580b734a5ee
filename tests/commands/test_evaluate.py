"""`kbuilder evaluate`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from shared import Call, mixed

from kbuilder.evaluation.wording import verdict


def test_without_data_it_is_what_the_fit_found(fitted: Any, call: Call) -> None:
    run = fitted("mixed")
    code, out, err = call("evaluate", run.path)
    assert (code, out, err) == (0, verdict(run.metrics) + "\n", "")


def test_json_is_the_file_of_the_run(fitted: Any, call: Call) -> None:
    run = fitted("two numbers")
    code, out, _ = call("evaluate", run.path, "--json")
    assert (code, json.loads(out)) == (0, run.metrics)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_rows_of_a_file_are_scored(as_json: bool, fitted: Any, call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    run = fitted("mixed")
    expected = run.evaluate(mixed())
    code, out, err = call("evaluate", run.path, "rows.csv", *["--json"] * as_json)
    assert (code, err) == (0, "")
    if as_json:
        assert json.loads(out)["data"] == pytest.approx(expected["data"])
        known = expected["intervals"]["data"]
        assert set(known) == set(expected["data"]) - {"calibration_error"}
        assert all(low <= expected["data"][name] <= high for name, (low, high) in known.items())
    else:
        low, high = expected["intervals"]["data"]["accuracy"]
        said = f"accuracy {expected['data']['accuracy']:.4f} (95 %: {low:.4f} to {high:.4f})"
        assert re.fullmatch(rf"rows\.csv: {re.escape(said)}, auc .*, loss [\d.]+\n", out)


def test_a_label_that_training_never_saw_is_named_with_its_row(fitted: Any, call: Call) -> None:
    mixed().replace({"answer": {"no": "nope"}}).to_csv("rows.csv", index=False)
    code, out, err = call("evaluate", fitted("mixed").path, "--data", "rows.csv")
    assert (code, out) == (1, "")
    assert re.match(
        r"Error: .*row \d+ of rows\.csv: the target 'answer' is 'nope'\. Expected a label known "
        r"from training: 'no', 'yes'\. Remove the row, or fix the label\.\n",
        err,
    )


def test_an_altered_run_is_refused(fitted: Any, call: Call, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(fitted("mixed").path, tmp_path / "copy")
    (copy / "metrics.json").write_text("{}", encoding="utf-8")
    code, out, err = call("evaluate", "copy")
    assert (code, out) == (1, "")
    assert err == (
        "Error: copy was altered after the fit: metrics.json does not match lock.json. "
        "Restore the file, or fit again.\n"
    )
