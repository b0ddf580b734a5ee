"""An export, whatever its format: written beside others, proven in its own runtime, then named."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder import catalog, engine, exports, files
from kbuilder.columns import Columns
from kbuilder.errors import CallError, ExportError, KBuilderError, listed
from kbuilder.export import deploying, numeric, sidecar
from kbuilder.export.contract import Exchange, Fitted, Format, Quantizing

FORMATS = "export/formats"
VERIFY = str(Path(__file__).with_name("verify.py"))
SECONDS = 300
BATCH = 256


def check(path: Path, name: str, quantize: str | None, columns: Columns) -> Format:
    """The format of an export that can be made. Needs no TensorFlow.

    Raises:
        CallError: if there is no such format or way to quantize, a package is missing, or the
            folder holds something else.
        ExportError: if the columns are not for this format.
    """
    known = catalog.names(FORMATS)
    if name not in known:
        raise CallError(f"there is no format {name!r}. Expected one of: {listed(known)}.")
    format: Format = catalog.find(FORMATS, name)()
    if quantize is not None and quantize not in format.quantizes:
        ways = {other: catalog.find(FORMATS, other).quantizes for other in known}  # type: ignore[attr-defined]
        able = [f"--format {other} to {' or '.join(to)}" for other, to in ways.items() if to]
        raise CallError(
            f"{format.title} is not quantized to {quantize} here. Expected {listed(able)}, "
            "or no --quantize."
        )
    missing = [package for package, module in format.packages.items() if not _there(module)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise CallError(
            f"an export to {format.title} needs {listed(missing)}, which {verb} not installed. "
            f"Expected `pip install 'kbuilder[{name}]'`."
        )
    if path.exists() and not path.is_dir():
        raise ExportError(f"{path} is a file. Expected a folder for the versions of the export.")
    other = next(
        (it for it in map(exports.format_of, _versions(path)) if it not in (None, name)), None
    )
    if other is not None:
        raise CallError(
            f"{path} holds versions in the format {other}. Expected the same, or another folder, "
            f"such as {path}-{name}: a server takes the newest version, whatever it is."
        )
    reason = format.refuse(columns)
    if reason is not None:
        raise ExportError(reason)
    return format


def _there(module: str) -> bool:
    return find_spec(module) is not None


def _versions(path: Path) -> list[Path]:
    return [p for p in path.iterdir() if p.name.isdigit()] if path.is_dir() else []


def export(
    path: Path,
    format: Format,
    fitted: Fitted,
    quantizing: Quantizing | None,
    say: Callable[[str], None],
    prove: Callable[[Path], None],
    texts: Mapping[str, Callable[[Mapping[str, Any]], str]] | None = None,
) -> Path:
    """Write the model into `path/1`, or the next number, and prove that it answers alike.

    Args:
        path: The folder of all versions.
        format: What `check` gave.
        fitted: The fitted recipe.
        quantizing: To what, and by which rows; None: the numbers keep their bits.
        say: Called with what was lost by it, and which files were left alone.
        prove: Raises an ExportError if a folder cannot be served; asked of a SavedModel.
        texts: Texts to write beside `kbuilder.json`, by file, each made of what that says.

    Returns:
        The folder of the new version.

    Raises:
        ExportError: if the export cannot be written, or answers differently in a fresh process.
    """
    exchange = format.exchange(fitted)
    name = catalog.name_of(format)
    tolerance = format.quantizes[quantizing.to] if quantizing else format.tolerance
    alone = {"reason": f"{format.title} has answers alone. Expected `--format saved_model`"}
    told = exchange.described.get(exports.EXPLAIN, alone)
    described = {
        "format": name, "tolerance": tolerance, **exchange.described, exports.EXPLAIN: told,
    }  # fmt: skip
    version = path / str(max((int(p.name) for p in _versions(path)), default=0) + 1)
    made: list[Path] = []
    with _undone(path, made), files.new_folder(version) as folder:
        _write(format, folder, fitted, exchange, quantizing)
        extra = folder / "assets.extra"
        extra.mkdir(exist_ok=True)
        examples = {"instances": exchange.instances, "predictions": exchange.predictions}
        sidecar.write(extra / "examples.json", examples)
        sidecar.write(extra / "kbuilder.json", described)
        verify(folder)
        if quantizing is not None:
            lost = _measure(format, folder, fitted, exchange, quantizing)
            described = {**described, "quantized": lost}
            sidecar.write(extra / "kbuilder.json", described)
            before, after = lost["before"], lost["after"]
            say(f"{lost['metric']} {before:.4f} -> {after:.4f} on {lost['part']}")
        for file, text in (texts or {}).items():
            (extra / file).write_text(text(described), encoding="utf-8")
        sidecar.write(folder / "manifest.json", {"sha256": files.hashes(folder)})
        if name == exports.SAVED_MODEL:
            prove(folder)
            made += deploying.write(path, say)
    return version


@contextmanager
def _undone(path: Path, made: list[Path]) -> Iterator[None]:
    """If all within fails, the files that were made beside the version go too."""
    try:
        yield
    except BaseException:
        deploying.remove(made)
        with suppress(OSError):  # there are other versions
            path.rmdir()
        raise


def _write(
    format: Format,
    folder: Path,
    fitted: Fitted,
    exchange: Exchange,
    quantizing: Quantizing | None,
) -> None:
    try:
        with engine.silently():
            format.write(folder, fitted, exchange, quantizing)
    except (KBuilderError, MemoryError, OSError):
        raise
    except Exception as error:  # a converter raises whatever one of its operations happens to
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        explains = exports.EXPLAIN in exchange.described
        other = "--no-explanations" if explains else "--format saved_model"
        raise ExportError(
            f"the network cannot be converted to {format.title}: {reason}. "
            f"Expected another network, or {other}. Nothing was left behind."
        ) from error


def _measure(
    format: Format, folder: Path, fitted: Fitted, exchange: Exchange, quantizing: Quantizing
) -> dict[str, Any]:
    """What the quantized model loses on rows that were held back, for `kbuilder.json`."""
    given = exchange.arrays(quantizing.held)
    with engine.silently():
        ask = format.load(folder)
        batches = [
            ask({name: values[start : start + BATCH] for name, values in given.items()})
            for start in range(0, len(next(iter(given.values()))), BATCH)
        ]
    answers = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    return {
        "to": quantizing.to,
        "metric": quantizing.metric,
        "part": quantizing.part,
        "before": quantizing.before,
        "after": quantizing.score(numeric.network_outputs(fitted.columns, answers)),
    }


def verify(folder: Path) -> float:
    """Compare an export with its own examples, in a process that cannot import kbuilder.

    Returns:
        The greatest difference of any number.

    Raises:
        ExportError: if it cannot be loaded, or answers differently.
    """
    described = exports.described(folder)
    format = catalog.find(FORMATS, described["format"])
    try:
        done = run([VERIFY, inspect.getfile(format), exports.__file__, str(folder)])
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
            f"Expected equal names and numbers within {described['tolerance']:g}. "
            "Nothing was left behind."
        )
    return float(result["difference"])


def run(program: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a file of Python and its arguments in a process of its own.

    Raises:
        subprocess.TimeoutExpired: if it takes longer than `SECONDS`.
    """
    command = [sys.executable, "-I", *program]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
