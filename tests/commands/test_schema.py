"""`kbuilder schema`."""

from __future__ import annotations

from pathlib import Path

from bad import command

from kbuilder.recipe import shipped


def test_it_writes_the_file_that_comes_with_the_recipes() -> None:
    shipped_file = (shipped.folder() / shipped.SCHEMA).read_text(encoding="utf-8")
    done = command("schema")
    assert (done.code, done.err) == (0, "")
    assert done.out == shipped_file, "run `make schema`"
    assert command("schema", "--output", "deep/schema.json") == (0, "", "deep/schema.json\n")
    assert Path("deep/schema.json").read_text(encoding="utf-8") == shipped_file
