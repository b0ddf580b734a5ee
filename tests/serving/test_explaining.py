"""Why a served model answers as it does: the explanations of `run.explain`, from an export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import handmade
import httpx
import numpy as np
import pytest
from halting import HANG
from shared import KINDS

import kbuilder as kb
from kbuilder import exports, preprocessing
from kbuilder.errors import ExportError
from kbuilder.evaluation.explained import first_of
from kbuilder.evaluation.explanations import Explanations
from kbuilder.instances import from_instances
from kbuilder.serving.exported import Exported

Exports = Callable[[str], Path]
Fitted = Callable[[str], kb.Run]


def examples(export: Exported) -> Any:
    """The examples of an export, as its server gets them."""
    return export._examples(export.examples["instances"])


def explained(run: kb.Run) -> Explanations:
    """What the run says of the examples."""
    columns = run.record.columns
    table = from_instances(columns, run.record.examples, "the examples")
    return run._explained(preprocessing.apply(run._layer, columns, table), first_of(columns))


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_explains_as_the_model_does(kind: str, fitted: Fitted, exported: Exports) -> None:
    run, export = fitted(kind), Exported(exported(kind))
    told = export.described[exports.EXPLAIN]
    found = export.explain(examples(export))
    own = explained(run)
    assert told["columns"] == list(own.by_column)
    assert [word.decode() for word in found["explained"]] == own.frame["explained"].tolist()
    given = own.attributions
    wanted = np.stack(list(own.by_column.values()), axis=1)
    room = 1e-3 * (given.sizes + np.abs(given.values))
    assert (np.abs(found["contributions"] - wanted).max(axis=1) <= room).all()
    assert (np.abs(found["value"] - given.values) <= room).all()
    assert (np.abs(found["average"] - given.average) <= room).all()
    assert not found["incomplete"].any()
    assert found["cancelling"].tolist() == own.cancelling.tolist()
    names = run.input_names()
    for name, rows in own.words.items():
        words, pushes = found[f"{names[name]}_words"], found[f"{names[name]}_pushes"]
        for row, line in enumerate(rows):
            first = line.split("|")[0].rpartition(" ")
            if first[0] not in ("", "(absent)"):
                assert words[row][0].decode() == first[0]
                assert pushes[row][0] == pytest.approx(float(first[2]), rel=0.02, abs=1e-3)
    for name in own.pictures:
        assert all(one[1:4] == b"PNG" for one in found[f"{names[name]}_picture_bytes"])
    steps = own.details.loc[own.details["of"].str.startswith("step ")] if len(own.details) else []
    assert any(name.endswith("_words") for name in found) == bool(own.words or len(steps))


def asked(at: str, **given: Any) -> httpx.Response:
    return httpx.post(f"{at}/v1/models/mixed:predict", json=given, timeout=HANG)


def test_a_server_explains_few_rows_and_says_what_it_cannot(exported: Exports) -> None:
    export = Exported(exported("mixed"))
    rows = [
        {column: value for column, value in row.items() if value is not None}
        for row in export.examples["instances"]
        if None not in row.values()
    ][:2]
    with handmade.served({"mixed": export.folder.parent}) as at:
        answers = asked(at, signature_name="explain", instances=rows).json()["predictions"]
        odds = [np.log(p[1] / p[0]) for p in (
            one["probabilities"] for one in asked(at, instances=rows).json()["predictions"]
        )]  # fmt: skip
        assert [one["value"] for one in answers] == pytest.approx(odds, rel=1e-3)
        for one in answers:
            whole = one["average"] + sum(one["contributions"]) + one["left_over"]
            assert whole == pytest.approx(one["value"], abs=1e-4)
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        by_column = asked(at, signature_name="explain", inputs=columns).json()["outputs"]
        assert by_column["value"] == [one["value"] for one in answers]
        many = asked(at, signature_name="explain", instances=rows[:1] * 17)
        assert (many.status_code, many.json()["error"]) == (
            413,
            "at most 16 rows are explained at once. Expected fewer, or `kbuilder predict "
            "--explain`, which explains files",
        )
        wrong = asked(at, signature_name="explain", instances=[{**rows[0], "size": "large"}])
        assert wrong.status_code == 400


def test_what_explains_nothing_says_why(fitted: Fitted, exported: Exports, tmp_path: Path) -> None:
    without = fitted("mixed").export(tmp_path / "mixed", explanations=False, verbose=False)
    assert exports.described(without)[exports.EXPLAIN] == {
        "reason": "it was exported without explanations"
    }
    size = sum(file.stat().st_size for file in without.rglob("*"))
    assert size < sum(file.stat().st_size for file in exported("mixed").rglob("*"))
    row = exports.examples(without)["instances"][0]
    with handmade.served({"mixed": without.parent}) as at:
        refused = asked(at, signature_name="explain", instances=[row])
        assert (refused.status_code, refused.json()["error"]) == (
            400, 'Serving signature name: "explain" not found in signature def',
        )  # fmt: skip


def test_an_export_that_explains_otherwise_than_the_model_is_refused(exported: Exports) -> None:
    export = Exported(exported("mixed"))
    export.verify_explanation()
    export.described[exports.EXPLAIN]["example"]["contributions"][0] += 1.0
    with pytest.raises(ExportError, match=r"explains its first example differently: by 0\."):
        export.verify_explanation()
