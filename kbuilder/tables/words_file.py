"""Words in a file of Arrow, where they lie as long as nobody asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kbuilder.cache import Shelf


def save_words(words: Any, shelf: Shelf, name: str) -> None:
    """Write words: objects, or an array of Arrow."""
    import pyarrow as pa

    if shelf.folder is None or shelf.failed:
        return
    words = words.tolist() if isinstance(words, np.ndarray) else words
    array = words if isinstance(words, pa.Array) else pa.array(words, pa.large_string())
    schema = pa.schema([("words", array.type)])
    with (
        pa.OSFile(str(shelf.folder / f"{name}.arrow"), "wb") as file,
        pa.ipc.new_file(file, schema) as writer,
    ):
        writer.write_batch(pa.record_batch([array], schema=schema))


def load_words(folder: Path, name: str) -> Any:
    """Words as an array of Arrow, which lie in the file."""
    import pyarrow as pa

    with pa.memory_map(str(folder / f"{name}.arrow")) as file:
        return pa.ipc.open_file(file).get_batch(0).column(0)
