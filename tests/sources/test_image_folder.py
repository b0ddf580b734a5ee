"""Images sorted into one folder per class."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from bad import real
from PIL import Image
from shared import encoded, message, picture

import kbuilder as kb
from kbuilder.errors import DataError


def put(name: str, content: bytes | None = None) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(picture(1)) if content is None else content)
    return path


def source(**fields: object) -> kb.ImageFolder:
    return kb.ImageFolder(**{"path": "images", **fields})


def test_a_label_is_the_name_of_the_folder_and_a_row_the_path_of_its_file() -> None:
    for name in ("dog/b.png", "cat/a.JPG", "cat/.hidden.png", "cat/notes.txt", ".git/x.png"):
        put(f"images/{name}")
    train, test = source().load()
    assert train["label"].tolist() == ["cat", "dog"]
    assert train["image"][0] == encoded(picture(1))
    assert [train.row(0), train.row(1)] == ["images/cat/a.JPG", "images/dog/b.png"]
    assert test is None


def test_train_and_test_folders_are_the_two_parts() -> None:
    for name in ("train/cat/a.png", "train/dog/b.png", "test/cat/c.png"):
        put(f"images/{name}")
    train, test = source().load()
    assert (len(train), len(test)) == (2, 1)
    put("more/cat/d.png")
    train, test = source(path="images/train", test_path="more").load()
    assert [test.row(0)] == ["more/cat/d.png"]


def test_classes_called_train_and_test_are_classes_beside_others() -> None:
    for name in ("train", "test", "bus"):
        put(f"images/{name}/a.png")
    train, test = source().load()
    assert train["label"].tolist() == ["bus", "test", "train"]
    assert test is None


def test_images_to_predict_are_a_file_a_folder_or_a_folder_of_classes() -> None:
    put("images/cat/a.png")
    assert source().read(Path("images/cat/a.png"))["image"].shape == (1,)
    assert list(source().read(Path("images/cat")).columns) == ["image"]
    assert source().read(Path("images"))["label"].tolist() == ["cat"]
    assert message(DataError, source().read, Path("nowhere")) == (
        "there is no nowhere. Expected a folder of images, or an image."
    )


def test_images_to_predict_come_in_parts_with_their_names() -> None:
    for name in "abcde":
        put(f"images/cat/{name}.png")
    parts = list(source().parts(Path("images/cat"), (), ["image"], size=2, start=2))
    assert [list(part.table.labels) for part in parts] == [
        ["images/cat/c.png", "images/cat/d.png"], ["images/cat/e.png"],
    ]  # fmt: skip


ENDINGS = ".jpg, .jpeg, .png, .gif, .bmp"


@pytest.mark.parametrize("folders", [[], ["cat"]])
def test_a_folder_without_images_says_what_it_expected(folders: list[str]) -> None:
    Path("images").mkdir()
    for folder in folders:
        put(f"images/{folder}/notes.txt", b"")
    assert message(DataError, source().load) == (
        "data.path: images has no images. "
        f"Expected one folder per class, with files ending in {ENDINGS}."
    )


@pytest.mark.parametrize("field", ["path", "test_path"])
def test_a_folder_that_is_not_there_says_so(field: str) -> None:
    put("images/cat/a.png")
    assert message(DataError, source(**{field: "nowhere"}, origin="https://a.b").load) == (
        f"data.{field}: there is no nowhere. Expected a folder of class folders. "
        f"Get it from https://a.b and put it there, or name its place with `-o data.{field}=…`."
    )


BROKEN = {
    "empty": (b"", "it is empty"),
    "text": (b"hello", "it is no image"),
    "cut": (encoded(picture(1))[:-40], None),
    "tiff": (encoded(picture(1), "TIFF"), "its content is TIFF, not JPEG, PNG, GIF or BMP"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_image_that_cannot_be_read_is_named_with_the_reason(kind: str) -> None:
    content, reason = BROKEN[kind]
    put("images/cat/good.png")
    put("images/cat/bad.png", content)
    said = message(DataError, source().load)
    if reason is not None:
        assert said == (
            f"data.path: images that cannot be read: images/cat/bad.png ({reason}). "
            "Fix or remove the files."
        )
    assert said.startswith("data.path: images that cannot be read: images/cat/bad.png (")


def test_many_broken_images_are_counted() -> None:
    for number in range(7):
        put(f"images/cat/{number}.png", b"")
    said = message(DataError, source().load)
    assert said.endswith("images/cat/4.png (it is empty) and 2 more. Fix or remove the files.")


def test_an_image_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)  # rather than a picture of 90 megapixels
    put("images/cat/large.png")
    assert message(DataError, source().load) == (
        "data.path: images that cannot be read: images/cat/large.png "
        "(it has more pixels than an image should). Fix or remove the files."
    )


def test_cifar10_has_ten_classes_and_its_own_test_rows(tmp_path: Path) -> None:
    with tarfile.open(real("cifar10-small.tar")) as file:
        file.extractall(tmp_path, filter="data")
    train, test = source(path=tmp_path / "cifar10-small").load()
    assert (len(train), len(test)) == (5000, 1000)
    assert len(set(train["label"])) == 10
