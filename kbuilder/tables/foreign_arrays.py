"""Files of arrays that are no `.npz`: taken, or named by their content with what converts them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder.errors import DataError, Key

NPY = b"\x93NUMPY"
CONVERTED = (
    (b"\x89HDF", "HDF5", "import h5py, numpy; f = h5py.File({path!r}); "
     "numpy.savez({to!r}, **{{k: f[k][:] for k in f}})"),
    (b"MATLAB 5.0", "MATLAB", "import numpy, scipy.io; m = scipy.io.loadmat({path!r}); "
     "numpy.savez({to!r}, **{{k: v for k, v in m.items() if k[0] != '_'}})"),
    (b"\x80", "a pickle", "import numpy, pathlib, pickle; "
     "numpy.savez({to!r}, **pickle.loads(pathlib.Path({path!r}).read_bytes()))"),
    (b"PK", "PyTorch", "import numpy, torch; d = torch.load({path!r}); "
     "numpy.savez({to!r}, **{{k: v.numpy() for k, v in d.items()}})"),
)  # fmt: skip
"""How a file begins, what it is, and the Python that writes its arrays as `.npz`."""


class Folder(Mapping[str, Any]):
    """The `.npy` files of a folder by name, with the ending or without; read when asked for.

    Args:
        path: The folder, or one of its files.
    """

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else path.parent

    def __getitem__(self, name: str) -> np.ndarray:
        file = self._folder / f"{name.removesuffix('.npy')}.npy"
        if not file.is_file():
            raise KeyError(name)
        # Mapped first, so that a head that claims more than the file has is refused; no pickle.
        found: np.ndarray = np.array(np.load(file, mmap_mode="r", allow_pickle=False))
        return found

    def __contains__(self, name: object) -> bool:
        return (self._folder / f"{str(name).removesuffix('.npy')}.npy").is_file()

    def __iter__(self) -> Iterator[str]:
        return (file.stem for file in sorted(self._folder.glob("*.npy")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def is_npy(path: Path) -> bool:
    """Whether a path is a `.npy` file, or a folder with some."""
    if path.is_dir():
        return any(path.glob("*.npy"))
    with path.open("rb") as content:
        return content.read(len(NPY)) == NPY


def expect_npz(path: Path, key: Key) -> None:
    """Refuse a file that is no whole `.npz`.

    Raises:
        DataError: that names what it is, with the line that converts it.
    """
    zipped = zipfile.is_zipfile(path)
    if zipped and not _is_of_pytorch(path):
        return
    with path.open("rb") as content:
        head = content.read(16)
    for begin, name, code in CONVERTED:
        if head.startswith(begin) and (begin != b"PK" or zipped):
            line = code.format(path=str(path), to=str(path.with_suffix(".npz")))
            trust = ", which may run code when it is opened" if name in RISKY else ""
            raise DataError(
                f"{path} is {name}{trust}. Expected a .npz file. Write it as one, if you trust it: "
                f"`{line}`.",
                key=key,
            )
    raise DataError(
        f"{path} is no whole .npz file. Expected named arrays, as numpy.savez writes them.",
        key=key,
    )


def _is_of_pytorch(path: Path) -> bool:
    """Whether a zip file is what `torch.save` writes."""
    try:
        with zipfile.ZipFile(path) as content:
            return any(name.endswith("data.pkl") for name in content.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # who reads it says what is wrong


RISKY = ("a pickle", "PyTorch")
