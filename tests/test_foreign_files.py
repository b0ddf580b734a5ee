"""What somebody else may have written is read or refused: nothing of it is unforeseen."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import struct
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import Call, message

import kbuilder as kb
from kbuilder import files, runs
from kbuilder.errors import DataError, RunError
from kbuilder.export import exporting

MANY = 400 if os.environ.get("KBUILDER_EVERY") else 40
ARRAYS = "data: {source: arrays, path: a.npz, columns: {x: x, y: y}, target: y}\n"
SHAPES: list[Any] = [{}, [], None, 3, "words", {"instances": 1}, [[]], {"rows": []}]


def locked(run: Path) -> None:
    """Write the hashes of a run anew, as who alters it would."""
    lock = json.loads((run / runs.LOCK).read_text())
    lock["sha256"] = files.hashes(run, (runs.LOCK,))
    (run / runs.LOCK).write_text(json.dumps(lock))


@pytest.fixture
def altered(fitted: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fitted("mixed").path, tmp_path / "altered"))


def test_a_run_that_is_altered_with_its_hashes_is_refused_in_words(
    altered: Path, call: Call
) -> None:
    random.seed(3)
    names = sorted(runs.FILES - {"log.txt", "model.keras"})
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
    sync, settle = files._sync, files.settle
    full = OSError(errno.ENOSPC, "No space left on device")

    def syncing(path: Path) -> None:
        if place == "folder" and path == Path("exported/it") and (path / "1").exists():
            raise full
        sync(path)

    def settling(temporary: Path, path: Path) -> None:
        if path.name == place:
            raise full
        settle(temporary, path)

    monkeypatch.setattr(files, "_sync", syncing)
    monkeypatch.setattr(files, "settle", settling)
    with pytest.raises(OSError, match="No space left"):
        run.export("exported/it", verbose=False)
    assert not list(Path().rglob("*.pb"))
    assert [path for path in Path("exported").rglob("*") if path.is_file()] == []
