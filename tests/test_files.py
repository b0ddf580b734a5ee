"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared import message

from kbuilder import files
from kbuilder.errors import CallError


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def write_folder(path: Path, fail: BaseException | None = None) -> None:
    with files.new_folder(path) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "a.txt").write_text("a")
        assert not path.exists() or not any(path.iterdir())
        if fail:
            raise fail


def write_file(path: Path, fail: BaseException) -> None:
    with files.new_file(path) as temporary:
        temporary.write_text("half")
        raise fail


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    write_folder(tmp_path / "deep" / "down")
    assert everything(tmp_path) == ["deep", "deep/down", "deep/down/inner", "deep/down/inner/a.txt"]
    assert (tmp_path / "deep" / "down").stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_folder(tmp_path / "empty")
    assert everything(tmp_path) == ["empty", "empty/inner", "empty/inner/a.txt"]


@pytest.mark.parametrize("fail", [ValueError(), KeyboardInterrupt(), SystemExit(143)])
def test_nothing_is_left_when_it_fails_or_is_interrupted(
    tmp_path: Path, fail: BaseException
) -> None:
    with pytest.raises(type(fail)):
        write_folder(tmp_path / "new", fail)
    with pytest.raises(type(fail)):
        write_file(tmp_path / "file.txt", fail)
    assert everything(tmp_path) == []


def test_a_name_that_is_taken_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    for name in ("file", "full"):
        said = f"{tmp_path / name} is there already. Expected a name that is free."
        assert message(CallError, write_folder, tmp_path / name) == said
    assert everything(tmp_path) == ["file", "full", "full/mine"]


def test_a_file_replaces_the_one_before_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    for text in ("first", "second"):
        with files.new_file(path) as temporary:
            temporary.write_text(text)
            assert not path.exists() or path.read_text() == "first"
    assert path.read_text() == "second"
    assert path.stat().st_mode & 0o777 == 0o644
    assert everything(tmp_path) == ["deep", "deep/file.txt"]


def test_hashes_are_of_every_file_below_a_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "new")
    (tmp_path / "new" / "b.txt").write_text("")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    found = files.hashes(tmp_path / "new")
    assert list(found) == ["b.txt", "inner/a.txt"]
    assert found["b.txt"] == files.sha256(tmp_path / "new" / "b.txt") == empty
    assert list(files.hashes(tmp_path / "new", leave_out=("b.txt",))) == ["inner/a.txt"]


def test_a_folder_that_fails_takes_the_parents_made_for_it_along(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), files.new_folder(tmp_path / "a/b/1"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
