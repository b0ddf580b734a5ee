"""Several networks as one: it answers with the mean of what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def average_of(members: Sequence[Any]) -> Any:
    """The network whose outputs are the means of those of its members.

    Probabilities and standardised numbers are averaged as they are, so that each member counts the
    same.

    Args:
        members: Fitted networks with the same inputs and outputs; two or more.
    """
    import keras

    inputs = {
        name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for name, tensor in members[0].input.items()
    }
    own = []
    for number, member in enumerate(members, 1):
        alone = type(member).from_config({**member.get_config(), "name": f"network_{number}"})
        alone.set_weights(member.get_weights())
        own.append(alone(inputs))
    means = {
        output: keras.layers.Average(name=f"{output}_average")([one[output] for one in own])
        for output in own[0]
    }
    return keras.Model(inputs, means, name="network")
