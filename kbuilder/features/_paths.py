"""What the paths of pictures look like."""

from __future__ import annotations

from kbuilder.tables import picture_heads as heads

ENDINGS = (*heads.ENDINGS, *heads.OTHER_ENDINGS)
"""What they end in, in lower case."""


def is_path(value: object) -> bool:
    """Whether a text ends like the name of a picture, or like an address of one."""
    return str(value).partition("?")[0].lower().endswith(ENDINGS)
