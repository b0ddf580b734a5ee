"""What a person sees while a fit runs."""

from __future__ import annotations

from kbuilder.console import Console


def test_the_learning_rate_is_said_where_it_is_another_than_before() -> None:
    console = Console(verbose=False)
    for epoch, rate in enumerate([1e-3, 1e-3, 2.5e-5], start=1):
        figures = {"epoch": epoch, "seconds": 0.25, "learning_rate": rate, "loss": 0.5}
        console.epoch(figures, 3)
    assert console.lines == [
        "epoch   1/3    0.2 s  loss 0.5000  learning_rate 0.001",
        "epoch   2/3    0.2 s  loss 0.5000",
        "epoch   3/3    0.2 s  loss 0.5000  learning_rate 2.5e-05",
    ]
