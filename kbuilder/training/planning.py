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
KEEP = 200
"""Plans that are remembered."""


class Chosen(NamedTuple):
    """A plan, and why; without a reason where nothing was chosen."""

    plan: Plan
    decision: Decision | None


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
        given = given.model_copy(update={"jit": known["jit"]})
    plan, why = _measured(feed, given, steps, timed)
    if known is not None:
        why = f"{known['why']}, as was measured on this machine before"
    elif why:
        _remember(key, {"jit": plan.jit, "why": why})
    if not why:
        return Chosen(plan, None)
    return Chosen(plan, Decision("training.plan", f"jit {_yes(plan.jit)}", why, _write(plan)))


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


def _measured(feed: Feed, given: Plan, steps: int, timed: Timed) -> tuple[Plan, str]:
    """The given plan with what it leaves open, and the figures of what was compared."""
    jit, why = bool(given.jit), ""
    first, seconds = timed(Plan(jit=jit, steps_per_execution=1))
    if given.jit is None and first * COMPILING < SHARE * seconds * steps:
        compiled, by_xla = timed(Plan(jit=True, steps_per_execution=1))
        jit = by_xla < GAIN * seconds
        why = (
            f"a step takes {_ms(by_xla)} compiled by XLA, {_ms(seconds)} without; compiling "
            f"took {compiled:.1f} s"
        )
        seconds = by_xla if jit else seconds
    at_once = given.steps_per_execution
    if at_once is None:
        at_once = max(1, min(MOST_STEPS, feed.steps, int(CALL / seconds)))
    return Plan(jit=jit, steps_per_execution=at_once), why


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"


def _yes(value: bool | None) -> str:
    return "on" if value else "off"


def _write(plan: Plan) -> str:
    other = "false" if plan.jit else "true"
    return f"training: {{plan: {{jit: {other}}}}}"


def _key(trainer: Any, feed: Feed) -> str:
    """What a plan is remembered by: the network, the batch, the machine and the versions."""
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


def _remembered() -> dict[str, Any]:
    """The plans that were measured before; none, where the file is not as it was written."""
    try:
        plans = json.loads(_place().read_text(encoding="utf-8"))
        return {
            key: plan
            for key, plan in plans.items()
            if isinstance(plan["jit"], bool) and isinstance(plan["why"], str)
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _remember(key: str, plan: dict[str, Any]) -> None:
    plans = {**_remembered(), key: plan}
    kept = dict(list(plans.items())[-KEEP:])
    try:
        with files.new_file(_place()) as temporary:
            temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    except OSError:
        return  # without a place to write, it is measured again
