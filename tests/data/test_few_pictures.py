"""Few pictures, and lopsided ones: what is said of them before a fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared import encoded, message, picture

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError


def looked(counts: dict[str, int]) -> dataset.Looked:
    """Folders with so many different pictures each."""
    number = 0
    for label, count in counts.items():
        Path("pictures", label).mkdir(parents=True)
        for place in range(count):
            number += 1
            Path("pictures", label, f"{place}.png").write_bytes(encoded(picture(number)))
    return dataset.look(kb.Recipe(data=kb.ImageFolder(path="pictures")))


def test_a_folder_of_one_class_is_refused() -> None:
    assert message(DataError, looked, {"a": 30}) == (
        "data.target: the target 'label' has one value only. Expected at least two, so that there "
        "is something to predict."
    )


@pytest.mark.parametrize(
    ("counts", "sizes", "said"),
    [
        (
            {"a": 30, "b": 1},
            (26, 2, 3),
            [
                "no row of 'b' is in validation: its figures say nothing of them",
                "no row of 'b' is in test: its figures say nothing of them",
                "test has 3 rows: its figures may be off by as much as 29%",
            ],
        ),
        (
            {"a": 3, "b": 3},
            (2, 2, 2),
            [
                "test has 2 of 6 rows (33%), where 10% were asked for: each class has one there, "
                "or more",
                "validation has 2 of 4 rows (50%), where 10% were asked for: each class has one "
                "there, or more",
                "test has 2 rows: its figures may be off by as much as 35%",
            ],
        ),
        ({"sound": 190, "cracked": 6}, None, ["test has 20 rows: its figures may be off by as"]),
    ],
)
def test_each_part_has_each_class_that_has_three_pictures_and_others_are_named(
    counts: dict[str, int], sizes: tuple[int, ...] | None, said: list[str]
) -> None:
    found = looked(counts)
    parts = dict(found.parts)
    assert sizes is None or tuple(len(table) for table in parts.values()) == sizes
    messages = [one.message for one in found.findings]
    assert len(messages) == len(said)
    assert all(one.startswith(start) for one, start in zip(messages, said, strict=True))
    if min(counts.values()) >= 3:
        assert all(set(table["label"]) == set(counts) for table in parts.values())
