"""How the rows are divided, in a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from kbuilder import catalog
from kbuilder.contracts import Splitting
from kbuilder.named import Named

USUAL = "random"


def _by(fields: Mapping[str, Any], context: Any) -> str | None:
    """The way that fields without a name are meant for: the usual one, if it may have them."""
    usual: Any = catalog.find("splits", USUAL)
    others: list[Any] = [catalog.find("splits", name) for name in catalog.own("splits")]
    foreign = {name for other in others for name in other.model_fields} - {*usual.model_fields}
    return None if foreign & {*fields} else USUAL


def _usual() -> Any:
    return catalog.find("splits", USUAL)()


Split = Annotated[
    Splitting,
    Named("splits", key="by", assume=_by),
    Field(default_factory=_usual, description="How the rows are divided."),
]
"""How the rows are divided into training, validation and test."""
