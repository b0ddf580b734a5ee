"""A SavedModel from raw columns to names, and what holds for exports in any format."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from shared import KINDS, ODD, fields, message

import kbuilder as kb
from kbuilder import preprocessing
from kbuilder.columns import Columns, Target
from kbuilder.errors import ExportError
from kbuilder.evaluation.predictions import to_rows
from kbuilder.export import exporting, wheel
from kbuilder.instances import to_instances

Runs = Callable[[str], kb.Run]
Exports = Callable[[str], Path]

FRESH = exporting.run  # as it is before conftest.py has forks in its place

# Asks every export for the rows of a file, in a process that cannot import kbuilder.
ASK = """
import base64, json, sys
sys.modules["kbuilder"] = None
import tensorflow as tf
answers = {}
for kind, path, rows in json.load(open(sys.argv[1])):
    serve = tf.saved_model.load(path).signatures["serving_default"]
    inputs = json.load(open(path + "/assets.extra/kbuilder.json"))["inputs"]
    def value(cell):
        if isinstance(cell, dict):
            return base64.b64decode(cell["b64"])
        return float("nan") if cell is None else cell
    given = {}
    for entry in inputs:
        cells = [value(row[entry["column"]]) for row in rows]
        given[entry["name"]] = tf.constant(cells, entry["dtype"])
    answers[kind] = {
        name: [tensor.dtype.name, [[str(c, "utf-8") if isinstance(c, bytes) else c for c in
               (cell if isinstance(cell, list) else [cell])] for cell in tensor.numpy().tolist()]]
        for name, tensor in serve(**given).items()
    }
print(json.dumps(answers))
"""


def rows(kind: str, run: kb.Run) -> tuple[Any, list[dict[str, Any]]]:
    """Real rows, also those that training saw, and the same as JSON values."""
    frame = fields(kind)["data"].frame.head(40)
    return frame, to_instances(preprocessing.raw(run.record.columns, run._given.table(frame)))


@pytest.fixture(scope="module")
def answered(
    fitted: Runs, exported: Exports, forked: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("answers")
    file, program = folder / "questions.json", folder / "ask.py"
    program.write_text(ASK, encoding="utf-8")
    questions = [[k, str(exported(k)), rows(k, fitted(k))[1]] for k in KINDS]
    file.write_text(json.dumps(questions), encoding="utf-8")
    done = forked([str(program), str(file)])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_a_process_without_kbuilder_answers_like_predict(
    kind: str, fitted: Runs, answered: dict[str, Any]
) -> None:
    run = fitted(kind)
    frame, _ = rows(kind, run)
    outputs = run._outputs(run._given.table(frame))
    expected = to_rows(run.record.columns, outputs)
    assert set(answered[kind]) == set(expected[0])
    for name, (dtype, values) in answered[kind].items():
        wanted = [row[name] if isinstance(row[name], list) else [row[name]] for row in expected]
        if dtype == "float32":
            np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-5)
        else:
            assert values == wanted


OUTPUTS = {
    "labels": {"labels": "string", "probabilities": "float32"},
    "several": {
        "answer_label": "string", "answer_probability": "float32",
        "answer_probabilities": "float32", "kind_of_thing_label": "string",
        "kind_of_thing_probability": "float32", "kind_of_thing_probabilities": "float32",
        "price_value": "float32",
    },
    "two numbers": {"value": "float32"},
    "sequence": {"value": "float32"},
    "pixels": {"label": "int64", "probability": "float32", "probabilities": "float32"},
}  # fmt: skip
NAMED = {"label": "string", "probability": "float32", "probabilities": "float32"}
INPUTS = {
    "mixed": {
        "size": ("float32", [None]),
        "colour": ("string", [None]),
        "floor": ("int64", [None]),
    },
    "text": {"review": ("string", [None])},
    "files": {"photo": ("string", [None])},
    "pixels": {"image": ("uint8", [None, 29, 28])},
    "sequence": {"wave": ("float32", [None, 6, 2])},
}


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_float32_and_names(kind: str, answered: dict[str, Any]) -> None:
    dtypes = {name: dtype for name, (dtype, _) in answered[kind].items()}
    assert dtypes == OUTPUTS.get(kind, NAMED)


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs_are_the_raw_columns(kind: str, exported: Exports) -> None:
    import tensorflow as tf

    serve = tf.saved_model.load(str(exported(kind))).signatures["serving_default"]
    _, named = serve.structured_input_signature
    found = {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in named.items()}
    assert found == INPUTS[kind]


def test_the_description_says_what_goes_in_and_what_comes_out(exported: Exports) -> None:
    extra = exported("mixed") / "assets.extra"
    described = json.loads((extra / "kbuilder.json").read_text(encoding="utf-8"))
    assert list(described) == [
        "format", "tolerance", "inputs", "missing", "targets", "ignored", "explain",
    ]  # fmt: skip
    assert (described["format"], described["tolerance"]) == ("saved_model", 1e-5)
    size = described["inputs"][0]
    least, most = size.pop("range")
    assert least < 0 < most
    assert size == {
        "name": "size", "column": "size", "kind": "number", "holds": "numbers",
        "dtype": "float32", "shape": [None], "unlike": "far from those of training", "known": True,
    }  # fmt: skip
    assert described["missing"] == {
        "float32": "NaN",
        "float64": "NaN",
        "string": '""',
        "int64": -(2**63),
    }
    [target] = described["targets"]
    assert target["columns"] == ["answer"]
    assert (target["task"]["name"], target["task"]["classes"]) == ("binary", ["no", "yes"])


def test_the_manifest_has_the_hash_of_every_file(exported: Exports) -> None:
    from kbuilder import files

    folder = exported("mixed")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {"sha256": files.hashes(folder, leave_out=("manifest.json",))}
    assert "saved_model.pb" in manifest["sha256"]


def test_odd_columns_have_names_that_tensorflow_allows() -> None:
    number = kb.Number(mean=0, scale=1, indicator=False)
    columns = Columns(dict.fromkeys(ODD, number), (Target(("y",), kb.Binary()),))
    assert columns.export_names() == {
        "with space": "with_space_2", "a/b": "a/b", "größe": "gr_e", "1st": "1st",
        "_hidden": "column_hidden", "a b": "a_b_2", "a_b": "a_b_3", "A-B": "A-B_4",
        "self": "column_self", "日本": "column", "100 %": "100_", "x\ny": "x_y", "A": "A",
        "a": "a_2", "Pclass": "Pclass", "Sepal.Length": "Sepal.Length",
        "Age (years)": "Age_years_", "이름": "column_2", "나이": "column_3",
        "class": "column_class", "None": "column_None", "with_space": "with_space",
        "__proto__": "column_proto",
    }  # fmt: skip


@pytest.fixture
def copied(exported: Exports, tmp_path: Path) -> Path:
    """A copy of an export, to be tampered with."""
    return Path(shutil.copytree(exported("mixed"), tmp_path / "copy"))


def test_a_whole_export_is_verified_in_a_fresh_process(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "run", FRESH)
    assert 0 <= exporting.verify(copied) <= 1e-5


@pytest.mark.slow
def test_other_numbers_than_the_models_are_refused(copied: Path) -> None:
    file = copied / "assets.extra" / "examples.json"
    examples = json.loads(file.read_text(encoding="utf-8"))
    examples["predictions"][0]["probabilities"][0] += 0.001
    file.write_text(json.dumps(examples), encoding="utf-8")
    assert message(ExportError, exporting.verify, copied) == (
        "the export answers differently from the model: a number is off by 0.001, in 9 rows. "
        "Expected equal names and numbers within 1e-05. Nothing was left behind."
    )


@pytest.mark.slow
def test_other_names_than_the_models_are_refused(copied: Path) -> None:
    file = copied / "assets.extra" / "examples.json"
    examples = json.loads(file.read_text(encoding="utf-8"))
    examples["predictions"][0]["label"] = "maybe"
    examples["predictions"][1]["probabilities"] = [0.5, 0.5]
    file.write_text(json.dumps(examples), encoding="utf-8")
    assert message(ExportError, exporting.verify, copied).startswith(
        "the export answers differently from the model: 1 of 9 values of label differ, in 9 rows."
    )


@pytest.mark.slow
def test_other_variables_are_refused(copied: Path) -> None:
    import tensorflow as tf

    prefix = str(copied / "variables" / "variables")
    reader = tf.train.load_checkpoint(prefix)
    names = sorted(reader.get_variable_to_dtype_map())
    tensors = [tf.constant(reader.get_tensor(name)) for name in names]
    moved = [tensor + 0.5 if tensor.dtype == tf.float32 else tensor for tensor in tensors]
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=moved
    )
    said = message(ExportError, exporting.verify, copied)
    assert said.startswith("the export answers differently from the model: ")
    assert said.endswith(" Expected equal names and numbers within 1e-05. Nothing was left behind.")


@pytest.mark.slow
def test_overwritten_variables_are_refused(copied: Path) -> None:
    [file] = (copied / "variables").glob("variables.data-*")
    content = bytearray(file.read_bytes())
    content[:400] = b"<" * 400
    file.write_bytes(content)
    said = message(ExportError, exporting.verify, copied)
    assert said.startswith("the export cannot be loaded in a process of its own: ")
    assert said.endswith(". Nothing was left behind.")


@pytest.mark.slow
def test_the_graph_of_another_model_is_refused(copied: Path, exported: Exports) -> None:
    shutil.copy(exported("text") / "saved_model.pb", copied / "saved_model.pb")
    said = message(ExportError, exporting.verify, copied)
    assert said.startswith("the export cannot be loaded in a process of its own: ")
    assert said.endswith(". Nothing was left behind.")


@pytest.mark.slow
def test_versions_count_up_and_others_are_left_alone(exported: Exports, fitted: Runs) -> None:
    assert exported("mixed").name == "1"
    folder = Path("versions")
    for name in ("1", "9", "draft"):
        (folder / name).mkdir(parents=True)
    assert fitted("mixed").export(folder) == folder / "10"
    beside = ["Dockerfile", "draft", wheel.NAME, "kserve.yaml", "models.config"]
    assert sorted(path.name for path in folder.iterdir()) == ["1", "10", "9", *beside]


@pytest.mark.slow
def test_an_export_that_fails_leaves_nothing_behind(
    fitted: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(columns: Columns, outputs: Any) -> list[dict[str, Any]]:
        return to_rows(columns, {"answer": np.full_like(outputs["answer"], 0.5)})

    monkeypatch.setattr("kbuilder.run.to_rows", wrong)
    assert message(ExportError, fitted("mixed").export, "new").startswith(
        "the export answers differently from the model: "
    )
    assert list(Path("new").glob("**/*")) == []


def test_a_file_in_the_way_is_left_alone(fitted: Runs) -> None:
    Path("taken").write_text("mine", encoding="utf-8")
    assert message(ExportError, fitted("mixed").export, "taken") == (
        "taken is a file. Expected a folder for the versions of the export."
    )
    assert Path("taken").read_text(encoding="utf-8") == "mine"


def test_each_weight_is_written_once(exported: Exports, fitted: Runs) -> None:
    written = tf.train.load_checkpoint(str(exported("text") / "variables" / "variables"))
    shapes = written.get_variable_to_shape_map()
    kinds = written.get_variable_to_dtype_map()
    sizes = [math.prod(shape) for name, shape in shapes.items() if kinds[name].is_floating]
    assert sum(sizes) == fitted("text").model.count_params()
