"""What others need to serve the versions in a folder, beside them: a file for each way."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from kbuilder import files
from kbuilder.export import wheel

TEMPLATES = Path(__file__).with_name("templates")


def write(path: Path, say: Callable[[str], None]) -> list[Path]:
    """Write `models.config`, `kserve.yaml`, `Dockerfile` and its wheel into the versions' folder.

    Args:
        path: The folder, whose name is that of the model.
        say: Called with files that differ from what would be written, and are left alone.

    Returns:
        The files that were not there before.

    Raises:
        OSError: if one cannot be written; then none is left.
    """
    made: list[Path] = []
    try:
        _write(path, say, made)
    except BaseException:
        remove(made)
        raise
    return made


def remove(made: Iterable[Path]) -> None:
    """Remove files that `write` made."""
    for file in made:
        file.unlink(missing_ok=True)


def _write(path: Path, say: Callable[[str], None], made: list[Path]) -> None:
    for name, text in contents(path.resolve().name).items():
        file = path / name
        if not file.exists():
            with files.new_file(file) as temporary:
                temporary.write_text(text, encoding="utf-8")
            made.append(file)
        elif file.read_bytes() != text.encode():
            say(f"{file} was changed, and is left as it is")
    file = path / wheel.NAME
    if not file.exists() or file.read_bytes() != wheel.content():  # of another state of kbuilder
        new = not file.exists()
        with files.new_file(file) as temporary:
            temporary.write_bytes(wheel.content())
        if new:
            made.append(file)


def contents(model: str) -> dict[str, str]:
    """The files by name, for a model of this name."""
    inside = f"/models/{model}"
    # Kubernetes and Docker allow fewer letters in names.
    label = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:63].strip("-") or "model"
    values = {
        "copied": json.dumps([".", inside], ensure_ascii=False),
        "label": label,
        "path": inside,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "quoted": json.dumps(model, ensure_ascii=False),
        "quoted_path": json.dumps(inside, ensure_ascii=False),
        "uri": json.dumps(f"pvc://models/{model}", ensure_ascii=False),
        "pinned": " ".join(wheel.pinned()),
        "wheel": wheel.NAME,
    }
    return {
        template.name: re.sub(
            r"\{\{(\w+)\}\}", lambda found: values[found[1]], template.read_text(encoding="utf-8")
        )
        for template in sorted(TEMPLATES.iterdir())
    }
