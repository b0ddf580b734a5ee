"""The last layer alone."""

from __future__ import annotations

import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import BuildError


@pytest.mark.parametrize(("shape", "size"), [((5,), 5), ((4, 3), 12), ((4, 3, 2), 24)])
def test_there_is_nothing_but_the_last_layer(shape: tuple[int, ...], size: int) -> None:
    model = kb.build(kb.Linear(), kb.Regression(), shape)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", *(["Flatten"] if len(shape) > 1 else []), "Dense"]
    assert model.count_params() == size + 1


@pytest.mark.parametrize("name", ["Linear", "MLP"])
def test_a_sequence_of_any_length_is_refused(name: str) -> None:
    architecture = getattr(kb, name)()
    assert message(BuildError, kb.build, architecture, kb.Binary(), (None, 3)) == (
        f"model: {name.lower()} takes inputs of one size, and this sequence may have any. Give it "
        "a length, or use an architecture for such, such as gru."
    )
