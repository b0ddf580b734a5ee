"""What a server tells of itself to people: the page, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kbuilder.serving.models import Model

PAGE = Path(__file__).with_name("page.html")
SAFE = {
    "content-security-policy": "default-src 'self'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
"""The page loads nothing from elsewhere, and stands in no frame."""


def described(models: Mapping[str, Model]) -> dict[str, Any]:
    """What the page shows: inputs with a real example, targets with their classes."""
    return {
        "models": [
            {
                "name": name,
                "version": model.current.number,
                "inputs": model.current.export.described["inputs"],
                "targets": [
                    {
                        "name": ", ".join(target["columns"]),
                        "classes": target["task"].get("classes"),
                        "prefix": target["prefix"],
                    }
                    for target in model.current.export.described["targets"]
                ],
                "example": model.current.export.examples["instances"][0],
            }
            for name, model in models.items()
            if model.current is not None
        ]
    }
