"""What each kind of plug-in promises."""

from __future__ import annotations

from kbuilder.contracts.architectures import Architecture, Augmentation, Piece
from kbuilder.contracts.features import Feature
from kbuilder.contracts.schedules import Schedule
from kbuilder.contracts.sources import Source
from kbuilder.contracts.splits import Splitting
from kbuilder.contracts.tasks import Task

CONTRACTS: dict[str, type] = {
    "sources": Source, "splits": Splitting, "features": Feature, "augmentations": Augmentation,
    "tasks": Task, "architectures": Architecture, "blocks": Piece, "schedules": Schedule,
}  # fmt: skip
"""What a plug-in promises, by its folder."""
