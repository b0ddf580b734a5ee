"""Settings of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad import DATA, plain, recipe, wrong

import kbuilder as kb
from kbuilder.recipe import reading, writing

WRONG = {
    "training": "-o training: is no setting. Expected KEY=VALUE, such as training.epochs=3.",
    "=3": "-o =3: is no setting. Expected KEY=VALUE, such as training.epochs=3.",
    "training..epochs=3":
        "-o training..epochs=3: is no setting. Expected KEY=VALUE, such as training.epochs=3.",
    "training.epoch=3":
        "-o training.epoch=3: training.epoch: unknown key 'epoch'. Expected one of: "
        "epochs, batch_size, order, optimizer, schedule, early_stopping, checkpoints, "
        "tensorboard, plan, precision, strategy, sync_batchnorm, wait_minutes, balance, "
        "baselines, seed.\n"
        "    Did you mean 'epochs'?",
    "epochs=3":
        "-o epochs=3: epochs: unknown key 'epochs'. "
        "Expected one of: data, features, task, model, training, ensemble.",
    "training.epochs=many":
        "-o training.epochs=many: training.epochs: Expected a whole number. Got 'many'.",
    "training.seed=":
        "-o training.seed=: training.seed: Expected a whole number. Got null.",
    "task=binray":
        "-o task=binray: task: Expected one of: binary, forecasting, multiclass, "
        "multilabel, regression. Got 'binray'.\n    Did you mean 'binary'?",
    "features.x.rare_below=3":
        "-o features.x.rare_below=3: features.x.kind: the required key 'kind' is missing. "
        "Expected one of: array, category, datetime, image, number, set, text, tokens, video.",
    "data.path.x=3":
        "-o data.path.x=3: data.path.x: there is no mapping or list to set this in. "
        "Expected the way to a value.",
    "model.units.2=64":
        "-o model.units.2=64: model.units.2: there is no mapping or list to set this in. "
        "Expected the way to a value.",
    "model.units.last=64":
        "-o model.units.last=64: model.units.last: there is no mapping or list to set this in. "
        "Expected the way to a value.",
    "model.units.0=-1":
        "-o model.units.0=-1: model.units.0: Expected a number of at least 1. Got -1.",
    "task=a: b: c":
        "-o task=a: b: c: task: cannot be read as YAML: mapping values are not allowed here.",
    "task=[":
        "-o task=[: task: cannot be read as YAML: expected the node content, "
        "but found '<stream end>'.",
    "task=*a": "-o task=*a: task: an alias (*) repeats another value. "
        "Expected the value written out.",
    "task=!!python/x 3": "-o task=!!python/x 3: task: the tag tag:yaml.org,2002:python/x "
        "asks for a type. Expected a value without a tag.",
    "task={[a]: 1}": "-o task={[a]: 1}: task: a key is a list or a mapping. Expected a word.",
    "task={name: binary, name: binary}":
        "-o task={name: binary, name: binary}: task: the key 'name' stands here again, "
        "first on line 1. Expected it once.",
    "task=" + "[" * 4000: "-o task=" + "[" * 115 + "…: task: values nest deeper than 32. "
        "Expected a flatter recipe.",
    "task=\x1b": "-o task=\\x1b: task: the character U+001B is no text. Remove it.",
}  # fmt: skip


@pytest.mark.parametrize("setting", WRONG, ids=lambda setting: setting[:30])
def test_a_wrong_setting_says_what_it_should_be(setting: str) -> None:
    said = wrong(DATA + "model: {name: mlp, units: [1, 2]}", setting)
    assert said == f"{WRONG[setting]}\n1 problem."


def test_wrong_settings_come_after_what_is_wrong_in_the_file() -> None:
    said = plain(wrong(DATA + "training: {epochs: 0}", "task=binray", "training.seed=-1"))
    places = [line.partition(": ")[0] for line in said.splitlines() if "Did you" not in line]
    assert places == ["recipe:2:20", "-o task=binray", "-o training.seed=-1", "3 problems."]


def test_a_problem_within_a_setting_is_told_of_the_setting_not_of_the_file() -> None:
    said = wrong(DATA + "training: {epochs: 3}", "training={epochs: -1}")
    assert said == (
        "-o training={epochs: -1}: training.epochs: Expected a number of at least 1. Got -1.\n"
        "1 problem."
    )


def test_a_setting_may_mend_what_the_file_has_wrong() -> None:
    assert recipe("training: {epochs: 0}", "training.epochs=3").training.epochs == 3


@pytest.mark.parametrize("section", ["", "training: ", "training: {}"])
def test_a_setting_needs_no_section_in_the_file(section: str) -> None:
    if section == "training: ":
        section = "training: null"
    assert recipe(section, "training.epochs=3").training.epochs == 3


@pytest.mark.parametrize(
    ("rest", "setting", "meant"),
    [
        ("model: lstm", "model.units=32", "model: {name: lstm, units: 32}"),
        ("model: {text: lstm}", "model.text.units=3", "model: {text: {name: lstm, units: 3}}"),
        ("task: binary", "task.positive=a", "task: {name: binary, positive: a}"),
        ("features: {x: category}", "features.x.rare_below=2",
         "features: {x: {kind: category, rare_below: 2}}"),
        ("training: {optimizer: sgd}", "training.optimizer.momentum=0.5",
         "training: {optimizer: {name: sgd, momentum: 0.5}}"),
    ],
)  # fmt: skip
def test_a_setting_spells_out_the_short_form_that_it_goes_into(
    rest: str, setting: str, meant: str
) -> None:
    assert recipe(rest, setting) == recipe(meant)


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("model={name: mlp, units: [3, 4]}", "model: {name: mlp, units: [3, 4]}"),
        ("model.units.1=4", "model: {name: mlp, units: [1, 4]}"),
        ("model.units=4", "model: {name: mlp, units: 4}"),
        ("model=", ""),
    ],
)
def test_a_setting_may_be_a_mapping_an_item_of_a_list_a_value_or_nothing(
    setting: str, meant: str
) -> None:
    assert recipe("model: {name: mlp, units: [1, 2]}", setting) == recipe(meant)


def test_the_last_of_equal_settings_wins() -> None:
    found = recipe("", "training.epochs=many", "training={batch_size: 2}", "training.epochs=3")
    assert (found.training.epochs, found.training.batch_size) == (3, 2)


def test_a_path_of_the_command_line_is_relative_to_the_working_folder(tmp_path: Path) -> None:
    text = "data: {source: csv, path: rows.csv, test_path: test.csv, target: y}"
    found = reading.parse(text, folder=tmp_path, override=["data.path=here/rows.csv"])
    assert found.data.path == Path("here/rows.csv")
    assert found.data.test_path == tmp_path / "test.csv"


def test_a_path_within_a_mapping_of_the_command_line_is_too(tmp_path: Path) -> None:
    setting = "data={source: csv, path: rows.csv, target: y}"
    assert reading.parse(DATA, folder=tmp_path, override=[setting]).data.path == Path("rows.csv")


def test_what_a_setting_says_is_saved_like_what_the_file_says() -> None:
    text = writing.to_yaml(recipe("", "data.target=[a, b]", "data.missing=none"))
    assert "  target: [a, b]\n" in text
    assert "  missing: [none]\n" in text


def test_a_data_error_points_to_the_setting_that_named_the_file() -> None:
    found = recipe("", "data.path=nowhere.csv")
    with pytest.raises(kb.KBuilderError) as caught, reading.pointing(found):
        found.data.load()
    assert str(caught.value).startswith("-o data.path=nowhere.csv: data.path: there is no ")
