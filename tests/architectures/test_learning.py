"""What a network can learn and a simpler one cannot: order, and what was long ago."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kbuilder as kb

Examples = tuple[np.ndarray, np.ndarray]


def build(architecture: Any, shape: tuple[int | None, ...], rate: float, **given: Any) -> Any:
    """A network whose weights and order of rows are always the same."""
    import keras

    keras.utils.set_random_seed(0)
    optimizer = keras.optimizers.Adam(rate, clipnorm=0.5)
    return kb.build(architecture, kb.Binary(), shape, optimizer=optimizer, **given)


def accuracy(model: Any, examples: Examples) -> float:
    return float(model.evaluate(*examples, batch_size=256, verbose=0, return_dict=True)["accuracy"])


def orders(rows: int, seed: int) -> Examples:
    """Eight words, of them one 1 and one 2: does the 1 come first?"""
    random = np.random.default_rng(seed)
    text, answer = random.integers(3, 8, (rows, 8)), random.integers(0, 2, rows)
    places = np.sort(random.permuted(np.tile(np.arange(8), (rows, 1)), axis=1)[:, :2], axis=1)
    text[np.arange(rows), places[:, 0]] = 2 - answer
    text[np.arange(rows), places[:, 1]] = 1 + answer
    return text, answer[:, None].astype(np.float32)


@pytest.mark.slow
def test_a_transformer_learns_an_order_that_a_bag_of_words_cannot() -> None:
    dense = {"units": 32, "activation": "relu"}
    bag = kb.Sequential(layers=[{"embedding": 16}, "global_average_pooling1d", {"dense": dense}])
    attention = kb.Transformer(
        units=16, heads=2, blocks=1, feed_forward=32, dropout=0, pooling="token"
    )
    reached = []
    for architecture in (attention, bag):
        model = build(architecture, (8,), 0.01, vocabulary_size=8)
        model.fit(*orders(1024, 1), epochs=10, batch_size=64, verbose=0)
        reached.append(accuracy(model, orders(1024, 2)))
    assert reached[0] > 0.95
    assert 0.4 < reached[1] < 0.6


def recalls(rows: int, steps: int, first: bool = False) -> Examples:
    """Signs at every step, of which one is marked: the first, or any. Which sign was it?"""
    random = np.random.default_rng(steps + first)
    sequence = np.zeros((rows, steps, 2), np.float32)
    sequence[..., 0] = random.choice([-1, 1], (rows, steps))
    place = np.zeros(rows, int) if first else random.integers(0, steps, rows)
    sequence[np.arange(rows), place, 1] = 1
    answer = sequence[np.arange(rows), place, :1] > 0
    return sequence, answer.astype(np.float32)


@pytest.mark.slow
def test_an_lstm_keeps_for_200_steps_what_a_simple_recurrent_network_loses() -> None:
    """A simple network may keep it by chance, as processors round: the worse of two counts."""
    reached = []
    for architecture in (kb.LSTM(units=16), kb.RNN(units=16), kb.RNN(units=12)):
        model = build(architecture, (None, 2), 0.005)
        for steps, epochs in ((10, 6), (30, 3), (80, 2), (200, 2)):  # longer and longer
            model.optimizer.learning_rate = 0.005 if steps < 80 else 0.001
            model.fit(*recalls(2048, steps), epochs=epochs, batch_size=64, verbose=0)
        reached.append(accuracy(model, recalls(512, 200, first=True)))
    assert reached[0] > 0.95
    assert min(reached[1:]) < 0.9
