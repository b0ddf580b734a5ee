"""What somebody else may have written is read or refused: nothing of it is unforeseen."""

from __future__ import annotations

import bz2
import errno
import gzip
import json
import lzma
import os
import random
import re
import shutil
import struct
import subprocess
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from shared import Call, message, mixed

import kbuilder as kb
from kbuilder import files, room
from kbuilder.errors import BuildError, DataError, RunError
from kbuilder.export import exporting
from kbuilder.runs import checkpoints, run_folder
from kbuilder.runs.checkpoints import Checkpoint
from kbuilder.serving.models import Model
from kbuilder.tables import packing
from kbuilder.tables.csv_file import csv_parts, read_csv
from kbuilder.tables.parquet_file import read_parquet

MANY = 400 if os.environ.get("KBUILDER_EVERY") else 40
ARRAYS = "data: {source: arrays, path: a.npz, columns: {x: x, y: y}, target: y}\n"
SHAPES: list[Any] = [{}, [], None, 3, "words", {"instances": 1}, [[]], {"rows": []}]


def locked(run: Path) -> None:
    """Write the hashes of a run anew, as who alters it would."""
    lock = json.loads((run / run_folder.LOCK).read_text())
    lock["sha256"] = files.hashes(run, (run_folder.LOCK,))
    (run / run_folder.LOCK).write_text(json.dumps(lock))


@pytest.fixture
def recipe() -> Path:
    mixed().to_csv("rows.csv", index=False)
    Path("r.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}\n")
    return Path("r.yaml")


@pytest.fixture
def altered(fitted: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fitted("mixed").path, tmp_path / "altered"))


def test_a_run_that_is_altered_with_its_hashes_is_refused_in_words(
    altered: Path, call: Call
) -> None:
    random.seed(3)
    names = sorted(run_folder.FILES - {"log.txt", "model.keras"})
    for number in range(MANY):
        name = names[number % len(names)]
        before = (altered / name).read_bytes()
        after = [
            before[: random.randrange(len(before))],
            bytes(b ^ (random.random() < 0.02) * random.randrange(256) for b in before),
            json.dumps(SHAPES[number % len(SHAPES)]).encode(),
        ][number % 3]
        (altered / name).write_bytes(after)
        locked(altered)
        code, _, err = call("evaluate", altered)
        assert "did not foresee" not in err, (name, after[:200])
        assert code in (0, 1, 2)
        (altered / name).write_bytes(before)


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04 no zip"])
def test_a_model_that_is_none_is_refused_in_words(altered: Path, content: bytes) -> None:
    (altered / "model.keras").write_bytes(content)
    locked(altered)
    said = message(RunError, kb.load, altered)
    assert said.startswith(f"{altered} is not as kbuilder wrote it, though its hashes match: ")
    assert said.endswith(". Fit again.")


def test_a_model_with_a_lambda_is_refused_and_not_run(altered: Path) -> None:
    import keras

    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x + 1)(inputs))
    model.save(altered / "model.keras")
    locked(altered)
    assert "Lambda" in message(RunError, kb.load, altered)


def test_a_file_of_another_shape_is_named(altered: Path) -> None:
    (altered / "metrics.json").write_text("{}")
    locked(altered)
    assert message(RunError, kb.load, altered) == (
        f"{altered} is not as kbuilder wrote it, though its hashes match: ValueError: baselines, "
        "better_than_baseline, headline, splits are not all there. Fit again."
    )


def claiming(path: Path, count: int) -> None:
    """An `.npz` whose one array claims so many values, and has four."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    with zipfile.ZipFile(path, "w") as packed:
        content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(32)
        packed.writestr("x.npy", content)
        packed.writestr("y.npy", content)


def test_an_array_that_claims_more_than_the_file_holds_is_refused_before_room_is_made(
    call: Call,
) -> None:
    claiming(Path("a.npz"), 10**13)
    Path("r.yaml").write_text(
        "data: {source: arrays, path: a.npz, columns: {x: x, y: y}, target: y}\n"
    )
    code, out, err = call("fit", "r.yaml")
    assert (code, out) == (1, "")
    assert "the array x claims 80,000,000,000,000 bytes, and the file has" in err
    assert "did not foresee" not in err


def test_no_damage_to_arrays_is_unforeseen() -> None:
    np.savez("a.npz", x=np.random.default_rng(0).normal(size=(40, 3)), y=np.arange(40) % 2)
    sound = Path("a.npz").read_bytes()
    random.seed(5)
    source = kb.Arrays(path="a.npz", columns={"x": "x", "y": "y"}, target="y")
    for _ in range(10 * MANY):
        damaged = bytearray(sound)
        for _ in range(random.randrange(1, 4)):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        Path("a.npz").write_bytes(damaged[: random.choice([len(damaged), random.randrange(99)])])
        with suppress(DataError):
            source.load()


@pytest.mark.parametrize("damage", ["cut", "flipped", "another shape", "altered inside"])
@pytest.mark.slow
def test_no_damage_to_an_export_is_unforeseen(damage: str, fitted: Any, tmp_path: Path) -> None:
    sound = fitted("mixed").export(tmp_path / "sound", verbose=False)
    random.seed(7)
    names = [
        path.relative_to(sound).as_posix()
        for path in sorted(sound.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    ]
    loaded = 0
    for number in range(MANY if damage == "altered inside" else max(MANY // 4, len(names))):
        name = names[number % len(names)]
        place = tmp_path / "served" / str(number + 1)
        shutil.copytree(sound, place)
        alter(place / name, damage)
        lock = json.loads((place / "manifest.json").read_text())
        lock["sha256"] = files.hashes(place, ("manifest.json",))
        (place / "manifest.json").write_text(json.dumps(lock))
        said: list[str] = []
        model = Model("it", place.parent, said.append, lambda export: None)  # type: ignore
        loaded += model.load()
        assert all(re.search(FORESEEN, line) for line in said), (name, said)
        shutil.rmtree(place)
    assert loaded >= 1  # what is not asked for may be anything: the requests that warm it


FORESEEN = (
    r"version \d+ is (served|refused: .*("
    r"is not as kbuilder wrote it, though its hashes match: \w+: .+\. Export again\."
    r"|cannot be loaded: |does not take its own examples: |answers its own examples differently: "
    r"|cannot be read: |is in the format ))"
)


def alter(file: Path, damage: str) -> None:
    """Write other bytes into a file."""
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: random.randrange(len(content))])
    elif damage == "flipped":
        flipped = bytearray(content)
        for _ in range(random.randrange(1, 6)):
            flipped[random.randrange(len(flipped))] ^= random.randrange(1, 256)
        file.write_bytes(flipped)
    elif damage == "another shape" or file.suffix != ".json":
        file.write_text(json.dumps(random.choice(SHAPES)))
    else:
        file.write_text(json.dumps(altered_inside(json.loads(content))))


def altered_inside(value: Any) -> Any:
    """The value with one of its parts gone, or of another shape."""
    if not value or not isinstance(value, dict | list):
        return random.choice(SHAPES)
    key = random.choice(list(value)) if isinstance(value, dict) else random.randrange(len(value))
    if random.random() < 0.2:
        del value[key]
    else:
        value[key] = altered_inside(value[key])
    return value


@pytest.mark.parametrize("way", ["standing", "listeners", "best", "schedule", "arrays", "no state"])
@pytest.mark.slow
def test_a_checkpoint_that_is_altered_with_its_hash_is_refused_in_words(
    way: str, recipe: Path, call: Call
) -> None:
    training = "training: {epochs: 2, early_stopping: {patience: 3}}\n"
    recipe.write_text(recipe.read_text() + training)
    assert call("fit", recipe, "--run-dir", "run")[0] == 0
    [path] = checkpoints.find(Path("run/checkpoints"))
    kept = checkpoints.read(path)
    state, arrays = dict(kept.state), dict(kept.arrays)
    if way == "standing":
        state["standing"] = {**state["standing"], "phase": 7}
    elif way == "arrays":
        arrays = {name: values for name, values in arrays.items() if name != "00000"}
    elif way == "no state":
        state = {}
    elif way == "best":
        state["listeners"] = [{"listener": "Best", "state": "words"}]
    else:
        state[way] = "words"
    path.unlink()
    checkpoints.write(path.parent, Checkpoint(kept.epoch, kept.step, arrays, state), 1)
    locked(Path("run"))
    code, _, err = call("fit", "--resume", "run", "-o", "training.epochs=4")
    if way == "schedule":  # which this fit has none of
        assert code == 0
    else:
        assert code == 1
        assert "is not as kbuilder wrote it" in err or "does not fit the network" in err
        assert err.splitlines()[-1].endswith(("fit again.", "Fit anew."))


def packed(name: str, content: bytes) -> Path:
    """A file of the content, packed by the ending of its name."""
    inner = Path("inner.csv")
    inner.write_bytes(content)
    path = Path(name)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.write(inner)
    elif ".tar" in path.suffixes:
        with tarfile.open(path, f"w:{path.suffix[1:].replace('tar', '')}") as archive:
            archive.add(inner)
    elif path.suffix == ".zst":
        path.write_bytes(pa.Codec("zstd").compress(content, asbytes=True))
    else:
        modules: dict[str, Any] = {".gz": gzip, ".bz2": bz2, ".xz": lzma}
        path.write_bytes(modules[path.suffix].compress(content))
    inner.unlink()
    return path


NAMES = ["a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.csv.zip", "a.csv.zst", "a.tar", "a.tar.gz"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_a_packed_table_is_read_and_one_that_swells_is_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(name, b"x,y\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(1000)))
    table = read_csv(path)
    assert table.columns["y"].tolist() == [n * n for n in range(1000)]
    parts = [part.table for part in csv_parts(path, size=300)]
    assert [len(part) for part in parts] == [300, 300, 300, 100]
    if name.endswith(".tar"):
        return  # which does not pack
    monkeypatch.setattr(packing, "SMALL", 2**20)
    path = packed(name, b"x,y\n" + b"0,0\n" * 2**20)
    said = message(DataError, read_csv, path)
    assert said.startswith(f"{name} unpacks to more than 100 times its size, as no table of people")
    assert re.search(r"does: [12] MiB, and there is more. If it is meant, unpack it by `", said)
    command = said.partition("`")[2].partition("`")[0].split()
    if shutil.which(command[0]):
        subprocess.run(command, check=True)
        assert len(read_csv(max(Path().iterdir(), key=lambda file: file.stat().st_size))) == 2**20


def test_a_line_without_an_end_is_not_unpacked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "SMALL", 2**20)
    assert "unpacks to more" in message(DataError, read_csv, packed("a.csv.gz", b"x" * 2**22))


def test_a_packed_file_of_several_is_refused() -> None:
    with zipfile.ZipFile("a.zip", "w") as zipped:
        zipped.writestr("a.csv", "x\n1\n")
        zipped.writestr("b.csv", "x\n1\n")
    assert message(DataError, read_csv, Path("a.zip")) == (
        "a.zip cannot be read: it holds 2 files, not one. Expected a CSV file."
    )


def test_an_array_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "SMALL", 2**20)
    np.savez_compressed("a.npz", x=np.zeros((2**18, 2)), y=np.arange(2**18))
    source = kb.Arrays(path="a.npz", columns={"x": "x", "y": "y"}, target="y")
    assert "the array x unpacks to 4,194,304 bytes, more than 100 times" in message(
        DataError, source.load
    )


def test_a_parquet_file_that_claims_more_rows_than_have_room_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pd.DataFrame({"x": np.zeros(2**20)}).to_parquet("a.parquet")
    assert len(read_parquet(Path("a.parquet"))) == 2**20
    monkeypatch.setattr(room, "free", lambda: 2**22)
    assert message(DataError, read_parquet, Path("a.parquet")) == (
        "a.parquet claims 1,048,576 rows, which take 0.0 GiB of memory, and 0.0 GiB are left. "
        "Expected rows that fit into it."
    )


def test_a_network_without_room_is_refused_before_it_is_made(recipe: Path, call: Call) -> None:
    units = "model: {name: mlp, units: [1048576, 1048576]}\n"
    recipe.write_text(recipe.read_text() + units)
    code, out, err = call("fit", recipe)
    assert (code, out) == (1, "")
    assert "model: the network is too large: its weights and their gradients take" in err
    assert "8,19" in err  # GiB
    with pytest.raises(BuildError, match="the network is too large"):
        kb.build(kb.MLP(units=[2**20, 2**20]), kb.Binary(), (4,))


@pytest.mark.parametrize(
    "args",
    [("predict", "RUN", "pipe.json"), ("predict", "RUN", "pipe.csv"), ("serve", "pipe.yaml"),
     ("predict", "RUN", "pipe.parquet"), ("evaluate", "RUN", "--data", "pipe.csv"),
     ("fit", "r.yaml")],
    ids=" ".join,
)  # fmt: skip
def test_a_pipe_is_not_waited_for(args: tuple[str, ...], fitted: Any, call: Call) -> None:
    for name in args[1:]:
        if name.startswith("pipe"):
            os.mkfifo(name)
    if "r.yaml" in args:
        os.mkfifo("pipe.csv")
        Path("r.yaml").write_text("data: {source: csv, path: pipe.csv, target: y}\n")
    given = [str(fitted("mixed").path) if one == "RUN" else one for one in args]
    code, out, err = call(*given)
    assert code in (1, 2)
    assert out == ""
    assert "is no regular file. Expected " in err


def test_a_pipe_among_pictures_is_named(call: Call) -> None:
    Path("p/cat").mkdir(parents=True)
    os.mkfifo("p/cat/a.png")
    Path("r.yaml").write_text("data: {source: image_folder, path: p}\n")
    assert "p/cat/a.png (it is no regular file)" in call("fit", "r.yaml")[2]


def test_a_pipe_is_no_recipe(call: Call) -> None:
    os.mkfifo("pipe.yaml")
    said = "pipe.yaml is no regular file. Expected the YAML file of a recipe.\n"
    assert call("check", "pipe.yaml") == (2, "", said)


@pytest.mark.parametrize(
    "line",
    ["training: {epochs: 10000000}", "training: {batch_size: 99999999}",
     "model: {name: mlp, units: [1000000000000]}"],
)  # fmt: skip
def test_a_count_beyond_reason_is_refused_by_the_schema(line: str, call: Call) -> None:
    Path("r.yaml").write_text(f"data: {{source: csv, path: a.csv, target: y}}\n{line}\n")
    code, _, err = call("check", "r.yaml")
    assert code == 2
    assert "1048576" in err


def test_a_target_of_two_axes_is_refused_before_the_fit(call: Call) -> None:
    values = np.random.default_rng(0).normal(size=(60, 3))
    np.savez("a.npz", x=values, y=np.stack([values, values], axis=1))
    Path("r.yaml").write_text(
        "data: {source: arrays, path: a.npz, columns: {x: x, y: y}, target: y}\ntask: regression\n"
    )
    code, _, err = call("fit", "r.yaml")
    assert code == 1
    assert "the target 'y' has 2 axes in each row: [2, 3]. Expected a number, or a list" in err


@pytest.mark.parametrize("place", ["kserve.yaml", "Dockerfile", "folder"])
def test_a_disk_that_is_full_at_the_end_of_an_export_leaves_nothing(
    place: str, fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fitted("mixed")
    monkeypatch.setattr(exporting, "verify", lambda folder: 0.0)
    sync, settle = files.sync, files.settle
    full = OSError(errno.ENOSPC, "No space left on device")

    def syncing(path: Path) -> None:
        if place == "folder" and path == Path("exported/it") and (path / "1").exists():
            raise full
        sync(path)

    def settling(temporary: Path, path: Path) -> None:
        if path.name == place:
            raise full
        settle(temporary, path)

    monkeypatch.setattr(files, "sync", syncing)
    monkeypatch.setattr(files, "settle", settling)
    with pytest.raises(OSError, match="No space left"):
        run.export("exported/it", verbose=False)
    assert not list(Path().rglob("*.pb"))
    assert [path for path in Path("exported").rglob("*") if path.is_file()] == []
