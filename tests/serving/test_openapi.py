"""The OpenAPI document, held against the server by schemathesis."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import handmade
import httpx
import pytest
from halting import HANG

from kbuilder.serving import openapi

# Skipped, for schemas cannot say it: that a tensor has as many values as its shape says
# (positive_data_acceptance); and that a method is not known is 400 below /v1, not 405
# (unsupported_method), in the protocol of TensorFlow Serving.
PASSED_OVER = "positive_data_acceptance,unsupported_method"
EXAMPLES = os.environ.get("KBUILDER_EXAMPLES", "15")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("handmade")
    names = handmade.write_all(place, only=("all", "word"))
    with handmade.served({name: place / name for name in names}, 30) as found:
        yield found


@pytest.mark.slow
def test_schemathesis_finds_nothing(address: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", f"{address}/openapi.json",
         "--checks", "all", "--exclude-checks", PASSED_OVER, "--mode", "all", "--phases",
         "coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1", "--no-color"],
        capture_output=True, text=True, timeout=HANG,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "Tested: 17" in done.stdout


def test_the_document_has_the_shapes_of_inputs_and_outputs(address: str) -> None:
    told = httpx.get(f"{address}/openapi.json", timeout=HANG).json()
    assert told["openapi"] == "3.1.0"
    post = told["paths"]["/v1/models/all:predict"]["post"]
    rows = post["requestBody"]["content"]["application/json"]["schema"]["oneOf"][0]
    row = rows["properties"]["instances"]["items"]
    assert row["required"] == ["number", "pair", "count", "word"]
    assert row["properties"]["pair"] == {
        "type": "array", "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2,
    }  # fmt: skip
    assert "security" not in told


def test_a_token_is_part_of_the_document() -> None:
    told = openapi.document({}, guarded=True)
    assert told["security"] == [{"token": []}]
    assert told["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
