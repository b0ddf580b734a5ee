"""Several networks, or seeds, on the same rows: these are prepared once, each fit is a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder import pipeline
from kbuilder.console import Console
from kbuilder.errors import CallError, KBuilderError
from kbuilder.recipe.reading import read
from kbuilder.recipe.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

MOST = 1000
"""Fits of one call, at most."""


@dataclass(frozen=True)
class Trial:
    """A fit among others.

    Args:
        model: What the network is called.
        seed: The seed of the fit.
        run: Its folder; None: it failed.
        seconds: How long it took.
        scores: The metrics on the rows that it is judged on; none where it failed.
        split: These rows: test, else validation.
        headline: The metric that it is judged by.
        error: Why it failed; empty: it did not.
    """

    model: str
    seed: int
    run: Path | None
    seconds: float
    scores: dict[str, float]
    split: str
    headline: str
    error: str = ""


@dataclass(frozen=True)
class Trials:
    """Fits beside one another.

    Args:
        trials: Each fit, in the order that they were asked for.
    """

    trials: Sequence[Trial]

    @property
    def frame(self) -> pd.DataFrame:
        """The mean and the standard deviation of each metric over the seeds, a row a model."""
        return table(self.trials)

    def to_latex(self) -> str:
        """The same for a paper; it takes LaTeX's package booktabs."""
        return to_latex(self.frame)

    def _repr_html_(self) -> str:
        """Mean ± deviation, as notebooks show it."""
        return str(brief(self.frame).to_html(index=False))


def compare(
    recipe: str | Path | Recipe,
    models: Sequence[str] = (),
    seeds: int = 1,
    *,
    override: Sequence[str] = (),
    verbose: bool = True,
) -> Trials:
    """Fit a recipe with several networks and seeds, on rows that are prepared once.

    A fit that fails is among them, with its `error`, and the others go on.

    Args:
        recipe: A recipe, or the path of its YAML file.
        models: Names of architectures; none: that of the recipe.
        seeds: How many seeds each is fitted with, from that of the recipe on; >= 1.
        override: Settings such as `training.epochs=3`, of a file.
        verbose: Print a line for each fit to stderr.

    Returns:
        The `trials`, each with the folder of its run, and as a table `frame`.

    Raises:
        CallError: if there are too few or too many.
        RecipeError: if a recipe is wrong.
        DataError: if the rows cannot be prepared.
    """
    return Trials(tuple(run(plan(recipe, models, seeds, override), Console(verbose).say)))


def plan(
    recipe: str | Path | Recipe, models: Sequence[str], seeds: int, override: Sequence[str] = ()
) -> list[tuple[str, Recipe]]:
    """The recipes of the fits, each with the name of its network.

    Args:
        recipe: A recipe, or its file.
        models: Names of architectures; none: that of the recipe.
        seeds: How many seeds each is fitted with, from that of the recipe on; >= 1.
        override: Settings such as `training.epochs=3`, of a file.

    Raises:
        CallError: if there are too few or too many, or settings for no file.
        RecipeError: if one is wrong.
    """
    if seeds < 1 or seeds * max(1, len(models)) > MOST:
        raise CallError(f"Expected 1 to {MOST:,} fits: {len(models) or 1} models by {seeds} seeds.")
    repeated = sorted({name for name in models if models.count(name) > 1})
    if repeated:
        raise CallError(f"{', '.join(repeated)} is named twice. Expected each model once.")
    found = []
    for model in models or [""]:
        known = _with_model(recipe, model, override)
        for number in range(seeds):
            seed = known.training.seed + number
            training = known.training.model_copy(update={"seed": seed})
            found.append((model or "model", known.model_copy(update={"training": training})))
    return found


def _with_model(recipe: str | Path | Recipe, model: str, override: Sequence[str]) -> Recipe:
    """The recipe with another network; the name empty: as it is."""
    if not isinstance(recipe, Recipe):
        return read(recipe, [*override, *([f"model={model}"] if model else [])])
    if override:
        raise CallError("`override` is for a recipe file. Expected the settings in the recipe.")
    given = {name: getattr(recipe, name) for name in recipe.model_fields_set}
    return Recipe(**{**given, "model": model}) if model else recipe


def run(
    trials: Sequence[tuple[str, Recipe]], say: Callable[[str], None] = lambda text: None
) -> Iterator[Trial]:
    """Fit each; one that fails is told of, and the others go on.

    Args:
        trials: What `plan` gave.
        say: Called with a line for each.

    Raises:
        DataError: if the rows cannot be prepared.
    """
    data = pipeline.prepare(trials[0][1])
    for number, (model, recipe) in enumerate(trials, 1):
        start, seed = perf_counter(), recipe.training.seed
        try:
            made = pipeline.fit(recipe, data=data, verbose=False, report=False)
        except KBuilderError as error:
            done = Trial(model, seed, None, perf_counter() - start, {}, "", "", str(error))
            result = f"failed: {error}"
        else:
            metrics = made.metrics
            split = next(reversed(metrics["splits"]), "")
            scores = dict(metrics["splits"].get(split, {}))
            headline = metrics["headline"]
            done = Trial(model, seed, made.path, perf_counter() - start, scores, split, headline)
            result = f"{split} {headline} {scores.get(headline, float('nan')):.4f}  {made.path}"
        say(f"{number}/{len(trials)} {model}, seed {seed}: {done.seconds:.1f} s  {result}")
        yield done


def table(trials: Sequence[Trial]) -> pd.DataFrame:
    """The mean and the standard deviation of each metric over the seeds, a row for each model.

    Args:
        trials: What `run` gave.

    Returns:
        `model`, `fits` (how many there were), and of each metric, the headline first, its mean and
        `<metric> sd`, the deviation of one fit from another (n - 1), NaN where there was one;
        `seconds` of a fit in the mean.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for model in dict.fromkeys(trial.model for trial in trials):
        own = [one for one in trials if one.model == model and one.run is not None]
        row: dict[str, Any] = {"model": model, "fits": len(own)}
        names = dict.fromkeys(name for one in own for name in (one.headline, *one.scores))
        for name in names:
            values = np.array([one.scores.get(name, np.nan) for one in own])
            row[name] = float(values.mean())
            row[f"{name} sd"] = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        row["seconds"] = float(np.mean([one.seconds for one in own])) if own else float("nan")
        rows.append(row)
    frame = pd.DataFrame(rows)
    last = [name for name in ("seconds",) if name in frame]
    return frame[[*(name for name in frame if name not in last), *last]]


def brief(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with each mean and deviation in one cell, as papers have it."""
    import pandas as pd

    cells: dict[str, Any] = {"model": frame["model"], "fits": frame["fits"]}
    for name in frame.columns:
        if f"{name} sd" in frame:
            pairs = zip(frame[name], frame[f"{name} sd"], strict=True)
            cells[name] = [
                "–" if mean != mean else f"{mean:.4f}" + (f" ± {sd:.4f}" if sd == sd else "")
                for mean, sd in pairs
            ]
    cells["seconds"] = [f"{value:.1f}" if value == value else "–" for value in frame["seconds"]]
    return pd.DataFrame(cells)


def to_latex(frame: pd.DataFrame) -> str:
    """The same for a paper; it takes LaTeX's package booktabs."""
    text = brief(frame).to_latex(index=False, escape=True)
    return text.replace("±", r"$\pm$").replace("–", "--").removesuffix("\n")
