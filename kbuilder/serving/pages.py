"""What a server tells of itself to people: the page, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kbuilder import exports
from kbuilder.serving.models import Model

PAGE = Path(__file__).with_name("page.html")
SAFE = {
    "content-security-policy": "default-src 'self'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
"""The page loads nothing from elsewhere, and stands in no frame."""
OLDER = {"reason": "an earlier version of kbuilder exported it. Export again"}
"""What is said of an export that says nothing of explanations."""


def wants_json(accept: str) -> bool:
    """Whether the header `Accept` asks for JSON, and not for a page."""
    kinds = [kind.partition(";")[0].strip().lower() for kind in accept.split(",")]
    return "application/json" in kinds and "text/html" not in kinds


def described(models: Mapping[str, Model]) -> dict[str, Any]:
    """What the page shows: inputs with a real example, targets with their classes."""
    current = {name: model.current for name, model in models.items()}  # which may be replaced
    return {
        "models": [
            {
                "name": name,
                "version": version.number,
                "inputs": version.export.described["inputs"],
                "explain": {
                    key: value
                    for key, value in version.export.described.get(exports.EXPLAIN, OLDER).items()
                    if key != "example"
                },
                "targets": [
                    {
                        "name": ", ".join(target["columns"]),
                        "classes": target["task"].get("classes"),
                        "prefix": target["prefix"],
                    }
                    for target in version.export.described["targets"]
                ],
                "example": {
                    one["column"]: version.export.examples["instances"][0][one["name"]]
                    for one in version.export.described["inputs"]
                },
            }
            for name, version in current.items()
            if version is not None
        ]
    }
