"""The wheel beside an export is the kbuilder that made it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kbuilder import __version__
from kbuilder.export import wheel


def test_pip_installs_it_and_it_runs_from_there() -> None:
    Path(wheel.NAME).write_bytes(wheel.content())
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install"]
    options = ["--quiet", "--no-deps", "--no-index", "--target", "there"]
    subprocess.run([*pip, *options, wheel.NAME], check=True, capture_output=True)
    program = (
        "import sys; sys.path.insert(0, 'there')\n"
        "import kbuilder; from kbuilder import catalog; from kbuilder.recipe import shipped\n"
        "print(kbuilder.__file__, kbuilder.__version__, len(catalog.names('architectures')),"
        " len(shipped.names()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    file, version, networks, recipes = done.stdout.split()
    assert Path(file).resolve() == Path("there/kbuilder/__init__.py").resolve()
    assert version == __version__
    assert int(networks) > 20
    assert int(recipes) > 20
    assert Path("there/bin/kbuilder").is_file()


def test_what_it_needs_is_named_in_the_versions_that_are_here() -> None:
    found = dict(one.split("==") for one in wheel.pinned())
    assert found.keys() >= {"tensorflow", "keras", "starlette", "uvicorn"}
    assert not found.keys() & {"pytest", "ruff", "tf2onnx"}
