"""How well and how fast the networks for tables learn Adult, with one split and preprocessing.

    python benchmarks/tables.py DATA [--seeds N] [NAME …]

DATA is the folder with adult-train.csv and adult-test.csv. Each network is fitted with the seeds
0 … N-1, of its weights and of the validation part. Prints a table, and writes it to
benchmarks/results/tables.md. Networks are to be chosen by validation accuracy, not by test.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import kbuilder as kb

RESULTS = Path(__file__).with_name("results") / "tables.md"
TRAINING: dict[str, Any] = {"batch_size": 256, "epochs": 100}
ADAMW = {"name": "adamw", "learning_rate": 1e-3, "weight_decay": 0.01}
CROSSES = [["education", "occupation"], ["marital_status", "occupation"]]

# By name: the model and the training of a recipe.
NETWORKS: dict[str, tuple[dict[str, Any] | None, dict[str, Any]]] = {
    "no model, no training": (None, {}),
    "linear": (
        {"name": "linear"},
        {"batch_size": 256, "epochs": 30, "optimizer": {"learning_rate": 5e-3}},
    ),
    "mlp, small": ({"name": "mlp", "units": [128, 64], "dropout": 0.0}, TRAINING),
    "mlp, wide, dropout": (
        {"name": "mlp", "units": [256, 128], "dropout": 0.5},
        {**TRAINING, "optimizer": ADAMW},
    ),
    "mlp, residual": (
        {"name": "mlp", "units": [128, 128, 128], "residual": True, "normalization": "batch",
         "dropout": 0.5},
        {**TRAINING, "optimizer": ADAMW},
    ),
    "wide_deep": (
        {"name": "wide_deep", "crosses": CROSSES, "dropout": 0.5},
        {**TRAINING, "optimizer": ADAMW},
    ),
    "ft_transformer": ({"name": "ft_transformer"}, {**TRAINING, "optimizer": ADAMW}),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What one network did, by seed."""

    name: str
    parameters: int
    seconds: list[float]
    validation: list[float]
    test: list[float]

    def cells(self) -> str:
        """As a row of the table."""
        each = " ".join(f"{accuracy:.4f}" for accuracy in self.test)
        return (
            f"| {self.name} | {self.parameters:,} | {mean(self.seconds):.0f} | "
            f"{mean(self.validation):.4f} | {mean(self.test):.4f} | {each} |"
        )


def fit(name: str, data: Path, seeds: int) -> Row:
    """Fit one network with every seed."""
    model, training = NETWORKS[name]
    row = Row(name, 0, [], [], [])
    for seed in range(seeds):
        recipe = kb.Recipe.model_validate(
            {
                "data": {
                    "source": "csv",
                    "path": str(data / "adult-train.csv"),
                    "test_path": str(data / "adult-test.csv"),
                    "target": "income",
                    "ignore": ["fnlwgt"],
                    "missing": ["?"],
                    "split": {"validation": 0.1, "seed": seed},
                },
                "model": model,
                "training": {**training, "seed": seed},
            }
        )
        started = time.perf_counter()
        with TemporaryDirectory() as folder:
            run = kb.fit(recipe, run_dir=Path(folder, "run"), verbose=False)
        row.seconds.append(time.perf_counter() - started)
        row.validation.append(run.metrics["splits"]["validation"]["accuracy"])
        row.test.append(run.metrics["splits"]["test"]["accuracy"])
    return Row(name, run.model.count_params(), row.seconds, row.validation, row.test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("names", nargs="*", help=f"networks; left out: all of {list(NETWORKS)}")
    arguments = parser.parse_intermixed_args()
    head = "| network | parameters | seconds | validation | test | test by seed |"
    lines = [head, "|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for name in arguments.names or NETWORKS:
        lines.append(fit(name, arguments.data.absolute(), arguments.seeds).cells())
        print(lines[-1], flush=True)
    if not arguments.names:
        about = (
            "# Networks for tables\n\nAccuracy on UCI Adult (16,281 test rows), mean over the "
            f"seeds 0 to {arguments.seeds - 1}; seconds of a whole `fit`, loading and evaluation "
            f"included, on {os.cpu_count()} {platform.machine()} cores that were not idle. Made by "
            "`python benchmarks/tables.py DATA`.\n\n"
        )
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(about + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
