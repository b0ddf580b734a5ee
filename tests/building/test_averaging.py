"""Several networks as one."""

from __future__ import annotations

import keras
import numpy as np

from kbuilder.building.averaging import average_of


def network(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    inputs = {"a": keras.Input((3,), name="a"), "b": keras.Input((4,), dtype="int32", name="b")}
    words = keras.layers.Flatten()(keras.layers.Embedding(7, 2)(inputs["b"]))
    tensor = keras.layers.Concatenate()([inputs["a"], words])
    outputs = {
        "kind": keras.layers.Dense(3, "softmax", name="kind")(tensor),
        "price": keras.layers.Dense(1, name="price")(tensor),
    }
    return keras.Model(inputs, outputs)


def test_it_answers_with_the_mean_of_what_its_members_answer() -> None:
    random = np.random.default_rng(0)
    rows = {"a": random.normal(size=(9, 3)).astype(np.float32), "b": random.integers(0, 7, (9, 4))}
    members = [network(seed) for seed in range(3)]
    answers = [member.predict(rows, verbose=0) for member in members]
    found = average_of(members).predict(rows, verbose=0)
    assert list(found) == ["kind", "price"]
    for output, values in found.items():
        mean = np.mean([one[output] for one in answers], axis=0)
        np.testing.assert_allclose(values, mean, rtol=1e-5, atol=1e-6)
        assert np.abs(answers[0][output] - mean).max() > 1e-3  # they are different networks
    np.testing.assert_allclose(found["kind"].sum(axis=1), 1, rtol=1e-5)


def test_its_members_are_copies() -> None:
    members = [network(seed) for seed in range(2)]
    average = average_of(members)
    before = [weight.copy() for weight in average.get_weights()]
    members[0].set_weights([weight + 1 for weight in members[0].get_weights()])
    for weight, was in zip(average.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, was)
