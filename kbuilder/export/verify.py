"""Ask an exported model for its own examples, and compare. Run as a program of its own:

    python -I verify.py EXPORT

It needs TensorFlow and nothing else; kbuilder is kept from being imported, so that an export that
leans on it fails here and not at its user's. Prints the greatest difference of any number as JSON,
and exits with 1 if it is over 1e-5 or any name differs.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

TOLERANCE = 1e-5


def main(folder: Path) -> int:
    """Print the comparison as JSON. Returns the exit code."""
    sys.modules["kbuilder"] = None  # type: ignore[assignment]  # its import now fails
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import numpy as np
    import tensorflow as tf

    extra = folder / "assets.extra"
    inputs = json.loads((extra / "kbuilder.json").read_text(encoding="utf-8"))["inputs"]
    examples = json.loads((extra / "examples.json").read_text(encoding="utf-8"))
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    columns = {}
    for entry in inputs:
        values = [_value(row[entry["name"]], entry["dtype"]) for row in examples["instances"]]
        columns[entry["name"]] = tf.constant(values, dtype=entry["dtype"])
    answers = {name: value.numpy() for name, value in serve(**columns).items()}

    greatest, wrong = 0.0, []
    for name in examples["predictions"][0]:
        expected = np.array([row[name] for row in examples["predictions"]])
        got = answers.get(name)
        if got is None or got.shape != expected.shape:
            wrong.append(f"{name} has the shape {None if got is None else got.shape}")
        elif expected.dtype.kind == "f":
            gap = np.abs(got.astype(np.float64) - expected)
            gap = np.where(np.isnan(got) & np.isnan(expected), 0.0, gap) / np.maximum(
                1.0, np.abs(expected)
            )
            greatest = max(greatest, float("inf" if np.isnan(gap).any() else gap.max()))
        else:
            named = np.vectorize(_word, otypes=[object])(got)
            differ = int((named != expected).sum())
            if differ:
                wrong.append(f"{differ} of {expected.size} values of {name} differ")
    print(json.dumps({"rows": len(examples["instances"]), "difference": greatest, "wrong": wrong}))
    return int(bool(wrong) or not greatest <= TOLERANCE)


def _value(value: object, dtype: str) -> object:
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    if value is None:
        return float("nan") if dtype.startswith("float") else ""
    return value


def _word(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
