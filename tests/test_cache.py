"""The cache is written whole or not at all, and never takes more than its limit."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kbuilder import cache, files
from kbuilder.commands.main import kbuilder
from kbuilder.errors import CallError

FILL = """
import json, os, signal, sys
import numpy as np
from kbuilder import cache, files

seen = 0

def look(event, given):
    global seen
    here = event.startswith(("os.", "shutil.", "tempfile.", "fcntl.")) or event == "open"
    if here and any(str(value).startswith(os.environ["KBUILDER_CACHE"]) for value in given):
        seen += 1
        if seen == int(sys.argv[1]):
            os.kill(os.getpid(), 9)

sys.addaudithook(look)
with cache.filling("key") as shelf:
    shelf.put("values", np.arange(1000))
    files.write_json(shelf.folder / cache.ABOUT, {"origin": "rows.csv"})
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "cache"))
    return tmp_path / "cache" / cache.OWN


def fill(key: str = "key", size: int = 1000) -> cache.Shelf:
    with cache.filling(key) as shelf:
        shelf.put("values", np.arange(size))
        if shelf.folder is not None:
            files.write_json(shelf.folder / cache.ABOUT, {"origin": f"{key}.csv"})
    return shelf


def is_whole(path: Path | None) -> bool:
    assert path is not None
    return bool((cache.load(path, "values") == np.arange(1000)).all())


def said(*arguments: str) -> str:
    done = CliRunner().invoke(kbuilder, ["cache", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.FOLDER, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.root() == tmp_path / "kbuilder" / cache.OWN
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.root() == Path.home() / ".cache" / "kbuilder" / cache.OWN
    monkeypatch.setenv(cache.FOLDER, "none")
    assert cache.root() is None
    assert said() == "KBUILDER_CACHE is none: nothing is kept.\n"


def test_what_is_kept_is_found_and_read_from_its_files(root: Path) -> None:
    assert cache.find("key") is None
    fill()
    path = cache.find("key")
    assert is_whole(path)
    values = cache.load(root / "key", "values")
    values[0] = 7  # which does not reach the file
    assert is_whole(path)
    assert sorted(file.name for file in root.rglob("*")) == ["about.json", "key", "values.npy"]


def test_shapes_without_values_and_several_axes_are_kept(root: Path) -> None:
    with cache.filling("key") as shelf:
        shelf.put("none", np.empty((0, 3), np.float32))
        shelf.put("one", np.array(5))
        shelf.put("axes", np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
        assert shelf.folder is not None
        files.write_json(shelf.folder / cache.ABOUT, {"origin": "rows.csv"})
    assert cache.load(root / "key", "none").shape == (0, 3)
    assert cache.load(root / "key", "one") == 5
    assert (cache.load(root / "key", "axes") == np.arange(24).reshape(2, 3, 4)).all()


def test_of_two_that_fill_one_at_a_time_the_first_wins(root: Path) -> None:
    with cache.filling("key") as shelf:
        own = shelf.empty("values", (1000,), np.int64)
        fill()
        own[:] = -1
        assert shelf.folder is not None
        files.write_json(shelf.folder / cache.ABOUT, {"origin": "late.csv"})
    assert is_whole(cache.find("key"))
    assert own.tolist() == [-1] * 1000  # what the other has stays as it is
    assert [entry.origin for entry in cache.entries()] == ["key.csv"]
    assert [path.name for path in root.iterdir()] == ["key"]


def test_an_error_leaves_nothing(root: Path) -> None:
    def broken() -> None:
        with cache.filling("key") as shelf:
            shelf.put("values", np.arange(9))
            raise KeyError("a column")

    with pytest.raises(KeyError):
        broken()
    assert list(root.iterdir()) == []


def test_what_has_nothing_in_it_is_left_to_who_just_made_it(root: Path) -> None:
    for name, when in (("old", 0), ("new", 2e9)):
        (root / f"{name}.partial").mkdir(parents=True)
        os.utime(root / f"{name}.partial", (when, when))
    fill()
    assert sorted(path.name for path in root.iterdir()) == ["key", "new.partial"]


@pytest.mark.parametrize("left", [0, cache.SPARED])
def test_on_a_full_disk_rows_lie_in_memory(
    root: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    root.mkdir(parents=True)
    free = shutil.disk_usage(root)._replace(free=left)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    shelf = fill()
    assert shelf.failed == os.strerror(errno.ENOSPC)
    assert list(root.iterdir()) == []


def test_room_is_reserved_before_anything_is_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with cache.filling("key") as shelf:
        values = shelf.empty("values", (5,), np.float32)
        values[:] = 1
    assert shelf.failed == os.strerror(errno.ENOSPC)
    assert values.tolist() == [1] * 5
    assert list(root.iterdir()) == []


def test_where_it_cannot_be_made_rows_lie_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "file" / "cache"))
    with cache.filling("key") as shelf:
        shelf.empty("values", (3,), np.float32)[:] = 0
    assert shelf.folder is None
    assert shelf.failed == os.strerror(errno.ENOTDIR)
    assert cache.entries() == []
    assert cache.clear() == 0


def ages(root: Path, order: Sequence[str]) -> None:
    """Have entries been used in an order."""
    for place, name in enumerate(order):
        os.utime(root / name / cache.ABOUT, (place, place))


def test_what_was_used_longest_ago_goes_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        fill(name)
    ages(root, ["b", "a", "c"])
    monkeypatch.setenv(cache.LIMIT, "0.00003")  # 30 kB; each has 8 and a little
    fill("d")
    assert {entry.path.name for entry in cache.entries()} == {"a", "c", "d"}
    assert cache.find("a") == root / "a"  # which counts as used
    fill("e")
    assert {entry.path.name for entry in cache.entries()} == {"a", "d", "e"}
    fill("large", 10_000)  # more than the limit by itself: the next fit still finds it
    assert [entry.path.name for entry in cache.entries()] == ["large"]


@pytest.mark.parametrize("written", ["-1", "much", "nan", "inf"])
def test_a_limit_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv(cache.LIMIT, written)
    expected = f"KBUILDER_CACHE_LIMIT is '{written}'. Expected gigabytes, such as 20."
    with pytest.raises(CallError, match=expected):
        cache.limit()


def test_another_name_leads_to_an_entry_as_long_as_it_is_there(root: Path) -> None:
    fill()
    cache.also("key", "other")
    cache.also("key", "other")
    assert cache.find("other") == root / "key"
    assert len(cache.entries()) == 1
    shutil.rmtree(root / "key")
    assert cache.find("other") is None
    fill("new")
    assert [path.name for path in root.iterdir()] == ["new"]


def test_what_else_is_in_the_folder_stays(root: Path) -> None:
    root.parent.mkdir()
    (root.parent / "mine").mkdir()
    (root.parent / "mine" / cache.ABOUT).write_text('{"origin": "me"}', encoding="utf-8")
    (root.parent / "gone").symlink_to("nowhere")
    fill()
    cache.clear()
    assert sorted(path.name for path in root.parent.iterdir()) == ["gone", "mine", cache.OWN]


def test_it_is_listed_and_cleared(root: Path) -> None:
    fill("a")
    fill("b")
    ages(root, ["a", "b"])
    for lines in (said().splitlines(), said("list").splitlines()):
        assert [line.split()[-1] for line in lines[:2]] == ["b.csv", "a.csv"]
        assert lines[0].split()[:2] == ["0.0", "MB"]
        assert lines[2] == f"0.00 of 20 GB, in {root}"
    assert said("clear").endswith("MB removed.\n")
    assert said("list") == f"0.00 of 20 GB, in {root}\n"
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("ago", "words"),
    [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (200_000, "2 days ago")],
)
def test_how_long_ago_is_said(monkeypatch: pytest.MonkeyPatch, ago: int, words: str) -> None:
    monkeypatch.setattr("time.time", lambda: 1e6)
    assert cache.age(cache.Entry(Path("a"), 1, 1e6 - ago, "a.csv")) == words


@pytest.mark.slow
def test_a_process_that_is_killed_at_any_file_leaves_all_or_nothing(root: Path) -> None:
    outcomes = []
    for count in range(1, 100):
        done = subprocess.run([sys.executable, "-c", FILL, str(count)], check=False)
        whole = cache.find("key") is not None
        outcomes.append(whole)
        if whole:
            assert is_whole(cache.find("key"))
        fill()  # the next finds it, or fills anew, and clears away what the other left
        assert is_whole(cache.find("key"))
        left = [path.name for path in root.iterdir() if path.name != "key"]
        assert all(not list((root / name).iterdir()) for name in left), left
        shutil.rmtree(root)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert done.returncode == 0
    assert len(outcomes) > 10
    assert outcomes == sorted(outcomes)  # nothing, up to some moment, and all from then on
    assert not outcomes[0]
