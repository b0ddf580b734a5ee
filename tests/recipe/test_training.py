"""Optimizers by name, and the schedule of the learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import RecipeError
from kbuilder.recipe.optimizers import ARGUMENTS, CLIPPING, DEFAULTS, OPTIMIZERS, Optimizer

VALUES: dict[str, Any] = {
    "adam_beta_1": 0.4, "adam_beta_2": 0.3, "adam_lr_ratio": 0.5, "adam_weight_decay": 0.02,
    "amsgrad": True, "beta": 0.1, "beta_1": 0.8, "beta_2": 0.7, "beta_2_decay": -0.5,
    "centered": True, "clip_threshold": 2.0, "epsilon": 1e-5, "epsilon_1": 1e-20,
    "epsilon_2": 1e-2, "exclude_embeddings": False, "exclude_layers": ["last"],
    "initial_accumulator_value": 0.2, "l1_regularization_strength": 0.3,
    "l2_regularization_strength": 0.4, "l2_shrinkage_regularization_strength": 0.5,
    "learning_rate_power": -0.25, "momentum": 0.6, "muon_a": 3.0, "muon_b": -4.0, "muon_c": 2.0,
    "nesterov": True, "ns_steps": 4, "relative_step": False, "rho": 0.5, "rms_rate": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_argument_arrives_at_keras(name: str) -> None:
    own = {argument: VALUES[argument] for argument in ARGUMENTS[name]}
    given = {"learning_rate": 0.5, "weight_decay": 0.25, "clipnorm": 2.0, **own}
    created = Optimizer(name=name, **given).create()
    assert type(created).__name__.lower() == name
    config = created.get_config()
    for key, value in given.items():
        assert config[key] == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_left_out_has_the_default_of_keras(name: str) -> None:
    created = Optimizer(name=name).create()
    config, default = created.get_config(), type(created)().get_config()
    assert {**config, "name": name} == {**default, **DEFAULTS.get(name, {}), "name": name}
    assert config["learning_rate"] == pytest.approx(0.01 if name == "sgd" else 0.001)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_argument_belongs_to_the_optimizers_that_keras_gives_it_to(name: str) -> None:
    known = Optimizer(name=name).create().get_config()
    assert {argument for argument in VALUES if argument in known} == set(ARGUMENTS[name])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_height_of_a_schedule_is_the_learning_rate_written_or_not(name: str) -> None:
    created = Optimizer(name=name).create()
    assert Optimizer(name=name).height == pytest.approx(float(created.learning_rate))
    assert Optimizer(name=name, learning_rate=0.3).height == 0.3


@pytest.mark.parametrize("way", CLIPPING)
def test_the_gradient_is_limited_in_one_of_three_ways(way: str) -> None:
    config = Optimizer(**{way: 0.5}).create().get_config()
    assert {other: config[other] for other in CLIPPING} == {
        other: 0.5 if other == way else None for other in CLIPPING
    }


def test_the_optimizer_has_the_schedule_over_all_epochs_or_those_of_a_phase() -> None:
    training = kb.Training(epochs=10, schedule=kb.Polynomial(), optimizer=Optimizer(name="sgd"))
    schedules = [
        training.create_optimizer(5).get_config()["learning_rate"]["config"],
        training.create_optimizer(5, 2, 0.3).get_config()["learning_rate"]["config"],
    ]
    assert [(s["initial_learning_rate"], s["decay_steps"]) for s in schedules] == [
        (0.01, 50), (0.3, 10),
    ]  # fmt: skip


def test_without_a_schedule_the_rate_is_that_of_the_optimizer_or_of_the_phase() -> None:
    training = kb.Training()
    assert float(training.create_optimizer(5).learning_rate) == pytest.approx(0.001)
    assert float(training.create_optimizer(5, 2, 0.3).learning_rate) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "ftrl", "initial_accumulator_value": 0.0},
         "initial_accumulator_value: ftrl divides by it. Expected a number greater than 0. Got 0."),
        ({"name": "ftrl", "learning_rate_power": 0.5},
         "learning_rate_power: Expected a number of at most 0. Got 0.5."),
        ({"name": "adafactor", "beta_2_decay": 0.0},
         "beta_2_decay: Expected a number less than 0. Got 0."),
        ({"name": "muon", "momentum": 0.0, "nesterov": True},
         "nesterov: nesterov looks ahead by the momentum. Expected momentum > 0 with it."),
        ({"name": "muon", "ns_steps": 0}, "ns_steps: Expected a number of at least 1. Got 0."),
        ({"name": "muon", "exclude_layers": ["("]},
         "exclude_layers: Expected regular expressions: missing ), unterminated subpattern at "
         "position 0. Got '('."),
    ],
)  # fmt: skip
def test_an_argument_that_an_optimizer_cannot_compute_with_is_refused(
    given: dict[str, Any], expected: str
) -> None:
    assert expected in message(RecipeError, Optimizer, **given)


def test_muon_looks_ahead_by_the_momentum_that_it_has_by_default() -> None:
    assert Optimizer(name="muon", nesterov=True).create().momentum == 0.95


def stacked() -> Any:
    """A network whose first layer comes before the last ones."""
    import keras

    given = keras.Input((4,))
    body = keras.layers.Dense(3, name="body")(given)
    heads = [keras.layers.Dense(2, name=name)(body) for name in ("head", "y_head", "auxiliary_1")]
    return keras.Model(given, heads)


def test_muon_leaves_the_last_layers_to_adamw() -> None:
    model, optimizer = stacked(), Optimizer(name="muon").create()
    optimizer.build(model.trainable_variables)
    by_adamw = {
        variable.path
        for variable, velocity in zip(model.trainable_variables, optimizer.adam_velocities,
                                      strict=True)
        if velocity is not None
    }  # fmt: skip
    assert by_adamw == {variable.path for variable in model.trainable_variables} - {"body/kernel"}


def test_adafactor_steps_on_a_gradient_with_an_empty_row_and_column() -> None:
    import keras

    weight = keras.Variable(np.ones((3, 3), np.float32))
    gradient = np.full((3, 3), 1e-2, np.float32)
    gradient[0], gradient[:, 1] = 0, 0
    optimizer = Optimizer(name="adafactor").create()
    for _ in range(3):
        optimizer.apply([gradient], [weight])
    assert np.isfinite(weight.numpy()).all()
    assert weight.numpy()[0].tolist() == [1, 1, 1]


def test_ftrl_is_warned_of_where_layers_come_before_the_last() -> None:
    import keras

    ftrl, model = Optimizer(name="ftrl"), stacked()
    assert ftrl.caution(model) == (
        "ftrl forgets the initial weights: layers before the last, here body, come near 0 and "
        "learn little or nothing. It is for `model: linear`; for this network write another "
        "optimizer, such as adamw or muon"
    )
    assert Optimizer().caution(model) is None
    model.get_layer("body").trainable = False
    assert ftrl.caution(model) is None
    given = keras.Input((4,))
    assert ftrl.caution(keras.Model(given, keras.layers.Dense(1, name="head")(given))) is None
