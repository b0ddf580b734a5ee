"""A picture that a client sends is looked at before room is made for it, and named if refused."""

from __future__ import annotations

import asyncio
import base64
import tracemalloc
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
from kbuilder.serving.refusals import RequestError, RowError
from kbuilder.serving.values import from_base64

SOUND = encoded(picture(0))
RANDOM = np.random.default_rng(0)


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


def test_a_large_picture_is_read_without_copies_and_a_data_url_begins_it() -> None:
    large = RANDOM.bytes(3_000_000)
    sent = {"b64": base64.b64encode(large).decode()}
    tracemalloc.start()
    try:
        assert from_base64(sent) == large
        assert tracemalloc.get_traced_memory()[1] < 1.2 * len(large)
    finally:
        tracemalloc.stop()
    for way in ("data:image/png;base64,{}", " {}\n", "{}"):
        written = base64.urlsafe_b64encode(large[:1_000]).decode().rstrip("=")
        assert from_base64({"b64": way.format(written)}) == large[:1_000]
    said = message(RequestError, from_base64, {"b64": "QUJD data:image/png;base64,QUJD"})
    assert said == "Unable to base64 decode"


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
