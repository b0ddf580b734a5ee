"""A picture that a client sends is looked at before room is made for it, and named if refused."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encodings_of_pictures import FLAT
from halting import HANG
from shared import encoded, message, picture

from kbuilder.serving.batching import Batcher
from kbuilder.serving.exported import Exported
from kbuilder.serving.pictures import readable
from kbuilder.serving.refusals import RowError

SOUND = encoded(picture(0))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (FLAT, "it has 13,000 × 13,000 pixels. Expected 89 million at most"),
        (base64.b64encode(SOUND).decode(), 'it is text. Expected {"b64": "…"}, with what `base64 '
         "FILE` prints of a picture"),
        ("", "it is empty"), (b"words", "it is no image"),
        ("data:image/png;base64,!", "Unable to base64 decode"),
    ],
)  # fmt: skip
def test_a_picture_that_is_not_read_is_named_with_its_row(wrong: Any, said: str) -> None:
    assert message(RowError, readable, "photo", [SOUND, wrong], 3) == (
        f"row 2, input 'photo': {said}"
    )


def test_a_data_url_is_the_picture_that_it_holds() -> None:
    url = "data:image/png;base64," + base64.b64encode(SOUND).decode()
    assert readable("photo", [url, SOUND], 3).tolist() == [SOUND, SOUND]


def test_a_served_model_names_the_row_whatever_part_of_a_request_it_is_in(
    exported: Callable[[str], Path],
) -> None:
    export = Exported(exported("files"))
    batcher = Batcher(export.predict, most=2)
    try:
        for wrong, said in ((FLAT, "it has 13,000"), (SOUND[:-30], "it is damaged: ")):
            columns = {"photo": np.array([SOUND, SOUND, SOUND, wrong], dtype=object)}
            error = message(RowError, asyncio.run, batcher.ask(columns, HANG))
            assert error.startswith(f"row 4, input 'photo': {said}")
    finally:
        batcher.close()
