"""The kbuilder that is at work here as a wheel: what serves an export is what made it.

Source: the wheel format, PEP 427.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from kbuilder import __version__
from kbuilder.recipe import shipped

NAME = f"kbuilder-{__version__}-py3-none-any.whl"
INFO = f"kbuilder-{__version__}.dist-info"
WHEEL = "Wheel-Version: 1.0\nGenerator: kbuilder\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = f"Metadata-Version: 2.1\nName: kbuilder\nVersion: {__version__}\n"
SCRIPTS = "[console_scripts]\nkbuilder = kbuilder.commands.main:main\n"
DATED = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can have, so that equal files give an equal wheel."""


@cache
def content() -> bytes:
    """The wheel of this kbuilder, without the packages that it needs."""
    packed, records = io.BytesIO(), [f"{INFO}/RECORD,,"]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, held in _files():
            wheel.writestr(zipfile.ZipInfo(name, DATED), held, zipfile.ZIP_DEFLATED)
            digest = base64.urlsafe_b64encode(hashlib.sha256(held).digest()).rstrip(b"=")
            records.append(f"{name},sha256={digest.decode()},{len(held)}")
        wheel.writestr(zipfile.ZipInfo(f"{INFO}/RECORD", DATED), "\n".join(records) + "\n")
    return packed.getvalue()


def pinned() -> list[str]:
    """The packages that this kbuilder needs, in the versions that are installed here."""
    from packaging.requirements import Requirement

    known = _installed()
    needs = map(Requirement, (known and known.requires) or ())
    wanted = [it.name for it in needs if it.marker is None or it.marker.evaluate({"extra": ""})]
    return sorted(f"{name}=={distribution(name).version}" for name in wanted)


def _installed() -> Distribution | None:
    with suppress(PackageNotFoundError):  # it runs from a folder of sources
        return distribution("kbuilder")
    return None


def _files() -> Iterator[tuple[str, bytes]]:
    """Each file of the wheel by its path there."""
    code = Path(__file__).parents[1]
    for folder, package in ((code, "kbuilder"), (shipped.folder(), "kbuilder/gallery")):
        for file in sorted(folder.rglob("*")):
            inner = file.relative_to(folder)
            other = folder == code and inner.parts[0] == "gallery"
            if file.is_file() and not other and "__pycache__" not in inner.parts:
                yield f"{package}/{inner.as_posix()}", file.read_bytes()
    known = _installed()
    text = known and (known.read_text("METADATA") or known.read_text("PKG-INFO"))
    yield f"{INFO}/METADATA", (text or METADATA).encode()
    yield f"{INFO}/WHEEL", WHEEL.encode()
    yield f"{INFO}/entry_points.txt", SCRIPTS.encode()
