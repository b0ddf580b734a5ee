"""Whether defaults are worth it: in five folds, beside strong baselines on the same rows.

    python benchmarks/worth.py DATA [--only NAME …]

DATA is the folder of the recipes' data. For each set a recipe is fitted that says what to predict,
and nothing of the network or the training. Its rows are held out in five folds, in which linear
models and boosted trees are fitted too, on the same prepared rows. Prints a line for each set, and
writes them to benchmarks/results/worth.md. Defaults are to be chosen by such folds; what was chosen
on these sets is no evidence on them.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import kbuilder as kb

RESULTS = Path(__file__).parent / "results" / "worth.md"
FOLDS = {"count": 5, "model": "average"}
REGRESSION = {"task": "regression"}

# By name: the data of a recipe, and what else has to be said.
SETS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "adult": ({"path": "adult-train.csv", "target": "income", "ignore": ["fnlwgt"]}, {}),
    "titanic": ({"path": "titanic.csv", "target": "survived", "ignore": ["alive"]}, {}),
    "penguins": ({"path": "penguins.csv", "target": "species"}, {}),
    "mpg": ({"path": "mpg.csv", "target": "mpg"}, {}),
    "pima": ({"path": "tables/pima.csv", "target": "diabetes"}, {}),
    "sonar": ({"path": "tables/sonar.csv", "target": "object"}, {}),
    "ionosphere": ({"path": "tables/ionosphere.csv", "target": "quality"}, {}),
    "banknote": ({"path": "tables/banknote.csv", "target": "forged"}, {}),
    "phoneme": ({"path": "tables/phoneme.csv", "target": "oral"}, {}),
    "wheat-seeds": ({"path": "tables/wheat-seeds.csv", "target": "kind"}, {}),
    "breast-cancer-recurrence": (
        {"path": "tables/breast-cancer-recurrence.csv", "target": "recurrence"}, {},
    ),
    "horse-colic": ({"path": "tables/horse-colic.csv", "target": "outcome"}, {}),
    "auto-imports": ({"path": "tables/auto-imports.csv", "target": "price"}, {}),
    "wine-quality-red": ({"path": "tables/wine-quality-red.csv", "target": "quality"}, REGRESSION),
    "diabetes": ({"source": "sklearn", "name": "diabetes"}, {}),
    "movie-reviews": ({"path": "movie-reviews.csv", "target": "sentiment"}, {}),
    "customer-reviews": ({"path": "customer-reviews.csv", "target": "kind"}, {}),
    "opinion-phrases": ({"path": "opinion-phrases.csv", "target": "kind"}, {}),
}  # fmt: skip
HEAD = (
    "| set | rows | metric | kbuilder | 95 % | best baseline | its figure | difference | 95 % | "
    "verdict | mae / its | seconds |\n|---|---:|---|---:|---|---|---:|---:|---|---|---:|---:|"
)


def judged(name: str, data: Path) -> tuple[str, str]:
    """The line of a set, and the verdict."""
    given, more = SETS[name]
    source = {**given, "missing": ["?", "", "NA"]} if "path" in given else given
    if "path" in given:
        source["path"] = str(data / given["path"])
    recipe = kb.Recipe.model_validate({"data": {**source, "split": {"folds": FOLDS}}, **more})
    started = time.perf_counter()
    with TemporaryDirectory() as folder:
        run = kb.fit(recipe, run_dir=Path(folder, "run"), report=False, verbose=False)
    seconds = time.perf_counter() - started
    found = run.metrics
    [comparison] = [one for one in found["comparisons"] if one["metric"] == found["headline"]]
    metric, best = comparison["metric"], comparison["baseline"]
    own, its = found["splits"]["folds"], found["baselines"][best]
    low, high = found["intervals"]["folds"][metric]
    errors = f"{own['mae'] / its['mae']:.3f}" if "mae" in own else ""
    cells = (
        name, f"{comparison['rows']:,}", metric, f"{own[metric]:.4f}", f"{low:.4f} to {high:.4f}",
        best, f"{its[metric]:.4f}", f"{comparison['difference']:+.4f}",
        "{:+.4f} to {:+.4f}".format(*comparison["interval"]), comparison["verdict"], errors,
        f"{seconds:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |", comparison["verdict"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", choices=SETS, default=[], metavar="NAME")
    arguments = parser.parse_args()
    os.environ["KBUILDER_CACHE"] = "none"
    lines, verdicts = [HEAD], Counter[str]()
    print(HEAD, flush=True)
    for name in arguments.only or SETS:
        line, verdict = judged(name, arguments.data.absolute())
        lines.append(line)
        verdicts[verdict] += 1
        print(line, flush=True)
    told = ", ".join(f"{verdict}: {count}" for verdict, count in verdicts.most_common())
    print(told)
    left = [name for name in SETS if arguments.only and name not in arguments.only]
    about = (
        "# Worth it\n\nDefaults alone, each row held out in one of five folds, beside the best of "
        "a linear model and boosted trees, fitted in the same folds on the same prepared rows. "
        f"Made by `make bench-worth` on {os.cpu_count()} {platform.machine()} cores. The sets "
        "have served to choose the defaults, so that others are the better evidence."
        + (f" Not run: {', '.join(left)}." if left else "")
    )
    RESULTS.write_text("\n\n".join([about, "\n".join(lines), f"{told}.\n"]), encoding="utf-8")


if __name__ == "__main__":
    main()
