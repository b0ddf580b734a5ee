"""How good the default forecast is: seven series, four rolling origins, beside the season before.

Run: make bench-forecasts DATA=folder

Each series is cut at four origins; what follows is forecast by a network that was fitted on what
was before, with no setting but the horizon. Errors are those of all four, as a share of those of
the value a season before (12 months, 7 days, 365 days).
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import kbuilder as kb

ORIGINS = 4
QUANTILES = (0.1, 0.5, 0.9)


class Series(NamedTuple):
    """A file, and what is asked of it.

    Args:
        horizon, step: Steps that are forecast, and from one origin to the next.
        season: Steps of a season, of the forecast that it is compared with.
    """

    path: str
    horizon: int
    step: int
    season: int
    gaps: str = "error"


SERIES = (
    Series("airline-passengers.csv", 6, 3, 12),
    Series("daily-min-temperatures.csv", 28, 28, 365, "previous"),
    Series("series/car-sales.csv", 6, 3, 12),
    Series("series/champagne.csv", 6, 3, 12),
    Series("series/female-births.csv", 14, 14, 7),
    Series("series/robberies.csv", 6, 3, 12),
    Series("series/shampoo.csv", 3, 3, 12),
)


class Result(NamedTuple):
    """Errors over all origins: MASE of the model, that of the season before, and coverage."""

    own: float
    naive: float
    coverage: float


def measure(folder: Path, series: Series) -> Result:
    """The default network on one series."""
    frame = pd.read_csv(folder / series.path)
    frame.columns = ["time", "y"]
    frame["time"] = frame["time"].astype(str)
    values, h, season = frame["y"].to_numpy(float), series.horizon, series.season
    task = kb.Forecasting(horizon=h, quantiles=QUANTILES, gaps=series.gaps)
    found = []
    for back in range(ORIGINS - 1, -1, -1):
        origin = len(values) - h - back * series.step
        known, truth = values[:origin], values[origin : origin + h]
        answer = _forecast(frame[:origin], task)
        before = [known[step - season * -(-(step + 1) // season)] for step in range(h)]
        scale = np.abs(known[season:] - known[:-season]).mean()
        low, high = (answer[f"quantile_{level:g}"] for level in (0.1, 0.9))
        found.append((
            np.abs(answer["value"] - truth).mean() / scale,
            np.abs(np.array(before) - truth).mean() / scale,
            ((low <= truth) & (truth <= high)).mean(),
        ))  # fmt: skip
    return Result(*map(float, np.mean(found, axis=0)))


def _forecast(known: pd.DataFrame, task: Any) -> dict[str, np.ndarray]:
    """What follows these rows. Of few rows none are held back for validation."""
    for share in (0.1, 0.0):
        split = kb.Time(test=0.0, validation=share)
        data = kb.Frame(frame=known, target="y", time="time", split=split)
        with tempfile.TemporaryDirectory() as folder:
            try:
                run = kb.fit(
                    kb.Recipe(data=data, task=task), run_dir=Path(folder) / "run", verbose=False,
                    report=False,
                )  # fmt: skip
            except kb.KBuilderError as error:
                if not share or "too few to hold back" not in str(error):
                    raise
                continue
            found = run.forecast(known)
            return {name: found[name].to_numpy() for name in found if name != "time"}
    raise AssertionError("one of the two has answered")


def main() -> None:
    folder = Path(os.environ.get("KBUILDER_DATA", "."))
    print(f"# The default forecast on seven series\n\n`make bench-forecasts DATA=folder`, on "
          f"{platform.machine()}, Python {platform.python_version()}.\n")  # fmt: skip
    print(" ".join((__doc__ or "").split("\n\n")[-1].split()) + "\n")
    print("| series | horizon | MASE | season before | share | inside 80 % |")
    print("|---|---|---|---|---|---|")
    shares, inside = [], []
    for series in SERIES:
        found = measure(folder, series)
        shares.append(found.own / found.naive)
        inside.append(found.coverage)
        print(f"| {Path(series.path).stem} | {series.horizon} | {found.own:.3f} | "
              f"{found.naive:.3f} | {shares[-1]:.3f} | {found.coverage:.2f} |")  # fmt: skip
        sys.stdout.flush()
    better = sum(share < 1 for share in shares)
    print(f"| mean | | | | {np.mean(shares):.3f} | {np.mean(inside):.2f} |\n")
    print(f"Better than the season before: {better} of {len(shares)}.")


if __name__ == "__main__":
    main()
