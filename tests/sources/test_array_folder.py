"""Arrays sorted into one folder per class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import DataError
from kbuilder.recipe.recipe import Recipe

RANDOM = np.random.default_rng(0)


def put(name: str, values: Any) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)
    return path


def source(**fields: object) -> kb.ArrayFolder:
    return kb.ArrayFolder(**{"path": "curves", **fields})


def test_each_file_is_an_array_of_the_class_of_its_folder() -> None:
    arrays = RANDOM.normal(size=(3, 5, 2))
    for name, values in zip(("a/1.npy", "a/2.npy", "b/1.npy"), arrays, strict=True):
        put(f"curves/{name}", values)
    train, _ = source().load()
    np.testing.assert_array_equal(train["array"], arrays)
    assert train["label"].tolist() == ["a", "a", "b"]
    assert list(train.labels) == ["curves/a/1.npy", "curves/a/2.npy", "curves/b/1.npy"]
    np.testing.assert_array_equal(source().read(Path("curves/b/1.npy"))["array"], arrays[2:])
    assert type(Recipe(data={"path": "curves"}).data) is kb.ArrayFolder
    names: dict[str, Any] = {"np": np}
    script = source().script()
    exec("\n".join((*script.imports, *script.functions, "path = 'curves'", *script.lines)), names)
    np.testing.assert_array_equal(names["rows"]["array"], arrays)


@pytest.mark.parametrize("shapes", [[(5, 2), (7, 2)], [(5,), (3,)], [(2, 8, 8, 1), (3, 8, 8, 1)]])
def test_sequences_and_videos_may_differ_in_their_length(shapes: list[tuple[int, ...]]) -> None:
    for number, shape in enumerate(shapes):
        put(f"curves/a/{number}.npy", RANDOM.normal(size=shape))
    train, _ = source().load()
    assert [values.shape for values in train["array"]] == shapes
    names: dict[str, Any] = {"np": np}
    script = source().script()
    exec("\n".join((*script.imports, *script.functions, "path = 'curves'", *script.lines)), names)
    assert [values.shape for values in names["rows"]["array"]] == shapes


def test_arrays_of_shapes_that_do_not_go_together_are_refused_by_name() -> None:
    put("curves/a/1.npy", np.zeros((5, 2)))
    put("curves/b/2.npy", np.zeros((5, 3)))
    assert message(DataError, source().load) == (
        "data.path: curves/a/1.npy holds 5 × 2 numbers, and curves/b/2.npy 5 × 3. Expected arrays "
        "of one shape; sequences (time, d) and videos (frames, height, width, channels) may "
        "differ in their first axis."
    )


def test_files_that_hold_anything_else_are_named_and_run_no_code() -> None:
    put("curves/a/1.npy", np.zeros(3))
    np.save("curves/a/2.npy", np.array({"x": 1}, dtype=object), allow_pickle=True)
    put("curves/a/3.npy", np.zeros(3, [("x", "f4"), ("y", "i8")]))
    Path("curves/a/4.npy").write_bytes(b"no array")
    put("curves/a/5.npy", np.array(["a"]))
    put("curves/a/6.npy", np.zeros((100, 100)))
    with Path("curves/a/6.npy").open("rb+") as content:
        content.truncate(500)
    said = message(DataError, source().load)
    for part in (
        "2.npy (it holds a Python object, such as a dict of arrays, which may run code when it is "
        "opened)", "3.npy (it holds records with the fields x, y)",
        "4.npy (it is no .npy file, by its content)",
        "5.npy (it holds 1, <U1, and no array of numbers)", "6.npy (it is damaged: ",
    ):  # fmt: skip
        assert part in said
    train, _ = source(unreadable="skip").load()
    assert len(train) == 1
    assert "5 of 6 arrays are left out" in train.notes[0]


def test_arrays_beside_each_other_are_columns() -> None:
    put("curves/X.npy", np.zeros(3))
    assert message(DataError, source().load) == (
        "data.path: curves has 1 array, such as X.npy, and no class folder. Arrays that lie beside "
        "each other, one of them the target, are columns: `data: {source: arrays, path: …, "
        "columns: {x: X, y: y}, target: y}`. Expected one folder per class, with files ending in "
        ".npy."
    )
