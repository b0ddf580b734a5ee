"""Checkpoints: whole or not there, whenever a process is killed, whatever becomes of a file."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bad import ROOT, disk
from halting import HANG
from shared import message

from kbuilder.errors import RunError
from kbuilder.runs import checkpoints
from kbuilder.runs.checkpoints import Checkpoint, Writer

HASH = "0" * 64


def checkpoint(number: int, step: int = 0) -> Checkpoint:
    """A checkpoint, every part of which tells its number."""
    arrays = {"00000": np.full((40, 50), number + step / 10), "best/00000": np.full(7, number)}
    return Checkpoint(number, step, arrays, {"standing": {"epoch": number}, "loss": 1 / number})


def assert_whole(found: Checkpoint | None, number: int, step: int = 0) -> None:
    assert found is not None
    expected = checkpoint(number, step)
    assert (found.epoch, found.step, found.state) == (number, step, expected.state)
    assert list(found.arrays) == list(expected.arrays)
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)


def names(folder: Path) -> list[str]:
    """The checkpoints of a folder without their hashes, newest first."""
    return [path.name.partition(".")[0] for path in checkpoints.find(folder)]


def spoil(path: Path, how: str) -> None:
    """Damage a file as disks and people do."""
    content = bytearray(path.read_bytes())
    if how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


# One process that loads numpy, and for each n a fork of it that is killed before the n-th operation
# on files: opened, written, put on the disk, renamed, removed … Files are written in small pieces.
KILLED = """
import io, json, os, signal, sys
from pathlib import Path

sys.path[:0] = [{here!r}, {tests!r}, {root!r}]
from kbuilder.runs import checkpoints
from test_checkpoints import checkpoint

checkpoint(1)


class Raw(io.FileIO):
    def write(self, data):
        operation("write")
        return super().write(data)


def opened(file, mode="r", *given, **named):
    if mode == "wb":
        return io.BufferedWriter(Raw(os.fspath(file), "w"), 4096)
    return plain_open(file, mode, *given, **named)


def operation(name):
    global count
    count += 1
    names.append(name)
    if count == deadline:
        os.kill(os.getpid(), signal.SIGKILL)


def audit(event, given):
    if deadline is not None and (event == "open" or event.startswith("os.")) and event != "os.kill":
        if not str(given[0]).startswith("/proc"):
            operation(event)


def sync(handle):
    operation("fsync")
    plain_sync(handle)


deadline, count, names = None, 0, []
plain_open, plain_sync = io.open, os.fsync
io.open, os.fsync = opened, sync
sys.addaudithook(audit)
n = 0
while True:
    n += 1
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        deadline = n
        for number in (1, 2, 3, 4):
            checkpoints.write(Path(str(n)), checkpoint(number), keep=2)
            os.write(writing, b".")
        deadline = None
        with plain_open("operations.json", "w") as file:
            json.dump(names, file)
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    done = len(os.read(reading, 10))
    os.close(reading)
    with plain_open("done.txt", "a") as file:
        print(done, file=file)
    if done == 4:
        break
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders 1, 2, 3 …: what was left of four checkpoints by a process killed so far into them."""
    folder = tmp_path_factory.mktemp("killed")
    here = Path(__file__).parent
    code = KILLED.format(here=str(here), tests=str(here.parent), root=str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=HANG
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def counts(killed: Path) -> list[int]:
    """For each folder, how many checkpoints had been written when its process was killed."""
    return [int(line) for line in (killed / "done.txt").read_text().split()]


def test_a_process_that_is_killed_leaves_the_newest_checkpoint_or_the_one_before(
    killed: Path,
) -> None:
    seen = set()
    for n, done in enumerate(counts(killed), 1):
        found = checkpoints.newest(killed / str(n), pytest.fail)
        if found is None:
            assert done == 0
            continue
        assert found.epoch in (done, done + 1)
        assert_whole(found, found.epoch)
        assert len(checkpoints.find(killed / str(n))) <= 3
        seen.add((done, found.epoch - done))
    assert seen == {(0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (4, 0)}


def test_where_a_process_was_killed_the_next_one_goes_on(killed: Path) -> None:
    for n in range(1, len(counts(killed)) + 1):
        checkpoints.write(killed / str(n), checkpoint(5), keep=2)
        assert_whole(checkpoints.newest(killed / str(n), pytest.fail), 5)
        assert len(names(killed / str(n))) <= 2


def test_a_checkpoint_is_on_the_disk_before_it_has_its_name_and_older_ones_go_after_that(
    killed: Path,
) -> None:
    names = json.loads((killed / "operations.json").read_text())
    assert len(names) == len(counts(killed)) - 1 > 60
    assert names.count("write") >= 4 * 4
    last = names[-1 - names[::-1].index("write") :]
    changes = [name for name in last if name in ("write", "fsync", "os.rename", "os.remove")]
    # The temporary file is asked to be removed once more, when it is no longer there.
    assert changes == ["write", "fsync", "os.rename", "fsync", "os.remove", "os.remove"]


@pytest.mark.parametrize("how", ["truncated", "flipped", "empty"])
def test_of_a_damaged_checkpoint_the_one_before_is_taken_and_it_is_said(
    how: str, tmp_path: Path
) -> None:
    checkpoints.write(tmp_path, checkpoint(1), 2)
    damaged = checkpoints.write(tmp_path, checkpoint(2, 30), 2)
    spoil(damaged, how)
    said: list[str] = []
    assert_whole(checkpoints.newest(tmp_path, said.append), 1)
    assert said == [
        f"{damaged.name} is damaged: its content does not match the hash in its name. "
        "The one before it is taken."
    ]


def test_where_every_checkpoint_is_damaged_all_are_named(tmp_path: Path) -> None:
    paths = [checkpoints.write(tmp_path, checkpoint(number), 2) for number in (1, 2)]
    for path in paths:
        spoil(path, "flipped")
    said: list[str] = []
    assert message(RunError, checkpoints.newest, tmp_path, said.append) == (
        f"every checkpoint in {tmp_path} is damaged: {paths[1].name}, {paths[0].name}. "
        "Restore one of the files, or fit anew."
    )
    assert said == [
        f"{paths[1].name} is damaged: its content does not match the hash in its name. "
        "The one before it is taken.",
        f"{paths[0].name} is damaged: its content does not match the hash in its name.",
    ]


def test_a_checkpoint_that_cannot_be_read_is_damaged_too(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, checkpoint(1), 2)
    path = checkpoints.write(tmp_path, checkpoint(2), 2)
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    said: list[str] = []
    assert_whole(checkpoints.newest(tmp_path, said.append), 1)
    assert said == [
        f"{path.name} is damaged: it is no regular file with a checkpoint's name. "
        "The one before it is taken."
    ]


def test_a_folder_without_checkpoints_has_none(tmp_path: Path) -> None:
    for name in ("epoch-1.npz", f"epoch-0001-step-000000.{HASH}.npz.partial", "notes.txt"):
        (tmp_path / name).touch()
    assert checkpoints.newest(tmp_path, pytest.fail) is None
    assert checkpoints.newest(tmp_path / "nowhere", pytest.fail) is None


def test_the_newest_is_that_of_the_most_epochs_and_then_of_the_most_steps(tmp_path: Path) -> None:
    for number, step in ((1, 500), (2, 0), (2, 9), (2, 11), (10, 200_000), (10, 1_500_000)):
        checkpoints.write(tmp_path, checkpoint(number, step), 10)
    assert names(tmp_path) == [
        "epoch-0010-step-1500000", "epoch-0010-step-200000", "epoch-0002-step-000011",
        "epoch-0002-step-000009", "epoch-0002-step-000000", "epoch-0001-step-000500",
    ]  # fmt: skip
    assert_whole(checkpoints.newest(tmp_path, pytest.fail), 10, 1_500_000)


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_as_many_are_kept_as_are_asked_for(keep: int, tmp_path: Path) -> None:
    for number in range(1, 6):
        checkpoints.write(tmp_path, checkpoint(number), keep)
    assert names(tmp_path) == [f"epoch-{5 - n:04d}-step-000000" for n in range(keep)]


@pytest.mark.parametrize("keep", [1, 2])
def test_one_that_is_damaged_never_stays_in_the_place_of_a_newer_file(
    keep: int, tmp_path: Path
) -> None:
    """Gone on with from the one before it, a fit stands for a while before the damaged one."""
    checkpoints.write(tmp_path, checkpoint(4), 2)
    spoil(checkpoints.write(tmp_path, checkpoint(5), 2), "flipped")
    checkpoints.write(tmp_path, checkpoint(4, 10), keep)
    assert names(tmp_path) == ["epoch-0004-step-000010", "epoch-0004-step-000000"][:keep]
    assert_whole(checkpoints.newest(tmp_path, pytest.fail), 4, 10)


def test_of_two_at_one_step_the_later_file_stays(tmp_path: Path) -> None:
    """It has another hash where its epochs took another time."""
    for seconds in range(8):
        one = checkpoint(3)
        state = {**one.state, "seconds": seconds}
        path = checkpoints.write(tmp_path, Checkpoint(3, 0, one.arrays, state), 2)
        assert checkpoints.find(tmp_path) == [path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for one checkpoint and a half."""
    with disk(tmp_path / "disk", "28k") as place:
        yield place


def test_a_full_disk_does_not_stop_the_fit_and_the_one_before_stays(small_disk: Path) -> None:
    said: list[str] = []
    writer = Writer(small_disk / "checkpoints", 2, said.append)
    writer.put(checkpoint(1))
    writer.wait()
    assert said == []
    writer.put(checkpoint(2, 7))
    writer.wait()
    writer.close()
    assert said == [
        "the checkpoint after epoch 2, step 7, could not be written: No space left on device. "
        "Those before it stay."
    ]
    assert_whole(checkpoints.newest(small_disk / "checkpoints", pytest.fail), 1)
    assert len(list((small_disk / "checkpoints").iterdir())) == 1


def test_what_could_not_be_written_is_said_and_tried_again_with_the_next(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file in the way")
    said: list[str] = []
    writer = Writer(tmp_path / "checkpoints", 2, said.append)
    writer.put(checkpoint(1))
    writer.wait()
    assert said == [
        "the checkpoint after epoch 1 could not be written: File exists. Those before it stay."
    ]
    (tmp_path / "checkpoints").unlink()
    writer.put(checkpoint(2))
    writer.close()
    assert len(said) == 1
    assert_whole(checkpoints.newest(tmp_path / "checkpoints", pytest.fail), 2)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Writing waits: an event that says when it has begun, and one that lets it go on."""
    begun, free = threading.Event(), threading.Event()
    plain = checkpoints.write

    def write(folder: Path, given: Checkpoint, keep: int) -> Path:
        begun.set()
        assert free.wait(30)
        return plain(folder, given, keep)

    monkeypatch.setattr(checkpoints, "write", write)
    return begun, free


def test_what_waits_gives_way_to_a_newer_one(
    slow: tuple[threading.Event, threading.Event], tmp_path: Path
) -> None:
    begun, free = slow
    writer = Writer(tmp_path, 10, pytest.fail)
    writer.put(checkpoint(1))
    assert begun.wait(30)
    for number in (2, 3, 4):
        writer.put(checkpoint(number))
    free.set()
    writer.close()
    assert names(tmp_path) == ["epoch-0004-step-000000", "epoch-0001-step-000000"]


def test_wait_returns_when_the_last_is_written(
    slow: tuple[threading.Event, threading.Event], tmp_path: Path
) -> None:
    begun, free = slow
    writer = Writer(tmp_path, 2, pytest.fail)
    writer.put(checkpoint(1))
    assert begun.wait(30)
    threading.Timer(0.1, free.set).start()
    writer.wait()
    assert_whole(checkpoints.newest(tmp_path, pytest.fail), 1)
    writer.close()


def test_close_writes_the_last_and_ends_the_thread(
    slow: tuple[threading.Event, threading.Event], tmp_path: Path
) -> None:
    begun, free = slow
    writer = Writer(tmp_path, 2, pytest.fail)
    writer.put(checkpoint(1))
    threading.Timer(0.1, free.set).start()
    writer.close()
    assert begun.is_set()
    assert_whole(checkpoints.newest(tmp_path, pytest.fail), 1)
    assert not writer._thread.is_alive()


def test_close_without_any_checkpoint_writes_nothing(tmp_path: Path) -> None:
    Writer(tmp_path / "checkpoints", 2, pytest.fail).close()
    assert list(tmp_path.iterdir()) == []
