"""What can be asked of a fitted recipe."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import blocks
from shared import ROWS, built, encoded, fields, message, mixed, picture, reviews
from sklearn.metrics import accuracy_score, r2_score

import kbuilder as kb
from kbuilder.commands.main import kbuilder
from kbuilder.errors import CallError, DataError
from kbuilder.evaluation import evaluating
from kbuilder.runs import predict_file
from kbuilder.tables.table import Table

Runs = Callable[[str], kb.Run]


@pytest.mark.parametrize("kind", ["mixed", "text", "files"])
def test_predictions_keep_the_order_and_the_number_of_rows(kind: str, fitted: Runs) -> None:
    run, frame = fitted(kind), fields(kind)["data"].frame
    order = np.random.default_rng(0).permutation(ROWS)
    expected = run.predict(frame)
    assert len(expected) == ROWS
    mixed_up = run.predict(frame.iloc[order])
    np.testing.assert_allclose(
        mixed_up.filter(like="probability"),
        expected.filter(like="probability").iloc[order],
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip
    assert list(mixed_up.index) == list(range(ROWS))
    assert len(run.predict(frame.iloc[[4]])) == 1
    assert len(run.predict(pd.concat([frame] * 20))) == 20 * ROWS


def test_the_target_is_not_needed_and_other_columns_are_left_alone(fitted: Runs) -> None:
    run, frame = fitted("mixed"), mixed()
    expected = run.predict(frame)
    other = frame.drop(columns="answer").assign(extra="x")[["extra", "floor", "colour", "size"]]
    pd.testing.assert_frame_equal(run.predict(other), expected)


def test_what_training_never_saw_has_an_answer(fitted: Runs) -> None:
    frame = pd.DataFrame({"size": [None, 1e6], "colour": ["pink", None], "floor": [None, 77]})
    answer = fitted("mixed").predict(frame)
    assert np.isfinite(answer["probability"]).all()
    empty = pd.DataFrame({"review": ["", None, "words unheard of"]})
    assert np.isfinite(fitted("text").predict(empty)["probability"]).all()


def test_a_missing_column_is_named(fitted: Runs) -> None:
    frame = mixed().rename(columns={"colour": "color"})
    assert message(DataError, fitted("mixed").predict, frame) == (
        "the frame has no column 'colour'. It has: size, color, floor, answer.\n"
        "    Did you mean 'color'?"
    )


def test_a_value_of_another_kind_is_named_with_its_row(fitted: Runs) -> None:
    frame = mixed().astype({"size": object})
    frame.loc[2, "size"] = "large"
    assert message(DataError, fitted("mixed").predict, frame).startswith(
        "features.size: row 3 of the frame: column 'size' is a number, but here 'large'."
    )


def test_no_rows_are_refused(fitted: Runs) -> None:
    said = "the frame has no rows. Expected rows."
    assert message(DataError, fitted("mixed").predict, mixed().head(0)) == said


@pytest.mark.parametrize("kind", ["mixed", "text", "two numbers"])
def test_a_frame_is_evaluated_with_the_metrics_of_the_task(kind: str, fitted: Runs) -> None:
    run, frame = fitted(kind), fields(kind)["data"].frame
    scores, answer = run.evaluate(frame)["data"], run.predict(frame)
    if kind == "two numbers":
        truth = frame[["up", "down"]].to_numpy()
        assert scores["r2"] == pytest.approx(r2_score(truth, answer), rel=1e-4)
        assert scores["mae"] == pytest.approx(np.abs(truth - answer).to_numpy().mean(), rel=1e-4)
    else:
        [target] = run.record.columns.target
        assert scores["accuracy"] == accuracy_score(frame[target], answer["label"])
    assert set(scores) == set(run.metrics["splits"]["test"])


def test_the_rows_of_the_test_part_have_the_scores_of_the_fit(fitted: Runs) -> None:
    run = fitted("mixed")
    recipe = kb.Recipe(**fields("mixed"), training=run.recipe.training)
    test = built(recipe).data.parts.test
    assert run.evaluate(test)["data"] == pytest.approx(run.metrics["splits"]["test"])


def test_a_label_that_training_never_saw_is_named_with_its_row(fitted: Runs) -> None:
    frame = reviews()
    frame.loc[4, "stars"] = "god"
    assert message(DataError, fitted("text").evaluate, frame) == (
        "data.target: row 5 of the frame: the target 'stars' is 'god'. Expected a label known from "
        "training: 'bad', 'good', 'so-so'. Remove the row, or fix the label.\n"
        "    Did you mean 'good'?"
    )


def test_evaluation_without_a_target_is_refused(fitted: Runs) -> None:
    frame = mixed().drop(columns="answer")
    assert message(DataError, fitted("mixed").evaluate, frame) == (
        "data.target: the frame has no column 'answer'. It has: size, colour, floor."
    )


@pytest.mark.parametrize("kind", ["mixed", "files", "sequence"])
def test_the_examples_of_a_run_are_predicted_from_their_file(kind: str, fitted: Runs) -> None:
    run = fitted(kind)
    answer = run.predict(run.path / "examples.json")
    assert len(answer) == len(run.record.examples) >= 7


def test_a_file_of_the_recipes_kind_is_predicted(fitted: Runs) -> None:
    mixed().to_csv("rows.csv", index=False)
    expected = fitted("mixed").predict(mixed())
    pd.testing.assert_frame_equal(fitted("mixed").predict("rows.csv"), expected)
    pd.testing.assert_frame_equal(fitted("mixed").predict(Path("rows.csv")), expected)


def test_a_parquet_file_is_predicted_and_evaluated_as_its_frame(fitted: Runs) -> None:
    run = fitted("mixed")
    mixed().to_parquet("rows.parquet")
    pd.testing.assert_frame_equal(run.predict("rows.parquet"), run.predict(mixed()))
    assert run.evaluate("rows.parquet") == run.evaluate(mixed())


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_a_file_is_predicted_part_by_part_and_into_another(
    ending: str, fitted: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(predict_file.SIZES, "vector", 40)
    run, file = fitted("mixed"), Path(f"rows.{ending}")
    if ending == "json":
        rows = mixed().drop(columns="answer").to_dict("records")
        content = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in rows]
        file.write_text(json.dumps(content))
    else:
        getattr(mixed(), f"to_{ending}")(file, index=False)
    parts = list(run.predict_parts(file))
    assert [len(part) for part in parts] == [40, 40, 16]
    expected = run.predict(mixed())
    found = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)
    assert run.predict_file(file, "out.parquet") == ROWS
    pd.testing.assert_frame_equal(pd.read_parquet("out.parquet"), expected, rtol=1e-5)


def test_history_and_decisions_are_at_hand(fitted: Runs) -> None:
    run = fitted("mixed")
    assert list(run.history.index) == [1, 2]
    assert {"loss", "val_loss", "accuracy", "val_accuracy", "seconds"} <= set(run.history)
    assert any(decision.path == "task" for decision in run.decisions)
    assert repr(run) == f"Run({str(run.path)!r})"


def test_loading_does_not_write(fitted: Runs, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(fitted("mixed").path, tmp_path / "run"))
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    run: Any = kb.load(folder)
    run.predict(mixed())
    run.evaluate(mixed())
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_a_row_is_predicted_alike_alone_and_among_others(tmp_path: Path) -> None:
    lines = [
        f"{code},{n},{'yes' if code == '1e3' else 'no'}"
        for n in range(30)
        for code in ("1e3", "8", "A1")
    ]
    (tmp_path / "rows.csv").write_text("\n".join(["code,n,y", *lines]) + "\n")
    (tmp_path / "two.csv").write_text("code,n\n1e3,0\nA1,0\n")
    (tmp_path / "alone.csv").write_text("code,n\n1e3,0\n")
    data = kb.CSV(path=tmp_path / "rows.csv", target="y")
    recipe = kb.Recipe(
        data=data, features={"code": kb.Category()}, training=kb.Training(epochs=3, batch_size=8)
    )
    run = kb.fit(recipe, verbose=False)
    alone, two = run.predict(tmp_path / "alone.csv"), run.predict(tmp_path / "two.csv")
    assert alone.loc[0, "probability"] == pytest.approx(two.loc[0, "probability"], abs=1e-6)
    assert two.loc[0, "probability of yes"] > two.loc[1, "probability of yes"] + 0.05


def test_rows_without_a_target_are_left_out_of_an_evaluation_as_of_a_fit(
    fitted: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    run, frame = fitted("mixed"), mixed()
    expected = run.evaluate(frame.drop(index=[3, 4]))
    frame.loc[[3, 4], "answer"] = None
    assert run.evaluate(frame) == expected
    assert "2 rows left out: they have no answer\n" in capsys.readouterr().err
    frame["answer"] = None
    assert message(DataError, run.evaluate, frame) == "the frame has no row with answer."


def test_a_column_that_is_unknown_throughout_is_an_error_and_a_warning_on_request(
    fitted: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    run, frame = fitted("mixed"), mixed()
    frame["colour"] = "RED"
    said = message(DataError, run.predict, frame)
    assert said == (
        "column 'colour': each value (96 of 96) is unknown to the model, the first 'RED' in row 1 "
        "of the frame; it knows 'green', 'red', 'blue'. The model can make nothing of it. Expected "
        "values like those of the training rows; if they are new indeed, `--unknown warn` (in "
        "Python `unknown='warn'`) predicts all the same."
    )
    assert message(DataError, run.evaluate, frame) == said
    assert len(run.predict(frame, unknown="warn")) == ROWS
    assert "Warning: column 'colour': each value (96 of 96) is unknown" in capsys.readouterr().err
    assert len(run.predict(frame.head(2))) == 2  # of two it may be chance
    assert "each value (2 of 2)" in capsys.readouterr().err


def test_some_unknown_and_far_off_values_are_said_with_their_share(
    fitted: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = mixed()
    frame.loc[[1, 2], "colour"] = "mauve"
    frame.loc[[2, 4], "size"] = 1e6
    fitted("mixed").predict(frame)
    assert capsys.readouterr().err.splitlines() == [
        "Warning: column 'size': 2% of the values (2 of 87) is far from those of training, the "
        "first '1000000.0' in row 3 of the frame",
        "Warning: column 'colour': 2% of the values (2 of 90) is unknown to the model, the first "
        "'mauve' in row 2 of the frame; it knows 'green', 'red', 'blue'",
    ]
    fitted("mixed").predict(mixed())
    assert capsys.readouterr().err == ""
    frame["colour"] = None
    fitted("mixed").predict(frame)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Warning: column 'colour' has no value in any of 96 rows"


@pytest.mark.parametrize("kind", ["mixed", "several", "two numbers", "text", "files"])
def test_figures_of_the_predictions_that_a_run_keeps_are_its_metrics(
    kind: str, fitted: Runs
) -> None:
    run, frame = fitted(kind), fields(kind)["data"].frame
    for split, figures in run.metrics["splits"].items():
        found = run.predictions(split)
        assert (found["split"] == split).all()
        assert found["row"].is_monotonic_increasing
        if kind == "two numbers":
            pairs = [(found[f"truth {n}"], found[f"value {n}"]) for n in (1, 2)]
            r2 = np.mean([r2_score(truth, value) for truth, value in pairs])
            assert r2 == pytest.approx(figures["r2"], abs=1e-5)
            truth: Any = found[["truth 1", "truth 2"]].to_numpy()
        else:
            name = {"several": "kind_of_thing_{}"}.get(kind, "{}")
            truth, label = found[name.format("truth")], found[name.format("label")]
            assert accuracy_score(truth, label) == figures[name.format("accuracy")]
        columns = {"mixed": "answer", "several": "kind of thing", "two numbers": ["up", "down"],
                   "text": "stars", "files": "kind"}  # fmt: skip
        given = frame.iloc[found["row"] - 1][columns[kind]].to_numpy()
        assert (given == np.asarray(truth)).all()  # rows are those of the file
    assert len(run.predictions()) == len(run.rows) - (run.rows["split"] == "train").sum()


def test_every_row_is_in_one_split(fitted: Runs) -> None:
    rows = fitted("mixed").rows
    assert sorted(rows["row"]) == list(range(1, ROWS + 1))
    sizes = rows["split"].value_counts().to_dict()
    assert sizes == fitted("mixed").record.splits["rows"]


def test_a_split_that_was_not_held_back_has_no_predictions(fitted: Runs) -> None:
    run = fitted("mixed")
    assert message(CallError, run.predictions, "tset") == (
        f"{run.path} has no predictions of 'tset'. It has those of: validation, test.\n"
        "    Did you mean 'test'?"
    )


@pytest.mark.slow
def test_the_network_is_asked_once_of_each_row_and_images_are_known_by_their_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for label, number in (("cat", 0), ("dog", 1)):
        Path("pictures", label).mkdir(parents=True)
        for n in range(6):
            Path(f"pictures/{label}/{n}.png").write_bytes(encoded(picture(10 * number + n)))
    asked: list[int] = []
    ask = evaluating.outputs

    def outputs(model: Any, arrays: Any) -> Any:
        asked.append(len(next(iter(arrays.values()))))
        return ask(model, arrays)

    monkeypatch.setattr(evaluating, "outputs", outputs)
    split = kb.Random(validation=0.25, test=0.25)
    recipe = kb.Recipe(
        data=kb.ImageFolder(path="pictures", split=split), model=kb.CNN(filters=2),
        training=kb.Training(epochs=1),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir="run", verbose=False)
    assert sum(asked) == len(run.predictions())
    assert set(run.rows) == {"split", "file"}
    for _, row in run.predictions().iterrows():
        assert Path(row["file"]).parent.name == row["truth"]
    _predicts_files(run)
    run = kb.fit(recipe, run_dir="few", smoke=True, verbose=False)
    assert len(kb.load("few").predictions()) == len(run.predictions()) > 0


def _predicts_files(run: Any) -> None:
    """What `predict` and `evaluate` take where rows are files, and how they name them."""
    Path("new/deep").mkdir(parents=True)
    names = ["new/10, é.png", "new/9.png", "new/deep/8.png"]
    for number, name in enumerate(names):
        Path(name).write_bytes(encoded(picture(number)))
    Path("new/notes.txt").write_text("words")
    frame = run.predict("new", verbose=False)
    assert (frame["file"].tolist(), list(frame)[:2]) == (names, ["file", "label"])
    given = [Path(names[1]), "new/deep", names[1]]
    several = run.predict(given, verbose=False)
    assert several["file"].tolist() == [names[1], names[2], names[1]]
    assert several["label"].tolist() == [frame["label"][n] for n in (1, 2, 1)]
    assert run.predict("new/*.png", keep="file", verbose=False)["file"].tolist() == names[:2]
    for ending, read in READERS.items():
        assert run.predict_file(given, f"out.{ending}") == 3
        assert read(f"out.{ending}")["file"].tolist() == several["file"].tolist()
    Path("holiday").mkdir(), Path("more").mkdir()
    for number, name in enumerate(("photo.jpg", "holiday/1.png", "more/2.png")):
        Path(name).write_bytes(encoded(picture(number)))
    command = blocks("sh", "photo.jpg", "docs/predict.md")
    kbuilder.main(shlex.split(command.replace("latest", "run"))[1:], standalone_mode=False)
    written = pd.read_csv("predictions.csv")["file"].tolist()
    assert written == ["photo.jpg", "holiday/1.png", "more/2.png"]
    assert message(DataError, run.evaluate, "new") == (
        "new has files that lie in no class folder, so that nothing says what is true of them. "
        "Expected folders that are called like the classes, with files."
    )
    assert message(CallError, run.predict, []) == (
        "there are no rows to read. Expected a path, or a list of paths."
    )


READERS: dict[str, Any] = {
    "csv": pd.read_csv, "parquet": pd.read_parquet,
    "xlsx": lambda path: pd.read_excel(path, engine="calamine"),
    "jsonl": lambda path: pd.read_json(path, lines=True),
}  # fmt: skip


def test_what_of_files_was_not_read_is_said_by_predict_and_evaluate(
    fitted: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = mixed()
    noted = Table({n: frame[n].to_numpy() for n in frame}, "rows", notes=("not read: one",))
    run = fitted("mixed")
    for ask in (run.predict, run.evaluate):
        ask(noted)
        assert "Warning: not read: one\n" in capsys.readouterr().err
    frame.to_csv("jan.csv", index=False), frame.head(2).to_csv("feb.csv", index=False)
    both = run.predict(["feb.csv", "jan.csv"], keep="row", verbose=False)
    assert both["row"].tolist()[:3] == ["row 1 of feb.csv", "row 2 of feb.csv", "row 1 of jan.csv"]
    one = run.predict("jan.csv", verbose=False)
    assert both["label"].tolist() == [*one["label"][:2], *one["label"]]
    assert run.predict_file(["feb.csv", "jan.csv"], "out.csv") == len(both)


def test_a_run_of_training_rows_alone_keeps_no_predictions() -> None:
    data = kb.Frame(frame=mixed(), target="answer", split=kb.Random(validation=0, test=0))
    kb.fit(kb.Recipe(data=data), run_dir="run", smoke=True, verbose=False)
    run = kb.load("run")
    assert (len(run.predictions()), set(run.rows["split"])) == (0, {"train"})
    assert message(CallError, run.predictions, "test") == (
        "run has no predictions of 'test'. It has those of: none."
    )
