"""What every task promises: the rule table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder import catalog
from kbuilder.contracts import Choice
from kbuilder.errors import BuildError, RecipeError

CROSSENTROPY = "categorical_crossentropy"
RULES = [
    (kb.Binary(), 1, "sigmoid", "binary_crossentropy", ["accuracy", "auc"]),
    (kb.Multiclass(classes=3), 3, "softmax", CROSSENTROPY, ["accuracy", "top_2_accuracy"]),
    (kb.Multiclass(classes=10), 10, "softmax", CROSSENTROPY, ["accuracy", "top_5_accuracy"]),
    (
        kb.Multilabel(classes=["a", "b"]), 2, "sigmoid", "binary_crossentropy",
        ["binary_accuracy", "micro_f1", "auc"],
    ),
    (kb.Regression(), 1, "linear", "mean_squared_error", ["mae", "rmse"]),
    (kb.Regression(outputs=3), 3, "linear", "mean_squared_error", ["mae", "rmse"]),
    (kb.Forecasting(horizon=4), 4, "linear", "mean_squared_error", []),
    (kb.Forecasting(horizon=2, quantiles=[0.1, 0.9]), 6, "linear", "mean_squared_error", []),
]  # fmt: skip
ALONE = "scores each unit by itself, as a sigmoid"
SHARED = "scores a softmax over all classes"
DISTANCE = "measures the distance between numbers"
LOSSES = {
    kb.Binary: ("one sigmoid", ["binary_crossentropy", "binary_focal_crossentropy"]),
    kb.Multiclass: (
        "a softmax over all classes",
        [CROSSENTROPY, "sparse_categorical_crossentropy", "categorical_focal_crossentropy"],
    ),
    kb.Multilabel: ("a sigmoid per label", ["binary_crossentropy", "binary_focal_crossentropy"]),
    kb.Regression: ("linear", ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh"]),
    kb.Forecasting: ("linear", ["mean_squared_error", "mean_absolute_error", "huber"]),
}
CONTRADICTIONS = [
    (kb.Binary, CROSSENTROPY, SHARED),
    (kb.Binary, "sparse_categorical_crossentropy", SHARED),
    (kb.Multiclass, "binary_crossentropy", ALONE),
    (kb.Multiclass, "mean_squared_error", DISTANCE),
    (kb.Multilabel, "categorical_focal_crossentropy", SHARED),
    (kb.Regression, "binary_crossentropy", ALONE),
]


def network(task: Any, width: int = 4) -> Any:
    return kb.build(kb.MLP(units=width), task, (width,))


def test_every_task_has_its_rule() -> None:
    assert {catalog.name_of(task) for task, *_ in RULES} == set(catalog.names("tasks"))


@pytest.mark.parametrize(("task", "units", "activation", "loss", "metrics"), RULES)
def test_the_last_layer_holds_its_activation_in_float32(
    task: Any, units: int, activation: str, loss: str, metrics: list[str]
) -> None:
    head = network(task).get_layer("head")
    assert type(head).__name__ == "Dense"
    assert (head.units, head.activation.__name__) == (units, activation)
    assert (head.compute_dtype, head.variable_dtype) == ("float32", "float32")
    expected = f"Dense({units}, {activation})"
    assert task.explain()["last layer"].value == expected
    assert all(isinstance(choice, Choice) for choice in task.explain().values())


@pytest.mark.parametrize("task", [task for task, *_ in RULES])
def test_the_last_layer_stays_in_float32_under_mixed_precision(task: Any) -> None:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = network(task)
    finally:
        keras.config.set_dtype_policy(before)
    assert [one.compute_dtype for one in model.layers if "dense" in one.name][:1] == ["bfloat16"]
    assert model.get_layer("head").compute_dtype == model.layers[-1].compute_dtype == "float32"
    assert model.output.dtype == "float32"


@pytest.mark.parametrize(("task", "units", "activation", "loss", "metrics"), RULES)
def test_loss_and_metrics_are_objects_that_bear_their_names(
    task: Any, units: int, activation: str, loss: str, metrics: list[str]
) -> None:
    import keras

    given, judges = task.objective()
    title = loss.title().replace("_", "")
    if isinstance(task, kb.Forecasting):  # relative to the window, which Keras has no loss for
        assert type(given).__name__ == "ForecastLoss"
    else:
        assert type(given) is getattr(keras.losses, title)
    assert given.name == task.explain()["loss"].value == loss
    assert all(isinstance(judge, keras.metrics.Metric) for judge in judges)
    assert [judge.name for judge in judges] == metrics
    assert network(task).loss.name == loss


@pytest.mark.parametrize(
    ("task", "loss"), [(task, loss) for task, (_, losses) in LOSSES.items() for loss in losses]
)
@pytest.mark.slow
def test_each_loss_that_is_allowed_trains(task: Any, loss: str) -> None:
    labels = np.array([0, 1, 2, 1])
    if task is kb.Regression:
        chosen, values = task(loss=loss, outputs=1, mean=1.0, scale=2.0), labels
    elif task is kb.Multilabel:
        chosen, values = task(loss=loss, classes=3), np.eye(3)[labels]
    elif task is kb.Forecasting:
        chosen, values = task(loss=loss, horizon=2), np.stack([labels, labels], axis=1)
    else:
        count = 2 if task is kb.Binary else 3
        chosen, values = task(loss=loss, classes=count), labels % count
    encoded = chosen.encode("y", values)
    history = network(chosen).fit(np.eye(4, dtype=np.float32), encoded, verbose=0).history
    assert np.isfinite(history["loss"][0])


@pytest.mark.parametrize("name", catalog.names("tasks"))
def test_every_task_says_how_much_its_loss_counts_beside_others(name: str) -> None:
    task = catalog.find("tasks", name)
    assert task().loss_weight == 1.0  # type: ignore[attr-defined]
    with pytest.raises(RecipeError):
        task(loss_weight=0)


@pytest.mark.parametrize(("task", "loss", "nature"), CONTRADICTIONS)
def test_a_loss_that_contradicts_the_last_layer_is_refused_with_the_reason(
    task: Any, loss: str, nature: str
) -> None:
    layer, allowed = LOSSES[task]
    with pytest.raises(RecipeError) as caught:
        task(loss=loss)
    [error] = caught.value.__context__.errors()
    assert (error["loc"], error["input"]) == (("loss",), loss)
    assert error["msg"] == (
        f"{loss} {nature}; the last layer here is {layer}. Expected one of: {', '.join(allowed)}"
    )


def test_an_unknown_loss_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError) as caught:
        kb.Regression(loss="mean_square_error")
    [error] = caught.value.__context__.errors()
    assert error["msg"] == (
        "Expected one of: mean_squared_error, mean_absolute_error, huber, log_cosh "
        "(did you mean mean_squared_error?)"
    )


@pytest.mark.parametrize("task", [kb.Multiclass(), kb.Multilabel()])
def test_a_task_without_classes_cannot_be_built(task: Any) -> None:
    assert message(BuildError, network, task) == (
        "the task has no classes. Expected their names, or their number: classes=10."
    )


@pytest.mark.parametrize("classes", [["a", "a"], ["a", 1], [1, 1]])
def test_classes_must_differ_and_be_of_one_kind(classes: list[Any]) -> None:
    with pytest.raises(RecipeError) as caught:
        kb.Multiclass(classes=classes)
    [error] = caught.value.__context__.errors()
    assert error["msg"] == (
        "Expected classes that all differ, either all words or all whole numbers"
    )


WEIGHED: dict[str, tuple[Any, Any]] = {
    "binary": (kb.Binary(classes=("no", "yes")), (np.arange(40) % 3 == 0)[:, None]),
    "multiclass": (kb.Multiclass(classes=4), np.eye(4)[np.arange(40) % 4]),
    "sparse": (
        kb.Multiclass(classes=4, loss="sparse_categorical_crossentropy"),
        (np.arange(40) % 4)[:, None],
    ),
    "multilabel": (kb.Multilabel(classes=3), np.arange(120).reshape(40, 3) % 7 < 3),
    "regression": (
        kb.Regression(outputs=2, mean=(1.0, 2.0), scale=(3.0, 4.0)),
        np.random.default_rng(1).normal(size=(40, 2)),
    ),
    "forecasting": (
        kb.Forecasting(horizon=2, quantiles=[0.2, 0.7], mean=5.0, scale=3.0),
        np.abs(np.random.default_rng(1).normal(size=(40, 6))),
    ),
}


@pytest.mark.parametrize("kind", WEIGHED)
def test_a_row_of_weight_2_counts_as_the_row_twice(kind: str) -> None:
    """In the loss, the metrics of training and of the evaluation, and the baseline."""
    task, truth = WEIGHED[kind]
    truth, random = truth.astype(np.float32), np.random.default_rng(2)
    width = {"sparse": 4, "forecasting": 8}.get(kind, truth.shape[1])
    outputs = random.random((40, width)).astype(np.float32)
    outputs /= outputs.sum(axis=1, keepdims=True) if width == 4 else 1
    weights = random.integers(1, 4, 40).astype(np.float64)
    often = np.arange(40).repeat(weights.astype(int))
    scores = task.score(truth, outputs, weights)
    assert scores == pytest.approx(task.score(truth[often], outputs[often]))
    assert scores != pytest.approx(task.score(truth, outputs), rel=1e-4)
    np.testing.assert_allclose(
        task.baseline(truth, weights)[1], task.baseline(truth[often])[1], rtol=1e-6
    )
    for one, other in zip(task.objective()[1], task.objective()[1], strict=True):
        one.update_state(truth, outputs, weights)
        other.update_state(truth[often], outputs[often])
        np.testing.assert_allclose(one.result(), other.result(), rtol=1e-4)
