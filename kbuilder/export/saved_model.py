"""A SavedModel from raw columns to names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from pathlib import Path
from typing import Any

from kbuilder import catalog, files
from kbuilder.columns import Columns
from kbuilder.errors import ExportError

# What TensorFlow takes as the name of an input of a signature.
VALID = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
VERIFY = Path(__file__).with_name("verify.py")
SECONDS = 300


def export(
    path: Path,
    columns: Columns,
    layer: Any,
    model: Any,
    instances: Sequence[Mapping[str, Any]],
    predictions: Sequence[Mapping[str, Any]],
) -> Path:
    """Write the model into `path/1`, or the next number, and prove that it answers alike.

    Args:
        path: The folder of all versions.
        columns: Learned features and task.
        layer: The preprocessing layer, from raw columns to the network's inputs.
        model: The fitted network.
        instances: Real rows as JSON values by column.
        predictions: What the model answers to them, as JSON values by output.

    Returns:
        The folder of the new version.

    Raises:
        ExportError: if the export cannot be written, or answers differently in a fresh process.
    """
    if path.exists() and not path.is_dir():
        raise ExportError(f"{path} is a file. Expected a folder for the versions of the export.")
    taken = [int(p.name) for p in path.iterdir() if p.name.isdigit()] if path.is_dir() else []
    version = path / str(max(taken, default=0) + 1)
    names = input_names(columns)
    with files.new_folder(version) as folder:
        _write_model(folder, columns, layer, model, names)
        extra = folder / "assets.extra"
        extra.mkdir()
        _json(extra / "kbuilder.json", describe(columns, names))
        rows = [{names[column]: value for column, value in row.items()} for row in instances]
        _json(extra / "examples.json", {"instances": rows, "predictions": list(predictions)})
        verify(folder)
        _json(folder / "manifest.json", {"sha256": files.hashes(folder)})
    return version


def input_names(columns: Columns) -> dict[str, str]:
    """The name of the signature's input by column: its own, where TensorFlow allows it."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns.features:
        name = column if VALID.fullmatch(column) else re.sub(r"[^A-Za-z0-9_.]+", "_", column)
        if not re.match(r"[A-Za-z0-9.]", name) or name == "self" or iskeyword(name):
            name = f"column{name}" if name.startswith("_") else f"column_{name}"
        free = (name, *(f"{name}_{number}" for number in range(2, 10_000)))
        # TensorFlow tells names apart only by their letters and digits, whatever their case.
        name = next(n for n in free if _plain(n) not in taken)
        taken.add(_plain(name))
        names[column] = name
    return names


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def describe(columns: Columns, names: Mapping[str, str]) -> dict[str, Any]:
    """The content of `kbuilder.json`: what goes in, what comes out, what it is called."""
    inputs = []
    for column, feature in columns.features.items():
        shape, dtype = feature.signature()
        entry = {"name": names[column], "column": column, "kind": catalog.name_of(feature)}
        known = getattr(feature, "vocabulary", None) if entry["kind"] == "category" else None
        words = {} if known is None else {"vocabulary": list(known)}
        inputs.append({**entry, "dtype": dtype, "shape": list(shape), **words})
    targets = json.loads(columns.to_json())["targets"]
    prefixes = (columns.titled(output, "") for output in columns.outputs())
    return {
        "inputs": inputs,
        "missing": {"float32": "NaN", "string": '""', "int64": -(2**63)},
        "targets": [{**it, "prefix": p} for it, p in zip(targets, prefixes, strict=True)],
    }


def verify(folder: Path) -> float:
    """Compare an export with its own examples, in a process that cannot import kbuilder.

    Returns:
        The greatest difference of any number.

    Raises:
        ExportError: if it cannot be loaded, or answers differently.
    """
    command = [sys.executable, "-I", str(VERIFY), str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ExportError(f"the export did not answer its examples in {SECONDS} s.") from None
    try:
        result = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExportError(
            f"the export cannot be loaded in a process of its own: {reason}. "
            "Nothing was left behind."
        ) from None
    if done.returncode:
        wrong = "; ".join(result["wrong"]) or f"a number is off by {result['difference']:.2g}"
        raise ExportError(
            f"the export answers differently from the model: {wrong}, in {result['rows']} rows. "
            "Expected equal names and numbers within 1e-05. Nothing was left behind."
        )
    return float(result["difference"])


def _write_model(
    folder: Path, columns: Columns, layer: Any, model: Any, names: Mapping[str, str]
) -> None:
    import keras
    import tensorflow as tf

    for inner in model._flatten_layers():
        if hasattr(inner, "use_cudnn"):
            inner.use_cudnn = False  # cuDNN's operations do not load on a CPU (keras#18504)

    def serve(raw: dict[str, Any]) -> dict[str, Any]:
        given = {column: raw[name] for column, name in names.items()}
        outputs = model(layer(given), training=False)
        return {
            columns.titled(output, name): tensor
            for output, (_, task) in columns.outputs().items()
            for name, tensor in task.decode(outputs[output]).items()
        }

    signature = {}
    for column, feature in columns.features.items():
        shape, dtype = feature.signature()
        signature[names[column]] = tf.TensorSpec(shape, dtype, name=names[column])
    archive = keras.export.ExportArchive()
    archive.track(layer)  # its tables; tracking the model too would write each weight twice
    archive.add_endpoint("serve", serve, input_signature=[signature])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        raise ExportError(f"the export cannot be written: {error.message}.") from None


def _json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
