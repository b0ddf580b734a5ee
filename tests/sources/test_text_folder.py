"""Texts sorted into one folder per class."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import DataError
from kbuilder.recipe.reading import read
from kbuilder.sources import text_folder

FIX = "Fix or remove the files, or leave them out: `data: {unreadable: skip}`."


def put(name: str, content: bytes | str = "a text") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def source(**fields: object) -> kb.TextFolder:
    return kb.TextFolder(**{"path": "reviews", **fields})


def test_a_label_is_the_name_of_the_folder_and_a_text_what_the_file_holds() -> None:
    put("reviews/pos/b.txt", " fine\r\nfilm \n")
    put("reviews/neg/a.TXT", "\ufeffschlecht, über alles")
    put("reviews/neg/8514", "no ending")
    put("reviews/neg/empty.txt", "")
    put("reviews/neg/.hidden.txt")
    train, test = source().load()
    assert train["label"].tolist() == ["neg", "neg", "neg", "pos"]
    assert train["text"].tolist() == [
        "no ending", "schlecht, über alles", None, "fine\r\nfilm",
    ]  # fmt: skip
    assert (train.row(1), test) == ("reviews/neg/a.TXT", None)


def test_train_and_test_folders_are_the_two_parts_of_the_same_classes() -> None:
    for name in ("train/pos/1", "train/neg/1", "train/unsup/1", "test/pos/1", "test/neg/1"):
        put(f"reviews/{name}.txt")
    assert message(DataError, source().load) == (
        "data.classes: reviews/train has folders that reviews/test has not: unsup. Expected the "
        "same classes in both; or name those to read: `data: {classes: [neg, pos]}`."
    )
    train, test = source(classes=["neg", "pos"]).load()
    assert test is not None
    assert (len(train), len(test)) == (2, 2)
    assert message(DataError, source(classes=["bad"]).load) == (
        "data.classes: reviews/train has no folder bad. It has: neg, pos, unsup."
    )


def test_a_folder_is_read_as_what_it_holds_more_of() -> None:
    put("reviews/pos/a.txt"), put("reviews/pos/b.png"), put("reviews/neg/c.txt")
    put("images/cat/a.png"), put("images/cat/b.png"), put("images/readme.txt")
    for folder, kind in (("reviews", kb.TextFolder), ("images", kb.ImageFolder)):
        Path("recipe.yaml").write_text(f"data: {{path: {folder}}}\n")
        assert type(read("recipe.yaml").data) is kind


ENCODINGS = {
    "cp949": ("영화가 정말 좋았다", "영화를 다시 보고 싶다"),
    "cp1252": ("Der Film war schön", "für alle, die Käse mögen"),
    "shift_jis": ("とてもいい映画でした", "つまらない"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_encoding_of_the_files_that_are_not_utf_8_is_recognised_and_said(encoding: str) -> None:
    first, second = ENCODINGS[encoding]
    put("reviews/pos/a.txt", first.encode(encoding))
    put("reviews/neg/b.txt", second.encode(encoding))
    put("reviews/neg/c.txt", "größer 영화".encode("utf-16"))
    put("reviews/neg/d.txt", "größer 영화")
    choice = source().settle()["encoding"]
    assert choice.value == encoding
    assert choice.reason.startswith("of 2 of 4 files: it is no utf-8, and ")
    for made in (source(encoding=encoding), source()):
        train, _ = made.load()
        assert train["text"].tolist() == [second, "größer 영화", "größer 영화", first]
    assert source(encoding=encoding).settle() == {}


def test_an_encoding_that_is_not_certain_is_refused_with_the_line() -> None:
    put("reviews/pos/a.txt", "영화가 정말 좋았다".encode("cp949"))
    put("reviews/neg/b.txt", "Der Film war schön".encode("cp1252"))
    said = message(DataError, source().settle)
    assert said == (
        "data.encoding: 2 files of reviews are not utf-8, and no other encoding is certain for all "
        "of them. Name it: `data: {encoding: latin-1}`, or cp949, shift_jis, gb18030, big5, "
        "cp1251 … as whoever wrote the files says."
    )
    assert message(DataError, source(encoding="cp949").load) == (
        "data.path: texts that cannot be read: reviews/neg/b.txt (it is not cp949). " + FIX
    )


def test_files_that_are_no_texts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_folder, "LONGEST", 50)
    put("reviews/pos/a.txt", "a" * 51)
    put("reviews/pos/b.txt", b"\x00\x01\x02\x03 text")
    Path("reviews/pos/c").symlink_to("nowhere")
    assert message(DataError, source().load) == (
        "data.path: texts that cannot be read: reviews/pos/a.txt (it has 51 bytes, and a text at "
        "most 50); reviews/pos/b.txt (it holds zero bytes, so it is no text); reviews/pos/c "
        f"(it is no regular file). {FIX}"
    )
    put("reviews/pos/d.txt")
    train, _ = source(unreadable="skip").load()
    assert train["text"].tolist() == ["a text"]
    assert train.notes[0].startswith("3 of 4 texts are left out, since they cannot be read: ")


def test_files_of_other_endings_are_counted_and_a_class_of_them_is_refused() -> None:
    put("reviews/pos/a.txt"), put("reviews/pos/b.html"), put("reviews/neg/c.txt")
    train, _ = source().load()
    assert train.notes == ("not read in reviews: 1 other file: 1 .html in pos",)
    put("reviews/other/d.html")
    assert message(DataError, source().load) == (
        "data.path: reviews has class folders without texts: other (1 .html). Expected files "
        "ending in .txt, .text; or name those to read: `data: {classes: [neg, pos]}`."
    )


def test_a_folder_without_texts_says_what_it_expected() -> None:
    put("reviews/pos/a.pdf")
    assert message(DataError, source().load) == (
        "data.path: reviews has no texts. It holds 1 .pdf. "
        "Expected one folder per class, with files ending in .txt, .text."
    )


def test_texts_to_predict_are_a_file_a_folder_or_a_folder_of_classes() -> None:
    put("reviews/pos/a.txt", "schön".encode("cp1252"))
    known = source(encoding="cp1252")
    assert known.read(Path("reviews/pos/a.txt"))["text"].tolist() == ["schön"]
    assert list(known.read(Path("reviews/pos")).columns) == ["text"]
    assert known.read(Path("reviews"))["label"].tolist() == ["pos"]
    put("rows.csv", "text\na\n")
    assert message(DataError, known.read, Path("rows.csv")) == (
        "texts that cannot be read: rows.csv (it is not a text, by its name). "
        "Fix or remove the files."
    )
    assert message(DataError, known.read, Path("nowhere")) == (
        "there is no nowhere. Expected a folder of texts, or a text."
    )


@pytest.mark.slow
def test_a_folder_of_texts_is_fitted_and_predicted(tmp_path: Path) -> None:
    for part, count in (("train", 20), ("test", 6)):
        for n in range(count):
            kind, word = (("pos", "schön"), ("neg", "übel"))[n % 2]
            put(f"reviews/{part}/{kind}/{n}.txt", f"Film {n} war {word}".encode("cp1252"))
    Path("recipe.yaml").write_text(
        "data: {path: reviews}\n"
        "features: {text: {kind: text, output_mode: tf_idf, ngrams: 2}}\n"
        "model: linear\ntraining: {epochs: 40, batch_size: 4, optimizer: {learning_rate: 0.05}}\n"
    )
    run = kb.fit("recipe.yaml", run_dir=tmp_path / "run", verbose=False)
    assert run.metrics["splits"]["test"]["accuracy"] == 1
    assert "data.encoding" in [decision.path for decision in run.decisions]
    answers = run.predict("reviews/test")
    assert answers["label"].tolist() == ["neg"] * 3 + ["pos"] * 3
