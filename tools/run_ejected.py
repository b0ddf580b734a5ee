"""Write every shipped recipe as a plain Keras script, and run it for one epoch.

    python tools/run_ejected.py [--data FOLDER] [NAME …]

A recipe whose data is not in FOLDER is passed over, with a word. Exits with 1 if a script fails.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import run_recipes

from kbuilder.recipe import shipped


def run(name: str, overrides: list[str], scratch: Path) -> tuple[int, str]:
    """The exit code of the script, and the last line that it wrote."""
    file = scratch / f"{Path(name).name}.py"
    command = [sys.executable, "-m", "kbuilder", "eject", str(shipped.find(name))]
    command += ["--output", str(file), *overrides]
    subprocess.run(command, check=True, capture_output=True)
    code = re.sub(r"^EPOCHS = \d+$", "EPOCHS = 1", file.read_text("utf-8"), flags=re.MULTILINE)
    file.write_text(code, "utf-8")
    # In a folder of its own, isolated from this environment's kbuilder but not from its packages.
    (scratch / "kbuilder.py").write_text("raise ImportError('a script needs no kbuilder')\n")
    done = subprocess.run(
        [sys.executable, str(file)], cwd=scratch, capture_output=True, text=True, check=False
    )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode, lines[-1] if lines else ""


def main() -> None:
    """Run the scripts of all recipes, or of those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("names", nargs="*", default=shipped.names())
    arguments = parser.parse_args()
    failed = 0
    with TemporaryDirectory() as folder:
        for name in arguments.names:
            overrides = run_recipes.settings(name, arguments.data.absolute(), Path(folder))
            if isinstance(overrides, str):
                print(f"{name}: skipped: {overrides}")
                continue
            started = time.perf_counter()
            code, last = run(name, overrides, Path(folder))
            failed += code != 0
            print(f"{name}: {'ran' if code == 0 else 'FAILED'} in "
                  f"{time.perf_counter() - started:.0f} s: {last}", flush=True)  # fmt: skip
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
