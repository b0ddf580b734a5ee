"""How the steps are executed: what is fastest here, measured on the first of them, and remembered.

XLA makes some networks more than twice as fast and others slower, and takes seconds to compile:
whether it pays is known only once it is tried. It is tried where compiling is likely to cost less
than a twentieth of the fit; the steps that are timed are steps of the fit, so they cost nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from kbuilder import files
from kbuilder.contracts import Decision
from kbuilder.errors import TrainingError
from kbuilder.lines import to_line
from kbuilder.recipe.training import Plan, Training
from kbuilder.training.feeding import Feed

SHARE = 0.05
"""Most of the expected time of a fit that measuring may take."""
COMPILING = 6.0
"""How many times as long as TensorFlow's own tracing XLA is expected to compile."""
GAIN = 0.9
"""XLA is taken if its step takes less than this share of a plain one's time: more may be luck."""
CALL = 0.25
"""Seconds that one call of TensorFlow should take at most: signals and progress wait for it."""
MOST_STEPS = 64
TRIED = 4
"""Steps that are timed of each way."""
FEWEST = 2 * (1 + TRIED)
"""Epochs of fewer steps are taken step by step: there is nothing to gain."""
PLAN = ("training", "plan")
KEEP = 200
"""Networks whose figures are remembered."""


class Chosen(NamedTuple):
    """A plan, and why; without a reason where nothing was chosen."""

    plan: Plan
    decision: Decision | None


class Figures(NamedTuple):
    """What was measured of a network, in seconds.

    Args:
        plain: A step without XLA.
        compiled: A step compiled by it.
        compiling: What compiling took.
    """

    plain: float
    compiled: float
    compiling: float

    @property
    def faster(self) -> bool:
        """Whether a compiled step is faster, by more than luck."""
        return self.compiled < GAIN * self.plain

    def pays(self, steps: int) -> bool:
        """Whether so many steps make up for compiling."""
        return self.faster and self.compiling < steps * (self.plain - self.compiled)

    def told(self) -> str:
        """The figures in words."""
        return (
            f"a step takes {_ms(self.compiled)} compiled by XLA, {_ms(self.plain)} without; "
            f"compiling took {self.compiling:.1f} s"
        )


Timed = Callable[[Plan], tuple[float, float]]
"""Takes some steps of the fit by a plan: seconds that the first took beyond a usual one, and those
of a usual one, the least of a few."""


def choose(trainer: Any, feed: Feed, training: Training, steps: int, timed: Timed) -> Chosen:
    """The plan of a fit that has so many steps before it.

    Raises:
        TrainingError: if the recipe's plan cannot work under the trainer's strategy.
    """
    given = Plan() if isinstance(training.plan, str) else training.plan
    if trainer.distribute_strategy.num_replicas_in_sync > 1:
        return Chosen(_shared(given), None)
    if training.plan == "keras":
        return Chosen(Plan(jit=False, steps_per_execution=1), None)
    if given.jit is not None and given.steps_per_execution is not None:
        return Chosen(given, None)
    if feed.whole < FEWEST:
        return Chosen(Plan(jit=bool(given.jit), steps_per_execution=1), None)
    key = _key(trainer, feed)
    known = _remembered().get(key) if given.jit is None else None
    if known is not None:
        given = given.model_copy(update={"jit": known.pays(steps)})
    plan, measured = _measured(feed, given, steps, timed)
    if measured is not None:
        _remember(key, measured)
    figures = measured or known
    if figures is None:
        return Chosen(plan, None)
    why = figures.told() + ("" if known is None else ", as was measured on this machine before")
    if not plan.jit and figures.faster:
        why += f"; {steps:,} steps are too few to make up for that"
    write = to_line(PLAN, {"jit": plan.jit})
    return Chosen(plan, Decision(PLAN, f"jit {_yes(plan.jit)}", why, write))


def _shared(given: Plan) -> Plan:
    """The plan of several devices, which leaves no choice."""
    if given.jit or (given.steps_per_execution or 1) > 1:
        what = "jit" if given.jit else "steps_per_execution"
        why = (
            "XLA cannot compile the exchange between devices"
            if given.jit
            else "each step ends with an exchange between the devices"
        )
        raise TrainingError(
            f"{what} does not go with several devices: {why}. Expected `plan: auto`, or "
            "`strategy: none`.",
            key=("training", "plan", what),
        )
    return Plan(jit=False, steps_per_execution=1)


def _measured(feed: Feed, given: Plan, steps: int, timed: Timed) -> tuple[Plan, Figures | None]:
    """The given plan with what it leaves open, and what was compared."""
    jit, figures = bool(given.jit), None
    first, seconds = timed(Plan(jit=jit, steps_per_execution=1))
    if given.jit is None and first * COMPILING < SHARE * seconds * steps:
        figures = Figures(seconds, *reversed(timed(Plan(jit=True, steps_per_execution=1))))
        jit = figures.faster
        seconds = figures.compiled if jit else seconds
    at_once = given.steps_per_execution
    if at_once is None:
        at_once = max(1, min(MOST_STEPS, feed.steps, int(CALL / seconds)))
    return Plan(jit=jit, steps_per_execution=at_once), figures


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"


def _yes(value: bool | None) -> str:
    return "on" if value else "off"


def _key(trainer: Any, feed: Feed) -> str:
    """What figures are remembered by: the network, the batch, the machine and the versions."""
    known = [
        json.dumps(trainer.get_config(), sort_keys=True, default=str),
        type(trainer.optimizer).__name__,
        str(feed.batch_size),
        _processor(),
        str(os.cpu_count()),
        *(version(name) for name in ("kbuilder", "tensorflow", "keras")),
    ]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()


def _processor() -> str:
    """The model of the CPU, and of the GPU if there is one."""
    import tensorflow as tf

    found = [
        str(tf.config.experimental.get_device_details(device).get("device_name", device.name))
        for device in tf.config.list_physical_devices("GPU")
    ]
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            found += [line.partition(":")[2].strip() for line in file if "model name" in line][:1]
    except OSError:
        found.append(platform.processor())
    return " ".join(found)


def _place() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "kbuilder" / "plans.json"


def _remembered() -> dict[str, Figures]:
    """What was measured before; nothing, where the file is not as it was written."""
    try:
        known = json.loads(_place().read_text(encoding="utf-8"))
        return {
            key: Figures(**{name: float(seconds) for name, seconds in figures.items()})
            for key, figures in known.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(key: str, figures: Figures) -> None:
    known = list({**_remembered(), key: figures}.items())[-KEEP:]
    kept = {key: figures._asdict() for key, figures in known}
    try:
        with files.new_file(_place()) as temporary:
            temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    except OSError:
        return  # without a place to write, it is measured again
