"""The model card of a run: its figures are those of the run, and what comes of data is text."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from pages import blocks
from ruamel.yaml import YAML
from shared import KINDS, ODD, Call, message

import kbuilder as kb
from kbuilder import exports
from kbuilder.columns import Columns, Target
from kbuilder.errors import CallError
from kbuilder.reporting import card, markdown
from kbuilder.reporting.page import cell
from kbuilder.runs import run_folder
from kbuilder.serving import exported as served

Fitted = Callable[[str], kb.Run]
MARKUP = ["# x|<b>", "`a|b`", "*a*_b_", "[a](b)", "![x](http://y)", "www.x.de", "$a$", "\\|", "a`",
          "<!--", "a\nb", "&lt;", "~~a~~", "- a", "1. a", "http://x.de", "a@x.de"]  # fmt: skip


def parsed(text: str) -> tuple[dict[str, Any], str]:
    """The front matter of a card, and the page that its Markdown makes."""
    _, matter, body = text.split("---\n", 2)
    known: dict[str, Any] = YAML(typ="safe").load(matter)
    return known, MarkdownIt("commonmark").enable("table").render(body)


def shown(page: str) -> str:
    """The text of a page."""
    import html

    return html.unescape(re.sub(r"<[^>]*>", "", page))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_any_kind_has_its_card(kind: str, fitted: Fitted) -> None:
    run = fitted(kind)
    text = run.card()
    matter, page = parsed(text)
    assert (matter["library_name"], matter["tags"][0]) == ("keras", "kbuilder")
    assert text.count(card.MARK) == 1
    seen = shown(page)
    for figures in (*run.metrics["splits"].values(), *run.metrics["baselines"].values()):
        assert [name for name, value in figures.items() if cell(float(value)) not in seen] == []
    for low, high in run.metrics["intervals"]["test"].values():
        assert f"{cell(low)} to {cell(high)}" in seen
    assert [
        note for note in run.metrics.get("baseline_notes", {}).values() if note not in seen
    ] == []
    for finding in run.findings:
        assert finding.message in seen
    wanted = [*run.record.columns.features, *run.record.columns.target, *run.metrics["splits"]]
    for name in wanted:
        assert name.replace("\n", "\\n") in seen
    for count in run.record.splits["rows"].values():
        assert f"<td>{count:,}</td>" in page
    assert not re.search(r"<(b|i|img|script|a|h[13])\b", page.partition("</h1>")[2])
    for table in re.findall(r"<table>.*?</table>", page, flags=re.DOTALL):
        cells = [row.count("<t") for row in re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL)]
        assert len(set(cells)) == 1
    again = replace(run_folder.read(run.path), predictions=None)
    assert card.text(run.path, again) == text  # as it was saved


def test_what_comes_from_data_is_text(fitted: Fitted) -> None:
    tags = {"ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}
    for word in [*MARKUP, *ODD]:
        cells = [markdown.code(word), markdown.plain(word)]
        lines = [*(f"- a {one} b" for one in cells), *markdown.table(["x"], ([c] for c in cells))]
        page = MarkdownIt("gfm-like", {"linkify": False}).render("\n".join(lines))
        assert set(re.findall(r"</?(\w+)", page)) <= tags
        assert page.count("<td>") == 2
        said = word.replace("\n", "\\n")
        assert shown(page).split("\n")[1:3] == [f"a {said} b", f"a {said} b"]
        assert "http://" not in "".join(lines)
        assert "www." not in markdown.plain(word)
    run = fitted("mixed")
    columns = Columns(
        {"# x|<b>": run.record.columns.features["size"]},
        (Target(("<i>y",), kb.Binary(classes=["*", "</code><img>"])),),
    )
    _, page = parsed(card.text(run.path, replace(run.record, columns=columns)))
    assert not re.search(r"<(b|i|img)\b", page)
    assert {"# x|<b>", "<i>y", "</code><img>"} <= set(re.split(r"\n| \(|: |, |\. ", shown(page)))


def test_what_people_wrote_is_kept(fitted: Fitted, tmp_path: Path, call: Call) -> None:
    run = tmp_path / "runs/r/20260101-000000-000000"
    shutil.copytree(fitted("mixed").path, run)
    for line in blocks("sh", "kbuilder report latest --card").splitlines():
        assert call(*shlex.split(line)[1:])[:2] == (
            0,
            f"card: {run.relative_to(tmp_path)}/card.md\n",
        )
    file = run / "card.md"
    first = file.read_text(encoding="utf-8")
    assert first == kb.load(run).card()
    assert "# license" in first.partition(card.MARK)[0]
    mine = first.replace("# license: mit, or", "license: mit #").replace(
        "_To be written: what", "What"
    )
    file.write_text(mine.replace("## Limits", "## Gone"), encoding="utf-8")
    assert call("report", "latest", "--card")[0] == 0
    assert file.read_text(encoding="utf-8") == mine != first
    assert kb.load(run).card() == mine
    assert parsed(mine)[0]["license"] == "mit"
    assert call("report", "latest", "--card", "--output", "README.md")[0] == 0
    readme = tmp_path / "README.md"
    assert readme.read_text(encoding="utf-8") == mine
    readme.write_text(mine.replace("What the", "Where the"), encoding="utf-8")
    assert call("report", "latest", "--card", "--output", "README.md")[0] == 0
    assert "Where the" in readme.read_text(encoding="utf-8")
    readme.write_text("# Mine\n")
    code, _, err = call("report", "latest", "--card", "--output", "README.md")
    assert (code, readme.read_text()) == (2, "# Mine\n")
    assert err == (
        f"Error: README.md has no line `{card.MARK}`, so all of it is taken as yours. Put the line "
        "below what is yours, or remove the file.\n"
    )
    file.write_text("# Mine\n")
    assert kb.load(run).card() == "# Mine\n"
    file.write_bytes(b"\xff\xfe")
    assert message(CallError, kb.load(run).card) == f"{file} is not UTF-8 text (byte 0)."
    file.unlink()
    for other in (["--open"], ["--lang", "ko"]):
        code, _, err = call("report", "latest", "--card", *other)
        assert (code, file.exists()) == (2, False)
        assert "Expected --card without --open and --lang." in err


def test_what_a_run_lacks_is_left_out(fitted: Fitted, tmp_path: Path) -> None:
    run = fitted("mixed")
    empty = pd.DataFrame({"split": [], "row": []})
    known = {name: value for name, value in run.metrics.items()
             if name not in ("intervals", "comparisons", "baseline_notes", "fit")}  # fmt: skip
    older = card.text(run.path, replace(run.record, metrics=known, predictions=empty))
    assert "95 %" not in older
    assert "This model is no better than" in older
    alone = {**known, "splits": {}, "baselines": {}, "better_than_baseline": None}
    text = card.text(tmp_path, replace(run.record, metrics=alone, predictions=empty))
    assert "nothing is known of other rows" in text
    assert "metrics" not in parsed(text)[0]
    assert "its versions are unknown" in text
    smoke = {**run.record.splits, "smoke": True}
    assert "smoke test" in card.text(run.path, replace(run.record, splits=smoke))


def test_what_answers_rest_on_is_said_where_it_is_known(fitted: Fitted) -> None:
    run = fitted("mixed")
    both = {"columns": ["size", "a|b"], "drop": 0.25, "interval": [0.125, 0.375]}
    found = {"metric": "accuracy", "rows": 1200, "columns": [both]}
    known = replace(run.record, metrics={**run.metrics, "importance": found})
    text = card.text(run.path, known)
    assert "how much `accuracy` falls on 1,200 rows" in text
    assert "| `size`, <code>a&#124;b</code> | 0.2500 | 0.1250 to 0.3750 |" in text
    without = replace(run.record, metrics={**run.metrics, "importance": {"reason": "few rows"}})
    assert card.text(run.path, without) == run.card()


def test_limits_are_those_of_the_run(fitted: Fitted) -> None:
    run = fitted("mixed")
    text = run.card()
    held = run.predictions("test")["truth"].value_counts()
    for name, count in held.items():
        assert f"`{name}` ({count})" in text.partition("which show little")[2]
    assert "A value of `size` that is far from those of training: the answer is a guess" in text
    assert "A value of `colour`, `floor` that is unknown to the model" in text
    assert "Rows were not held together" in text
    split = kb.Group(column="owner|", test=0.1)
    data = run.recipe.data.model_copy(update={"split": split})  # type: ignore[attr-defined]
    grouped = replace(run.record, recipe=run.recipe.model_copy(update={"data": data}))
    assert "All rows of one <code>owner&#124;</code> are in one part" in card.text(
        run.path, grouped
    )


def test_no_folder_and_no_secret_is_said(fitted: Fitted) -> None:
    run = fitted("mixed")
    finding = kb.Finding if hasattr(kb, "Finding") else type(run.findings[0])
    said = "row 3 of /home/ann/secret/rows.csv; postgresql://ann:hunter2@host/db"
    found = [finding("x", ("data",), said, True)]
    for data, own in (
        (kb.CSV(path="/home/ann/secret/rows.csv", target="answer"), "`csv`: `rows.csv`"),
        (kb.SQL(sql={"url": "postgresql://ann:hunter2@host/db", "query": "SELECT 1 AS answer"},
                target="answer"), "`sql`."),
        (kb.Sklearn(name="iris"), "`sklearn`: `iris`"),
    ):  # fmt: skip
        recipe = run.recipe.model_copy(update={"data": data})
        text = card.text(run.path, replace(run.record, recipe=recipe, findings=found))
        assert f"Source: {own}" in text
        assert "hunter2" not in text
        assert ("ann/secret" in text) == (own != "`csv`: `rows.csv`")


def test_an_export_holds_the_card(fitted: Fitted, exported: Callable[[str], Path]) -> None:
    run, folder = fitted("mixed"), exported("mixed")
    text = (folder / "assets.extra/card.md").read_text(encoding="utf-8")
    assert text == card.of_export(run.card(), exports.described(folder))
    assert "- Format: `saved_model`." in text
    served.check(folder)
    served.Exported(folder).verify()
    lost = {"to": "int8", "metric": "accuracy", "before": 0.75, "after": 0.5, "part": "test"}
    told = card.of_export("", {"format": "litert", "tolerance": 0.1, "quantized": lost})
    assert "- Quantized to `int8`: `accuracy` 0.7500 -> 0.5000 on `test`." in told
