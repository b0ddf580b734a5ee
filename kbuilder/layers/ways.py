"""How pictures can be read, by their heads, so that a graph of them has no other way."""

from __future__ import annotations

from typing import Any

from kbuilder.layers.pictures import Pictures
from kbuilder.tables import plain_jpeg
from kbuilder.tables.picture_heads import MOST

ORIENTATION = b"tiff:Orientation"
"""What a picture may say anywhere, in XMP, of how it is to be turned."""


def way_of(layer: Pictures, contents: Any) -> int | None:
    """The way in which a layer can read all of some pictures; None: not all in a simple one.

    Args:
        layer: The layer.
        contents: Encoded pictures. (batch,) string
    """
    sizes = set()
    for content in contents.numpy().tolist():
        head = plain_jpeg.head(content)
        if head is None or head.width * head.height > MOST or ORIENTATION in content:
            return None
        sizes.add((head.width, head.height))
    return 2 if sizes == {(layer.width, layer.height)} else 1
