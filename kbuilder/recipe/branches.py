"""What the keys of `model` mean: forms of the features, columns, and `share`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kbuilder.contracts import Form

SHARE = "share"
"""The key that says that the columns of a form have one network together."""


def shares(model: Any) -> bool:
    """Whether the columns of a form share a network, where it is theirs."""
    return isinstance(model, Mapping) and model.get(SHARE) is True


def networks(model: Mapping[str, Any]) -> dict[str, Any]:
    """The architectures of a mapping, by form or column."""
    return {key: one for key, one in model.items() if not isinstance(one, bool)}


def key_of(column: str, form: Form, keys: Collection[str], forms: Collection[Form]) -> str:
    """The key by which a column gets its network: a form that features have, else its own name.

    Args:
        column: The column.
        form: Its form.
        keys: Those that the recipe has.
        forms: The forms of all features.
    """
    return column if column in keys and column not in forms else form


def together(model: Any, forms: Mapping[str, Form]) -> list[tuple[str, ...]]:
    """The columns that share a network, at least two each; they are learned as one column.

    Args:
        model: That of the recipe.
        forms: The form of each feature, by column.
    """
    if not shares(model):
        return []
    groups: dict[str, list[str]] = {}
    for column, form in forms.items():
        key = key_of(column, form, networks(model), set(forms.values()))
        if form != "vector" and key == form:
            groups.setdefault(form, []).append(column)
    return [tuple(columns) for columns in groups.values() if len(columns) > 1]
