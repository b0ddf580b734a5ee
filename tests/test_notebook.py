"""A fit in a notebook, in a kernel of Jupyter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CELLS = (
    "import kbuilder as kb\n"
    "run = kb.fit(kb.Recipe(data={{'source': 'sklearn', 'name': 'iris'}}, "
    "training={{'epochs': 3, 'early_stopping': None}}, model={{'name': 'mlp', 'units': [4]}}), "
    "run_dir={folder!r})",
    "run",
    "run.plot()",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What stands below each cell."""
    import nbformat

    folder = tmp_path_factory.mktemp("notebook")
    cells = [nbformat.v4.new_code_cell(cell.format(folder=str(folder / "run"))) for cell in CELLS]
    file = folder / "book.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    command = Path(sys.executable).with_name("jupyter-execute")
    done = subprocess.run(
        [command, "--inplace", file], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return [list(cell.outputs) for cell in nbformat.read(file, as_version=4).cells]


def test_a_fit_has_one_output_with_its_last_epoch(outputs: list[list[dict[str, Any]]]) -> None:
    [shown] = outputs[0]
    assert shown["output_type"] == "display_data"
    text = shown["data"]["text/plain"]
    assert [line[:11] for line in text.split("\n") if line.startswith("epoch")] == ["epoch   3/3"]
    assert "test: accuracy" in text
    assert "baselines" in text
    assert shown["data"]["text/html"].startswith("<pre")


def test_a_run_and_its_curves_show_themselves(outputs: list[list[dict[str, Any]]]) -> None:
    [run], [plot] = outputs[1:]
    assert "<svg" in run["data"]["text/html"]
    assert plot["data"]["image/png"].startswith("iVBOR")
