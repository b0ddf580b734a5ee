"""The report of a run: a page that opens offline, whose figures are those of the run."""

from __future__ import annotations

import html
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import blocks
from shared import KINDS, Call, mixed, picture, predicting
from sklearn import metrics

import kbuilder as kb
from kbuilder.evaluation import explaining
from kbuilder.probabilities.calibration import BINS, calibration_error
from kbuilder.reporting import answers as answers_module
from kbuilder.reporting import failing, writing
from kbuilder.reporting.answers import answers_of
from kbuilder.reporting.failing import WRONG
from kbuilder.reporting.page import Section, Table, cell, render
from kbuilder.reporting.words import KOREAN, Words

Fitted = Callable[[str], kb.Run]
VOID = {"meta", "link", "img", "br"}
MARKUP = "</td><img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """What a page has: its tags, its ids, what it asks for, its text; wrong nesting is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.asked: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags[tag] += 1
        if known.get("id"):
            self.ids[str(known["id"])] += 1
        for name in ("src", "href", "xlink:href"):
            if known.get(name) and not str(known[name]).startswith(("#", "data:")):
                self.asked.append(str(known[name]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_any_kind_has_its_page(kind: str, fitted: Fitted, tmp_path: Path) -> None:
    run = fitted(kind)
    for language in ("en", "ko"):
        file = run.report(tmp_path / f"{language}.html", language=language)  # type: ignore[arg-type]
        page = file.read_text(encoding="utf-8")
        read = Reader(page)
        assert read.asked == []
        assert len(page) < 2_000_000
        assert {name: n for name, n in read.ids.items() if n > 1} == {}
        assert not read.tags["script"]
        text = " ".join(read.text)
        for figures in (*run.metrics["splits"].values(), *run.metrics["baselines"].values()):
            for value in figures.values():
                assert cell(float(value)) in text
        assert all(re.search(rf"#{name}\b", page) for name in read.ids if name.startswith("s"))
        assert f'<html lang="{language}">' in page
        assert read.tags["svg"] >= 1


def test_what_comes_from_data_is_text(tmp_path: Path, browser: Any) -> None:
    rows = mixed().rename(columns={"size": MARKUP, "answer": "<b>$x_$"})
    rows["<b>$x_$"] = rows["<b>$x_$"].map({"yes": "<script>alert(2)</script>", "no": "$\\frac$"})
    recipe = kb.Recipe(data=kb.Frame(frame=rows, target="<b>$x_$"), training=kb.Training(epochs=1))
    run = kb.fit(recipe, run_dir=tmp_path / "<i>run", verbose=False)
    page = run.report().read_text(encoding="utf-8")
    read = Reader(page)
    assert not read.tags["script"] + read.tags["img"] + read.tags["b"]
    assert "<script>alert(2)</script>" in "".join(read.text)
    assert "&lt;i&gt;run" in page
    assert "<script>" not in run._repr_html_()
    asked: list[str] = []
    wrong: list[str] = []
    for width in (360, 800, 1400):
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme
            )
            tab = context.new_page()
            tab.on("request", lambda request: asked.append(request.url))
            tab.on("console", lambda said: wrong.append(said.text))
            tab.on("dialog", lambda dialog: wrong.append(dialog.message))
            tab.goto((run.path / "report.html").as_uri())
            shown = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert shown[0] <= shown[1]  # nothing is cut off
            assert tab.locator("svg").first.bounding_box()["height"] > 50
            context.close()
    assert {url.partition(":")[0] for url in asked} == {"file"}
    assert len(asked) == 6
    assert wrong == []


def test_a_fit_leaves_its_report_unless_it_is_asked_not_to(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed().to_csv(tmp_path / "rows.csv", index=False)
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {path: rows.csv, target: answer}\ntraining: {epochs: 2}\n")
    monkeypatch.setenv("KBUILDER_REPORT", "auto")
    code, _, err = call("fit", recipe, "--run-dir", "run")
    assert code == 0
    assert f"report: {Path('run/report.html')}\n" in err
    first = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    known = kb.load("run").metrics["importance"]
    assert "What the answers rest on" in first
    assert known["reason"].startswith("there are 9 rows, and it takes 20")
    assert call("report", "run")[:2] == (0, f"report: {Path('run/report.html')}\n")
    assert (tmp_path / "run/report.html").read_text(encoding="utf-8") == first
    assert call("report", "run", "--lang", "ko", "--output", "ko.html")[0] == 0
    assert "판정" in (tmp_path / "ko.html").read_text(encoding="utf-8")
    assert call("evaluate", "run")[0] == 0  # the run is as whole as before
    assert call("fit", recipe, "--run-dir", "tried", "--smoke")[0] == 0
    assert not (tmp_path / "tried/report.html").exists()
    code, _, err = call("report", "tried")
    assert code == 0
    assert "smoke test" in (tmp_path / "tried/report.html").read_text(encoding="utf-8")
    code, out, err = call("report", "nowhere")
    assert (code, out) == (2, "")
    assert "nowhere" in err
    assert "Traceback" not in err
    (tmp_path / "run/metrics.json").write_text("{}")
    assert call("report", "run")[0] == 1  # altered


def test_the_commands_on_its_page_work(tmp_path: Path, call: Call, fitted: Fitted) -> None:
    run = tmp_path / "runs/r/20260101-000000-000000"
    shutil.copytree(fitted("mixed").path, run)
    for line in blocks("sh", "kbuilder report latest --open").splitlines():
        words = shlex.split(line.removesuffix(" --open"))
        assert call(*words[1:])[0] == 0
    exec(blocks("python", 'run.report("report.html")'), {"kb": kb})
    english = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert english == (run / "report.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in (tmp_path / "report-ko.html").read_text(encoding="utf-8")


def test_what_goes_wrong_with_it_leaves_the_run_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any, **named: Any) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setenv("KBUILDER_REPORT", "auto")
    monkeypatch.setattr(writing, "write", fail)
    monkeypatch.setattr(explaining, "importance", fail)
    monkeypatch.setattr(explaining, "slices", fail)
    recipe = kb.Recipe(data=kb.Frame(frame=mixed(), target="answer"),
                       training=kb.Training(epochs=1))  # fmt: skip
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    said = [line for line in run.record.log if "planted" in line]
    assert said == [
        f"Warning: the run has no report: ZeroDivisionError: planted. `kbuilder report {run.path}` "
        "tries again."
    ]
    known = kb.load(run.path).metrics
    assert known["importance"] == known["slices"] == {"reason": "ZeroDivisionError: planted"}
    monkeypatch.undo()
    page = run.report().read_text(encoding="utf-8")
    assert page.count("ZeroDivisionError: planted") == 3  # the last in the log


def test_rows_of_no_weight_are_left_out(fitted: Fitted) -> None:
    run = fitted("mixed")
    held = run.predictions("test")
    held["weight"] = np.where(held["truth"] == "yes", 1.0, 0.0)
    [answers] = answers_of(run.record.columns, held)
    assert set(answers.truth) == {"yes"}
    assert len(answers.rows) == len(answers.weights) == (held["truth"] == "yes").sum()


def test_of_many_rows_some_are_looked_at_and_the_page_says_so(
    fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fitted("mixed")
    whole = run.predictions("test")
    some = len(whole) // 3
    monkeypatch.setattr(answers_module, "MOST", some)
    known, count = answers_module.looked_at(run.predictions(), "test")
    assert (len(known), count) == (some, len(whole))
    assert known["row"].is_unique
    assert known["row"].iloc[[0, -1]].tolist() == whole["row"].iloc[[0, -1]].tolist()
    page = writing.write(run.path, run.record, output=tmp_path / "page.html").read_text("utf-8")
    said = f"The answers below are for {some} of the {count} rows of test, at equal distances"
    assert said in page
    monkeypatch.setattr(answers_module, "MOST", count)
    page = writing.write(run.path, run.record, output=tmp_path / "page.html").read_text("utf-8")
    assert "at equal distances" not in page


def test_what_the_run_lacks_is_left_out(fitted: Fitted, tmp_path: Path) -> None:
    record = fitted("mixed").record
    empty = pd.DataFrame({"split": [], "row": []})
    older = writing.write(fitted("mixed").path, replace(record, predictions=empty),
                          output=tmp_path / "older.html")  # fmt: skip
    assert "Where it fails" not in older.read_text(encoding="utf-8")
    alone = {**record.metrics, "splits": {}, "baselines": {}, "better_than_baseline": None}
    page = writing.write(
        fitted("mixed").path, replace(record, metrics=alone, history=[], predictions=empty),
        output=tmp_path / "alone.html",
    ).read_text(encoding="utf-8")  # fmt: skip
    assert "nothing is known of other rows" in page
    with pytest.raises(kb.KBuilderError, match="no report in 'xx'"):
        writing.write(fitted("mixed").path, record, "xx")


def test_what_answers_rest_on_is_drawn(fitted: Fitted, tmp_path: Path) -> None:
    record = fitted("mixed").record
    some = {"columns": ["size", "$x_<b>"], "drop": 0.25, "interval": [0.125, 0.375]}
    others = [{"columns": [f"c{n}"], "drop": 0.0, "interval": [-0.5, 0.0]} for n in range(40)]
    known = {"metric": "accuracy", "rows": 1234, "columns": [some, *others]}
    for language in ("en", "ko"):
        page = writing.write(
            fitted("mixed").path,
            replace(record, metrics={**record.metrics, "importance": known}), language,
            tmp_path / "r.html",
        ).read_text(encoding="utf-8")  # fmt: skip
        read = Reader(page)
        assert "size + $x_<b>" in "".join(read.text)
        assert {"0.2500", "0.1250", "0.3750"} <= set(read.text)
        assert "1,234" in page
        assert not read.tags["b"]


def sections(run: kb.Run) -> Iterator[Section]:
    from kbuilder.reporting import judging

    held = run.predictions("test")
    for answers in answers_of(run.record.columns, held):
        yield from judging.sections(answers, "test", Words(), False)


def table(run: kb.Run, caption: str) -> Table:
    [found] = [t for section in sections(run) for t in section.tables if t.caption == caption]
    return found


def test_figures_of_classes_are_those_of_scikit_learn(fitted: Fitted) -> None:
    run = fitted("mixed")
    held = run.predictions("test")
    truth, answer = held["truth"].astype(str), held["label"].astype(str)
    names = [str(name) for name in run.record.columns.targets[0].task.classes]  # type: ignore[attr-defined]
    found = table(run, "Rows by their class (down) and the answer (across)")
    assert [row[1:] for row in found.rows] == metrics.confusion_matrix(
        truth, answer, labels=names
    ).tolist()
    figures = table(run, "Figures of each class")
    told = metrics.classification_report(truth, answer, output_dict=True, zero_division=0)
    for name, rows, precision, recall, f1 in figures.rows:
        assert rows == told[name]["support"]
        kinds = ("precision", "recall", "f1-score")
        assert (precision, recall, f1) == pytest.approx([told[name][kind] for kind in kinds])
    sure = table(run, "The surest wrong answers; a label may be wrong, too")
    wrong = held[truth != answer].sort_values("probability", ascending=False, kind="stable")
    assert [row[0] for row in sure.rows] == wrong["row"].astype(str).tolist()[:WRONG]
    assert all(row[1] != row[2] for row in sure.rows)


def test_what_wrong_rows_hold_stands_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KBUILDER_REPORT", "auto")
    frame = mixed()
    frame["answer"] = np.random.default_rng(0).permutation(frame["answer"].to_numpy())
    training = kb.Training(epochs=1, baselines="none")
    recipe = kb.Recipe(data=kb.Frame(frame=frame, target="answer"), training=training)
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    held, holds = run.predictions("test"), run.metrics["rows_shown"]
    wrong = held[held["truth"].astype(str) != held["label"].astype(str)]
    assert 0 < len(holds) <= 2 * WRONG
    assert len(wrong) > WRONG or set(wrong["row"].astype(str)) <= set(holds)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "what it holds" in page
    for row, text in holds.items():
        own = frame.iloc[int(row) - 1]
        assert f"size = {own['size']}" in text or own["size"] != own["size"]
        assert text in html.unescape(page)


def test_figures_of_labels_and_numbers(fitted: Fitted) -> None:
    run = fitted("labels")
    held = run.predictions("test")
    found = table(run, "Figures of each label")
    for name, rows, answered, precision, recall, f1 in found.rows:
        is_, said = ([name in str(one).split("|") for one in held[column]]
                     for column in ("truth", "labels"))  # fmt: skip
        assert (rows, answered) == (sum(is_), sum(said))
        given = {"zero_division": 0}
        assert precision == pytest.approx(metrics.precision_score(is_, said, **given))
        assert recall == pytest.approx(metrics.recall_score(is_, said, **given))
        assert f1 == pytest.approx(metrics.f1_score(is_, said, **given))
    run = fitted("two numbers")
    held = run.predictions("test")
    errors = np.abs(held[["value 1", "value 2"]].to_numpy() - held[["truth 1", "truth 2"]])
    found = table(run, "How large the errors are")
    assert found.rows[0][1] == pytest.approx(np.quantile(errors, 0.5))
    assert found.rows[-1][1] == pytest.approx(errors.to_numpy().max())
    worst = table(run, "The largest errors")
    assert float(worst.rows[0][3]) == pytest.approx(errors.to_numpy().max())


def test_the_calibration_error_is_its_definition() -> None:
    random = np.random.default_rng(0)
    sure = random.uniform(0.5, 1, 500)
    right = random.uniform(size=500) < sure**2
    weights = random.uniform(0.1, 3, 500)
    for each in (np.ones(500), weights):
        expected = 0.0
        for place in range(BINS):
            low, high = place / BINS, (place + 1) / BINS
            inside = (sure >= low) & ((sure < high) | ((place == BINS - 1) & (sure == 1)))
            if inside.any():
                own = each[inside]
                gap = np.average(right[inside], weights=own) - np.average(sure[inside], weights=own)
                expected += own.sum() / each.sum() * abs(gap)
        given = None if (each == 1).all() else each
        assert calibration_error(sure, right, given) == pytest.approx(expected, abs=1e-12)


def test_pictures_that_were_answered_wrongly_are_shown(tmp_path: Path) -> None:
    names = [tmp_path / f"{number}.png" for number in range(4)]
    for number, name in enumerate(names[:2]):
        picture(number, "RGBA", (300, 40)).save(name)
    names[2].write_bytes(b"no picture")  # the last is not there
    frame = pd.DataFrame({
        "split": "test", "file": [*map(str, names)], "truth": "a", "label": ["b", "b", "b", "a"],
        "probability": 0.9, "probability of a": 0.1, "probability of b": [0.9, 0.8, 0.7, 0.6],
    })  # fmt: skip
    columns = predicting(kb.Binary(classes=["a", "b"]))
    [answers] = answers_of(columns, frame)
    [section] = failing.section(answers, "test", Words(), False)
    shown = section.tables[0]
    assert [row[0] for row in shown.rows] == [*map(str, names[:3])]
    kinds = [url.partition(",")[0] for url in shown.pictures]
    assert kinds == ["data:image/jpeg;base64"] * 2 + [""]
    assert Reader(render("t", [section], Words())).tags["img"] == 2


def test_every_sentence_is_said_in_korean_and_none_in_vain() -> None:
    source = "".join(
        file.read_text(encoding="utf-8")
        for file in Path(writing.__file__).parent.glob("*.*")
        if file.name != "words.py"
    )
    joined = re.sub(r'"\s*\n\s*"', "", source)
    vain = [one for one in KOREAN if f'"{one}"' not in joined and f"'{one}'" not in joined]
    assert vain == []
    fields = {one: set(re.findall(r"{(\w+)}", one)) for one in KOREAN}
    assert all(set(re.findall(r"{(\w+)}", KOREAN[one])) == own for one, own in fields.items())
    with pytest.raises(KeyError):
        Words("ko").say("what nobody says")


def test_numbers_are_written_briefly() -> None:
    told = [cell(value) for value in (0.5, 12345, 123456.789, float("nan"), "x", True, -0.00001)]
    assert told == ["0.5000", "12,345", "123,456.79", "–", "x", "True", "-0.0000"]
    page = render("t", [Section("s", tables=[Table("c", ["a"], [["<"]])])], Words())
    assert '<th scope="row">&lt;</th>' in page
