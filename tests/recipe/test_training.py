"""Optimizers by name."""

from __future__ import annotations

import pytest

from kbuilder.recipe.training import ARGUMENTS, OPTIMIZERS, Optimizer

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
