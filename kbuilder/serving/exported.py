"""An export, checked against its manifest and loaded: raw columns in, names out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder import engine, exports, files
from kbuilder.errors import ExportError, listed
from kbuilder.exports import MANIFEST
from kbuilder.serving import pictures, tensorflow_serving
from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Columns, Signature, Tensor
from kbuilder.serving.strangers import Strangers

TOLERANCE = 1e-5
ROUNDING = 2.0
"""Another machine may round otherwise: so many times the tolerance of the export."""
EXPLAINED = 1e-3
"""How far contributions may be from those of the model, of what they are in all."""
MISSING = {"float32": math.nan, "float64": math.nan, "string": ""}


def check(folder: Path) -> None:
    """Check that an export is what was written: regular files alone, each with its hash.

    Raises:
        ExportError: naming what is missing, altered, or was added.
    """
    try:
        known = files.hashes_in(folder / MANIFEST)
    except (OSError, ValueError):
        raise ExportError(
            f"{folder} is no whole export: it has no readable {MANIFEST}. Expected a folder that "
            "`kbuilder export` named, such as exported/adult/1."
        ) from None
    odd = [p for p in folder.rglob("*") if p.is_symlink() or not (p.is_file() or p.is_dir())]
    if odd:
        names = listed(path.relative_to(folder) for path in odd)
        raise ExportError(f"{folder} holds what is no regular file: {names}. Export again.")
    found = files.hashes(folder, leave_out=(MANIFEST,))
    altered = {name for name in known.keys() & found.keys() if known[name] != found[name]}
    for what, wrong in (
        ("is missing", known.keys() - found.keys()),
        ("was added", found.keys() - known.keys()),
        ("was altered", altered),
    ):
        if wrong:
            raise ExportError(
                f"{folder} is not what was exported: {listed(sorted(wrong))} {what}. Export again."
            )


class Exported:
    """A loaded export.

    Args:
        folder: The version, `DIR/1`, which has been checked.
        say: Called with a line for the log, once for a column with values that the model does not
            know.

    Raises:
        ExportError: if TensorFlow cannot load it.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda line: None) -> None:
        import tensorflow as tf

        self.folder = folder
        written = exports.format_of(folder)
        if written not in (exports.SAVED_MODEL, None):
            raise ExportError(
                f"{folder} is in the format {written}, which has a runtime of its own. "
                "Expected an export that was written without --format."
            )
        try:
            self.described = exports.described(folder)
            self.examples = exports.examples(folder)
            self._loaded = tf.saved_model.load(str(folder))  # what the function needs is held by it
            self._serve = self._loaded.signatures["serving_default"]
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ExportError(f"{folder} cannot be loaded: {reason}") from None
        outputs = self._serve.structured_outputs
        entries = self.described["inputs"]
        self.signature = Signature(
            # TensorFlow's own record of the inputs has other letters: lower case, "_" for "."
            inputs={e["name"]: _input(e) for e in entries},
            # which TensorFlow has in another order in each process
            outputs={name: _tensor(outputs[name]) for name in sorted(outputs)},
            columns={e["name"]: e["column"] for e in entries if e["name"] != e["column"]},
            ignored=frozenset(self.described.get("ignored", ())) - {e["name"] for e in entries},
            members={e["name"]: tuple(e["columns"]) for e in entries if "columns" in e},
            beside=frozenset({exports.EXPLAIN} & self._loaded.signatures.keys()),
        )
        self._explain = self._loaded.signatures.get(exports.EXPLAIN)
        tells = self._loaded.signatures.get(exports.TELLS)  # exports of before have none
        self._serve = tells or self._serve
        self.texts = [e["name"] for e in entries if tells and e.get(exports.READS)]
        self.tells_strange = bool(tells) and any(e.get(exports.KNOWN) for e in entries)
        self.strangers = Strangers(entries, say)
        self.pictures = {e["name"]: e for e in entries if _takes_files(e)}
        self.pixels = {e["name"]: e["column"] for e in entries if _takes_floats(e)}
        self._call = self._stacked()

    def _stacked(self) -> Any:
        """The signature as a function with one tensor for all inputs that are alike.

        Most of what a call costs is Python's work on each tensor: of 14 columns it is halved.
        """
        import tensorflow as tf

        groups = self.signature.groups
        specs = [
            tf.TensorSpec((len(names), *tensor.shape), tensor.dtype) for tensor, names in groups
        ]

        @tf.function(input_signature=specs)
        def call(*stacked: Any) -> list[Any]:
            given: dict[str, Any] = {}
            for (_, names), together in zip(groups, stacked, strict=True):
                given.update(zip(names, tf.unstack(together), strict=True))
            answers = self._serve(**given)
            return [
                *(answers[name] for name in self.signature.outputs),
                *(answers[f"{exports.READS}:{name}"] for name in self.texts),
                *([answers[exports.KNOWN]] if self.tells_strange else ()),
            ]

        return call.get_concrete_function()

    @property
    def is_plain(self) -> bool:
        """Whether its inputs are numbers and categories alone."""
        inputs = self.described["inputs"]
        scalars = all(len(entry["shape"]) == 1 for entry in inputs)
        return scalars and {entry.get("holds") for entry in inputs} <= {"numbers", "words"}

    def predict(self, columns: Columns) -> Columns:
        """The outputs for some rows; strings are bytes. Values that are unknown are counted.

        Raises:
            RequestError: if a value cannot be used, such as an image that cannot be decoded.
        """
        answer, read, known = self._answer(columns)
        self.strangers.see(columns, read, known)
        return answer

    def _answer(self, columns: Columns) -> tuple[Columns, Columns, bool]:
        """The outputs; of the rows of each text whether a word is known; and whether, as the export
        tells, nothing else is strange.
        """
        columns = self._whole(columns)
        with self._naming(columns):
            found = [answer.numpy() for answer in self._call(*self._given(columns))]
        known = bool(found.pop()) if self.tells_strange else False
        count = len(self.signature.outputs)
        return (
            dict(zip(self.signature.outputs, found[:count], strict=True)),
            dict(zip(self.texts, found[count:], strict=True)),
            known,
        )

    def explain(self, columns: Columns) -> Columns:
        """What pushes the answers for some rows: the outputs of the function `explain`.

        Raises:
            RequestError: if a value cannot be used.
        """
        import tensorflow as tf

        columns = self._whole(columns)
        given = {
            name: tf.constant(values.tolist(), tf.string, shape=values.shape)
            if self.signature.inputs[name].dtype == "string"
            else tf.constant(values)
            for name, values in columns.items()
        }
        with self._naming(columns):
            found = {name: tensor.numpy() for name, tensor in self._explain(**given).items()}
        return {name: found[name] for name in sorted(found)}

    def _whole(self, columns: Columns) -> Columns:
        """The columns with pictures as TensorFlow reads them.

        Raises:
            RequestError: if a picture lacks a pixel, or cannot be read.
        """
        if self.pictures:
            columns = {**columns, **self._readable(columns)}
        for name, column in self.pixels.items():
            pictures.expect_whole(column, columns[name])
        return columns

    @contextmanager
    def _naming(self, columns: Columns) -> Iterator[None]:
        """What TensorFlow does not take is the client's mistake; a picture is named.

        Raises:
            RequestError: then.
        """
        import tensorflow as tf

        try:
            yield
        except tf.errors.InvalidArgumentError as error:
            for name, entry in self.pictures.items():
                pictures.check(entry["column"], columns[name])
            raise RequestError(engine.reason_of(error)) from None

    def _readable(self, columns: Columns) -> Columns:
        """The pictures as TensorFlow reads them."""
        return {
            # exports of kbuilder 1.6 and before do not say how many channels they take
            name: pictures.readable(entry["column"], columns[name], entry.get("channels", 3))
            for name, entry in self.pictures.items()
        }

    def _given(self, columns: Columns) -> list[Any]:
        """The arguments of the call."""
        import tensorflow as tf

        given = []
        for tensor, names in self.signature.groups:
            parts = [columns[name] for name in names]
            values = np.stack(parts) if len(parts) > 1 else parts[0][np.newaxis]
            if tensor.dtype == "string":  # of an array of objects it takes longer
                given.append(tf.constant(values.tolist(), tf.string, shape=values.shape))
            else:
                given.append(tf.constant(values))
        return given

    def verify(self) -> None:
        """Ask for the export's own examples as a client does, by the columns' own names.

        Raises:
            ExportError: if it does not take them, or an answer differs.
        """
        wanted = self.examples["predictions"]
        try:
            answers, _, _ = self._answer(self._examples(self.examples["instances"]))
        except RequestError as error:
            raise ExportError(f"{self.folder} does not take its own examples: {error}") from None
        for name in wanted[0]:
            expected = np.array([row[name] for row in wanted])
            gap, what = exports.difference(name, answers.get(name), expected)
            if what or not gap <= ROUNDING * self.described.get("tolerance", TOLERANCE):
                raise ExportError(f"{self.folder} answers its own examples differently: {name}.")

    def verify_explanation(self) -> None:
        """Ask why the first example is answered as it is, and compare with what the model says.

        Raises:
            ExportError: if that differs.
        """
        wanted = self.described.get(exports.EXPLAIN, {}).get("example")
        if wanted is None:
            return
        found = self.explain(self._examples(self.examples["instances"][:1]))
        pushes = np.append(wanted["contributions"], wanted["value"])
        got = np.append(found["contributions"][0], found["value"][0])
        apart = np.abs(got - pushes).max() / max(1.0, np.abs(pushes).sum())
        if found["explained"][0].decode() != wanted["explained"] or not apart <= EXPLAINED:
            raise ExportError(
                f"{self.folder} explains its first example differently: by {apart:.2g} of all that "
                "pushes. Expected `--no-explanations`."
            )

    def _examples(self, instances: Sequence[Mapping[str, Any]]) -> Columns:
        """Examples, as a client sends them."""
        rows = [
            {e["column"]: _sent(row[e["name"]], e["dtype"]) for e in self.described["inputs"]}
            for row in instances
        ]
        body = json.dumps({"instances": rows}).encode()
        return tensorflow_serving.read(body, self.signature).columns


def _input(entry: Mapping[str, Any]) -> Tensor:
    """An input as `kbuilder.json` describes it."""
    return Tensor(entry["dtype"], tuple(entry["shape"]), entry.get("holds") == "sets")


def _takes_files(entry: Mapping[str, Any]) -> bool:
    """Whether an input takes pictures as files."""
    return entry.get("holds") == "pictures" and entry["dtype"] == "string"


def _takes_floats(entry: Mapping[str, Any]) -> bool:
    """Whether an input takes pictures as arrays in which a pixel may be null."""
    floats = entry.get("holds") == "pictures" and entry["dtype"] == "float32"
    return floats and None not in entry["shape"][1:]  # of videos of any length null is padding


def _tensor(spec: Any) -> Tensor:
    return Tensor(spec.dtype.name, tuple(spec.shape.as_list()))


def _sent(value: Any, dtype: str) -> Any:
    """A value of an example as a client sends it: None is a missing number, or a missing word."""
    if isinstance(value, list):
        return [_sent(inner, dtype) for inner in value]
    return MISSING[dtype] if value is None else value
