"""A network's figures as text."""

from __future__ import annotations

from typing import Any

import keras
import networks
import pytest
from keras import layers

from kbuilder.describing.listing import WIDTH, as_text
from kbuilder.describing.network import describe

LENET = """\
layer    kind              output shape  parameters  multiply-adds  receptive field
-----------------------------------------------------------------------------------
image    InputLayer        (32, 32, 1)            0              0            1 × 1
c1       Conv2D            (28, 28, 6)          156        117,600            5 × 5
s2       AveragePooling2D  (14, 14, 6)            0              0            6 × 6
c3       Conv2D            (10, 10, 16)       2,416        240,000          14 × 14
s4       AveragePooling2D  (5, 5, 16)             0              0          16 × 16
c5       Conv2D            (1, 1, 120)       48,120         48,000          32 × 32
flatten  Flatten           (120,)                 0              0              all
f6       Dense             (84,)             10,164         10,080              all
head     Dense             (10,)                850            840              all
-----------------------------------------------------------------------------------
parameters: 61,706 (trainable 61,706, not trainable 0)
multiply-adds: 416,520 for one example, forward
activations of a batch of 128: 2.9 MiB at once forward, about 4.0 MiB kept in training"""


def test_lenet_reads_as_a_table_with_its_totals() -> None:
    assert as_text(describe(networks.lenet(), batch_size=128)) == LENET


def test_shared_weights_are_named_and_no_field_is_shown_without_convolution() -> None:
    lines = as_text(describe(networks.twins())).splitlines()
    assert lines[0] == "layer       kind        output shape  parameters  multiply-adds"
    assert lines[6] == "tower/wide  Dense       (4,)              shared             32"


@pytest.mark.parametrize("network", networks.ALL, ids=lambda network: network.__name__)
def test_no_line_is_too_long(network: Any) -> None:
    assert max(map(len, as_text(describe(network())).splitlines())) <= WIDTH


def test_of_a_long_name_the_end_is_kept() -> None:
    inputs = keras.Input((8, 8, 1))
    name = "a_name_that_is_much_too_long_for_the_column_that_it_is_to_stand_in_and_then_some_more"
    model = keras.Model(inputs, layers.Conv2D(2, 3, name=name)(inputs))
    line = as_text(describe(model)).splitlines()[3]
    assert line.startswith("…")
    assert line.split()[0].endswith("and_then_some_more")
    assert len(line) == WIDTH
