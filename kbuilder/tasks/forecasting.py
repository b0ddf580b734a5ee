"""The next steps of a series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Form, Match, Signal
from kbuilder.errors import BuildError, DataError
from kbuilder.late import np
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Names, Numbers, Positive, Spec
from kbuilder.tables.frequency import UNITS, Frequency
from kbuilder.tables.profile import Profile
from kbuilder.tasks import _labels
from kbuilder.tasks._backtest import OfBacktest
from kbuilder.tasks._weighing import average, mean, plain, ratio, single

LOSSES = ("mean_squared_error", "mean_absolute_error", "huber")
EXACT = 100.0
"""So many deviations from 0 float32 has room for all values of a target."""
SCALES = 2
"""Numbers of an encoded target that errors are scaled by: those of MASE and of RMSSE."""
ENDS = 2
"""Numbers of an output behind the forecasts: level and spread of the window."""


class Forecasting(Spec):
    """The next h steps of a series, at once: `Dense(h, linear)`, and as many for each quantile.

    Rows are windows of a series: the network gets the last `window` steps, and answers with those
    that follow. `data` names the column of the time, and of the series where there are several.
    Answers and metrics come in the target's own units; errors are scaled, too, by those of the
    seasonal naive forecast in the training history (MASE, RMSSE).
    """

    horizon: Count = 1
    """Steps that are forecast; >= 1."""
    window: Count | None = None
    """Steps that a forecast is made from; left out: two seasons, or more for a long horizon, where
    the series is long enough for it."""
    gap: Annotated[int, Field(ge=0)] = 0
    """Steps between the last one that is known and the first that is forecast; >= 0."""
    stride: Count | None = None
    """Steps between two windows of a series; left out: 1, or more where windows would be many."""
    known: Names = ()
    """Columns of numbers that are known ahead, such as a price or a holiday: the network gets those
    of the steps that it forecasts, too."""
    period: Count | None = None
    """Steps of a season, 1: there is none; left out: the one that explains most of the first 70 %
    of the history."""
    frequency: str | None = None
    """The distance of two steps: 1 month, 7 days, 1 business day, 15 minutes, 1 number …; left out:
    as the stamps have it."""
    backtest: OfBacktest | None = None
    """How good it was in the past: a network is fitted anew at each of some origins. Left out: one
    network is judged by the last windows."""
    gaps: Literal["error", "previous"] = "error"
    """Steps that are missing, or have no value: an error, or the network gets the value before, and
    none is forecast."""
    rescale: Literal["season", "mean", "last", "none"] = "season"
    """What a forecast is relative to. season: the value a season before each step, or the last one
    where a window holds no season, and what `season_shares` add to it; mean: the mean of the
    window; last: its last value. With each the network sees the window less its mean (last: less
    its last value), divided by its spread, and the forecast is given back what was taken away.
    none: it sees the numbers as they are, but for the mean and the deviation of all training
    rows."""
    quantiles: Annotated[Numbers, Field(max_length=99)] = ()
    """Quantiles that are forecast beside the mean, by the pinball loss, such as [0.1, 0.5, 0.9];
    each between 0 and 1."""
    mean: Numbers | None = None
    """Subtracted from the target; left out: the mean of the training rows."""
    scale: Numbers | None = None
    """The target is divided by it; left out: the standard deviation of the training rows."""
    naive_errors: dict[str, Numbers] | None = None
    """What MASE and RMSSE are scaled by, for each series: the mean absolute and the root mean
    square error of the seasonal naive forecast in the training history; learned."""
    season_shares: Annotated[Numbers, Field(min_length=2, max_length=2)] | None = None
    """What is added to the value a season before, where `rescale` is season: a share of what the
    level has risen by since then, and one of the difference to the value a season earlier still.
    Where a window holds no season: of the way from its last value to its mean, and of the line
    from its first value to its last, drawn on. Left out: learned of the training windows, by ridge
    regression. [0, 0]: the value a season before as it is."""
    naive_quantiles: Numbers | None = None
    """At each quantile, what the forecasts that the fit begins with are off by in training, in
    units of the spread of their window; learned."""
    penalty: Annotated[float, Field(ge=0)] | None = None
    """Times the sum of the squares of the last layer's weights it is added to the loss, where
    `rescale` is season, so that a network of few windows stays near what its fit begins with; >= 0.
    Left out: 2,000 / (training windows · horizon); 0 where there are other columns than the
    target."""
    loss: str = "mean_squared_error"
    """Of the mean: mean_squared_error, mean_absolute_error or huber."""
    loss_weight: Positive = 1.0
    """How much its loss counts beside those of other targets; > 0."""

    headline: ClassVar[str] = "skill"
    stratified: ClassVar[bool] = False

    @model_validator(mode="after")
    def _parts_agree(self) -> Any:
        _labels.check_loss(self.loss, LOSSES, "linear")
        inside = all(0 < quantile < 1 for quantile in self.quantiles)
        if not inside or list(self.quantiles) != sorted(set(self.quantiles)):
            expected = "Expected numbers between 0 and 1, each once, the lowest first"
            raise refuse(("quantiles",), expected, list(self.quantiles))
        if self.frequency is not None and Frequency.of(self.frequency) is None:
            expected = f"Expected a number and a unit, such as `1 month`; units: {', '.join(UNITS)}"
            raise refuse(("frequency",), expected, self.frequency)
        if self.scale is not None and min(self.scale, default=0) <= 0:
            raise refuse(("scale",), "Expected numbers greater than 0", list(self.scale))
        return self

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Nothing: a column of the time says that rows follow one another."""
        return None

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Mean and deviation of the steps that are forecast."""
        numbers = self._numbers(column, values)[:, : self.horizon]
        if not numbers.std() > 0:
            raise DataError(
                f"the target {column!r} has one value only: {numbers.flat[0]:g}. Expected at least "
                "two, so that there is something to forecast.", key=("data", "target"),
            )  # fmt: skip
        rows = f"{len(numbers):,} training windows"
        return {
            "mean": Choice((float(numbers.mean()),), f"mean of {rows}"),
            "scale": Choice((float(numbers.std()),), f"standard deviation of {rows}"),
        }

    def _numbers(self, column: str, values: np.ndarray) -> np.ndarray:
        """Truths, seasonal naive forecasts and what errors are scaled by. (rows, 2 h + 2)"""
        if values.ndim != 2 or values.shape[1] not in (self.horizon, 2 * self.horizon + SCALES):
            raise DataError(
                f"the target {column!r} holds no windows of {self.horizon} steps. Expected rows of "
                "a series: write `data: {time: …}` with the column of their time.",
                key=("data", "time"),
            )
        numbers = values.astype(np.float64)
        if numbers.shape[1] == self.horizon:  # nothing is known beside the truths
            numbers = np.concatenate([numbers, numbers * 0, numbers[:, :1] * 0], axis=1)
            numbers = np.concatenate([numbers, numbers[:, :1] * 0], axis=1)
        return numbers

    def encode(self, column: str, values: np.ndarray) -> np.ndarray:
        """Standardised truths, seasonal naive forecasts, and scales. (rows, 2 h + 2) float32"""
        numbers = self._numbers(column, values)
        centre, scale = self._units
        steps = (numbers[:, :-SCALES] - centre) / scale
        return np.concatenate([steps, numbers[:, -SCALES:] / scale], axis=1).astype(np.float32)

    @property
    def _units(self) -> tuple[float, float]:
        return (self.mean or (0.0,))[0], (self.scale or (1.0,))[0]

    def relate(self, signals: Mapping[Form, Sequence[Signal]]) -> tuple[Any, Any]:
        """The signals with the window relative to itself; what that was; the season before."""
        from dataclasses import replace

        from kbuilder.layers.season_before import SeasonBefore
        from kbuilder.layers.window_scale import WindowScale

        form: Form = "sequence" if "sequence" in signals else next(iter(signals))
        first, *others = signals[form]
        level = self.rescale if form == "sequence" else "none"
        level = "mean" if level == "season" else level
        tensor, ends = WindowScale(level, dtype="float32", name="window_scale")(first.tensor)
        before = None
        if self.rescale == "season" and form == "sequence":
            before = SeasonBefore(
                self.horizon, self.period or 1, self.gap, self.season_shares or (0.0, 0.0),
                self._offsets, dtype="float32", name="season_before",
            )(tensor)  # fmt: skip
        return {**signals, form: [replace(first, tensor=tensor), *others]}, (before, ends)

    def restore(self, tensor: Any, ends: Any) -> Any:
        """The output: the relative forecasts, and level and spread of their window."""
        import keras

        before, scale = ends
        if before is not None:
            tensor = keras.layers.Add(dtype="float32")([tensor, before])
        return keras.layers.Concatenate(dtype="float32")([tensor, scale])

    def alike(self, outputs: np.ndarray, answered: np.ndarray) -> np.ndarray:
        """The forecasts with the level and the spread of the windows of `answered`."""
        steps, (level, spread) = outputs[:, :-ENDS], (outputs[:, end, None] for end in (-2, -1))
        ends = answered[:, -ENDS:]
        own = (steps * spread + level - ends[:, :1]) / ends[:, 1:]
        return np.concatenate([own, ends], axis=1).astype(np.float32)

    def head(
        self, tensor: Any, output: Callable[[int], Any] | None = None, name: str = "head"
    ) -> Any:
        import keras

        if output is not None:
            raise BuildError(
                "the network has a last layer of its own, which codes classes, and forecasting "
                "predicts numbers. Expected a task with classes, or the network's plain output.",
                key=("model",),
            )
        start, kept = "glorot_uniform", None
        if self.rescale == "season":  # the fit begins with the season before, and stays near it
            start, kept = "zeros", keras.regularizers.L2(self.penalty or 0.0)
        return keras.layers.Dense(
            self._width, kernel_initializer=start, kernel_regularizer=kept, bias_regularizer=kept,
            dtype="float32", name=name,
        )(tensor)  # fmt: skip

    @property
    def _offsets(self) -> tuple[float, ...]:
        """Of the mean and of each quantile, from the value a season before."""
        return 0.0, *(self.naive_quantiles or [0.0] * len(self.quantiles))

    @property
    def _width(self) -> int:
        return self.horizon * (1 + len(self.quantiles))

    def explain(self) -> dict[str, Choice]:
        why = f"a number for each of {self.horizon} steps"
        why += f", and for each of {len(self.quantiles)} quantiles" if self.quantiles else ""
        pinball = "; the pinball loss of each quantile is added" if self.quantiles else ""
        of = "in units of its window's spread" if self.rescale != "none" else "to the true number"
        return {
            "last layer": Choice(f"Dense({self._width}, linear)", why),
            "loss": Choice(self.loss, f"it measures the distance {of}{pinball}"),
        }

    def objective(self) -> tuple[Any, list[Any]]:
        from kbuilder.layers.forecast_loss import ForecastLoss

        return ForecastLoss(self.horizon, self.quantiles, self.loss, name=self.loss), []

    def script(self, columns: tuple[str, ...]) -> str:
        """Refused before it is asked for: a script would have to make windows."""
        return f"np.zeros((len(table[{columns[0]!r}]), {2 * self.horizon + SCALES}), np.float32)"

    def decode(self, outputs: Any) -> dict[str, Any]:
        """value (batch, h), and quantile_0.1 and so on alike, in the target's own units."""
        import tensorflow as tf

        exact = abs(self._units[0]) > EXACT * self._units[1]
        dtype = tf.float64 if exact else tf.float32
        centre, scale = (tf.constant(number, dtype) for number in self._units)
        steps = tf.reshape(outputs[:, :-ENDS], (-1, 1 + len(self.quantiles), self.horizon))
        level, spread = (tf.cast(outputs[:, end, None, None], dtype) for end in (-2, -1))
        own = (tf.cast(steps, dtype) * spread + level) * scale + centre
        found = {"value": own[:, 0]}
        if self.quantiles:
            inner = tf.sort(own[:, 1:], axis=1)  # those that cross change places
            names = enumerate(self._named)
            found |= {name: inner[:, place] for place, name in names}
        return found

    @property
    def _named(self) -> list[str]:
        """The answers of the quantiles."""
        return [f"quantile_{quantile:g}" for quantile in self.quantiles]

    def outputs_of(self, answers: Mapping[str, np.ndarray]) -> np.ndarray:
        """As if the windows had level 0 and spread 1; without quantiles each is the value."""
        centre, scale = self._units
        names = ["value", *self._named]
        steps = [(answers.get(name, answers["value"]) - centre) / scale for name in names]
        ends = np.broadcast_to([0.0, 1.0], (len(steps[0]), ENDS))
        return np.concatenate([*steps, ends], axis=1).astype(np.float32)

    def naive(self, encoded: np.ndarray) -> np.ndarray:
        """The outputs of the seasonal naive forecast of these rows."""
        return self.outputs_of({"value": self._naive(encoded)})

    def _naive(self, encoded: np.ndarray) -> np.ndarray:
        """The seasonal naive forecast as it is. (rows, h)"""
        centre, scale = self._units
        return encoded[:, self.horizon : 2 * self.horizon].astype(np.float64) * scale + centre

    def score(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """skill, mase, rmsse, mae, rmse, smape; wql and coverage of quantiles.

        Each is the mean over windows; of a series that was not in training skill, mase and rmsse
        are not known. skill is 1 less the share of the seasonal naive forecast's mase.
        """
        found = plain(self.figures(encoded, outputs, single(encoded, weights)))
        return {name: value for name, value in found.items() if not np.isnan(value)}

    def figures(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray, ordered: bool = True
    ) -> dict[str, np.ndarray]:
        """The same for each set of weights."""
        truth, given, scales = self._own(encoded, outputs)
        errors, before = given[:, 0] - truth, self._naive(encoded) - truth
        away, squares = np.abs(errors).mean(axis=1), (errors**2).mean(axis=1)
        there = (scales > 0).all(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(there, away / scales[:, 0], 0.0)
            naive = np.where(there, np.abs(before).mean(axis=1) / scales[:, 0], 0.0)
            rooted = np.where(there, np.sqrt(squares) / scales[:, 1], 0.0)
            size = np.abs(given[:, 0]) + np.abs(truth)
            shares = np.where(size > 0, np.abs(errors) / size, 0.0).mean(axis=1)
        known = weights @ there.astype(np.float64)
        found = {
            "skill": 1.0 - ratio(weights @ scaled, weights @ naive, np.nan),
            "mase": ratio(weights @ scaled, known, np.nan),
            "rmsse": ratio(weights @ rooted, known, np.nan),
            "mae": mean(away, weights),
            "rmse": np.sqrt(mean(squares, weights)),
            "smape": mean(shares, weights),
        }
        if self.quantiles:
            inner = np.sort(given[:, 1:], axis=1)
            off = truth[:, None] - inner
            levels = np.array(self.quantiles)[:, None]
            pinball = np.maximum(levels * off, (levels - 1) * off).mean(axis=1).sum(axis=1)
            whole = weights @ np.abs(truth).sum(axis=1)
            found["wql"] = ratio(2 * (weights @ pinball), whole, np.nan)
        if len(self.quantiles) > 1:
            inside = (truth >= inner[:, 0]) & (truth <= inner[:, -1])
            share = round(100 * (self.quantiles[-1] - self.quantiles[0]), 6)
            found[f"coverage_{share:g}"] = mean(inside.mean(axis=1), weights)
        return found

    def residuals(self, encoded: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """The truth less the forecast, in the target's own units. (rows, h)"""
        truth, given, _ = self._own(encoded, outputs)
        return truth - given[:, 0]

    def by_step(self, encoded: np.ndarray, outputs: np.ndarray) -> dict[str, list[float]]:
        """The mean absolute error of each step of the horizon, also scaled as MASE is."""
        truth, given, scales = self._own(encoded, outputs)
        away = np.abs(given[:, 0] - truth)
        there = scales[:, 0] > 0
        scaled = away[there] / scales[there, :1]
        found = {"mae": away.mean(axis=0).tolist()}
        return {**found, "mase": scaled.mean(axis=0).tolist()} if there.any() else found

    def _own(
        self, encoded: np.ndarray, outputs: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Truths (rows, h), forecasts (rows, 1 + quantiles, h) and scales (rows, 2) as they are."""
        centre, scale = self._units
        truth = encoded[:, : self.horizon].astype(np.float64) * scale + centre
        level, spread = outputs[:, -2].astype(np.float64), outputs[:, -1].astype(np.float64)
        steps = outputs[:, :-ENDS].astype(np.float64).reshape(len(outputs), -1, self.horizon)
        given = (steps * spread[:, None, None] + level[:, None, None]) * scale + centre
        return truth, given, encoded[:, -SCALES:].astype(np.float64) * scale

    def baseline(
        self, encoded: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[str, np.ndarray]:
        """The mean of the training steps, for every window."""
        steps = average(encoded[:, : self.horizon], weights).mean()
        whole = np.full(self._width, steps, np.float32)
        return "mean", np.concatenate([whole, np.array([0.0, 1.0], np.float32)])

    def groups(self, encoded: np.ndarray) -> np.ndarray | None:
        return None
