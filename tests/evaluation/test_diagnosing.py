"""What a fit suffers from is told of, with its figure and a line that helps; all else is silent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder.columns import PACKED, Columns, Target
from kbuilder.evaluation.layer_figures import LayerFigures, layer_figures
from kbuilder.evaluation.symptoms import Figures, said, symptoms
from kbuilder.evaluation.wording import verdict
from kbuilder.recipe import reading


def epochs(*losses: float) -> list[Mapping[str, float]]:
    return [{"loss": loss, "learning_rate": 0.001} for loss in losses]


LAYERS = [
    LayerFigures("first", 0.01, 0.1, 0.1, 64),
    LayerFigures("second", 0.02, 0.1, 0.0, 64),
    LayerFigures("head", 0.1, 0.1),
]
SOUND = Figures(
    history=epochs(0.6, 0.45, 0.4, 0.38, 0.39, 0.37, 0.36, 0.36),
    ending={"ended_by": "epochs", "of": 8},
    train=0.34,
    held={"validation": (0.38, 400), "test": (0.4, 400)},
    spread={"validation": 0.5, "test": 0.5},
    constant=0.69,
    baselines={"linear": 0.5, "boosting": 0.41},
    layers=LAYERS,
    weight_decay=0.0,
    rate=0.001,
    usual=0.001,
    folds=False,
)
SLOWLY = epochs(*(0.69 - 0.005 * n for n in range(8)))
FALL = "-o training.optimizer.learning_rate=0.0001"
# What is another way than in a sound fit, and what is told of it: its name, its figure, the line.
PLANTED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "memorised": (
        {"train": 0.01, "held": {"test": (0.6, 400)}}, "overfitting",
        "99% is gone on training rows, and 13% on 400 rows of test",
        "-o training.optimizer.weight_decay=0.01",
    ),
    "memorised by far": (
        {"train": 0.01, "held": {"test": (0.5, 400)}, "baselines": {"linear": 0.55}},
        "overfitting", "99% is gone on training rows, and 28% on 400 rows of test",
        "-o training.optimizer.weight_decay=0.01",
    ),
    "memorised all the same": (
        {"train": 0.01, "held": {"test": (0.6, 400)}, "weight_decay": 0.01}, "overfitting",
        "99% is gone on training rows", "-o training.optimizer.weight_decay=0.1",
    ),
    "behind": (
        {"train": 0.6, "held": {"test": (0.6, 400)}}, "underfitting",
        "13% is gone on its own training rows, and boosting takes away 41%",
        "-o training.epochs=32",
    ),
    "behind at rest": (
        {"train": 0.6, "held": {"test": (0.6, 400)},
         "ending": {"ended_by": "early stopping", "of": 8}}, "underfitting",
        "13% is gone on its own training rows", "-o model=null",
    ),
    "behind by small steps": (
        {"train": 0.6, "held": {"test": (0.6, 400)}, "rate": 1e-5}, "learning rate too low",
        "the learning rate is 1e-05, and 0.001 is usual",
        "-o training.optimizer.learning_rate=0.001",
    ),
    "slow": (
        {"history": SLOWLY, "train": 0.66, "held": {"test": (0.66, 400)}, "baselines": {}},
        "learning rate too low", "in 8 epochs the training loss fell by 5.1%",
        "-o training.optimizer.learning_rate=0.01",
    ),
    "rising": (
        {"history": epochs(0.6, 0.9, 0.5, 0.8, 0.4, 0.39, 0.5, 0.38)}, "learning rate too high",
        "rose by more than 5% in 3 of 7 epochs", FALL,
    ),
    "worse than a constant": (
        {"train": 0.8, "held": {"test": (0.8, 400)}}, "learning rate too high",
        "on its training rows the loss is 0.8, and that of one answer for all is 0.69", FALL,
    ),
    "far too high": (
        {"train": 0.8, "held": {"test": (0.8, 400)}, "rate": 1.0}, "learning rate too high",
        "the loss is 0.8", "-o training.optimizer.learning_rate=0.001",
    ),
    "dead": (
        {"train": 0.6, "layers": [LAYERS[0]._replace(dead=0.75), *LAYERS[1:]]}, "dead units",
        "48 of 64 units of layer first are 0 in every row", FALL,
    ),
    "nearly all dead": (
        {"layers": [LAYERS[0]._replace(dead=0.95), *LAYERS[1:]]}, "dead units",
        "61 of 64 units of layer first", FALL,
    ),
    "vanishing": (
        {"layers": [LAYERS[0]._replace(gradient=1e-8), *LAYERS[1:]]}, "vanishing gradients",
        "the gradient of layer first is 1e-07 of that of head", "-o model=null",
    ),
    "exploding": (
        {"layers": [*LAYERS[:2], LAYERS[2]._replace(gradient=50.0)]}, "exploding gradients",
        "the gradient of layer head is 500 times as large as its weights",
        "-o training.optimizer.global_clipnorm=1",
    ),
    "unlike": (
        {"held": {"validation": (0.35, 400), "test": (0.6, 400)}}, "validation unlike test",
        "the loss is 0.35 on validation and 0.6 on test, 400 and 400 rows", "--folds 5",
    ),
    "unlike in folds": (
        {"held": {"validation": (0.35, 400), "test": (0.6, 400)}, "folds": True},
        "validation unlike test", "0.35 on validation", "",
    ),
}  # fmt: skip


def test_of_a_sound_fit_nothing_is_told() -> None:
    assert symptoms(SOUND) == []


@pytest.mark.parametrize("case", PLANTED)
def test_what_is_planted_is_told_with_its_figure_and_a_line(case: str) -> None:
    other, name, figure, line = PLANTED[case]
    [found] = symptoms(SOUND._replace(**other))
    assert (found.name, found.line) == (name, line)
    assert figure in found.message
    if line.startswith("-o "):
        text = "data: {path: r.csv, target: y}\nmodel: mlp\n"
        assert isinstance(reading.parse(text, override=[line.removeprefix("-o ")]), kb.Recipe)
    assert said(found._asdict()).endswith(f" Try `{line}`" if line else found.message)


# What is as it may be in a fit that is sound.
USUAL: dict[str, dict[str, Any]] = {
    "better than each baseline": {
        "train": 0.1, "held": {"test": (0.4, 400)}, "baselines": {"linear": 0.41},
    },
    "better on training rows": {"train": 0.2, "held": {"test": (0.4, 400)}},
    "few rows": {"train": 0.05, "held": {"test": (0.5, 5)}},
    "few rows that are alike": {
        "train": 0.05, "held": {"test": (0.6, 2)}, "spread": {"test": 0.001},
    },
    "nothing to learn": {
        "history": epochs(0.695, 0.693, 0.694, 0.692, 0.693, 0.692), "train": 0.688,
        "held": {"test": (0.694, 400)}, "baselines": {"linear": 0.7, "boosting": 0.75},
    },
    "falling": {"history": epochs(0.69, 0.66, 0.6, 0.5, 0.42, 0.38)},
    "learned by heart": {"history": epochs(0.5, 1e-4, 2e-4, 1e-5, 3e-5, 2e-5), "train": 0.2},
    "warming up": {
        "history": [{"loss": 0.69 - 0.005 * n, "learning_rate": 1e-5 * n} for n in range(8)],
    },
    "some dead": {"layers": [LAYERS[0]._replace(dead=0.75), *LAYERS[1:]]},
    "few units": {"layers": [LAYERS[0]._replace(dead=1.0, units=4), *LAYERS[1:]]},
    "frozen": {"layers": [LAYERS[0]._replace(gradient=None), *LAYERS[1:]]},
    "done": {"train": 1e-4, "held": {}, "layers": [LAYERS[0]._replace(gradient=1e-12), LAYERS[2]]},
    "a little apart": {"held": {"validation": (0.38, 400), "test": (0.47, 400)}},
    "far apart in few rows": {"held": {"validation": (0.2, 9), "test": (0.6, 9)},
                              "spread": {"validation": 0.1, "test": 0.1}},
    "without other rows": {"held": {}, "spread": {}, "baselines": {}, "constant": 0.0},
}  # fmt: skip


@pytest.mark.parametrize("case", USUAL)
def test_of_what_is_usual_nothing_is_told(case: str) -> None:
    assert symptoms(SOUND._replace(**USUAL[case])) == []


def test_figures_of_layers_are_those_of_the_network() -> None:
    import keras

    number = kb.Number(mean=0.0, scale=1.0, indicator=False)
    task = kb.Regression(outputs=1, mean=[0.0], scale=[1.0])
    columns = Columns({"a": number, "b": number}, (Target(("y",), task),))
    given = keras.Input((2,), name=PACKED)
    hidden, inner = keras.layers.Dense(4, "relu"), keras.Input((4,))
    within = keras.Model(inner, keras.layers.Dense(3, name="within", trainable=False)(inner))
    head = keras.layers.Dense(1, use_bias=False, name="last")
    model = keras.Model({PACKED: given}, {"y": head(within(hidden(given)))})
    weights = np.array([[1.0, 0, 0, 2], [0, 1, 0, 0]]), np.array([0.0, 0, -1, -99])
    hidden.set_weights(weights)
    within.layers[-1].set_weights([np.ones((4, 3)), np.zeros(3)])
    head.set_weights([np.full((3, 1), 2.0)])
    rows = {PACKED: np.array([[1, 2], [3, -4]], np.float32)}
    found = layer_figures(model, columns, (rows, {"y": np.zeros((2, 1), np.float32)}))
    names = [one.name for one in found]
    assert names == [hidden.name, "last"]
    assert found[0].dead == 0.5  # the third and the fourth
    assert found[0].units == 4
    assert found[1].dead is None
    assert found[1].weight == pytest.approx(2.0)
    # Before the last layer stands (3, 3, 3) twice, and 18 behind: of its square 2 · 18 · 3.
    assert found[1].gradient == pytest.approx(108, rel=1e-5)


def fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **other: Any) -> kb.Run:
    """A fit with its report, on rows that a network learns."""
    monkeypatch.setenv("KBUILDER_REPORT", "auto")
    random = np.random.default_rng(0)
    numbers = random.normal(size=(600, 4))
    frame = pd.DataFrame(numbers, columns=list("abcd"))
    frame["y"] = np.where(numbers[:, 0] + numbers[:, 1] > 0, "p", "q")
    training = {"epochs": 6, "early_stopping": None, "baselines": ["linear"]}
    training |= other.pop("training", {})
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="y"), training=kb.Training(**training), **other
    )
    return kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)


def test_a_sound_fit_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fitted(tmp_path, monkeypatch)
    found = run.metrics["diagnosis"]
    assert found["found"] == []
    assert found["train_loss"] < 0.3
    assert [one["name"] for one in found["layers"]][-1] == "head"
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "Nothing in its figures says that the fit went wrong." in page


def test_steps_that_kill_units_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fitted(
        tmp_path, monkeypatch, model=kb.MLP(units=[64, 64]),
        training={"optimizer": {"name": "adam", "learning_rate": 10.0}},
    )  # fmt: skip
    [found] = run.metrics["diagnosis"]["found"]
    assert found["name"] == "dead units"
    assert re.match(
        r"\d+ of 64 units of layer activation(_1)? are 0 in every row", found["message"]
    )
    assert found["line"] == "-o training.optimizer.learning_rate=0.001"
    assert said(found) in verdict(run.metrics).split("\n")
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert found["message"] in page
    assert run.metrics["explanations"]["rows"]


@pytest.mark.slow
def test_a_deep_network_of_sigmoids_does_not_learn_at_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [{"dense": {"units": 16, "activation": "sigmoid"}}] * 12
    run = fitted(tmp_path, monkeypatch, model=kb.Sequential(layers=layers))
    names = [one["name"] for one in run.metrics["diagnosis"]["found"]]
    assert names == ["vanishing gradients"]
