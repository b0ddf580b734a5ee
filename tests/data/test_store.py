"""The same rows of the same files are prepared once, and what has changed is prepared anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import encoded, picture

import kbuilder as kb
from kbuilder import cache, pipeline
from kbuilder.data import store
from kbuilder.data.dataset import Dataset
from kbuilder.errors import CallError
from kbuilder.tables import chunks

ROWS = 120


def table(last: str = "1") -> str:
    """Numbers, some missing; words; texts that all differ; a weight; a target of classes."""
    rows = [
        f"{'' if n % 9 == 0 else n},{'naive' if n % 4 else 'naïve'},it has {n} words,{1 + n % 3},"
        f"{'yes' if n % 2 else 'no'}"
        for n in range(ROWS - 1)
    ]
    return "\n".join(["size,kind,said,counts,y", *rows, f"{last},naive,all of them,1,yes"]) + "\n"


def recipe(**also: Any) -> kb.Recipe:
    given: dict[str, Any] = {"weight": "counts", "checks": {"leak": "ignore"}, **also}
    data = kb.CSV(path="rows.csv", target="y", **given)
    return kb.Recipe(data=data, model="mlp", features={"said": "text"},
                     training=kb.Training(epochs=2, seed=3))  # fmt: skip


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read, one after the other; every file is large enough to be kept."""
    seen: list[Path] = []
    whole: Callable[..., Any] = chunks.read

    def noted(path: Path, *given: Any) -> Any:
        seen.append(path)
        return whole(path, *given)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "cache"))
    monkeypatch.setattr(chunks, "read", noted)
    monkeypatch.setattr(store, "LOOKED_FOR", 0)
    monkeypatch.setattr(store, "LEAST", 0)
    Path("rows.csv").write_text(table(), encoding="utf-8")
    return seen


def expect_equal(one: Dataset, other: Dataset) -> None:
    """The two are equal in all that a fit makes of them."""
    assert one.recipe.model_dump() == other.recipe.model_dump()
    assert one.decisions == other.decisions
    assert one.findings == other.findings
    assert one.columns.to_json() == other.columns.to_json()
    assert one.splits() == other.splits()
    assert one.grouping == other.grouping
    assert (one.dropped, one.smoke) == (other.dropped, other.smoke)
    assert one.parts.notes == other.parts.notes
    for (name, a), (_, b) in zip(one.parts, other.parts, strict=True):
        assert list(a.labels) == list(b.labels)
        assert (a.origin, a.taken, a.notes, a.files, a.joined) == (
            b.origin, b.taken, b.notes, b.files, b.joined,
        )  # fmt: skip
        assert [*map(Path, a.folders)] == [*map(Path, b.folders)]
        for inner, outer in zip(one.rows[name], other.rows[name], strict=True):
            assert inner.keys() == outer.keys()
            assert all(np.array_equal(inner[key], outer[key]) for key in inner)
            assert all(inner[key].dtype == outer[key].dtype for key in inner)
        weights = (one.weights.get(name, 0), other.weights.get(name, 0))
        assert np.array_equal(*weights)


@pytest.mark.slow
def test_rows_are_prepared_once_and_are_those_of_a_fit_without_a_cache(
    read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    kept = pipeline.fit(recipe(), run_dir="kept", verbose=False)
    assert len(read) == 1
    again = pipeline.fit(recipe(), run_dir="again", verbose=False)
    assert len(read) == 1
    data = store.prepare(store.look(recipe()), say=said.append)
    assert said == [f"the rows are those prepared before, in {Path('cache', cache.OWN).absolute()}"]
    resumed = kb.resume("kept", override=["training.epochs=3"], run_dir="longer", verbose=False)
    assert len(read) == 1
    assert len(resumed.history) == 3
    monkeypatch.setenv(cache.FOLDER, cache.NONE)
    plain = pipeline.fit(recipe(), run_dir="plain", verbose=False)
    assert len(read) == 2
    expect_equal(data, kb.prepare(recipe()))
    for one in (kept, again):
        pairs = zip(one.model.get_weights(), plain.model.get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
        assert one.metrics == plain.metrics
        for name in ("columns.json", "decisions.json", "findings.json", "splits.json",
                     "splits.parquet", "predictions.parquet", "examples.json",
                     "average.npz"):  # fmt: skip
            assert (one.path / name).read_bytes() == (plain.path / name).read_bytes(), name


def looked(recipe: kb.Recipe) -> bool:
    """Whether the rows of a recipe are not kept."""
    return store.look(recipe).kept is None


def test_what_has_changed_is_prepared_anew(
    read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kb.prepare(recipe())
    assert not looked(recipe())
    assert not looked(recipe().model_copy(update={"training": kb.Training(epochs=7)}))
    assert not looked(recipe().model_copy(update={"model": kb.Linear()}))
    assert looked(recipe(checks={"leak": "warn"}))
    assert looked(recipe(split={"seed": 1}))
    assert looked(recipe(ignore=["kind"]))
    assert looked(recipe().model_copy(update={"features": {"said": kb.Category()}}))
    file = Path("rows.csv")
    before = file.stat()
    file.write_text(table("2"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert looked(recipe())
    file.write_text(table(), encoding="utf-8")
    assert not looked(recipe())
    for name, other in (
        ("__version__", "0.0.0"),
        ("_code", lambda: "other"),
        ("LOOKED_FOR", 10**9),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(store, name, other)
            assert looked(recipe()), name
    assert not looked(recipe())


@pytest.mark.slow
def test_what_was_altered_or_is_half_gone_is_prepared_anew(read: list[Path]) -> None:
    data = kb.prepare(recipe())
    [folder] = [entry.path for entry in cache.entries()]
    for name in sorted(path.name for path in folder.iterdir()):
        moved = folder / name
        content = moved.read_bytes()
        for wrong in (None, b"", content[: len(content) // 2]):
            moved.unlink()
            if wrong is not None:
                moved.write_bytes(wrong)
            assert looked(recipe()), (name, wrong)
            moved.write_bytes(content)
    assert not looked(recipe())
    expect_equal(data, kb.prepare(recipe()))


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = store.look(recipe())
    Path("rows.csv").write_text(table("2"), encoding="utf-8")
    said: list[str] = []
    store.prepare(begun, say=said.append)
    where = Path("cache", cache.OWN).absolute()
    assert said == [
        f"the prepared rows are not kept in {where}: a file was changed while it was read"
    ]
    assert cache.entries() == []


def test_a_full_disk_is_said_and_the_rows_are_right(
    read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SPARED", 2**60)
    said: list[str] = []
    data = store.prepare(store.look(recipe()), say=said.append)
    where = Path("cache", cache.OWN).absolute()
    assert said == [f"the prepared rows are not kept in {where}: No space left on device"]
    monkeypatch.setenv(cache.FOLDER, cache.NONE)
    expect_equal(data, kb.prepare(recipe()))


def test_pictures_and_rows_of_no_file_are_not_kept(read: list[Path]) -> None:
    lines = ["picture,y"]
    for n in range(30):
        Path(f"{n}.png").write_bytes(encoded(picture(n)))
        lines.append(f"{n}.png,{'yes' if n % 2 else 'no'}")
    Path("rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = kb.CSV(path="rows.csv", target="y")
    kb.prepare(kb.Recipe(data=data))
    assert cache.entries() == []
    assert list(Path("cache", cache.OWN).iterdir()) == []
    frame = data.load()[0]
    assert len(frame) == 30
    kb.prepare(kb.Recipe(data=kb.Sklearn(name="iris")))
    assert cache.entries() == []


def test_pictures_of_a_folder_are_decoded_once(
    read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for part, count in (("train", 24), ("test", 6)):
        for n in range(count):
            folder = Path("pictures", part, "ab"[n % 2])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{n}.png").write_bytes(encoded(picture(n)))
    given = kb.Recipe(data=kb.ImageFolder(path="pictures"))
    data = kb.prepare(given)
    begun = store.look(given)
    assert begun.kept is not None
    expect_equal(data, begun.kept)
    assert all(np.array_equal(a["image"], b["image"]) for (_, a), (_, b) in
               zip(data.parts, begun.kept.parts, strict=True))  # fmt: skip
    with monkeypatch.context() as without:
        without.setenv(cache.FOLDER, cache.NONE)
        expect_equal(kb.prepare(given), begun.kept)
    Path("pictures", "train", "a", "0.png").write_bytes(encoded(picture(99)))
    assert looked(given)


@pytest.mark.parametrize("form", ["npz", "npy", "folder"])
def test_arrays_are_prepared_once(read: list[Path], form: str) -> None:
    x = np.random.default_rng(0).normal(size=(50, 4, 3))
    y = np.arange(50) % 2
    np.savez("rows.npz", x=x, y=y)
    Path("arrays").mkdir()
    np.save("arrays/x.npy", x)
    np.save("arrays/y.npy", y)
    path = {"npz": "rows.npz", "npy": "arrays/x.npy", "folder": "arrays"}[form]
    given = kb.Recipe(data=kb.Arrays(path=path, columns={"x": "x", "y": "y"}, target="y"))
    data = kb.prepare(given)
    begun = store.look(given)
    assert begun.kept is not None
    expect_equal(data, begun.kept)
    np.savez("rows.npz", x=x, y=y[::-1])
    np.save("arrays/y.npy", y[::-1])
    assert looked(given)


@pytest.mark.parametrize(("least", "kept"), [(10**5, False), (3000, True)])
def test_rows_are_kept_that_are_many_whatever_their_file_has(
    read: list[Path], monkeypatch: pytest.MonkeyPatch, least: int, kept: bool
) -> None:
    import pandas as pd

    pd.DataFrame({"x": np.arange(600) % 7, "y": np.arange(600) % 2}).to_csv(
        "rows.csv.gz", index=False
    )
    assert Path("rows.csv.gz").stat().st_size < 3000  # and 9,600 bytes of values
    monkeypatch.setattr(store, "LEAST", least)
    kb.prepare(kb.Recipe(data=kb.CSV(path="rows.csv.gz", target="y")))
    assert (len(cache.entries()) == 1) == kept


def test_a_limit_that_is_none_is_said_before_the_rows_are_read(
    read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.LIMIT, "much")
    with pytest.raises(CallError, match=cache.LIMIT):
        store.look(recipe())
    assert read == []


def test_a_few_rows_are_not_kept(read: list[Path]) -> None:
    kb.prepare(recipe(), smoke=True)
    assert not Path("cache").exists()
