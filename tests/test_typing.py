"""Editors and mypy see the public names, their arguments and what these take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from bad import ROOT
from mypy import api
from pages import blocks

from kbuilder.describing import stub

WRONG = {
    'kb.MLP(untis=[3])': 'Unexpected keyword argument "untis" for "MLP"; did you mean "units"?',
    'kb.MLP(units="3")': 'Argument "units" to "MLP" has incompatible type "str"',
    'kb.CSV(path="a.csv")': 'Missing named argument "target" for "CSV"',
    'kb.Training(plan=3)': 'Argument "plan" to "Training" has incompatible type "int"',
    'kb.GRU(units=[3]).unit': '"GRU" has no attribute "unit"',
}  # fmt: skip
RIGHT = """
kb.MLP(units=3); kb.MLP(units=[3, 4]); kb.MLP(activation={"leaky_relu": 0.1})
kb.Sequential(layers=["flatten", {"dense": 3}]); kb.Image(augment=["flip", {"crop": 2}])
kb.Training(optimizer="adam", schedule=kb.Cosine(), early_stopping=None, batch_size="auto")
kb.Recipe(data=kb.CSV(path="a.csv", target=["a", "b"]), model={"vector": kb.MLP(), "text": "gru"})
run: kb.Run = kb.fit(kb.Recipe(data={"source": "sklearn", "name": "iris"}, task="multiclass"))
"""


def checked(text: str) -> str:
    """What mypy says of a file."""
    Path("a.py").write_text(text, encoding="utf-8")
    out, err, _ = api.run(
        ["a.py", "--follow-imports=silent", "--python-executable", sys.executable,
         "--cache-dir=cache"]
    )  # fmt: skip
    assert not err
    return out


def test_the_stub_is_that_of_the_schema_classes() -> None:
    Path("stub.pyi").write_text(stub.write(), encoding="utf-8")
    ruff = Path(sys.executable).with_name("ruff")
    for way in (["check", "--fix", "--select", "I"], ["format"]):
        words = [ruff, *way, "--quiet", "--config", ROOT / "pyproject.toml", "stub.pyi"]
        subprocess.run(words, check=True)
    assert Path("stub.pyi").read_text() == (ROOT / "kbuilder/__init__.pyi").read_text()
    assert (ROOT / "kbuilder/py.typed").exists()


@pytest.mark.slow
def test_mypy_takes_what_kbuilder_takes_and_finds_slips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    monkeypatch.setenv("MYPYPATH", str(ROOT))
    shown = blocks("python", "run.predict_file(")
    lines = ["import kbuilder as kb", *WRONG]
    said = checked("\n".join(lines) + RIGHT + shown)
    found = dict(re.findall(r"^a\.py:(\d+): error: (.*)$", said, flags=re.MULTILINE))
    assert set(found) == {str(number + 2) for number in range(len(WRONG))}, said
    for number, (code, words) in enumerate(WRONG.items(), start=2):
        assert found[str(number)].startswith(words), code
