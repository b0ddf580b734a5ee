"""What the parts of a recipe have to agree on, and what stands where nothing is written."""

from __future__ import annotations

import pytest
from bad import DATA, plain, recipe, wrong

import kbuilder as kb
from kbuilder import catalog
from kbuilder.errors import CallError, KBuilderError, RecipeError

CONTRADICTIONS = {
    "data: {source: csv, path: a, target: [y, z], ignore: [x, z]}":
        "1:54: data.ignore: 'z' is the target and is ignored. "
        "Expected columns other than the target. Got ['x', 'z'].",
    DATA + "features: {y: number}":
        "2:15: features.y: 'y' is the target, so it cannot be a feature. "
        "Expected columns other than the target.",
    "data: {source: csv, path: a, target: y, ignore: x}\nfeatures: {x: number}":
        "2:15: features.x: 'x' is a feature here and ignored in data.ignore. "
        "Expected one of the two.",
    DATA + "task: regression\ntraining: {balance: auto}":
        "3:21: training.balance: regression has no single class per row to balance. "
        "Expected none with task regression. Got 'auto'.",
    DATA + "task: multilabel\ntraining: {balance: auto}":
        "3:21: training.balance: multilabel has no single class per row to balance. "
        "Expected none with task multilabel. Got 'auto'.",
    "data: {source: csv, path: a, target: y, split: {validation: 0.5, test: 0.5}}":
        "1:61: data.split.validation: validation and test together hold back 1 of the rows. "
        "Expected less than 1, so that rows are left to train on. Got 0.5.",
    DATA + "training: {optimizer: {name: sgd, nesterov: true}}":
        "2:45: training.optimizer.nesterov: nesterov looks ahead by the momentum. "
        "Expected momentum > 0 with it.",
    DATA + "training: {optimizer: {name: sgd, rho: 0.5}}":
        "2:40: training.optimizer.rho: sgd has no rho. Expected one of its own arguments: "
        "learning_rate, weight_decay, clipnorm, global_clipnorm, clipvalue, "
        "momentum, nesterov. rho belongs to adadelta, rmsprop. Got 0.5.",
    DATA + "training: {optimizer: {clipnorm: 1, clipvalue: 0.5}}":
        "2:48: training.optimizer.clipvalue: clipnorm and clipvalue limit the gradient, each in "
        "its own way. Expected one of them. Got 0.5.",
    DATA + "training: {schedule: {name: step, every: 3, at: [1]}}":
        "2:49: training.schedule.at: both `every` and `at` say when the rate falls. "
        "Expected one of the two. Got [1].",
    DATA + "training: {schedule: {name: step, at: [5, 3]}}":
        "2:39: training.schedule.at: Expected epochs in order, each more than the one before. "
        "Got [5, 3].",
    DATA + "training: {epochs: 5, schedule: {name: cosine, warm_up: 5}}":
        "2:57: training.schedule.warm_up: the fit has 5 epochs, so the warm-up would be all of it. "
        "Expected fewer than training.epochs. Got 5.0.",
    DATA + "training: {schedule: {name: plateau, patience: 5}}":
        "2:48: training.schedule.patience: the fit stops after 5 epochs without a lower loss, "
        "before the learning rate falls. Expected fewer than training.early_stopping.patience. "
        "Got 5.",
    "data: {source: csv, path: a, target: y, split: {validation: 0}}\n"
    "training: {schedule: plateau}":
        "2:22: training.schedule: plateau looks at the validation loss, and data.split holds no "
        "rows back for it. Expected another schedule, or `split: {validation: 0.1}`. "
        "Got 'plateau'.",
    DATA + "task: {name: binary, gamma: 0}":
        "2:29: task.gamma: binary_crossentropy has no gamma. "
        "Expected gamma with one of: binary_focal_crossentropy. Got 0.0.",
    DATA + "task: {name: multiclass, loss: sparse_categorical_crossentropy, label_smoothing: 0.1}":
        "2:82: task.label_smoothing: sparse_categorical_crossentropy has no label_smoothing. "
        "Expected label_smoothing with one of: categorical_crossentropy, "
        "categorical_focal_crossentropy. Got 0.1.",
}  # fmt: skip


@pytest.mark.parametrize("text", CONTRADICTIONS, ids=lambda text: text[-30:])
def test_values_that_contradict_each_other_are_refused(text: str) -> None:
    assert plain(wrong(text)) == f"recipe:{CONTRADICTIONS[text]}\n1 problem."


def test_only_data_is_required() -> None:
    found = recipe()
    assert (found.features, found.task, found.model) == ({}, None, None)
    assert found.training == kb.Training()


def test_recipes_are_equal_that_say_the_same_wherever_they_were_read() -> None:
    assert recipe("training: {epochs: 3}") == recipe("# three\ntraining:\n  epochs: 3\n")
    assert recipe("training: {epochs: 3}") != recipe()


def test_a_recipe_in_python_is_that_of_the_file() -> None:
    text = "features: {x: number}\ntask: binary\nmodel: {name: mlp, units: [3]}"
    assert recipe(text, "data.path=/a") == kb.Recipe(
        data=kb.CSV(path="/a", target="y"), features={"x": kb.Number()}, task=kb.Binary(),
        model=kb.MLP(units=3),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [(kb.Training(), "epochs", 3), (recipe(), "task", None), (recipe().data, "target", ("z",))],
)
def test_no_part_changes_after_it_was_made(part: object, field: str, value: object) -> None:
    with pytest.raises(CallError, match="is never changed"):
        setattr(part, field, value)


@pytest.mark.parametrize(
    "fields", [{"data": kb.MLP()}, {"data": kb.Sklearn(name="iris"), "task": kb.MLP()}]
)
def test_a_plugin_in_the_wrong_place_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="Expected a name, or a mapping with the key"):
        kb.Recipe(**fields)


@pytest.mark.parametrize("name", catalog.names("architectures"))
def test_an_architecture_by_its_form_is_the_branch_of_that_form(name: str) -> None:
    kind = catalog.find("architectures", name)
    if any(field.is_required() for field in kind.model_fields.values()):
        return
    assert recipe(f"model: {{{kind.forms[0]}: {name}}}").model == {kind.forms[0]: kind()}


def test_what_is_wrong_in_python_is_said_in_the_words_of_a_recipe() -> None:
    with pytest.raises(KBuilderError) as caught:
        kb.MLP(untis=[3], dropout=2)  # type: ignore[call-arg]
    assert str(caught.value) == (
        "kb.MLP: dropout: Expected a number less than 1. Got 2.\n"
        "kb.MLP: untis: unknown key 'untis'. Expected one of: crosses, pieces, units, "
        "activation, normalization, residual, dropout, kernel_initializer, l2.\n"
        "    Did you mean 'units'?\n"
        "2 problems."
    )
    with pytest.raises(KBuilderError, match="unknown key 'epoch'"):
        kb.Recipe(data=kb.CSV(path="a.csv", target="y"), training={"epoch": 3})  # type: ignore
    with pytest.raises(KBuilderError, match="key 'target' is missing"):
        kb.CSV(path="a.csv")  # type: ignore[call-arg]
