"""Ask an exported model for its own examples, and compare. Run as a program of its own:

    python -I verify.py FORMAT.py EXPORTS.py EXPORT

FORMAT.py is the file of the format, which knows how to ask; EXPORTS.py is `kbuilder/exports.py`,
which compares. kbuilder is kept from being imported, and so is TensorFlow where the format has a
runtime of its own, so that an export that leans on them fails here and not at its user's. Prints
the greatest difference of any number, and what else differs, as JSON, and exits
with 1 if it is over the tolerance of the export or any name differs.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(format_file: Path, exports_file: Path, folder: Path) -> int:
    """Print the comparison as JSON. Returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    exports = runpy.run_path(str(exports_file))
    classes = runpy.run_path(str(format_file))
    spelled = format_file.stem.replace("_", "")
    kind: Any = next(it for name, it in classes.items() if name.lower() == spelled)
    blocked = ["kbuilder"]
    if kind.runtime in ("keras", "tensorflow"):
        blocked += ["pandas", "sklearn"]  # which Keras imports where they are, and no model needs
        gc.disable()  # of what is imported there is nothing to collect
    else:
        blocked += ["keras", "tensorflow"]
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]  # their import now fails

    described, examples = exports["described"](folder), exports["examples"](folder)
    columns = {
        entry["name"]: _column([row[entry["name"]] for row in examples["instances"]], entry)
        for entry in described["inputs"]
    }
    answers = kind.load(folder)(columns)

    greatest, wrong = 0.0, []
    for name in examples["predictions"][0]:
        expected = np.array([row[name] for row in examples["predictions"]])
        gap, what = exports["difference"](name, answers.get(name), expected)
        greatest = max(greatest, gap)
        if what:
            wrong.append(what)
    print(json.dumps({"rows": len(examples["instances"]), "difference": greatest, "wrong": wrong}))
    return int(bool(wrong) or not greatest <= described["tolerance"])


def _column(values: list[Any], entry: dict[str, Any]) -> np.ndarray:
    """The examples of one input; None is a missing number, or a missing word."""
    if entry["dtype"] == "string":
        column = np.empty(len(values), dtype=object)
        column[:] = [base64.b64decode(v["b64"]) if isinstance(v, dict) else v or "" for v in values]
        return column
    return np.array(values, dtype=entry["dtype"])  # of None it makes NaN


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
