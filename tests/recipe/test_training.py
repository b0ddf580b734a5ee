"""Optimizers by name, and the schedule of the learning rate."""

from __future__ import annotations

import pytest

import kbuilder as kb
from kbuilder.recipe.training import ARGUMENTS, CLIPPING, OPTIMIZERS, Optimizer

VALUES = {
    "amsgrad": True, "beta_1": 0.8, "beta_2": 0.7, "centered": True, "epsilon": 1e-5,
    "initial_accumulator_value": 0.2, "momentum": 0.6, "nesterov": True, "rho": 0.5,
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_argument_arrives_at_keras(name: str) -> None:
    own = {argument: VALUES[argument] for argument in ARGUMENTS[name]}
    given = {"learning_rate": 0.5, "weight_decay": 0.25, "clipnorm": 2.0, **own}
    created = Optimizer(name=name, **given).create()
    assert type(created).__name__.lower() == name
    assert {key: created.get_config()[key] for key in given} == pytest.approx(given)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_left_out_has_the_default_of_keras(name: str) -> None:
    created = Optimizer(name=name).create()
    config, default = created.get_config(), type(created)().get_config()
    assert {**config, "name": name} == {**default, "name": name}
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
