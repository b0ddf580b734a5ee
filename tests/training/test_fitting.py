"""The fit itself."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import ROWS, message, mixed, picture, reviews

import kbuilder as kb
from kbuilder.errors import TrainingError
from kbuilder.recipe.optimizers import Optimizer
from kbuilder.training import fitting
from kbuilder.training.feeding import class_weights
from kbuilder.training.listeners.printer import Printer


def wide(kind: str) -> kb.Recipe:
    """A recipe with all that could make two fits differ: dropout, embeddings, many threads."""
    model: Any = kb.LSTM(units=8, embedding=8, dropout=0.3, recurrent_dropout=0.2)
    features: dict[str, Any] = {}
    if kind == "cnn":
        images = [np.asarray(picture(n, size=(16, 16))) for n in range(ROWS)]
        frame = pd.DataFrame({"image": images, "answer": mixed()["answer"]})
        model = kb.CNN(filters=[8, 16], dropout=0.3, normalization="batch")
    elif kind == "mlp":
        frame = mixed().assign(street=[f"street {n % 70}" for n in range(ROWS)])
        features = {"street": kb.Category(embedding=7), "floor": kb.Category()}
        model = kb.MLP(units=[32, 16], dropout=0.3)
    else:
        frame = reviews().rename(columns={"stars": "answer"})
    data = kb.Frame(frame=frame, target="answer")
    training = kb.Training(epochs=2, batch_size=16, seed=11)
    return kb.Recipe(data=data, features=features, model=model, training=training)


def digest(kind: str, run_dir: str) -> str:
    """SHA-256 of all weights of a fit."""
    model = kb.fit(wide(kind), run_dir=run_dir, verbose=False).model
    content = b"".join(np.ascontiguousarray(weight).tobytes() for weight in model.get_weights())
    return hashlib.sha256(content).hexdigest()


KINDS = ["cnn", "lstm", "mlp"]


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("digests")
    return {kind: digest(kind, str(folder / kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_two_fits_with_one_seed_give_equal_weights(kind: str, digests: dict[str, str]) -> None:
    assert digest(kind, "again") == digests[kind]


@pytest.mark.slow
def test_another_seed_gives_other_weights(digests: dict[str, str]) -> None:
    recipe = wide("mlp")
    other = recipe.model_copy(update={"training": kb.Training(epochs=2, batch_size=16, seed=12)})
    weights = kb.fit(other, run_dir="other", verbose=False).model.get_weights()
    content = b"".join(np.ascontiguousarray(weight).tobytes() for weight in weights)
    assert hashlib.sha256(content).hexdigest() != digests["mlp"]


@pytest.mark.slow
def test_a_fresh_process_gives_equal_weights(digests: dict[str, str]) -> None:
    """In a process of its own: nothing that was done here before can help."""
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        f"from {__name__} import digest\n"
        f"print(*(digest(kind, kind) for kind in {KINDS!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [digests[kind] for kind in KINDS]


def noisy(**given: Any) -> kb.Recipe:
    """A target that is nothing but noise, so that the validation loss soon rises."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(60, 6)), columns=[*"abcdef"])
    frame["y"] = random.normal(size=60)
    data = kb.Frame(frame=frame, target="y", split=kb.Random(validation=0.3, test=0))
    fast = {"optimizer": Optimizer(learning_rate=0.01), "batch_size": 8}
    training = kb.Training(**{**fast, **given})
    return kb.Recipe(data=data, model=kb.MLP(units=[32, 32]), training=training)


def test_the_weights_of_the_lowest_validation_loss_are_kept() -> None:
    run = kb.fit(noisy(epochs=12, early_stopping=None), run_dir="run", verbose=False)
    losses = run.history["val_loss"]
    assert len(losses) == 12
    assert losses.idxmin() < 12
    assert run.metrics["splits"]["validation"]["loss"] == pytest.approx(losses.min(), rel=1e-5)


def test_the_fit_stops_when_the_validation_loss_has_not_fallen() -> None:
    stopping = kb.EarlyStopping(patience=2)
    run = kb.fit(noisy(epochs=200, early_stopping=stopping), run_dir="run", verbose=False)
    losses = run.history["val_loss"]
    assert len(losses) == losses.idxmin() + 2


def test_without_validation_all_epochs_run_and_the_last_weights_stay() -> None:
    recipe = noisy(epochs=4)
    data = recipe.data.model_copy(update={"split": kb.Random(validation=0, test=0)})
    run = kb.fit(recipe.model_copy(update={"data": data}), run_dir="run", verbose=False)
    assert list(run.history.index) == [1, 2, 3, 4]
    assert "val_loss" not in run.history
    assert run.metrics["splits"] == {}


def test_the_history_has_a_row_per_epoch_with_its_seconds() -> None:
    history = kb.fit(noisy(epochs=2), run_dir="run", verbose=False).history
    assert list(history.index) == [1, 2]
    assert list(history) == [
        "seconds", "learning_rate", "loss", "mae", "rmse", "val_loss", "val_mae", "val_rmse",
    ]  # fmt: skip
    assert (history["seconds"] > 0).all()


@pytest.mark.parametrize(("name", "rates"), [
    ("step", [0.125, 0.375, 0.5, 0.125, 0.03125]), ("plateau", [0.125, 0.375, 0.5, 0.5, 0.5]),
])  # fmt: skip
@pytest.mark.slow
def test_the_history_has_the_learning_rate_of_the_first_step_of_each_epoch(
    name: str, rates: list[float]
) -> None:
    schedule: Any = kb.Plateau(warm_up=2, patience=4)
    if name == "step":
        schedule = kb.Step(every=1, drop=0.25, warm_up=2)
    slow = Optimizer(name="sgd", learning_rate=0.5)
    recipe = noisy(epochs=5, schedule=schedule, optimizer=slow, batch_size=30)
    run = kb.fit(recipe, run_dir="run", verbose=False)
    assert list(run.history["learning_rate"]) == pytest.approx(rates)
    assert kb.load("run").recipe.training.schedule == schedule


def test_a_loss_that_is_no_number_stops_the_fit_with_the_step_and_the_mend(
    capfd: pytest.CaptureFixture[str],
) -> None:
    recipe = noisy(epochs=9, optimizer=Optimizer(name="sgd", learning_rate=2.0))
    said = message(TrainingError, kb.fit, recipe, run_dir="run")
    match = re.fullmatch(
        r"training\.optimizer: the loss of epoch (\d), step (\d) of 6, is "
        r"(?:inf|nan, or its gradient is not finite)\. "
        r"Its \d rows and the weights before it are finite, but the outputs of the network, or "
        r"their loss, are not; the largest weight is ([\d.e+]+), of .*kernel\. "
        r"Lower the learning rate, such as `optimizer: {learning_rate: 1e-4}`, or limit the "
        r"gradient with `clipnorm: 1`\.",
        said,
    )
    assert match, said
    assert float(match[3]) > 1e6
    assert f"the loss of epoch {match[1]} is " in capfd.readouterr().err


@pytest.mark.parametrize(("at", "expected"), [
    ("y", "step 2 of 3, is inf. Its 8 rows and the weights before it are finite, but the outputs "
     "of the network, or their loss, are not; the largest weight is 1, of dense/kernel. "),
    ("gradient", "step 1 of 3, is nan, or its gradient is not finite. Its 8 rows and the weights "
     "before it are finite, but the outputs of the network, or their loss, are not; the largest "
     "weight is 0, of dense/kernel. "),
    ("w", "step 1 of 3, is nan, or its gradient is not finite. Its 8 rows are finite, but the "
     "weights no longer were: dense/kernel. The steps before it were too large. "),
])  # fmt: skip
def test_the_step_whose_loss_is_no_number_says_what_was_not_finite(at: str, expected: str) -> None:
    import keras

    from kbuilder.training.feeding import Feed
    from kbuilder.training.trainer import Trainer

    task = kb.Regression()
    x, y = np.ones((20, 3), np.float32), np.ones((20, 1), np.float32)
    place = Feed(({"x": x}, {"y": y}), 8, seed=0).batch(0, 1)[3]
    if at == "y":
        y[place] = 3e38  # whose square is not finite
    inputs = {"x": keras.Input((3,), name="x")}
    loss, metrics = task.objective()
    hidden = keras.layers.Dense(2, name="dense")(inputs["x"])
    model = Trainer(inputs, {"y": task.head(hidden)})
    if at == "gradient":
        loss = lambda true, answer: keras.ops.sqrt(keras.ops.square(answer))  # noqa: E731
    model.compile("sgd", loss={"y": loss}, metrics={"y": metrics})
    for weight in model.weights:  # a root has no slope at 0
        weight.assign(np.zeros(weight.shape))
    filling = {"w": np.inf, "y": 1.0, "gradient": 0.0}[at]
    model.get_layer("dense").kernel.assign(np.full((3, 2), filling))
    listener = Silent()
    rows = {"x": x}, {"y": y}
    plan = kb.Plan(jit=False, steps_per_execution=3)
    training = kb.Training(epochs=1, batch_size=8, plan=plan)
    with pytest.raises(TrainingError) as stopped:
        fitting.fit(model, {"y": task}, training, rows, None, [Printer(listener)], say=listener.say)
    assert str(stopped.value) == (
        f"training.optimizer: the loss of epoch 1, {expected}Lower the learning rate, such as "
        "`optimizer: {learning_rate: 1e-4}`, or limit the gradient with `clipnorm: 1`."
    )


class Silent:
    live = False

    def say(self, text: str) -> None: ...
    def step(self, *given: Any) -> None: ...
    def epoch(self, figures: Any, epochs: int) -> None: ...


def test_balanced_classes_weigh_the_same_with_a_mean_weight_of_1() -> None:
    task = kb.Multiclass(classes=4)
    groups = np.array([0] * 6 + [1] * 3 + [3])  # class 2 has no row
    weights = class_weights({"y": task}, {"y": np.eye(4)[groups]})["y"]
    sums = [weights[groups == number].sum() for number in (0, 1, 3)]
    np.testing.assert_allclose(sums, 10 / 3, rtol=1e-6)
    np.testing.assert_allclose(weights.mean(), 1, rtol=1e-6)


def test_rows_weigh_the_same_in_tasks_without_classes() -> None:
    tasks = {"n": kb.Regression(), "names": kb.Multilabel(classes=2)}
    weights = class_weights(tasks, {"n": np.zeros((3, 1)), "names": np.zeros((3, 2))})
    assert {name: values.tolist() for name, values in weights.items()} == {
        "n": [1, 1, 1],
        "names": [1, 1, 1],
    }


def test_classes_that_are_balanced_have_equal_sums_of_the_weights_of_their_rows() -> None:
    groups, own = np.array([0] * 6 + [1] * 3), np.array([1, 0, 2, 3, 1, 1, 5, 0, 0.5])
    encoded = {"y": groups[:, None], "z": np.zeros((9, 1))}
    tasks = {"y": kb.Binary(classes=("no", "yes")), "z": kb.Regression()}
    weights = class_weights(tasks, encoded, own)
    np.testing.assert_allclose([weights["y"][groups == n].sum() for n in (0, 1)], 4.5, rtol=1e-6)
    np.testing.assert_allclose(weights["y"][:6] * 8, weights["y"][2] * 4 * own[:6], rtol=1e-6)
    np.testing.assert_allclose(weights["z"], own / own.mean(), rtol=1e-6)


def test_classes_weigh_what_is_written_and_1_if_nothing_is() -> None:
    groups, rows = np.array([0, 1, 2, 1]), np.array([1.0, 2.0, 2.0, 1.0])
    tasks = {"y": kb.Multiclass(classes=("a", "b", "c")), "z": kb.Binary(classes=("no", "yes"))}
    encoded = {"y": np.eye(3)[groups], "z": np.ones((4, 1))}
    weights = class_weights(tasks, encoded, rows, {"b": 5.0, "c": 0.5})
    expected = np.array([1, 10, 1, 5])
    np.testing.assert_allclose(weights["y"], expected / expected.mean(), rtol=1e-6)
    np.testing.assert_allclose(weights["z"], rows / rows.mean(), rtol=1e-6)
    alike = class_weights(tasks, encoded, None, {"yes": 0.1})
    assert [values.tolist() for values in alike.values()] == [[1.0] * 4] * 2


@pytest.mark.parametrize("balance", ["none", "auto", {"yes": 9.0}])
@pytest.mark.slow
def test_balance_gives_a_rare_class_its_weight(balance: Any) -> None:
    random = np.random.default_rng(0)
    rare = np.arange(200) % 10 == 0
    frame = pd.DataFrame({"x": random.normal(size=200) + rare, "y": np.where(rare, "yes", "no")})
    fast = Optimizer(learning_rate=0.01)
    training = kb.Training(epochs=20, balance=balance, optimizer=fast)
    recipe = kb.Recipe(data=kb.Frame(frame=frame, target="y"), training=training)
    labels = kb.fit(recipe, run_dir="run", verbose=False).predict(frame)["label"]
    found = (labels[rare] == "yes").mean()
    assert found < 0.2 if balance == "none" else found > 0.5


def test_progress_is_told_per_epoch_and_per_step_where_it_is_live(
    listener: Callable[[bool], Any],
) -> None:
    for live in (False, True):
        told = listener(live)
        assert [figures["epoch"] for figures, _ in told.epochs] == [1, 2]
        assert [epochs for _, epochs in told.epochs] == [2, 2]
        expected = [(step, 3, epoch, 2) for epoch in (1, 2) for step in (1, 2, 3)]
        assert [step[:4] for step in told.steps] == (expected if live else [])


@pytest.fixture
def listener() -> Callable[[bool], Any]:
    """Fits two epochs of three steps, and gives what was told."""

    class Listener:
        def __init__(self, live: bool) -> None:
            self.live = live
            self.steps: list[tuple[Any, ...]] = []
            self.epochs: list[tuple[Any, int]] = []

        def say(self, text: str) -> None: ...

        def step(self, *given: Any) -> None:
            self.steps.append(given)

        def epoch(self, figures: Any, epochs: int) -> None:
            self.epochs.append((figures, epochs))

    def told(live: bool) -> Any:
        import keras

        from kbuilder.training.trainer import Trainer

        task = kb.Multiclass(classes=2)
        rows = {"x": np.ones((20, 3), np.float32)}, {"y": np.eye(2)[np.arange(20) % 2]}
        listener = Listener(live)
        training = kb.Training(epochs=2, batch_size=8)
        inputs = {"x": keras.Input((3,), name="x")}
        loss, metrics = task.objective()
        model = Trainer(inputs, {"y": task.head(inputs["x"])})
        model.compile("adam", loss={"y": loss}, metrics={"y": metrics})
        fitting.fit(model, {"y": task}, training, rows, None, [Printer(listener)], say=listener.say)
        return listener

    return told
