"""The README and the pages of docs/, and the blocks of code in them."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = {
    file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in FILES
}  # fmt: skip
"""The text of each page, by its path."""


class Block(NamedTuple):
    """A block of code: its page, its language, what is in it."""

    page: str
    language: str
    text: str


BLOCKS = [
    Block(page, language, textwrap.dedent(text))
    for page, content in PAGES.items()
    for _, language, text in re.findall(
        r"^( *)```([^\n]*)\n(.*?)^\1```$", content, flags=re.MULTILINE | re.DOTALL
    )
]


def blocks(language: str, containing: str, page: str = "") -> str:
    """The one block that holds a text, of all pages or of one."""
    found = [block for block in BLOCKS if is_meant(block, language, containing, page)]
    where = page or "all pages"
    assert len(found) == 1, f"{len(found)} blocks of {language} contain {containing!r} in {where}"
    return found[0].text


def is_meant(block: Block, language: str, containing: str, page: str = "") -> bool:
    """Whether `blocks` means this block by these arguments."""
    return block.language == language and containing in block.text and page in ("", block.page)


def section(page: str, heading: str) -> str:
    """The text below a heading of the second level, up to the next."""
    _, found, after = PAGES[page].partition(f"\n## {heading}\n")
    assert found, f"{page} has no section {heading!r}"
    return after.partition("\n## ")[0]


def asked_for() -> set[tuple[str, ...]]:
    """The arguments of each call of `blocks` in a test: what some test runs or checks.

    Those that are written out, that is: a call in a loop over names proves nothing of a block.
    """
    calls = [
        node
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "blocks"
    ]
    written = [call.args for call in calls if all(isinstance(a, ast.Constant) for a in call.args)]
    return {tuple(ast.literal_eval(word) for word in words) for words in written}
