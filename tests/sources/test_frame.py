"""Rows of a pandas DataFrame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad import plain, wrong
from shared import message

import kbuilder as kb
from kbuilder.errors import DataError, RecipeError

FRAME = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})


def test_frames_are_the_rows() -> None:
    train, test = kb.Frame(frame=FRAME, test_frame=FRAME[:1], target="y").load()
    assert (len(train), len(test)) == (2, 1)
    assert (train.origin, test.origin) == ("the frame", "the test frame")
    assert kb.Frame(frame=FRAME, target="y").load()[1] is None


def test_a_frame_without_rows_is_refused() -> None:
    said = message(DataError, kb.Frame(frame=FRAME[:0], target="y").load)
    assert said == "data: the frame has no rows. Expected rows."


def test_a_recipe_file_can_hold_no_frame() -> None:
    assert message(DataError, kb.Frame(target="y").load) == (
        "data.source: a frame is given from Python: kb.Frame(frame=df, target=…). "
        "Expected another source, such as csv, in a recipe file."
    )
    said = plain(wrong("data: {source: frame, target: y, frame: rows.csv}"))
    assert said == (
        "recipe:1:41: data.frame: Expected a pandas DataFrame, which is given from Python. "
        "Got 'rows.csv'.\n1 problem."
    )


@pytest.mark.parametrize("other", ["rows.csv", [1, 2], FRAME["x"]])
def test_what_is_no_frame_is_refused(other: object) -> None:
    with pytest.raises(RecipeError, match="Expected a pandas DataFrame"):
        kb.Frame(frame=other, target="y")


def test_a_saved_recipe_does_not_hold_the_frame() -> None:
    saved = kb.Frame(frame=FRAME, target="y").model_dump()
    assert {"frame", "test_frame"} & set(saved) == set()


def test_rows_to_predict_come_from_csv_or_npz() -> None:
    Path("rows.csv").write_text("x\n1\n")
    np.savez("rows.npz", x=np.arange(3))
    source = kb.Frame(frame=FRAME, target="y")
    assert len(source.read(Path("rows.csv"))) == 1
    assert len(source.read(Path("rows.npz"))) == 3
    parts = list(source.parts(Path("rows.npz"), (), ["x"], size=2, start=0))
    assert [len(part.table) for part in parts] == [2, 1]
