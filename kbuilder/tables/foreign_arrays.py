"""Files of arrays that are no `.npz`: taken, or named by their content with what converts them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from kbuilder.errors import DataError, Key, briefly, listed
from kbuilder.late import np

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


class ArrayError(ValueError):
    """A `.npy` file that is not read; its text says why, as `it is no .npy file`."""


class Head(NamedTuple):
    """What the head of an array says."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        """For people: `300 × 12, float32`."""
        return f"{' × '.join(map(str, self.shape)) or 'one value'}, {self.dtype}"


def head(content: IO[bytes]) -> Head | None:
    """The head of an array in the form of `.npy`; None: it is of a version that is not known.

    Raises:
        ValueError: if it is none.
    """
    version = np.lib.format.read_magic(content)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        return None
    shape, _, dtype = read(content)
    return Head(shape, dtype)


def heads(file: Mapping[str, Any], path: Path) -> list[str]:
    """The names of the arrays of a file or folder, each with its shape and dtype where it has some.

    Args:
        file: The arrays by name.
        path: A `.npz` file, or what `Folder` takes.
    """
    shown = []
    for name in file:
        try:
            if isinstance(file, Folder):
                with file.file(name).open("rb") as content:
                    about = head(content)
            elif zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as zipped, zipped.open(f"{name}.npy") as member:
                    about = head(member)
            else:
                about = Head(file[name].shape, file[name].dtype)
        except (ValueError, KeyError, OSError, zipfile.BadZipFile):
            about = None
        shown.append(f"{name} ({about})" if about else name)
    return shown


def of_file(file: Path) -> np.ndarray:
    """The array of numbers that a `.npy` file holds, read without pickle.

    Raises:
        ArrayError: if it holds none.
    """
    try:
        with file.open("rb") as content:
            if content.read(len(NPY)) != NPY:
                raise ArrayError("it is no .npy file, by its content")
            content.seek(0)
            about = head(content)
        if about is not None and about.dtype.hasobject:
            raise ArrayError(_objects(about))
        values = _loaded(file)
    except ArrayError:
        raise
    except OSError as error:
        raise ArrayError(f"it cannot be opened: {error.strerror}") from None
    except Exception as error:  # whatever numpy makes of damaged bytes
        raise ArrayError(f"it is damaged: {briefly(error)}") from None
    if values.dtype.names:
        raise ArrayError(f"it holds records with the fields {listed(values.dtype.names)}")
    if values.ndim == 0 or values.dtype.kind not in "iufb":
        raise ArrayError(f"it holds {Head(values.shape, values.dtype)}, and no array of numbers")
    return values.astype(np.uint8) if values.dtype.kind == "b" else values


def _loaded(file: Path) -> np.ndarray:
    """The array of a `.npy` file, read without pickle.

    It is mapped first, so that a head that claims more than the file has is refused.
    """
    return np.array(np.load(file, mmap_mode="r", allow_pickle=False))


def records(path: Path) -> dict[str, np.ndarray]:
    """The fields of a `.npy` file of records, as arrays by name; none: it holds no records."""
    with path.open("rb") as content:
        about = head(content)
    if about is None or about.dtype.names is None or about.dtype.hasobject:
        return {}
    table = _loaded(path)
    return {name: table[name] for name in about.dtype.names}


def _objects(about: Head) -> str:
    """What Python objects in an array may be."""
    risk = "which may run code when it is opened"
    if about.shape == ():
        return f"it holds a Python object, such as a dict of arrays, {risk}"
    return f"it holds {about.shape[0]:,} Python objects, such as arrays of unlike length, {risk}"


def expect_no_objects(path: Path, key: Key) -> None:
    """Refuse a `.npy` file that holds Python objects.

    Raises:
        DataError: with what to do.
    """
    with path.open("rb") as content:
        about = head(content)
    if about is None or not about.dtype.hasobject:
        return
    way = (
        "Expected plain arrays. If they are lists of unlike length, write each as a .npy file in "
        "the folder of its class, or all as a column of a Parquet file."
    )
    if about.shape == ():
        to = str(path.with_suffix(".npz"))
        way = (
            "Expected a .npz file of plain arrays. Write it as one, if you trust it: `import "
            f"numpy; numpy.savez({to!r}, **numpy.load({str(path)!r}, allow_pickle=True).item())`."
        )
    raise DataError(f"{path} cannot be read: {_objects(about)}. {way}", key=key)


class Folder(Mapping[str, Any]):
    """The `.npy` files of a folder by name, with the ending or without; read when asked for.

    Args:
        path: The folder, or one of its files.
        key: Its place in the recipe.
    """

    def __init__(self, path: Path, key: Key = ()) -> None:
        self._folder = path if path.is_dir() else path.parent
        self._key = key

    def file(self, name: object) -> Path:
        """The file of an array."""
        return self._folder / f"{str(name).removesuffix('.npy')}.npy"

    def __getitem__(self, name: str) -> np.ndarray:
        file = self.file(name)
        if not file.is_file():
            raise KeyError(name)
        expect_no_objects(file, self._key)
        return _loaded(file)

    def __contains__(self, name: object) -> bool:
        return self.file(name).is_file()

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
