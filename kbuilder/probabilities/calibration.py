"""How true probabilities are, and the temperature that makes them truer.

Scripts bring some of these functions along as they stand here.

Source: Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.
"""

from __future__ import annotations

from typing import Any, Literal

from kbuilder.late import np

Calibrate = Literal["auto"] | bool
"""Whether probabilities are calibrated; auto: where it helps."""
BINS = 10
"""Equal ranges of probability, in each of which it is compared with what is true."""
FOLDS = 5
"""Parts of the rows, each judged by the temperature of the others."""
ENOUGH_ROWS = 100
"""Of fewer rows the ranges have too few each, unless the recipe insists."""
WIDEST = 4.0
"""The greatest temperature; its inverse is the least, where rows are told apart without a fault."""
MOST_NUMBERS = 2_000_000
"""Logits that are looked at, at most: of more rows each second, third … is."""

AT_ONCE = 2**15
"""Rows that are answered at once."""


def probabilities_of(logits: Any) -> Any:
    """Probabilities of the classes, along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def sure_and_right(likely: Any, truth: Any) -> Any:
    """The probabilities that are judged, and whether what they say is true.

    Of two classes that of the second; of more that of the likeliest. `likely` is
    (rows, answers, classes), `truth` the class numbers (rows, answers); each of both is (n,).
    """
    sure, right = likely.max(axis=-1), likely.argmax(axis=-1) == truth
    if likely.shape[-1] == 2:
        sure, right = likely[..., 1], truth == 1
    return sure.astype(np.float64).ravel(), right.ravel()


def calibration_error(sure: Any, right: Any, weights: Any = None) -> Any:
    """The expected calibration error: how far probabilities are from the share that is right.

    The mean over `BINS` equal ranges, weighted by rows. `sure` and `right` are (n,), `weights`
    says how much each row counts, for as many answers each.
    """
    place = np.clip((sure * BINS).astype(int), 0, BINS - 1)
    each = np.ones(len(sure)) if weights is None else weights.repeat(len(sure) // len(weights))
    off = np.bincount(place, each * sure, BINS) - np.bincount(place, each * right, BINS)
    return float(np.abs(off).sum() / each.sum())


def reliability(sure: Any, right: Any, weights: Any = None) -> Any:
    """Of each range that has rows, the mean probability, the share that is right, and the rows.

    The arguments are those of `calibration_error`.
    """
    place = np.clip((sure * BINS).astype(int), 0, BINS - 1)
    each = np.ones(len(sure)) if weights is None else weights.repeat(len(sure) // len(weights))
    total = np.bincount(place, each, BINS)
    there = total > 0
    mean, share = (np.bincount(place, each * own, BINS)[there] for own in (sure, right))
    rows = np.bincount(place, minlength=BINS)[there]
    return mean / total[there], share / total[there], rows


def log_loss(logits: Any, truth: Any, weights: Any = None) -> Any:
    """The mean negative logarithm of the probability of what is true."""
    away = logits - logits.max(axis=-1, keepdims=True)
    own = np.take_along_axis(away, truth[..., None], axis=-1)[..., 0]
    lost = np.log(np.exp(away).sum(axis=-1)) - own
    return float(np.average(lost.mean(axis=1), weights=weights))


def temperature(logits: Any, truth: Any, weights: Any = None) -> Any:
    """The temperature, 1/4 to 4, by which logits are divided for the least log loss.

    In its inverse the loss is convex; its least is found by Newton's steps, or halves. `logits` are
    (rows, answers, classes), `truth` the class numbers (rows, answers), `weights` (rows,).
    """
    low, high, inverse = 1 / WIDEST, WIDEST, 1.0
    own = np.take_along_axis(logits, truth[..., None], axis=-1)[..., 0]
    for _ in range(100):
        likely = probabilities_of(inverse * logits)
        mean = (likely * logits).sum(axis=-1)
        slope = np.average((mean - own).mean(axis=1), weights=weights)
        spread = ((likely * logits**2).sum(axis=-1) - mean**2).mean(axis=1)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        bend = np.average(spread, weights=weights)
        step = inverse - slope / bend if bend > 0 else low
        before, inverse = inverse, step if low < step < high else (low * high) ** 0.5
        if abs(inverse / before - 1) < 1e-9:
            break
    return float(1 / inverse)


def judged_apart(logits: Any, truth: Any, weights: Any = None) -> Any:
    """Logits divided by the temperature of other rows: a fold at a time, by that of the rest."""
    fold = np.random.default_rng(0).permutation(len(logits)) % FOLDS
    divided = np.array(logits)
    for number in range(FOLDS):
        rest = fold != number
        counted = None if weights is None else weights[rest]
        divided[~rest] /= temperature(logits[rest], truth[rest], counted)
    return divided


def calibrate(
    model: Any, head: Any, given: Any, wanted: Any, weights: Any = None, always: Any = False
) -> Any:
    """Divide a last Dense by the temperature that suits rows which were held back.

    Unless `always`, it stays as it is where they are few, and where the calibration error of rows
    that are judged apart does not fall, or their log loss rises. `given` are the rows by input,
    `wanted` what the layer `head` should answer, and `weights` how much each row counts.

    Returns the temperature, 1.0 where the layer stays; and calibration error and log loss of all
    rows, and of the rows judged apart; of few rows neither.
    """
    import keras

    if not always and len(wanted) < ENOUGH_ROWS:
        return 1.0, []
    layer = model.get_layer(head)
    step = max(1, len(wanted) * layer.units // MOST_NUMBERS)
    given = {name: values[::step] for name, values in given.items()}
    wanted, weights = wanted[::step], None if weights is None else weights[::step]
    under = keras.Model(model.input, layer.input)
    kernel, bias = layer.get_weights()
    parts = []
    for start in range(0, len(wanted), AT_ONCE):  # what is below takes much room
        some = {name: values[start : start + AT_ONCE] for name, values in given.items()}
        below = under.predict(some, batch_size=1024, verbose=0)
        parts.append(below.astype(np.float64) @ kernel + bias)
    logits = np.concatenate(parts)
    if layer.activation.__name__ == "sigmoid":
        logits, truth = np.stack([0 * logits, logits], axis=-1), (wanted > 0.5).astype(int)
    else:
        numbers = wanted.argmax(axis=1) if wanted.shape[1] > 1 else wanted[:, 0].astype(int)
        logits, truth = logits[:, None], numbers[:, None]
    figures = []
    if len(wanted) >= ENOUGH_ROWS:
        for each in (logits, judged_apart(logits, truth, weights)):
            sure, right = sure_and_right(probabilities_of(each), truth)
            error = calibration_error(sure, right, weights)
            figures.append((error, log_loss(each, truth, weights)))
    if not always and (figures[1][0] >= figures[0][0] or figures[1][1] > figures[0][1]):
        return 1.0, figures
    found = temperature(logits, truth, weights)
    layer.set_weights([kernel / found, bias / found])
    return found, figures
