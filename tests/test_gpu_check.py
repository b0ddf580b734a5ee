"""`make gpu-check` runs to its end, whatever devices there are."""

from __future__ import annotations

import subprocess
import sys

import pytest
from bad import ROOT

PROGRAM = [sys.executable, str(ROOT / "tools" / "gpu_check.py")]


@pytest.mark.slow
def test_parts_of_the_cpu_are_checked_in_place_of_gpus() -> None:
    done = subprocess.run([*PROGRAM, "--without"], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    found = [line for line in lines if line.startswith("as expected ")]
    assert len(found) == 6, done.stdout
    assert lines[-1].endswith("0 of 6 not as expected")
