"""All that follow a fit, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from kbuilder import files
from kbuilder.contracts import Fit, Listener, Progress
from kbuilder.errors import RunError, listed


class Following:
    """Calls listeners in their order, and keeps their states. See `contracts.Listener`.

    Args:
        listeners: Who is called.
        say: Called with what is printed.
    """

    def __init__(self, listeners: Iterable[Listener], say: Callable[[str], None]) -> None:
        self.listeners: tuple[Any, ...] = tuple(listeners)
        self.say = say
        self.stepping = tuple(one for one in self.listeners if hasattr(one, "step"))
        self.ended = False
        """Whether one has ended the fit."""

    def begin(self, fit: Fit) -> None:
        """A phase begins."""
        self._each("begin", fit)

    def step(self, progress: Progress) -> None:
        """Steps are done."""
        for listener in self.stepping:
            listener.step(progress)

    def epoch(self, figures: Mapping[str, float]) -> None:
        """An epoch is done; each gets a copy of its figures."""
        for listener in self.listeners:
            if listener.epoch(dict(figures)):
                self.ended = True
                kind = type(listener).__name__
                self.say(f"the listener {kind} ends the fit after epoch {int(figures['epoch'])}")

    def end(self) -> None:
        """A phase is done."""
        self._each("end")

    def lost(self) -> None:
        """Another worker is gone."""
        self._each("lost")

    @property
    def over(self) -> bool:
        """Whether the phase is to end."""
        return self.ended or any(getattr(listener, "over", False) for listener in self.listeners)

    def get_state(self) -> list[dict[str, Any]]:
        """Their states, each with the name of its listener."""
        states = ((name, listener.get_state()) for name, listener in self._named("get_state"))
        return [{"listener": name, "state": one} for name, one in states if one is not None]

    def get_arrays(self) -> dict[str, np.ndarray]:
        """Their arrays, by names that begin with that of the listener."""
        return {
            f"{name}/{key}": array
            for name, listener in self._named("get_arrays")
            for key, array in listener.get_arrays().items()
        }

    def set_state(
        self, states: Iterable[Mapping[str, Any]], arrays: Mapping[str, np.ndarray]
    ) -> None:
        """Give each what was kept of the listener of its name; what does not match is said."""
        with _checkpoint():
            left = [{"listener": one["listener"], "state": one["state"]} for one in states]
        for name, listener in self._named("set_state"):
            mine = next((one for one in left if one["listener"] == name), None)
            if mine is None:
                if listener.get_state() is not None:
                    self.say(f"Warning: no state was kept of the listener {name}: it begins anew")
            else:
                left.remove(mine)
                with _blamed(listener):
                    listener.set_state(mine["state"])
        if left:
            others = listed(one["listener"] for one in left)
            self.say(f"Warning: a state was kept of {others}, and no such listener is here")
        for name, listener in self._named("set_arrays"):
            own = {k: array for k, array in arrays.items() if k.startswith(f"{name}/")}
            with _blamed(listener):
                listener.set_arrays({key.removeprefix(f"{name}/"): own[key] for key in own})

    def _named(self, method: str) -> list[tuple[str, Any]]:
        """Those that have a method, each with its name; the second of one name is `Name 2`."""
        found: list[tuple[str, Any]] = []
        seen: dict[str, int] = {}
        for listener in self.listeners:
            kind = type(listener).__name__
            seen[kind] = seen.get(kind, 0) + 1
            if hasattr(listener, method):
                found.append((kind if seen[kind] == 1 else f"{kind} {seen[kind]}", listener))
        return found

    def _each(self, method: str, *given: Any) -> None:
        for listener in self.listeners:
            if hasattr(listener, method):
                getattr(listener, method)(*given)


def _checkpoint() -> AbstractContextManager[None]:
    return files.ours("the checkpoint", RunError, "Fit anew.")


def _blamed(listener: object) -> AbstractContextManager[None]:
    """What goes wrong in a listener of ours is the checkpoint's fault; in others, their own."""
    return _checkpoint() if type(listener).__module__.startswith("kbuilder.") else nullcontext()
