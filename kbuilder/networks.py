"""The networks of a run: built for prepared rows, and fitted one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kbuilder import room
from kbuilder.building import choosing, names
from kbuilder.building.averaging import average_of
from kbuilder.building.inputs import inputs_of
from kbuilder.building.network import Network, network_of, on_one_device
from kbuilder.columns import Columns
from kbuilder.console import Console
from kbuilder.contracts import Decision, Listener
from kbuilder.data.dataset import OWN, Dataset
from kbuilder.evaluation import evaluating, settling
from kbuilder.evaluation.baselines import comparing
from kbuilder.evaluation.several import spread
from kbuilder.recipe import branches
from kbuilder.recipe.reading import pointing
from kbuilder.recipe.recipe import Recipe
from kbuilder.recipe.training import Training
from kbuilder.runs import checkpoints, under_way
from kbuilder.runs.resuming import Start
from kbuilder.runs.under_way import NETWORKS
from kbuilder.training import duration, feeding, fitting, ordering, sizing
from kbuilder.training.listeners.board import Board
from kbuilder.training.listeners.history import History
from kbuilder.training.listeners.keeper import Keeper
from kbuilder.training.listeners.printer import Printer
from kbuilder.training.one_fit import Fitted
from kbuilder.training.strategies import ALONE, Placement


@dataclass(frozen=True)
class Prepared:
    """All that is known before the fit: the rows, and a network for them.

    Args:
        recipe: The resolved recipe.
        decisions: What was inferred, with reasons.
        data: The rows, ready for any network.
        network: The network, compiled.
    """

    recipe: Recipe
    decisions: tuple[Decision, ...]
    data: Dataset
    network: Network


def build(data: Dataset, recipe: Recipe, placement: Placement = ALONE) -> Prepared:
    """The network of a recipe, for prepared rows, compiled.

    Args:
        data: The rows.
        recipe: The recipe; of data, features and task it says what that of the rows says.
        placement: The devices of the network.

    Raises:
        BuildError: if the network cannot be put together.
        CallError: if the recipe says something else of the rows.
    """
    import keras

    from kbuilder.training.trainer import Trainer

    keras.utils.set_random_seed(recipe.training.seed)
    names.name_anew(recipe.model)
    with pointing(recipe), placement.scope(), room.for_weights():
        recipe, columns = data.of(recipe), data.columns
        inputs = inputs_of(columns, data.rows["train"][0])
        architectures, chosen = choosing.choose(columns, inputs, recipe.model)
        branched, shared = isinstance(recipe.model, Mapping), branches.shares(recipe.model)
        network = network_of(columns, inputs, architectures, branched, Trainer, shared)
        averaged = recipe.ensemble > 1 or (data.folds is not None and data.folds.shared)
        settling.expect(columns, network.model, "validation" in data.rows, averaged)
        training, sized = sizing.choose(
            network.trained, network.compile, recipe.training, network.rows(data.rows["train"]),
            placement.workers,
        )  # fmt: skip
        training, ordered = ordering.choose(training, network.rows(data.rows["train"]))
        placement.synchronize(network.trained, training)
        steps = fitting.steps_per_epoch(data.rows["train"], training)
        training, lengthened = duration.choose(training, steps)
        network.compile(training.create_optimizer(steps))
    model = {**architectures, branches.SHARE: True} if shared else architectures
    recipe = recipe.model_copy(update={"model": model, "training": training})
    settled = filter(None, (placement.decision, sized, *lengthened, ordered))
    decisions = (*data.decisions, *chosen, *settled)
    return Prepared(recipe, decisions, data, network)


class Networks(NamedTuple):
    """What was fitted.

    Args:
        model: The network, or the average of several.
        members: Those that are averaged; of one alone, itself.
        done: How the fit of each went.
        settled: What was decided of the calibration.
    """

    model: Any
    members: Sequence[Any]
    done: Sequence[Fitted]
    settled: Sequence[Decision] = ()

    def decided(
        self, before: Sequence[Decision], chosen: Sequence[Decision]
    ) -> tuple[Decision, ...]:
        """All that was decided: before the fit, of how the last was executed, and of the answers.

        Args:
            before: What was decided before; of a fit that is resumed also what was settled then.
            chosen: What was chosen on the answers for validation rows.
        """
        later = (*self.settled, *chosen)
        again = {one.key for one in later}
        kept = (one for one in before if one.key not in again)
        return (*kept, *self.done[-1].decisions, *later)

    def history(self) -> list[dict[str, float]]:
        """The figures of each epoch; of several networks with the number of each, from 1."""
        if len(self.done) == 1:
            return self.done[0].history
        return [
            {"network": number, **figures}
            for number, one in enumerate(self.done, 1)
            for figures in one.history
        ]

    def said(self, data: Dataset, columns: Columns) -> dict[str, Any]:
        """What `metrics.json` has of the fits: `fit`, or `fits` and `networks` of several.

        Args:
            data: The rows, of whose last part it is said how each network does alone.
            columns: Their tasks, settled, give the metrics.
        """
        endings = [one.ending.to_json() for one in self.done]
        if len(endings) == 1:
            return {"fit": endings[0]}
        alone = []
        part = list(data.rows)[-1]
        if part != "train":
            arrays, encoded = data.rows[part]
            weights = data.weights.get(part)
            alone = [
                evaluating.score(
                    columns, encoded, evaluating.outputs(member, arrays), weights
                )
                for member in self.members
            ]  # fmt: skip
        return {"fits": endings, "networks": {"count": len(endings), **spread(alone)}}


class Fits:
    """Fits the networks of a run, one after another.

    The last of them has the folder of the run; those before it have folders of their own in it,
    each with its checkpoints: one that is done is resumed from its last, with no epoch to go.

    Args:
        path: The name of the run, once it is whole.
        folder: The folder of the run under way; None: it is another worker's to write.
        placement: The devices.
        console: Where to print.
        listeners: Who follows each fit beside those that all have.
        start: From where the run is resumed; None: from the beginning.
    """

    def __init__(
        self,
        path: Path,
        folder: Path | None,
        placement: Placement,
        console: Console,
        listeners: Sequence[Listener] = (),
        start: Start | None = None,
    ) -> None:
        self.path = path
        self.folder = folder
        self.placement = placement
        self.console = console
        self.listeners = listeners
        self.start = start

    def run(self, prepared: Prepared, title: str = "", averaged: bool = False) -> Networks:
        """Fit the network, or as many as the recipe has in its ensemble.

        Args:
            prepared: The first of them.
            title: What the fit is called among others, such as "fold 2/5"; empty: it is the last.
            averaged: Whether what it answers is averaged with what others do, so that it is not
                calibrated by itself.

        Raises:
            TrainingError: if a loss is no longer a finite number.
            Interrupted: after a signal, when the step is finished and a checkpoint written.
        """
        count = prepared.recipe.ensemble
        if count == 1:
            done = self._fit(prepared, title)
            model = on_one_device(prepared.network.model)
            data, settled = prepared.data, list[Decision]()
            if not averaged:
                held = (data.rows.get("validation"), data.weights.get("validation"))
                settled = list(settling.calibrate(model, data.columns, *held))
            return Networks(model, [model], [done], settled)
        members, fitted = [], []
        for number in range(count):
            own = prepared if not number else build(
                prepared.data, with_seed(prepared, number), self.placement
            )  # fmt: skip
            named = f"network {number + 1}/{count}"
            fitted.append(self._fit(own, f"{title}, {named}" if title else named))
            members.append(on_one_device(own.network.model))
        settled = settling.averaged(prepared.data.columns)
        return Networks(average_of(members), members, fitted, settled)

    def _fit(self, prepared: Prepared, title: str) -> Fitted:
        """One fit."""
        recipe, network, data = prepared.recipe, prepared.network, prepared.data
        training = recipe.training.smoke() if data.smoke else recipe.training
        folder, start = self.folder, None if self.start is None else self.start.checkpoint
        if title:
            folder, start = folder and folder / NETWORKS / title.translate(PLAIN), None
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                start = checkpoints.newest(folder / "checkpoints", self.console.say)
        keeper = Keeper(
            folder, training.checkpoints, self.console.say, start,
            under_way.resume_command(self.path), midway=self.placement.workers == 1,
        )  # fmt: skip
        following: list[Listener] = [Printer(self.console)]
        if folder is not None and self.folder is not None:
            if training.tensorboard:
                logs = self.folder / "tensorboard"
                following.append(Board(logs / title.translate(PLAIN) if title else logs))
            following.append(History(folder / "history.csv"))
        rows = {name: network.rows(part) for name, part in data.rows.items() if name != "test"}
        with self.console.titled(title), keeper.listening():
            done = fitting.fit(
                network.trained, network.tasks, training, rows["train"],
                rows.get("validation"), [*following, *self.listeners, keeper], network.phases,
                network.compile, start, self.console.say, data.weights,
            )  # fmt: skip
        room.give_back(8 * len(data.parts.train))  # their order, and its copy
        if not data.smoke:
            self.console.say(f"{title}: {done.ending.say()}" if title else done.ending.say())
        return done


PLAIN = str.maketrans({" ": "-", "/": "-", ",": None})
"""What a title has in the name of a folder in place of some signs."""


def beside(data: Dataset, training: Training, judged: str, times: int = 1) -> comparing.Others:
    """What baselines answer for the rows that a network is judged by.

    Args:
        data: The rows.
        training: How the network is fitted; other models are fitted on the same rows and weights.
        judged: The part that is judged.
        times: As `comparing.answers` takes it.
    """
    columns, train, seed = data.columns, data.rows["train"], training.seed
    tasks = {output: task for output, (_, task) in columns.outputs().items()}
    own = data.weights.get("train")
    trivial = evaluating.trivial(columns, data.rows, judged, own, dict(data.parts))
    counted = feeding.in_loss(train[1], tasks, training, own)
    held = data.rows[judged][0]
    found = comparing.answers(training.others, columns, train, held, counted, seed, times)
    return comparing.Others({**trivial, **found.outputs}, found.notes)


def with_seed(prepared: Prepared, number: int) -> Recipe:
    """The recipe of another network for the same rows: its seed is so much more."""
    recipe, given = prepared.recipe, prepared.data.given
    training = recipe.training.model_copy(update={"seed": recipe.training.seed + number})
    own = {name: getattr(given, name) for name in OWN}
    return recipe.model_copy(update={**own, "training": training})
