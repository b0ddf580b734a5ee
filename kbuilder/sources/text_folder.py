"""Texts sorted into one folder per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from kbuilder.contracts import Choice
from kbuilder.errors import DataError, Key, listed
from kbuilder.lines import to_line
from kbuilder.sources._class_folders import ClassFolders
from kbuilder.spec import encoding_name
from kbuilder.tables import dialect
from kbuilder.tables.cells import Words
from kbuilder.tables.table import Table

LONGEST = 4 * 2**20
"""Bytes of the longest text."""


class TextFolder(ClassFolders):
    """A folder with one folder of texts (.txt, .text, or without an ending) per class.

    The columns are `text`, what a file holds, and `label`, the name of its class folder, in one
    form of Unicode (NFC). Files in folders within a class folder are of the class too. A folder
    that holds `train` and `test`, or `val`, however they are spelled, is read as the parts. A file
    is in UTF-8, or in the encoding that its first bytes name; that of all others is recognised, and
    said. Hidden files, and what other programs leave behind, are not looked at; what else is not
    read is said.
    """

    encoding: Annotated[str, AfterValidator(encoding_name)] | None = None
    """The encoding of the files that are not in UTF-8, as Python names it: cp949, latin-1 …; left
    out: as these files have it."""

    endings: ClassVar[tuple[str, ...]] = (".txt", ".text", "")
    usual: ClassVar[tuple[str, ...]] = (".txt", ".text")
    column: ClassVar[str] = "text"
    one: ClassVar[str] = "a text"
    many: ClassVar[str] = "texts"

    def settle(self) -> dict[str, Choice]:
        """The parts, as any folder; the encoding of the files that are not in UTF-8."""
        choices = super().settle()
        if self.encoding is not None or not self.path.is_dir():
            return choices
        roots = self._roots()
        files = sorted(file for field in roots for file in self._files(field, roots).files)
        contents = {file: content for file in files if (content := _content(file)) is not None}
        others = [content for content in contents.values() if _own(content) is None]
        if not others:
            return choices
        encoding, why = _recognised(others, self.path, ("data", "encoding"))
        why = f"of {len(others):,} of {len(contents):,} files: {why}"
        return {**choices, "encoding": Choice(encoding, why)}

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read all files; those to test on have the same classes."""
        train, test = super().load(words)
        if test is not None:
            mine, theirs = sorted(set(train["label"])), sorted(set(test["label"]))
            only = [name for name in mine if name not in theirs]
            if only:
                raise DataError(
                    f"{train.origin} has folders that {test.origin} has not: {listed(only)}. "
                    "Expected the same classes in both; or name those to read: "
                    f"`{to_line(('data', 'classes'), theirs)}`.",
                    key=("data", "classes"),
                )
        return train, test

    def _values(
        self, files: Sequence[Path], key: Key
    ) -> tuple[Sequence[object], Mapping[int, str]]:
        """The texts, without blanks at their ends; None where there is none."""
        contents = [_content(file) for file in files]
        pairs = enumerate(zip(files, contents, strict=True))
        wrong = {n: _unreadable(file) for n, (file, content) in pairs if content is None}
        others = [content for content in contents if content is not None and _own(content) is None]
        encoding = self.encoding
        if others and (encoding is None or not key):
            known = encoding is not None and all(_decodes(text, encoding) for text in others)
            if not known:
                encoding, _ = _recognised(others, files[0].parent, ("data", "encoding"))
        texts: list[str | None] = [None] * len(files)
        for n, content in enumerate(contents):
            if content is None:
                continue
            its = _own(content) or str(encoding)
            try:
                texts[n] = content.decode(its).strip("\ufeff \t\r\n") or None
            except UnicodeError:
                wrong[n] = f"it is not {its}"
        return texts, wrong

    def _script(self, files: Sequence[Path]) -> tuple[str, ...]:
        others = [self.encoding] if self.encoding else []
        return (
            f"file.suffix.lower() in {self.endings}",
            "text_of(file)",
            (
                "def text_of(file):\n"
                '    """What a file holds, without blanks at its ends."""\n'
                "    content = file.read_bytes()\n"
                '    if content.startswith((b"\\xff\\xfe", b"\\xfe\\xff")):\n'
                '        return content.decode("utf-16").strip()\n'
                f"    for encoding in {['utf-8-sig', *others]!r}:\n"
                "        try:\n"
                "            return content.decode(encoding).strip()\n"
                "        except UnicodeError:\n"
                "            pass\n"
                '    raise ValueError(f"{file} is in another encoding")'
            ),
        )


def _content(file: Path) -> bytes | None:
    """The bytes of a file; None, if it cannot be a text."""
    if not file.is_file() or file.stat().st_size > LONGEST:
        return None
    content = file.read_bytes()
    return None if b"\0" in content and _own(content) is None else content


def _unreadable(file: Path) -> str:
    """Why the file cannot be a text."""
    if not file.is_file():
        return "it is no regular file"
    size = file.stat().st_size
    if size > LONGEST:
        return f"it has {size:,} bytes, and a text at most {LONGEST:,}"
    return "it holds zero bytes, so it is no text"


def _own(content: bytes) -> str | None:
    """The encoding that a file says itself, or UTF-8; None: another."""
    for mark, name in dialect.MARKS.items():
        if content.startswith(mark):
            return name if _decodes(content, name) else None
    return "utf-8" if _decodes(content, "utf-8") and b"\0" not in content else None


def _recognised(contents: Sequence[bytes], origin: Path, key: Key) -> tuple[str, str]:
    """The one encoding of some files, with the reason."""
    found = dialect.encoding_of(
        b"\n".join(contents)[: dialect.SAMPLE],
        lambda name: all(_decodes(content, name) for content in contents),
    )
    # Most bytes of one are letters of another: of each file they are looked at.
    if found is None or not all(dialect.has_letters(content, found[0]) for content in contents):
        raise DataError(
            f"{len(contents):,} files of {origin} are not utf-8, and no other encoding is certain "
            f"for all of them. Name it: `{to_line(key, 'latin-1')}`, or cp949, shift_jis, gb18030, "
            "big5, cp1251 … as whoever wrote the files says.",
            key=key,
        )
    return found


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeError:
        return False
    return True
