"""The pages of docs/ and the README are sound: their code, their links, their length."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from bad import DATA
from pages import BLOCKS, PAGES, ROOT, Block, asked_for, blocks, is_meant

import kbuilder as kb
from kbuilder import catalog
from kbuilder.recipe import reading

# Read by a test below, whichever they are.
PARSED = {"yaml", "json", "toml"}
# Blocks that no test runs: by language and a text in them, the reason.
NOT_RUN = {
    ("sh", "make demo\nmake test"): "make test runs the tests; make demo has a test by its name",
}
# Values in prose that are no part of a recipe as they stand: by the text, the reason.
NOT_READ = {
    "model: my_module:MyNetwork": "the class is one of the reader's own",
    "model: my_module:tower": "the function is one of the reader's own",
}


def test_the_readme_has_at_most_150_lines() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 150


def test_every_fence_opens_or_closes_a_block() -> None:
    fences = sum(len(re.findall(r"^ *```", text, flags=re.MULTILINE)) for text in PAGES.values())
    assert fences == 2 * len(BLOCKS) > 50


def test_every_block_of_code_is_run_or_checked_by_a_test() -> None:
    known = asked_for() | set(NOT_RUN)
    new = [
        f"{block.page}, {block.language or 'no language'}: {block.text.splitlines()[0]}"
        for block in BLOCKS
        if block.language not in PARSED
        and not any(is_meant(block, *arguments) for arguments in known)
    ]
    assert new == []


def test_every_exception_is_a_block_or_a_span_of_some_page() -> None:
    for language, text in NOT_RUN:
        assert blocks(language, text)
    for span in NOT_READ:
        assert any(f"`{span}`" in text for text in PAGES.values()), span


YAML = [block for block in BLOCKS if block.language == "yaml"]


@pytest.mark.parametrize("block", YAML, ids=lambda block: f"{block.page}: {block.text[:40]!r}")
def test_every_yaml_block_is_a_recipe_or_completes_one(block: Block) -> None:
    begun = "" if re.search(r"^data:", block.text, flags=re.MULTILINE) else DATA
    assert isinstance(reading.parse(begun + block.text), kb.Recipe)


def spans() -> list[str]:
    """What stands in backticks as a section of a recipe, or as a field of its training."""
    known = "|".join({*kb.Recipe.model_fields, *kb.Training.model_fields} - {"data"})
    found = {
        " ".join(span.split())
        for text in PAGES.values()
        for span in re.findall(rf"`((?:{known}): [^`]+)`", text)
    }
    return sorted(span for span in found if "…" not in span and span not in NOT_READ)


@pytest.mark.parametrize("span", [span for span in spans() if "epochs, batch_size" not in span])
def test_what_prose_quotes_of_a_recipe_is_read(span: str) -> None:
    field = span.partition(":")[0]
    text = span if field in kb.Recipe.model_fields else f"training: {{{span}}}"
    balance = "task: binary\n" if field == "balance" else ""
    assert isinstance(reading.parse(f"{DATA}{balance}{text}\n"), kb.Recipe)


def test_the_cluster_shown_is_json_as_tensorflow_reads_it() -> None:
    shown = json.loads(blocks("json", '"cluster"'))
    assert shown["task"] == {"type": "worker", "index": 0}
    assert list(shown["cluster"]) == ["worker"]


def test_the_entry_point_shown_is_of_the_group_that_is_looked_at() -> None:
    groups = tomllib.loads(blocks("toml", "entry-points"))["project"]["entry-points"]
    assert list(groups) == [catalog.GROUP]
    for name in groups[catalog.GROUP]:
        assert name.partition(".")[0] in catalog.FOLDERS


def test_the_backslashes_shown_are_read_as_the_page_says(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(path: .*?)` \|", PAGES["docs/platforms.md"], flags=re.MULTILINE)
    plain, quoted, escaped = (f"data:\n  source: csv\n  target: y\n  {row}\n" for row in rows)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/rows.csv").write_text("y\n1\n", encoding="utf-8")
    recipe = reading.parse(plain, folder=tmp_path)
    assert recipe.data.path == tmp_path / "data\\rows.csv"
    with pytest.raises(kb.KBuilderError, match=r"there is no .*data\\rows\.csv\. "):
        recipe.data.load()
    assert reading.parse(quoted, folder=tmp_path).data.path == tmp_path / "data\new.csv"
    with pytest.raises(kb.KBuilderError, match=r"^recipe:4:\d+: cannot be read as YAML: "):
        reading.parse(escaped)


def test_kbuilder_imports_neither_tensorflow_nor_pandas_before_they_are_imported() -> None:
    first = blocks("python", "import pandas as pd\n").splitlines()[0]
    code = f"{first}\nimport sys\nprint({{'tensorflow', 'pandas'}} & set(sys.modules))"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (first, done.stdout) == ("import kbuilder as kb", "set()\n")


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    tmp_path: Path,
) -> None:
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed; `pip install '.[docs]'` brings it")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    levels = {line.partition(" ")[0] for line in done.stderr.splitlines()}
    assert levels == {"INFO"}, done.stderr
    shown = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.html")}
    written = {page.removeprefix("docs/") for page in PAGES if page != "README.md"}
    generated = {f"reference/{folder}.md" for folder in ("recipe", "layers", *catalog.FOLDERS)}
    assert shown == {f"{page.removesuffix('.md')}.html" for page in written | generated} | {
        "404.html"
    }
    loaded = re.compile(r"<(?:script|img|iframe)[^>]*\ssrc=.?https?:|<link[^>]*\shref=.?https?:")
    for page in shown:
        assert not loaded.findall((tmp_path / page).read_text(encoding="utf-8")), page


def test_links_of_the_readme_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", PAGES["README.md"])
    assert [link for link in links if not (ROOT / link).is_file()] == []
    pages = {page for page in PAGES if page != "README.md"}
    assert pages <= set(links), "the README leads to every page"
