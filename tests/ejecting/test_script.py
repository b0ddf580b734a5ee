"""A recipe as a plain Keras script."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from halting import HANG
from shared import ROWS, Call, built, message, mixed, picture, reviews

import kbuilder as kb
from kbuilder import catalog
from kbuilder.errors import CallError
from kbuilder.pipeline import written
from kbuilder.training.feeding import of_outputs, training_feed

TRAINING = kb.Training(epochs=1, batch_size=32)


def digits() -> kb.Recipe:
    return kb.Recipe(data=kb.Sklearn(name="digits"), model=kb.CNN(filters=4, dropout=0.2))


def flowers() -> kb.Recipe:
    data = kb.Sklearn(name="iris", split=kb.Random(test=0, validation=0.2))
    sparse = kb.Multiclass(loss="sparse_categorical_crossentropy")
    return kb.Recipe(data=data, task=sparse, model=kb.MLP(units=4))


def table() -> kb.Recipe:
    """A CSV file with every kind of column, missing values, an odd delimiter, and no test rows."""
    frame = mixed().assign(note=reviews()["review"].str.replace("\u2028", " "), price=1.5)
    frame["price"] = np.arange(ROWS) * 0.25 - 3
    frame.loc[4, "price"] = None
    frame["marks"] = [("old|big", '["big"]', None, "é|old|old")[n % 4] for n in range(ROWS)]
    frame.to_csv("rows.csv", sep=";", index=False)
    return kb.Recipe(
        data=kb.CSV(path="rows.csv", target="price", delimiter=";", split=kb.Random(test=0.25)),
        features={
            "size": kb.Number(bins=4),
            "floor": kb.Category(hash=5),
            "colour": kb.Category(embedding=2),
            "note": kb.Text(),
            "marks": kb.Set(),
        },
        model={"text": kb.GRU(units=3, bidirectional=True, pooling="average"), "vector": kb.MLP()},
        training=kb.Training(
            optimizer={"name": "sgd", "momentum": 0.9, "nesterov": True, "learning_rate": 0.01},  # type: ignore[arg-type]
            early_stopping=None,
        ),
    )


def counts() -> kb.Recipe:
    """Texts as vectors, by words, groups of words and n-grams of characters, beside numbers."""
    frame = mixed().assign(note=reviews()["review"].str.replace("\u2028", " "))
    frame["title"], frame["name"] = frame["note"], frame["colour"].fillna("none") + " thing"
    frame.to_csv("rows.csv", index=False)
    features = {
        "note": kb.Text(output_mode="tf_idf", ngrams=2, max_tokens=30),
        "title": kb.Text(output_mode="tf_idf", vocabulary=["good", "bad"]),
        "name": kb.Text(output_mode="multi_hot", subwords=(3, 4)),
    }
    return kb.Recipe(
        data=kb.CSV(path="rows.csv", target="answer", ignore=["colour"]), features=features
    )


def several() -> kb.Recipe:
    """Two targets of one source with test rows of its own, classes balanced."""
    mixed().assign(price=np.arange(ROWS) / 7).to_csv("train.csv", index=False)
    mixed()[20:50].assign(price=np.arange(30) / 7).to_csv("test.csv", index=False)
    return kb.Recipe(
        data=kb.CSV(path="train.csv", test_path="test.csv", target=["answer", "price"]),
        task={"price": kb.Regression(loss_weight=0.5)},
        training=kb.Training(balance="auto"),
    )


def pairs() -> kb.Recipe:
    """Two pictures and two numbers a row, some rows without numbers; a test set of its own."""
    random = np.random.default_rng(0)
    given: dict[str, np.ndarray] = {}
    for part, rows in (("train", 40), ("test", 12)):
        numbers = random.normal(size=(rows, 2))
        numbers[3, 1] = np.nan
        given[f"{part} y"] = numbers
        for side in ("left", "right"):
            given[f"{part} {side}"] = random.integers(0, 256, (rows, 8, 8), dtype=np.uint8)
    np.savez("rows.npz", **given)  # type: ignore[arg-type]
    columns = {name: f"train {name}" for name in ("left", "right", "y")}
    test = {name: f"test {name}" for name in columns}
    return kb.Recipe(
        data=kb.Arrays(path="rows.npz", columns=columns, test_columns=test, target="y"),
        model=kb.CNN(filters=2),
    )


def arrays() -> kb.Recipe:
    """Pictures of pixels, waves and tokens of unlike length, and a set of labels as flags."""
    random = np.random.default_rng(0)
    waves = random.normal(size=(40, 6, 2))
    waves[np.arange(6) > random.integers(0, 6, 40)[:, None]] = 0
    np.savez(
        "rows.npz",
        pixels=random.integers(0, 256, (40, 9, 8, 3), dtype=np.uint8),
        waves=waves,
        notes=np.where(waves[..., 0] == 0, 0.0, random.integers(1, 9, (40, 6))),
        flags=random.integers(0, 2, (40, 3)),
    )
    columns = {"image": "pixels", "wave": "waves", "note": "notes", "tags": "flags"}
    return kb.Recipe(
        data=kb.Arrays(path="rows.npz", columns=columns, target="tags"),
        features={"note": kb.Tokens()},
        model={"image": kb.CNN(filters=2), "sequence": kb.LSTM(units=3), "text": kb.GRU(units=3)},
    )


def folder() -> kb.Recipe:
    """Folders of pictures of several sizes and modes, laid out as people do."""
    for part, count in (("Train", 12), ("val", 4), ("Test", 4)):
        for number in range(count):
            name = ("cat", unicodedata.normalize("NFD" if part == "val" else "NFC", "chién"))
            kind = Path("pictures/all", part, name[number % 2], "more" if number % 3 else "")
            kind.mkdir(parents=True, exist_ok=True)
            (kind / "Thumbs.db").touch()
            size = (9 + number % 2, 7)
            file = f"{number}.{('png', 'webp', 'tif', 'gif')[number % 4]}"
            picture(number, "RGB" if number % 3 else "L", size).save(kind / file)
    data = kb.ImageFolder(path="pictures")
    return kb.Recipe(data=data, model=kb.CNN(filters=2))


def tuned() -> kb.Recipe:
    """A trained network, frozen at first, then its last three layers tuned."""
    import keras

    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (40, 32, 32), dtype=np.uint8)
    np.savez("rows.npz", pixels=pixels, kind=np.arange(40) % 3)
    model = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3))
    model.save_weights("trained.weights.h5")
    return kb.Recipe(
        data=kb.Arrays(path="rows.npz", columns={"image": "pixels", "y": "kind"}, target="y"),
        model=kb.Pretrained(
            network="MobileNet",
            weights=Path("trained.weights.h5"),
            fine_tune={"layers": 3, "epochs": 2},  # type: ignore[arg-type]
        ),
        training=kb.Training(epochs=20),
    )


RECIPES = [digits, flowers, table, counts, several, pairs, arrays, folder, tuned]


def run(text: str) -> dict[str, Any]:
    """The names that a script defines."""
    space: dict[str, Any] = {"__name__": "ejected", "__file__": str(Path("ejected.py").absolute())}
    exec(compile(text, "ejected.py", "exec", dont_inherit=True), space)
    return space


@pytest.mark.parametrize("made", RECIPES, ids=lambda made: made.__name__)
@pytest.mark.slow
def test_a_script_has_the_rows_the_network_and_the_objective_of_its_recipe(
    made: Callable[[], kb.Recipe],
) -> None:
    recipe = made()
    prepared = built(recipe)
    text = written(prepared)
    assert "import kbuilder" not in text
    short = text.replace(str(Path.cwd()), "")  # a long path is nobody's fault
    assert max(map(len, short.splitlines())) <= 100
    script = run(text)

    source = recipe.data.script()
    script |= {name: script[name.upper()] for name in source.paths}
    exec("\n".join(source.lines), script)
    if "test = present(" in text:
        script["test"] = script["present"](script["test"], list(recipe.data.target))
    own = {"validation", "test"} & set(script)
    names = [name for name in prepared.data.rows if name not in own]
    parts = dict(zip(names, script["divide"](script["rows"]), strict=True))
    parts |= {name: script[name] for name in own}
    layers = script["preprocessing"](parts["train"])
    for name, (arrays, encoded) in prepared.data.rows.items():
        part = parts[name]
        found = script["inputs"](part, layers)
        assert found.keys() == arrays.keys()
        for key, values in arrays.items():
            np.testing.assert_array_equal(found[key], values)
        for output, values in encoded.items():
            np.testing.assert_array_equal(script["targets"](part)[output], values)

    mine, its = prepared.network.trained, script["build_model"]()
    assert its.count_params() == mine.count_params()
    its.set_weights(mine.get_weights())
    batch = {key: values[:16] for key, values in prepared.data.rows["train"][0].items()}
    for output, values in mine(batch).items():
        np.testing.assert_allclose(its(batch)[output], values, rtol=1e-6, atol=1e-6)


def test_the_stretches_of_the_fit_are_those_of_the_recipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared = built(tuned())
    text = written(prepared)
    weights = Path("trained.weights.h5").absolute()
    assert (
        "def build_model_mobilenet_1_00_32():\n"
        "    model = keras.applications.MobileNet(\n"
        "        include_top=False,\n"
        "        weights=None,\n"
        "        input_shape=(32, 32, 3),\n"
        '        pooling="avg",\n'
        "    )\n"
        "    model.load_weights("
    ) in text
    assert f'"{weights}"' in text
    script = run(text)
    figures: list[tuple[int, float, list[str]]] = []

    model = script["build_model"]()
    base = model.get_layer("mobilenet_1.00_32")
    for mine, its in zip(base.weights, _base(prepared).weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), its.numpy())

    def fit(*args: Any, epochs: int, **named: Any) -> None:
        rate = round(float(model.optimizer.learning_rate), 7)
        figures.append((epochs, rate, [weight.path for weight in model.trainable_weights]))

    script["build_model"] = lambda: model
    monkeypatch.setattr(model, "fit", fit)
    script["main"]()
    head = ["head/kernel", "head/bias"]
    tuned_ = [f"{name}/kernel" for name in ("conv_pw_12", "conv_dw_13", "conv_pw_13")]
    assert figures == [(20, 1e-3, head), (2, 1e-5, [*tuned_, *head])]


def _base(prepared: Any) -> Any:
    """The trained network within the network."""
    return prepared.network.model.get_layer("mobilenet_1.00_32")


@pytest.mark.slow
def test_a_script_runs_by_itself_and_fits_as_the_recipe_says() -> None:
    recipe = table()
    text = written(built(recipe))
    assert "optimizer=keras.optimizers.SGD(momentum=0.9, nesterov=True)," in text
    assert 'keras.callbacks.EarlyStopping("val_loss", patience=EPOCHS' in text
    text = text.replace(f"EPOCHS = {recipe.training.epochs}", "EPOCHS = 2")
    Path("model.py").write_text(text, encoding="utf-8")
    Path("kbuilder.py").write_text("raise ImportError('a script needs no kbuilder')")
    done = subprocess.run(
        [sys.executable, "model.py"], capture_output=True, text=True, timeout=HANG, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Epoch 2/2" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("{'loss': ")


@pytest.mark.slow
def test_a_script_finds_the_rows_where_it_is_and_takes_others_as_arguments(call: Call) -> None:
    here = Path.cwd()
    mixed().to_csv("rows.csv", index=False)
    mixed().head(50).to_csv("fewer.csv", index=False)
    Path("recipe.yaml").write_text(
        "data: {source: csv, path: rows.csv, target: answer}\n"
        "training: {epochs: 1}\nmodel: linear\n"
    )
    assert call("eject", "recipe.yaml", "--output", "inner/model.py")[0] == 0
    script = here / "inner/model.py"
    assert str(here) not in script.read_text(encoding="utf-8")
    Path("elsewhere").mkdir()
    for name in ("inner", "rows.csv"):
        Path(name).rename(Path("elsewhere", name))
    said = []
    for rows in ([], ["elsewhere/rows.csv"], ["fewer.csv"]):
        words = [sys.executable, str(here / "elsewhere/inner/model.py"), *(here / r for r in rows)]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=HANG, cwd="/", check=True
        )
        said.append(done.stdout.splitlines()[-1])
    assert said[0] == said[1] != said[2]


def test_losses_weights_and_balance_are_those_of_the_tasks() -> None:
    script = written(built(several()))
    assert 'loss_weights={"answer": 1.0, "price": 0.5},' in script
    assert 'weights["answer"] = balanced(wanted["answer"][:, 0].astype(int))' in script
    assert 'weights["price"] = np.ones(len(wanted["price"]), np.float32)' in script
    assert "sample_weight=weights," in script


@pytest.mark.parametrize("balance", ["none", "auto", {"yes": 3}])
def test_the_rows_weigh_in_a_script_as_in_the_fit(
    balance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = several()
    for name in ("train.csv", "test.csv"):
        read = pd.read_csv(name)
        read.assign(w=1 + np.arange(len(read)) % 3).to_csv(name, index=False)
    data = recipe.data.model_copy(update={"weight": "w"})  # type: ignore[attr-defined]
    training = kb.Training(balance=balance, batch_size=64)
    prepared = built(recipe.model_copy(update={"data": data, "training": training}))
    text = written(prepared)
    assert "weighted_metrics={" in text
    script = run(text)
    model, found = script["build_model"](), []
    script["build_model"] = lambda: model

    def fit(*args: Any, sample_weight: Any, validation_data: Any, **named: Any) -> None:
        found.extend([sample_weight, validation_data[2]])

    def evaluate(*args: Any, sample_weight: Any, **named: Any) -> dict[str, float]:
        found.append(sample_weight)
        return {}

    monkeypatch.setattr(model, "fit", fit)
    monkeypatch.setattr(model, "evaluate", evaluate)
    script["main"]()
    rows, weights, tasks = prepared.data.rows, prepared.data.weights, prepared.network.tasks
    feed = training_feed(rows["train"], tasks, training, weights["train"])
    held = [of_outputs(rows[name][1], weights[name]) for name in ("validation", "test")]
    for given, expected in zip(found, [feed.arrays[2], *held], strict=True):
        for output, values in expected.items():  # type: ignore[union-attr]
            np.testing.assert_array_equal(given[output], values)


def test_classes_by_number_are_balanced_by_their_number() -> None:
    recipe = flowers().model_copy(update={"training": kb.Training(balance="auto")})
    script = written(built(recipe))
    assert 'weights["species"] = balanced(wanted["species"][:, 0].astype(int))' in script


def test_each_auxiliary_output_has_the_weights_of_its_target() -> None:
    prepared = built(digits().model_copy(update={"training": kb.Training(balance="auto")}))
    network = prepared.network
    tasks = {**network.tasks, "auxiliary_1": network.tasks["digit"]}
    halfway = replace(network, tasks=tasks, auxiliary={"auxiliary_1": ("digit", 0.3)})
    script = written(replace(prepared, network=halfway))
    assert 'weights["auxiliary_1"] = balanced(wanted["auxiliary_1"].argmax(axis=1))' in script


@pytest.mark.parametrize("name", [n for n in catalog.names("schedules") if n != "plateau"])
@pytest.mark.slow
def test_a_script_has_the_learning_rate_of_every_step(name: str) -> None:
    schedule = catalog.find("schedules", name)(warm_up=0.5)
    training = kb.Training(epochs=2, batch_size=16, schedule=schedule)
    prepared = built(flowers().model_copy(update={"training": training}))
    script = run(written(prepared))
    model = script["build_model"]()
    compiled = written(prepared).partition("    model.compile(")[2].partition("\n    )")[0]
    exec(f"model.compile({compiled})", script, {"model": model})
    for step in range(16):
        model.optimizer.iterations.assign(step)
        prepared.network.trained.optimizer.iterations.assign(step)
        mine, its = prepared.network.trained.optimizer, model.optimizer
        assert float(its.learning_rate) == pytest.approx(float(mine.learning_rate))


@pytest.mark.parametrize("name", ["adafactor", "ftrl", "muon"])
def test_a_script_has_the_optimizer_of_the_recipe(name: str) -> None:
    training = kb.Training(optimizer=name)  # type: ignore[arg-type]
    prepared = built(flowers().model_copy(update={"training": training}))
    script = run(written(prepared))
    model = script["build_model"]()
    compiled = written(prepared).partition("    model.compile(")[2].partition("\n    )")[0]
    exec(f"model.compile({compiled})", script, {"model": model})
    mine, its = prepared.network.trained.optimizer.get_config(), model.optimizer.get_config()
    assert {**its, "name": ""} == {**mine, "name": ""}
    assert type(model.optimizer) is type(prepared.network.trained.optimizer)


def test_a_script_warms_up_before_it_waits_for_a_plateau(monkeypatch: pytest.MonkeyPatch) -> None:
    plateau = catalog.find("schedules", "plateau")(warm_up=1, patience=2)
    training = kb.Training(epochs=2, batch_size=30, schedule=plateau)
    script = run(written(built(flowers().model_copy(update={"training": training}))))
    import keras

    rates: list[float] = []
    model = script["build_model"]()
    noting = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: rates.append(float(model.optimizer.learning_rate))
    )
    fit = model.fit
    monkeypatch.setattr(
        model, "fit", lambda *a, callbacks, **b: fit(*a, callbacks=[*callbacks, noting], **b)
    )
    script["build_model"] = lambda: model
    script["main"]()
    assert rates == pytest.approx([0.00025, 0.0005, 0.00075, *[0.001] * 5])


def test_a_frame_in_memory_cannot_be_read_by_a_script() -> None:
    prepared = built(kb.Recipe(data=kb.Frame(frame=mixed(), target="answer")))
    assert message(CallError, written, prepared) == (
        "a script cannot read a frame that is in memory. Expected rows in a file: write them "
        "with `frame.to_csv`, and use the source csv."
    )


def test_the_command_writes_the_file_or_prints(call: Call) -> None:
    Path("iris.yaml").write_text("data: {source: sklearn, name: iris}\n", encoding="utf-8")
    code, out, err = call("eject", "iris.yaml")
    assert (code, err) == (0, "")
    assert out.startswith('"""The network of iris.yaml, and its fit, in plain Keras.\n')
    code, nothing, err = call("eject", "iris.yaml", "--output", "model.py", "-o", "training.seed=3")
    assert (code, nothing, err) == (0, "", "model.py\n")
    assert Path("model.py").read_text(encoding="utf-8") == out.replace("SEED = 0", "SEED = 3")
