"""What calibration by temperature changes: of each set, over several seeds, on its test rows.

    python benchmarks/calibration.py DATA [--seeds 5]

DATA is the folder with titanic.csv, penguins.csv, the texts and tables/. Networks are fitted with
the defaults, and their last layers are divided as `calibrate: auto` does it, by the validation
rows. Prints the calibration error and the log loss of the test rows before and after, in the mean
over the seeds, and writes them to benchmarks/results/calibration.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import kbuilder as kb
from kbuilder.evaluation import evaluating
from kbuilder.probabilities import calibration

RESULTS = Path(__file__).with_name("results") / "calibration.md"
SETS: dict[str, dict[str, Any]] = {
    "titanic": {"target": "survived", "ignore": "alive"}, "penguins": {"target": "species"},
    "tables/banknote": {"target": "forged"},
    "tables/breast-cancer-recurrence": {"target": "recurrence"},
    "tables/horse-colic": {"target": "lesion", "missing": ["?"]},
    "tables/ionosphere": {"target": "quality"}, "tables/phoneme": {"target": "oral"},
    "tables/pima": {"target": "diabetes"}, "tables/sonar": {"target": "object"},
    "tables/wheat-seeds": {"target": "kind"}, "tables/wine-quality-red": {"target": "quality"},
    "customer-reviews": {"target": "kind"}, "movie-reviews": {"target": "sentiment"},
    "opinion-phrases": {"target": "kind"},
}  # fmt: skip
HEAD = "| set | validation rows | calibrated | calibration error | after | log loss | after |"


def fits(folder: Path, name: str, seeds: int) -> Iterator[tuple[int, float, list[float]]]:
    """Of each seed the validation rows, the temperature, and error and loss before and after."""
    for seed in range(seeds):
        source = kb.CSV(
            path=folder / f"{name}.csv", split=kb.Random(seed=seed), checks={"leak": "warn"},
            **SETS[name],
        )  # fmt: skip
        training = kb.Training(seed=seed, baselines="none")
        # Grades of wine are classes here: as numbers they are not calibrated.
        task = kb.Multiclass(calibrate=False) if "wine" in name else None
        recipe = kb.Recipe(data=source, training=training, task=task)
        data = kb.prepare(recipe)
        [(_, judge)] = data.columns.targets
        with tempfile.TemporaryDirectory() as place:
            if task is None:
                own = judge.model_copy(update={"calibrate": False})  # type: ignore[attr-defined]
                recipe = recipe.model_copy(update={"task": own})
            run = kb.fit(recipe, run_dir=Path(place) / "run", report=False, verbose=False)
        (given, truth), tested = data.rows["validation"], data.rows["test"]
        [output] = truth

        before = judged(run, judge, *tested)
        heat, _ = calibration.calibrate(run.model, "head", given, truth[output])
        yield len(truth[output]), heat, [*before, *judged(run, judge, *tested)]


def judged(run: kb.Run, task: Any, arrays: Any, encoded: Any) -> list[float]:
    """The calibration error and the log loss of some rows."""
    [true] = encoded.values()
    [answers] = evaluating.outputs(run.model, arrays).values()
    likely = answers if answers.shape[1] > 1 else np.hstack([1 - answers, answers])
    numbers = true.argmax(axis=1) if true.shape[1] > 1 else true[:, 0].astype(int)
    own = np.clip(likely[np.arange(len(likely)), numbers], 1e-7, 1)
    return [task.score(true, answers)["calibration_error"], float(-np.log(own).mean())]


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    lines = [
        "# What calibration changes\n",
        f"Made by `make bench-calibration DATA=FOLDER`: test rows, the mean of {given.seeds} "
        "seeds; in how many of them the network was calibrated.\n",
        HEAD, "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    print("\n".join(lines), flush=True)
    moved = []
    for name in SETS:
        found = list(fits(given.data, name, given.seeds))
        error, loss, error_after, loss_after = np.mean([one[2] for one in found], axis=0)
        count = sum(heat != 1.0 for _, heat, _ in found)
        moved.append(np.sign(round(error_after - error, 9)))
        lines.append(
            f"| {name} | {found[0][0]} | {count} of {len(found)} | {error:.4f} | {error_after:.4f} "
            f"| {loss:.4f} | {loss_after:.4f} |"
        )
        print(lines[-1], flush=True)
    lines.append(
        f"\nThe calibration error falls on {moved.count(-1)} of {len(moved)} sets, and rises on "
        f"{moved.count(1)}."
    )
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(lines[-1])


if __name__ == "__main__":
    main()
