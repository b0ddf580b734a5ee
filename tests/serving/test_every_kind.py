"""Whatever `kbuilder export` writes is served: each of the shared exports answers its examples."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import handmade
import httpx
import pytest
from halting import HANG
from shared import KINDS

MISSING = {"float32": math.nan, "string": ""}


@pytest.fixture(scope="module")
def client(exported: Callable[[str], Path]) -> Iterator[httpx.Client]:
    folders = {kind.replace(" ", "-"): exported(kind).parent for kind in KINDS}
    with handmade.served(folders) as address, httpx.Client(base_url=address, timeout=HANG) as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_answers_its_examples_in_both_protocols(
    client: httpx.Client, exported: Callable[[str], Path], kind: str
) -> None:
    extra, name = exported(kind) / "assets.extra", kind.replace(" ", "-")
    examples = json.loads((extra / "examples.json").read_text())
    inputs = json.loads((extra / "kbuilder.json").read_text())["inputs"]
    rows = [
        {one["column"]: filled(row[one["name"]], one["dtype"]) for one in inputs}
        for row in examples["instances"]
    ]
    renamed = [{one["name"]: row[one["column"]] for one in inputs} for row in rows]
    for sent in (rows, renamed):
        said = client.post(f"/v1/models/{name}:predict", content=json.dumps({"instances": sent}))
        assert said.status_code == 200, said.text
        found, only = said.json()["predictions"], list(examples["predictions"][0])
        # one output alone has no name there
        named = [{only[0]: value} for value in found] if len(only) == 1 else found
        same(named, examples["predictions"])

    told = client.get(f"/v2/models/{name}").json()["inputs"]
    assert [one["name"] for one in told] == [one["column"] for one in inputs]
    tensors = [
        {**one, "shape": [len(rows), *one["shape"][1:]], "data": [row[one["name"]] for row in rows]}
        for one in told
    ]
    answer = client.post(f"/v2/models/{name}/infer", content=json.dumps({"inputs": tensors}))
    assert answer.status_code == 200, answer.text
    outputs = {one["name"]: nested(one["data"], one["shape"]) for one in answer.json()["outputs"]}
    predictions = [
        dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)
    ]
    same(predictions, examples["predictions"])


def filled(value: Any, dtype: str) -> Any:
    """A value of an example as a client sends it, with what is missing."""
    if isinstance(value, list):
        return [filled(inner, dtype) for inner in value]
    return MISSING[dtype] if value is None else value


def nested(flat: list[Any], shape: list[int]) -> list[Any]:
    """Values as lists by rows, as TensorFlow Serving gives them."""
    for size in reversed(shape[1:]):
        flat = [flat[at : at + size] for at in range(0, len(flat), size)]
    return flat


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """Compare answers, row by row."""
    assert len(found) == len(wanted) > 0
    for mine, its in zip(found, wanted, strict=True):
        assert mine.keys() == its.keys()
        for name, value in its.items():
            words = isinstance(value, str) or (
                isinstance(value, list) and isinstance(value[0], str)
            )
            close = value if words else pytest.approx(value, rel=1e-5, abs=1e-5, nan_ok=True)
            assert mine[name] == close, name
