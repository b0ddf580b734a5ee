"""How much the classes of a target count in the loss: what a recipe says, checked and looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from kbuilder.spec import Positive

if TYPE_CHECKING:
    from kbuilder.tables.values import Label


def _named(value: object) -> object:
    """Classes are spelled as words, whatever Python has them as."""
    return {str(name): own for name, own in value.items()} if isinstance(value, dict) else value


Own = Annotated[dict[str, Positive], BeforeValidator(_named), Field(min_length=1)]
"""A weight by class; classes that are not there have 1."""
Balance = Literal["none", "auto"] | Own


def unknown(own: Mapping[str, float], tasks: Iterable[Any]) -> tuple[list[str], list[str]]:
    """The names that are no class of any task, and the classes that there are.

    Args:
        own: A weight by class.
        tasks: Those of the targets; where the classes of one are not known yet, nothing is unknown.
    """
    classes: list[Sequence[Label]] = []
    for task in tasks:
        if task is None or (task.stratified and getattr(task, "classes", None) is None):
            return [], []
        classes += [task.classes] if task.stratified else []
    known = [str(label) for labels in classes for label in labels]
    there = {name for labels in classes for name in _found(own, labels)}
    return [name for name in own if name not in there], list(dict.fromkeys(known))


def factors(own: Mapping[str, float], classes: Sequence[Label]) -> list[float]:
    """What each class counts, in the order of the classes."""
    found = {label: own[name] for name, label in _found(own, classes).items()}
    return [found.get(str(label), 1.0) for label in classes]


def _found(own: Mapping[str, float], classes: Sequence[Label]) -> dict[str, str]:
    """The class by name; a truth value may be spelled otherwise, if only once."""
    from kbuilder.tables.values import spellings

    known, others = {str(label) for label in classes}, spellings(classes)
    found = {name: name for name in own if name in known}
    for name in own:
        if others.get(name, name) not in found.values():
            found |= {name: others[name]} if name in others else {}
    return found
