"""Prepared rows in the cache: the same rows of the same files are prepared once.

They are kept where there are `LEAST` bytes, under a key of all that they come of: what the
files hold, what the recipe says of data, features and task, and kbuilder itself. So what has
changed is prepared anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from kbuilder import __version__, cache, files, named, room
from kbuilder.cache import Shelf
from kbuilder.columns import Columns
from kbuilder.contracts import Decision, Filed, Finding, Pathed
from kbuilder.data import dataset
from kbuilder.data.dataset import OWN, Dataset, Looked, prepared
from kbuilder.data.split import Parts
from kbuilder.errors import KBuilderError, RunError
from kbuilder.recipe import branches, reading, writing
from kbuilder.recipe.recipe import Recipe
from kbuilder.tables import on_disk, scratch

LOOKED_FOR = 2**20
"""Bytes of the files from which on their rows may be kept: it takes longer to read them."""
LEAST = 2**25
"""Bytes of the files, or of the values in their rows, from which on these are kept."""
PACKAGES = ("keras", "numpy", "pandas", "pyarrow", "tensorflow")
"""What rows are read and prepared by."""


class Begun(NamedTuple):
    """Rows that are kept, or are looked at.

    Args:
        key: What they are kept under; None: they are not to be.
        kept: The rows, where they are kept already.
        looked: What was seen of them, where they are not.
    """

    key: str | None
    kept: Dataset | None = None
    looked: Looked | None = None


def look(recipe: Recipe, smoke: bool = False) -> Begun:
    """The rows of a recipe as they are kept, else looked at; needs no TensorFlow.

    Args:
        recipe: The recipe.
        smoke: Keep a few rows of each part alone, in memory.

    Raises:
        DataError: as `dataset.look`.
    """
    key = None if smoke else _key_of(recipe)
    kept = None if key is None else _kept(key, recipe)
    if kept is not None:
        return Begun(key, kept)
    with nullcontext() if key is None else scratch.used():
        return Begun(key, looked=dataset.look(recipe))


def prepare(
    begun: Begun, smoke: bool = False, say: Callable[[str], None] = lambda text: None
) -> Dataset:
    """The rows, ready for any network; what is to be kept is kept.

    Args:
        begun: What `look` gave.
        smoke: Keep a few rows of each part.
        say: Called with what became of the cache.

    Raises:
        DataError: as `dataset.prepare`.
    """
    if begun.kept is not None:
        say(f"the rows are those prepared before, in {cache.root()}")
        return begun.kept
    assert begun.looked is not None, "it is one or the other"
    if begun.key is None or not _are_many(begun.looked):
        return dataset.prepare(begun.looked, smoke)
    with cache.filling(begun.key) as shelf:
        data = dataset.prepare(begun.looked, smoke, shelf.empty)
        try:
            _keep(data, shelf)
        except OSError as error:
            shelf.fail(error.strerror or str(error))
        except on_disk.UnkeptError:
            shelf.folder = None
            return data
        if _key_of(begun.looked.given) != begun.key:
            shelf.fail("a file was changed while it was read")
    if shelf.failed:
        say(f"the prepared rows are not kept in {cache.root()}: {shelf.failed}")
        return data
    with suppress(OSError, KBuilderError):  # what a run resumes from
        again = _key_of(reading.parse(writing.to_yaml(data.recipe), name="recipe.yaml"))
        if again is not None:
            cache.also(begun.key, again)
    return _kept(begun.key, begun.looked.given) or data


def _key_of(recipe: Recipe) -> str | None:
    """What the prepared rows of a recipe are kept under; None: they are not kept.

    Those of others' plug-ins are not, nor what comes of no file, or of other files than the recipe
    names, nor rows in folds, which are prepared once for each.

    Raises:
        CallError: if the limit of the cache is none.
    """
    if cache.root() is None or not isinstance(recipe.data, Filed):
        return None
    cache.limit()  # what is wrong with it is said before the rows are read
    if named.origins(recipe) or getattr(recipe.data.split, "folds", None) is not None:
        return None
    try:
        found = sorted(set(recipe.data.files()))
        if sum(file.stat().st_size for file in found) < LOOKED_FOR:
            return None
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            hashes = pool.map(files.sha256, found)
            held = [(str(file.absolute()), one) for file, one in zip(found, hashes, strict=True)]
    except (OSError, KBuilderError):  # who reads it says so
        return None
    return _key(recipe, held)


def _kept(key: str, recipe: Recipe) -> Dataset | None:
    """The prepared rows that are kept under a key; None: there are none.

    Args:
        key: What `_key_of` gave.
        recipe: The recipe that it gave it for.
    """
    folder = cache.find(key)
    if folder is None:
        return None
    with suppress(KBuilderError), files.ours(folder, RunError, "Prepare the rows anew."):
        return _read(folder, recipe)
    return None  # it has gone meanwhile, or was altered


def _keep(data: Dataset, shelf: Shelf) -> None:
    """Write all of a data set but its prepared inputs, which lie there already."""
    features = () if data.parts.train.files else data.columns.features.values()
    if any(isinstance(feature, Pathed) and feature.takes_paths for feature in features):
        raise on_disk.UnkeptError("its files are not among those of the source")
    parts = {}
    for name, table in data.parts:
        parts[name] = on_disk.save(table, shelf, name)
        room.give_back(sum(values.nbytes for values in table.columns.values()))
    targets = {
        name: {
            output: shelf.put(f"{name}-target-{place}", values)
            for place, (output, values) in enumerate(encoded.items())
        }
        for name, (_, encoded) in data.rows.items()
    }
    weights = {name: shelf.put(f"{name}-weights", values) for name, values in data.weights.items()}
    if shelf.folder is None or shelf.failed:
        return
    files.write_json(shelf.folder / cache.ABOUT, {
        "origin": data.parts.train.origin,
        "recipe": writing.to_yaml(data.recipe),
        "decisions": [decision.to_json() for decision in data.decisions],
        "findings": [finding.to_json() for finding in data.findings],
        "columns": data.columns.to_json(),
        "dropped": data.dropped,
        "parts": parts,
        "notes": list(data.parts.notes),
        "inputs": list(data.rows["train"][0]),
        "targets": targets,
        "weights": weights,
    })  # fmt: skip


def _read(folder: Path, recipe: Recipe) -> Dataset:
    about = files.read_json(folder / cache.ABOUT)
    tables = {name: on_disk.load(folder, known) for name, known in about["parts"].items()}
    parts = Parts(
        tables["train"], tables.get("validation"), tables.get("test"), tuple(about["notes"])
    )
    rows = {
        name: (
            {one: cache.load(folder, prepared(name, place))
             for place, one in enumerate(about["inputs"])},
            {output: cache.load(folder, file) for output, file in targets.items()},
        )
        for name, targets in about["targets"].items()
    }  # fmt: skip
    resolved = reading.parse(about["recipe"], name=str(folder))
    return Dataset(
        given=recipe,
        recipe=recipe.model_copy(update={name: getattr(resolved, name) for name in OWN}),
        decisions=tuple(Decision.from_json(one) for one in about["decisions"]),
        findings=tuple(Finding.from_json(one) for one in about["findings"]),
        parts=parts,
        columns=Columns.from_json(about["columns"]),
        rows=rows,
        weights={name: cache.load(folder, file) for name, file in about["weights"].items()},
        dropped=about["dropped"],
        smoke=False,
    )


def _are_many(looked: Looked) -> bool:
    """Whether rows are worth a place on the disk: a file of few bytes may be packed."""
    columns = (values for _, table in looked.parts for values in table.columns.values())
    size = sum(values.nbytes for values in columns)
    source = looked.given.data
    if size >= LEAST or not isinstance(source, Filed):
        return size >= LEAST
    return sum(file.stat().st_size for file in source.files()) >= LEAST


def _key(recipe: Recipe, held: list[tuple[str, str]]) -> str:
    model: Any = recipe.model
    content = {
        "kbuilder": [__version__, _code(), *map(version, PACKAGES)],
        "recipe": recipe.model_dump(mode="json", include=set(OWN)),
        "share": list(model) if branches.shares(model) else None,
        "files": held,
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _code() -> str:
    """What the code of kbuilder is, whatever its version says."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
