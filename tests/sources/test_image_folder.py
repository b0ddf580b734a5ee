"""Images sorted into one folder per class."""

from __future__ import annotations

import tarfile
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from bad import real
from shared import encoded, message, picture

import kbuilder as kb
from kbuilder.errors import CallError, DataError
from kbuilder.tables import picture_heads


def put(name: str, content: bytes | None = None) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(picture(1)) if content is None else content)
    return path


def source(**fields: object) -> kb.ImageFolder:
    return kb.ImageFolder(**{"path": "images", **fields})


def test_a_label_is_the_name_of_the_folder_and_a_row_the_path_of_its_file() -> None:
    for name in ("dog/b.png", "cat/a.JPG", "cat/.hidden.png", "cat/notes.txt", ".git/x.png"):
        put(f"images/{name}", b"words" if name.endswith("txt") else None)
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


ENDINGS = ", ".join(picture_heads.ENDINGS)


def test_a_folder_without_images_says_what_it_holds_and_what_was_expected() -> None:
    Path("images").mkdir()
    expected = f"Expected one folder per class, with files ending in {ENDINGS}."
    assert message(DataError, source().load) == f"data.path: images has no images. {expected}"
    put("images/cat/notes.txt", b"")
    assert message(DataError, source().load) == (
        f"data.path: images has no images. It holds 1 .txt. {expected}"
    )
    put("images/cat_1.png")
    assert message(DataError, source().load) == (
        "data.path: images has 1 image, such as cat_1.png, and no class folder. A table with a "
        f"column of their paths is read too: `data: {{path: labels.csv}}`. {expected}"
    )


def labelled(**fields: object) -> dict[str, dict[str, int]]:
    """How many images of each class a source has in each part."""
    made = source(**fields)
    train, test = made.load()
    parts = {"train": train, "validation": made.validation(train), "test": test}
    return {
        name: dict(Counter(table["label"].tolist()))
        for name, table in parts.items()
        if table is not None
    }


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"), ("Train", None, "TEST"), ("training_set", None, "test_set"),
        ("training", "validation", None), ("train-images", "valid", "testing"),
        ("seg_train", None, "seg_test"),
    ],
)  # fmt: skip
def test_folders_of_parts_are_read_whatever_they_are_called(
    train: str, validation: str | None, test: str | None
) -> None:
    expected = {}
    for name, part in (("train", train), ("validation", validation), ("test", test)):
        for count, label in enumerate(("cat", "dog"), start=1):
            for number in range(count) if part else ():
                put(f"images/wrapped/{part}/{label}/{number}.png")
        if part:
            expected[name] = {"cat": 1, "dog": 2}
    put("images/__MACOSX/wrapped/._x.png", b"")
    assert labelled() == expected
    assert labelled(path="images/wrapped") == expected
    assert labelled(path=f"images/wrapped/{train}") == {"train": expected["train"]}
    choices = source().settle()
    assert choices["path"].reason.endswith(f"the folders of images/wrapped/{train} are the classes")
    fields = {name: choice.value for name, choice in choices.items()}
    assert labelled(**fields) == expected


def test_files_in_folders_within_a_class_are_of_the_class_and_leavings_are_nothing() -> None:
    names = (
        "hen/a.png", "hen/monday/b.PNG", "hen/monday/c/d.Jpeg", "duck/e.png",
        "hen/Thumbs.db", "hen/._a.png", "hen/.DS_Store", "hen/@eaDir/a.png", "desktop.ini",
        "duck/.ipynb_checkpoints/e.png", "__MACOSX/hen/f.png",
    )  # fmt: skip
    for name in names:
        put(f"images/{name}")
    Path("images/hen/up").symlink_to(Path("images").absolute())  # a circle
    Path("elsewhere").mkdir()
    put("elsewhere/g.png")
    Path("images/goose").symlink_to(Path("elsewhere").absolute())
    train, _ = source(classes=["goose", "hen"]).load()
    assert list(train.labels) == [
        f"images/{name}" for name in ("goose/g.png", "hen/a.png", "hen/monday/b.PNG",
                                      "hen/monday/c/d.Jpeg")
    ]  # fmt: skip
    assert train.notes == ()


def test_what_is_not_read_is_counted_by_ending_and_folder() -> None:
    for name in ("cat/a.png", "cat/b.xml", "cat/c.xml", "dog/d", "dog/e.csv", "loose.png"):
        put(f"images/{name}", b"no picture" if name[-3:] in ("xml", "csv") else None)
    for part in ("train", "test"):
        put(f"parts/{part}/cat/f.png") if part == "train" else put(f"parts/{part}/g.png")
    put("parts/single/h.png")
    train, _ = source().load()
    assert list(train.labels) == ["images/cat/a.png", "images/dog/d"]  # by its content
    assert train.notes == (
        "not read in images: 3 other files: 2 .xml in cat, 1 .csv in dog",
        "not read in images: 1 image in no class folder: loose.png",
    )
    train, test = source(path="parts").load()
    assert test is None
    assert train.notes == (
        "not read in parts: single, which is no part",
        "not read in parts: test, with 1 image in no class folder (`kbuilder predict` takes them)",
    )


def test_folders_that_each_class_has_are_of_the_class_which_is_said() -> None:
    for label in ("hen", "duck"):
        for day in ("monday", "tuesday"):
            put(f"images/{label}/{day}/a.png")
    train, _ = source().load()
    assert train["label"].tolist() == ["duck", "duck", "hen", "hen"]
    assert train.notes == (
        "each class folder of images holds the same folders, monday, tuesday, whose files are of "
        "the folder above them: duck, hen. If the classes are those below, move them together",
    )
    put("images/duck/b.png")
    assert source().load()[0].notes == ()


def test_a_class_without_images_is_an_error_with_the_line() -> None:
    put("images/cat/a.png"), put("images/dog/b.png"), put("images/swan/c.svg", b"<svg/>")
    Path("images/emu").mkdir()
    assert message(DataError, source().load) == (
        "data.path: images has class folders without images: emu (no files), swan (1 .svg). "
        f"Expected files ending in {ENDINGS}; or name those to read: "
        "`data: {classes: [cat, dog]}`."
    )
    assert labelled(classes=["dog", "cat"]) == {"train": {"cat": 1, "dog": 1}}


def test_parts_that_are_not_clear_are_refused() -> None:
    put("images/train/cat/a.png"), put("images/Train/cat/a.png"), put("images/val/cat/b.png")
    assert message(DataError, source().load) == (
        "data.path: images holds 2 folders for train: Train, train. Expected one. Name those to "
        "read by `path`, `validation_path` and `test_path`."
    )
    put("held/val/cat/a.png"), put("held/test/cat/a.png")
    assert message(DataError, source(path="held").load) == (
        "data.path: held holds test, val, and no folder to learn from. Expected one that is called "
        "train; or the path of one with class folders."
    )
    put("flat/train/a.png"), put("flat/test/a.png")
    assert message(DataError, source(path="flat").load) == (
        "data.path: flat holds test, train, and test holds images that lie in no class folder. "
        "Expected one folder per class in each."
    )


def test_names_of_classes_are_one_form_of_unicode() -> None:
    composed, apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    put(f"images/train/{composed}/a.png"), put(f"images/train/{apart}/b.png")
    put("images/train/tea/c.png"), put(f"images/test/{apart}/d.png")
    assert labelled() == {"train": {composed: 2, "tea": 1}, "test": {composed: 1}}
    for written in (composed, apart):
        assert labelled(classes=[written])["train"] == {composed: 2}
    train, _ = source().load()
    assert train.notes == (
        "images/train has 2 folders 'café', written in several forms of Unicode: they are one "
        "class",
    )
    for number in (1, 2.5, True):
        put(f"numbers/{number}/a.png")
    assert labelled(path="numbers", classes=[1, 2.5]) == {"train": {"1": 1, "2.5": 1}}


def test_files_that_cannot_be_read_are_left_out_on_request_and_told() -> None:
    for part in ("train", "val", "test"):
        put(f"images/{part}/cat/a.png"), put(f"images/{part}/dog/b.png")
        for number in range(7):
            put(f"images/{part}/dog/c{number}.png", b"")
    made = source(unreadable="skip")
    train, test = made.load()
    assert test is not None
    for part, table in (("train", train), ("val", made.validation(train)), ("test", test)):
        assert [Path(str(name)).name for name in table.labels] == ["a.png", "b.png"]
        [note] = table.notes
        assert note.startswith("7 of 9 images are left out, since they cannot be read: ")
        assert note.endswith(f"images/{part}/dog/c4.png (it is empty) and 2 more")
    assert made.read(Path("images/val")).notes == (
        made.validation(train).notes  # type: ignore[union-attr]  # there are some
    )
    assert message(CallError, made.script) == (
        "a script reads every file, and 21 of 27 cannot be read, such as "
        "images/train/dog/c0.png. Expected images that can: remove the others."
    )
    put("images/train/dog/b.png", b"")
    assert message(DataError, made.load).startswith(
        "data.path: of dog in images/train none of the images can be read: 8 of 9 images are left"
    )


def test_files_folders_and_patterns_are_predicted_in_the_order_of_the_call() -> None:
    for name in ("b, c.png", "a.png", "10.png", "9.png", "notes.txt"):
        put(f"new/{name}", b"x" if name == "notes.txt" else None)
    put("new/more/é.png")
    made = source()
    every = ["new/10.png", "new/9.png", "new/a.png", "new/b, c.png", "new/more/é.png"]
    table = made.read(Path("new"))
    assert (list(table.labels), list(table.columns)) == (every, ["image"])
    assert table.notes == ("not read in new: 1 other file: 1 .txt in new",)
    named = [Path("new/a.png"), Path("new/9.png"), Path("new/a.png"), Path("new/more")]
    assert list(made.gather(named).labels) == [
        "new/a.png", "new/9.png", "new/a.png", "new/more/é.png"
    ]  # fmt: skip
    assert list(made.read(Path("new/*.png")).labels) == every[:-1]
    put("new/bad.png", b"")
    assert message(DataError, made.gather, [Path("new/notes.txt"), Path("new")]) == (
        "images that cannot be read: new/notes.txt (it is no image); new/bad.png (it is empty). "
        "Fix or remove the files."
    )


@pytest.mark.parametrize("field", ["path", "test_path"])
def test_a_folder_that_is_not_there_says_so(field: str) -> None:
    put("images/cat/a.png")
    assert message(DataError, source(**{field: "nowhere"}, origin="https://a.b").load) == (
        f"data.{field}: there is no nowhere. Expected a folder of class folders. "
        f"Get it from https://a.b and put it there, or give its path with `-o data.{field}=…`."
    )


FIX = "Fix or remove the files, or leave them out: `data: {unreadable: skip}`."
BROKEN = {
    "empty": (b"", "it is empty"),
    "text": (b"hello", "it is no image"),
    "cut": (encoded(picture(1))[:-40], None),
    "ppm": (
        encoded(picture(1), "PPM"),
        "its content is PPM, not JPEG, PNG, GIF, BMP, WebP or TIFF",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_image_that_cannot_be_read_is_named_with_the_reason(kind: str) -> None:
    content, reason = BROKEN[kind]
    put("images/cat/good.png")
    put("images/cat/bad.png", content)
    said = message(DataError, source().load)
    if reason is not None:
        assert said == (
            f"data.path: images that cannot be read: images/cat/bad.png ({reason}). {FIX}"
        )
    assert said.startswith("data.path: images that cannot be read: images/cat/bad.png (")


def test_many_broken_images_are_counted() -> None:
    for number in range(7):
        put(f"images/cat/{number}.png", b"")
    said = message(DataError, source().load)
    assert said.endswith(f"images/cat/4.png (it is empty) and 2 more. {FIX}")


def test_an_image_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_heads, "MOST", 50)  # rather than a picture of 90 megapixels
    put("images/cat/large.png")
    assert message(DataError, source().load) == (
        "data.path: images that cannot be read: images/cat/large.png "
        f"(it has 9 × 7 pixels. Expected 0 million at most). {FIX}"
    )


@pytest.mark.slow
def test_cifar10_has_ten_classes_and_its_own_test_rows(tmp_path: Path) -> None:
    with tarfile.open(real("cifar10-small.tar")) as file:
        file.extractall(tmp_path, filter="data")
    train, test = source(path=tmp_path / "cifar10-small").load()
    assert (len(train), len(test)) == (5000, 1000)
    assert len(set(train["label"])) == 10
