"""What every format promises, over the folder and the shared kinds of models."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from shared import KINDS, fields, message, mostly_slow

import kbuilder as kb
from kbuilder import catalog, exports, files, preprocessing
from kbuilder.columns import Columns, Target
from kbuilder.errors import CallError, ExportError
from kbuilder.evaluation.predictions import to_rows
from kbuilder.export import exporting

Runs = Callable[[str], kb.Run]
Exports = Callable[[str, str], Path]

FORMATS = catalog.names("export/formats")
NUMERIC = ("litert", "onnx", "openvino")
TITLES = {"litert": "LiteRT", "onnx": "ONNX", "openvino": "OpenVINO"}
WORDS = {
    "mixed": "column 'colour' (category) is",
    "several": "column 'colour' (category) is",
    "labels": "columns 'colour' (category), 'note' (text), 'marks' (set) are",
    "text": "column 'review' (text) is",
    "counts": "columns 'colour' (category), 'note' (text), 'name' (text) are",
}


def refusal(name: str, kind: str) -> str | None:
    """Why this format does not take this kind of model."""
    if name in NUMERIC and kind in WORDS:
        return (
            f"the {WORDS[kind]} of words, and an export to {TITLES[name]} takes numbers alone. "
            "Expected numbers, whole numbers, arrays or images, or --format saved_model, which "
            "looks words up."
        )
    if name == "keras" and kind == "two numbers":
        return (
            "the network has layers that only kbuilder has: Maxout. Expected Keras's own layers "
            "alone, or --format saved_model, which needs no class of a layer."
        )
    return None


TAKEN = [(name, kind) for name in FORMATS for kind in KINDS if refusal(name, kind) is None]
REFUSED = [(name, kind) for name in FORMATS for kind in KINDS if refusal(name, kind) is not None]
BY_NUMBERS = [pair for pair in TAKEN if pair[0] in NUMERIC]
QUICK = [
    *(pair for pair in BY_NUMBERS if pair[1] in ("sequence", "odd names")),
    ("onnx", "files"), ("openvino", "pixels"),
]  # fmt: skip


@pytest.fixture(scope="module")
def written(
    fitted: Runs, exported: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Exports:
    """The version of a run in a format; those of Keras are verified further below."""
    folder = tmp_path_factory.mktemp("formats")
    known: dict[tuple[str, str], Path] = {}

    def write(name: str, kind: str) -> Path:
        if name == "saved_model":
            return exported(kind)
        if (name, kind) not in known:
            with pytest.MonkeyPatch.context() as patch:
                if name == "keras":
                    patch.setattr(exporting, "verify", lambda folder: 0.0)
                known[name, kind] = fitted(kind).export(folder / f"{kind}-{name}", format=name)
        return known[name, kind]

    return write


def load(name: str, version: Path) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return catalog.find("export/formats", name).load(version)  # type: ignore[attr-defined]


def described(version: Path) -> dict[str, Any]:
    return json.loads((version / "assets.extra" / "kbuilder.json").read_text(encoding="utf-8"))


def test_the_formats_are_the_files_of_their_folder() -> None:
    assert FORMATS == ("keras", "litert", "onnx", "openvino", "saved_model")


@pytest.mark.parametrize(("name", "kind"), REFUSED)
@pytest.mark.slow
def test_what_a_format_cannot_take_is_refused_before_anything_is_written(
    name: str, kind: str, fitted: Runs
) -> None:
    assert message(ExportError, fitted(kind).export, "new", format=name) == refusal(name, kind)
    assert not Path("new").exists()


@pytest.mark.parametrize(("name", "kind"), TAKEN)
@pytest.mark.slow
def test_what_is_written_is_hashed_and_says_what_it_is(
    name: str, kind: str, written: Exports
) -> None:
    version = written(name, kind)
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {"sha256": files.hashes(version, leave_out=("manifest.json",))}
    assert (described(version)["format"], version.name) == (name, "1")
    assert exports.format_of(version) == name


@pytest.mark.parametrize(
    "kind", mostly_slow((kind for name, kind in TAKEN if name == "keras"), "mixed", "sequence")
)
def test_keras_alone_answers_like_the_network(kind: str, written: Exports) -> None:
    assert 0 <= exporting.verify(written("keras", kind)) <= 1e-5


@pytest.mark.parametrize(("name", "kind"), mostly_slow(BY_NUMBERS, *QUICK))
def test_other_rows_and_any_number_of_them_are_answered_like_predict(
    name: str, kind: str, written: Exports, fitted: Runs
) -> None:
    run, ask = fitted(kind), load(name, written(name, kind))
    for rows in (1, 40):
        frame = fields(kind)["data"].frame.head(rows)
        expected = to_rows(run.record.columns, run._outputs(run._given.table(frame)))
        answers = ask(numbers(run, frame))
        assert answers
        for output, values in answers.items():
            wanted = np.array([row[output] for row in expected])
            np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-4)


def numbers(run: kb.Run, frame: pd.DataFrame) -> dict[str, Any]:
    """Raw rows by input; images that are files decoded as Pillow does it."""
    raw = preprocessing.raw(run.record.columns, run._given.table(frame))
    names = run.input_names()
    return {
        names[column]: np.stack(
            [np.asarray(Image.open(io.BytesIO(it)).convert("RGB")) for it in values]
        )
        if values.dtype == object
        else values
        for column, values in raw.items()
    }


def test_a_file_of_an_image_comes_as_pixels_and_names_stay_beside(written: Exports) -> None:
    known = described(written("onnx", "files"))
    assert known["inputs"] == [
        {
            "name": "photo", "column": "photo", "kind": "image",
            "holds": "pictures", "dtype": "uint8",
            "shape": [None, 7, 9, 3],
            "prepared": "decoded, resized to 7 × 9 (bilinear, antialiased), red, green, blue",
        }
    ]  # fmt: skip
    assert known["outputs"] == [
        {"name": "probability", "dtype": "float32", "shape": [None]},
        {"name": "probabilities", "dtype": "float32", "shape": [None, 2]},
    ]
    assert known["targets"][0]["task"]["classes"] == ["cat", "dog"]


def test_an_onnx_file_holds_its_description_and_names_the_batch(written: Exports) -> None:
    import onnx

    version = written("onnx", "pixels")
    model = onnx.load(version / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    [held] = [it.value for it in model.metadata_props if it.key == "kbuilder.json"]
    known = described(version)
    beside = ("format", "tolerance", "explain")
    assert json.loads(held) == {k: v for k, v in known.items() if k not in beside}
    values = [*model.graph.input, *model.graph.output]
    assert {it.type.tensor_type.shape.dim[0].dim_param for it in values} == {"batch"}


def test_keras_says_how_its_inputs_were_prepared(written: Exports) -> None:
    [one] = described(written("keras", "sequence"))["inputs"]
    assert (one["name"], one["dtype"], one["shape"]) == ("wave_input", "float32", [None, 6, 4])
    [column] = one["columns"]
    assert column["column"] == "wave"
    assert column["how"] == (
        "(value - mean) / scale, each along the last axis, and 0 where a value is missing; "
        "what is beyond bounds counts as the nearest of them"
    )
    assert column["learned"].keys() == {
        "kind", "rescale", "mean", "scale", "shape", "raw_shape", "bounds", "dtype", "indicator",
        "masking", "length", "data_format", "columns", "members",
    }  # fmt: skip


@pytest.mark.parametrize("name", NUMERIC)
def test_a_recurrent_layer_is_left_as_it_was(name: str, written: Exports, fitted: Runs) -> None:
    written(name, "sequence")
    assert [it.unroll for it in fitted("sequence").model.layers if hasattr(it, "unroll")] == [False]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    """A run on whole numbers that name a kind, one-hot and embedded, with missing values, and on
    rows of such that stand for words."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"size": random.normal(50, 20, 300)})
    frame["floor"] = pd.array(random.integers(-1, 5, 300), dtype="Int64")
    frame["zone"] = pd.array(np.arange(300) % 90 * 10_000_000, dtype="Int64")
    frame["y"] = np.where(frame["size"] + 9 * frame["floor"].fillna(0) > 60, "hi", "lo")
    frame["note"] = [random.choice([4, 9, 70_000, 2], n % 6).tolist() for n in range(300)]
    frame.loc[::7, "size"] = np.nan
    frame.loc[::9, ["floor", "zone"]] = pd.NA
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="y"),
        features={"floor": kb.Category(), "zone": kb.Category(), "note": kb.Tokens()},
        model={"text": kb.Transformer(units=4, heads=2, blocks=1)},  # masked
        training=kb.Training(epochs=2, batch_size=32),
    )
    return kb.fit(recipe, run_dir=tmp_path_factory.mktemp("whole") / "run", verbose=False)


@pytest.mark.parametrize("name", mostly_slow(NUMERIC, "onnx", "openvino"))
def test_whole_numbers_are_looked_up_also_the_unknown_and_the_missing(
    name: str, whole: kb.Run
) -> None:
    version = whole.export(Path("whole"), format=name)
    missing = -(2**31) if name == "openvino" else -(2**63)
    dtype = "int32" if name == "openvino" else "int64"
    assert described(version)["missing"] == {"float32": "NaN", dtype: missing}
    frame = pd.DataFrame({"size": [10.0, np.nan, 60, 70]})
    frame["floor"] = pd.array([2, 77, pd.NA, -1], dtype="Int64")
    frame["zone"] = pd.array([pd.NA, 10_000_000, 3, 890_000_000], dtype="Int64")
    frame["note"] = [[4, 9], [], [70_000, 5, 2, 2**40], [0, 2, 0]]
    rows = [[4, 9, 0, 0, 0], [0] * 5, [missing, 70_000, 5, 2, 2**31 - 1], [2] + [missing] * 4]
    given = {
        "size": frame["size"].to_numpy(np.float32),
        "floor": np.array([2, 77, missing, -1], dtype),
        "zone": np.array([missing, 10_000_000, 3, 890_000_000], dtype),
        "note": np.array(rows, dtype),
    }
    answer = load(name, version)(given)["probabilities"]
    wanted = whole.predict(frame)[["probability of hi", "probability of lo"]].to_numpy()
    classes = described(version)["targets"][0]["task"]["classes"]
    wanted = wanted if classes == ["hi", "lo"] else wanted[:, ::-1]
    np.testing.assert_allclose(answer, wanted, atol=1e-5)


def test_whole_numbers_beyond_32_bits_are_not_for_openvino() -> None:
    zone = kb.Category(vocabulary=[7, 2**40, -(2**31)], embedding=2)
    columns = Columns({"zone": zone}, (Target(("y",), kb.Binary()),))
    check = Path("new"), "openvino", None, columns
    assert message(ExportError, exporting.check, *check) == (
        "the column 'zone' (such as 1099511627776) has whole numbers beyond the 32 bits that "
        "OpenVINO computes them in. Expected -2147483647 to 2147483647, or --format saved_model."
    )
    assert exporting.check(Path("new"), "onnx", None, columns).runtime == "onnxruntime"
    note = kb.Tokens(vocabulary=[2**40], length=3, masking=0)
    columns = Columns({"note": note}, (Target(("y",), kb.Binary()),))
    said = message(ExportError, exporting.check, Path("new"), "openvino", None, columns)
    assert said.startswith("the column 'note' (such as 1099511627776) has whole numbers beyond")


NUMBERS = Columns({"a": kb.Number()}, (Target(("y",), kb.Binary()),))


@pytest.mark.parametrize(
    ("name", "module", "said"),
    [
        ("onnx", "tf2onnx", "ONNX needs tf2onnx"),
        ("litert", "ai_edge_litert", "LiteRT needs ai-edge-litert"),
        ("openvino", "openvino", "OpenVINO needs openvino"),
    ],
)
def test_a_package_that_is_missing_is_told_with_the_extra(
    name: str, module: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert message(CallError, exporting.check, Path("new"), name, None, NUMBERS) == (
        f"an export to {said}, which is not installed. Expected `pip install 'kbuilder[{name}]'`."
    )


def test_all_packages_that_are_missing_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("onnx", "onnxruntime", "tf2onnx"):
        monkeypatch.setitem(sys.modules, module, None)
    assert message(CallError, exporting.check, Path("new"), "onnx", None, NUMBERS) == (
        "an export to ONNX needs onnx, onnxruntime, tf2onnx, which are not installed. "
        "Expected `pip install 'kbuilder[onnx]'`."
    )


def test_an_unknown_format_is_refused() -> None:
    assert message(CallError, exporting.check, Path("new"), "onxx", None, NUMBERS) == (
        "there is no format 'onxx'. Expected one of: keras, litert, onnx, openvino, saved_model."
    )


def test_versions_of_another_format_are_not_mixed_in(exported: Callable[[str], Path]) -> None:
    folder = exported("two numbers").parent
    assert message(CallError, exporting.check, folder, "onnx", None, NUMBERS) == (
        f"{folder} holds versions in the format saved_model. Expected the same, or another "
        f"folder, such as {folder}-onnx: a server takes the newest version, whatever it is."
    )


def test_a_server_refuses_another_format(written: Exports) -> None:
    from kbuilder.serving.exported import Exported

    version = written("onnx", "pixels")
    assert message(ExportError, Exported, version) == (
        f"{version} is in the format onnx, which has a runtime of its own. "
        "Expected an export that was written without --format."
    )


def test_of_a_folder_of_exports_those_that_it_can_serve_are_served() -> None:
    from kbuilder.serving import places

    for model, name in (("old", None), ("digits", "saved_model"), ("digits-onnx", "onnx")):
        extra = Path("exported") / model / "1" / "assets.extra"
        extra.mkdir(parents=True)
        if name is not None:
            (extra / "kbuilder.json").write_text(json.dumps({"format": name}), encoding="utf-8")
    assert sorted(places.find(Path("exported"))) == ["digits", "old"]


@pytest.mark.parametrize("name", NUMERIC)
def test_an_export_that_answers_differently_leaves_nothing_behind(
    name: str, fitted: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(columns: Columns, outputs: Any) -> list[dict[str, Any]]:
        return [{**row, "value": row["value"] + 1.0} for row in to_rows(columns, outputs)]

    monkeypatch.setattr("kbuilder.run.to_rows", wrong)
    said = message(ExportError, fitted("sequence").export, "new", format=name)
    assert said.startswith("the export answers differently from the model: a number is off by 0.")
    assert said.endswith(
        " Expected equal names and numbers within 0.0001. Nothing was left behind."
    )
    assert not Path("new").exists()


def test_what_a_converter_cannot_convert_is_told_with_its_reason(
    fitted: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    def sorted_by_name(self: Any, outputs: Any) -> dict[str, Any]:
        return {"value": tf.strings.to_number(tf.strings.as_string(outputs["height"][:, 0]))}

    monkeypatch.setattr("kbuilder.export.contract.Fitted.decode", sorted_by_name)
    said = message(ExportError, fitted("sequence").export, "new", format="openvino")
    assert said.startswith("the network cannot be converted to OpenVINO: ")
    assert said.endswith(
        ". Expected another network, or --format saved_model. Nothing was left behind."
    )
    assert not Path("new").exists()


def test_names_of_inputs_are_the_same_in_every_format(written: Exports, fitted: Runs) -> None:
    names = set(fitted("odd names").record.columns.export_names().values())
    for name in ("saved_model", *NUMERIC):
        assert {it["name"] for it in described(written(name, "odd names"))["inputs"]} == names
