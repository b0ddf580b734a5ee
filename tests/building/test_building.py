"""The network: inputs, one architecture per form, the task's last layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import ROWS, built, encoded, message, mixed, picture, reviews

import kbuilder as kb
from kbuilder import catalog
from kbuilder.building import choosing
from kbuilder.building.inputs import inputs_of
from kbuilder.building.network import network_of
from kbuilder.columns import Columns, Target
from kbuilder.contracts import Body, Phase
from kbuilder.errors import BuildError, RecipeError

DIGITS = kb.Multiclass(classes=10)
TEXT = kb.Text(vocabulary=["a", "b"], length=5)
NUMBER = kb.Number(mean=0, scale=1, indicator=False)
IMAGE = kb.Image(height=8, width=8, channels=1, scale=255, pixels=(8, 8), dtype="uint8")


FITTING = [
    name
    for name in catalog.names("architectures")
    if "text" in catalog.find("architectures", name).forms  # type: ignore[attr-defined]
]


def choose(model: Any, **features: Any) -> Any:
    """What `choosing.choose` answers for features of these kinds."""
    columns = Columns(features, (Target(("y",), kb.Binary()),))
    shapes: dict[str, Any] = {
        "vector": np.zeros((1, 1), np.float32), "text": np.zeros((1, 5), np.int64),
        "image": np.zeros((1, 8, 8, 1), np.uint8),
    }  # fmt: skip
    arrays = {key: shapes[features[name].form] for name, key in columns.keys().items()}
    return choosing.choose(columns, inputs_of(columns, arrays), model)


def test_phases_of_two_pictures_go_side_by_side() -> None:
    """Else one network would learn while the other one is frozen."""

    class InTwoPhases:
        def apply(self, signal: Any) -> Body:
            import keras

            layer = keras.layers.Dense(2)
            x = layer(keras.layers.Flatten()(signal.tensor))
            return Body(x, phases=(Phase([layer], None, None, "first"), Phase([], 2, 0.1, "then")))

    columns = Columns({"left": IMAGE, "right": IMAGE}, (Target(("y",), kb.Binary()),))
    pixels = {key: np.zeros((1, 8, 8, 1), np.uint8) for key in columns.keys().values()}
    made = network_of(columns, inputs_of(columns, pixels), {"image": InTwoPhases()})  # type: ignore[dict-item]
    assert [(len(phase.frozen), phase.why) for phase in made.phases] == [(2, "first"), (0, "then")]


def test_a_built_model_fits_saves_and_loads_as_any_of_keras(tmp_path: Path) -> None:
    import keras

    model = kb.build(kb.CNN(filters=[32, 64]), DIGITS, input_shape=(28, 28, 1))
    assert isinstance(model, keras.Model)
    assert type(model.layers[-1]) is keras.layers.Dense
    random = np.random.default_rng(0)
    x = random.normal(size=(16, 28, 28, 1)).astype(np.float32)
    y = np.eye(10)[np.arange(16) % 10]
    history = model.fit(x, y, epochs=2, verbose=0).history
    assert set(history) == {"loss", "accuracy", "top_5_accuracy"}
    assert type(model.optimizer) is keras.optimizers.Adam
    model.save(tmp_path / "digits.keras")
    again = keras.models.load_model(tmp_path / "digits.keras")
    np.testing.assert_array_equal(again(x), model(x))
    assert again.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
    again.fit(x, y, verbose=0)


def test_text_is_given_as_word_numbers() -> None:
    model = kb.build(kb.LSTM(units=4), kb.Binary(), input_shape=(12,), vocabulary_size=50)
    assert model.input_shape == (None, 12)
    assert model.input.dtype == "int64"
    assert model.layers[1].input_dim == 50
    figures = model.fit(np.ones((4, 12), int), np.array([0, 1, 0, 1]), verbose=0).history
    assert set(figures) == {"loss", "accuracy", "auc"}


@pytest.mark.parametrize("optimizer", ["sgd", "Keras"])
def test_an_optimizer_may_be_named_or_given(optimizer: Any) -> None:
    import keras

    given = keras.optimizers.SGD(0.5) if optimizer == "Keras" else optimizer
    model = kb.build(kb.MLP(), DIGITS, (4,), optimizer=given)
    assert type(model.optimizer) is keras.optimizers.SGD


SHAPES = "(d,), (time, d), (height, width, channels) or (frames, height, width, channels)"


@pytest.mark.parametrize(
    ("shape", "words", "said"),
    [
        ((), 0, f"{SHAPES}. Got ()."),
        (10, 0, f"{SHAPES}. Got 10."),
        ((2, 2, 2, 2, 2), 0, f"{SHAPES}. Got (2, 2, 2, 2, 2)."),
        ((None, None, 3), 0, f"{SHAPES}. Got (None, None, 3)."),
        ((0,), 0, f"{SHAPES}. Got (0,)."),
        (
            (10, 3), 7,
            "(time,) with the number of words, at least 1. Got (10, 3) with 7 words.",
        ),
        ((10,), -7, "(time,) with the number of words, at least 1. Got (10,) with -7 words."),
    ],
)  # fmt: skip
def test_what_is_no_shape_of_a_row_is_refused(shape: Any, words: int, said: str) -> None:
    assert message(BuildError, kb.build, kb.GRU(), DIGITS, shape, vocabulary_size=words) == (
        f"input_shape is the shape of one row. Expected {said}"
    )


def test_without_a_model_each_form_has_its_default_with_the_reason() -> None:
    chosen, decisions = choose(None, n=NUMBER, t=TEXT, i=IMAGE)
    few = kb.FastText(embedding=16, ngrams=1, dropout=0.8)
    assert chosen == {"vector": kb.MLP(), "text": few, "image": kb.CNN()}
    networks = [d for d in decisions if len(d.key) == 2]
    assert [(d.path, d.value, d.reason, d.write) for d in networks] == [
        ("model.vector", "mlp", "there are vector features", "model: {vector: mlp}"),
        ("model.text", "fasttext", "there are text features", "model: {text: fasttext}"),
        ("model.image", "cnn", "there are image features", "model: {image: cnn}"),
    ]
    _, [first, *_] = choose(None, n=NUMBER)
    assert (first.path, first.write) == ("model.vector", "model: mlp")


def test_one_architecture_goes_to_the_only_form_that_it_takes() -> None:
    chosen, _ = choose(kb.LSTM(units=3), n=NUMBER, t=TEXT)
    assert chosen == {"vector": kb.MLP(), "text": kb.LSTM(units=3)}


def test_one_architecture_for_several_forms_is_refused() -> None:
    assert message(BuildError, choose, kb.MLP(), n=NUMBER, i=IMAGE) == (
        "model: the features have several forms: vector, image. Expected an architecture for "
        "each: `model: {vector: …, image: …}`."
    )


def test_an_architecture_for_a_form_that_is_not_there_is_refused() -> None:
    branches = {"vector": kb.MLP(), "image": kb.CNN()}
    assert message(BuildError, choose, branches, n=NUMBER) == (
        "model.image: no feature has the form 'image'. The features have: vector."
    )


def test_an_architecture_that_cannot_take_the_form_is_refused() -> None:
    assert message(BuildError, choose, kb.MLP(), t=TEXT) == (
        "model: mlp takes vector, sequence, image, and this is text. "
        f"Expected one of: {', '.join(FITTING)}; "
        "or `features: {t: {kind: text, output_mode: tf_idf, ngrams: 2}}`."
    )
    assert message(BuildError, choose, {"text": kb.MLP()}, n=NUMBER, t=TEXT) == (
        "model.text: mlp takes vector, sequence, image, and this is text. "
        f"Expected one of: {', '.join(FITTING)}; "
        "or `features: {t: {kind: text, output_mode: tf_idf, ngrams: 2}}`."
    )


def test_a_network_of_sequences_over_counts_is_refused_with_the_line() -> None:
    counts = kb.Text(output_mode="count", vocabulary=["a"])
    said = message(BuildError, choose, kb.GRU(), n=NUMBER, t=counts)
    assert said.startswith("model: gru takes text, sequence, and this is vector. Expected one of: ")
    assert said.endswith("; or `features: {t: text}`.")
    assert message(BuildError, choose, {"text": kb.GRU()}, n=NUMBER, t=counts) == (
        "model.text: no feature has the form 'text'. The features have: vector. "
        "One gets it by `features: {t: text}`."
    )


def network(frame: pd.DataFrame, target: str, **fields: Any) -> Any:
    recipe = kb.Recipe(data=kb.Frame(frame=frame, target=target), **fields)
    return built(recipe).network.model


def test_numbers_and_small_categories_share_one_input() -> None:
    frame = mixed()
    frame["street"] = [f"street {n % 40}" for n in range(ROWS)]
    features = {"floor": kb.Category(), "street": kb.Category(embedding=3)}
    model = network(frame, "answer", features=features)
    assert {name: tuple(tensor.shape) for name, tensor in model.input.items()} == {
        "vector": (None, 2 + 5 + 7),  # size with indicator, colour and floor with two slots each
        "street_input": (None, 1),
    }


def test_an_architecture_learns_how_many_numbers_each_column_has() -> None:
    frame = mixed()
    frame["street"] = [f"street {n % 40}" for n in range(ROWS)]
    frame["three"] = [np.arange(3.0)] * ROWS
    features = {"floor": kb.Category(), "street": kb.Category(embedding=3)}
    model = network(frame, "answer", features=features, model=kb.FTTransformer())
    [tokenizer] = [layer for layer in model.layers if type(layer).__name__ == "FeatureTokenizer"]
    # By input: size with indicator, colour and floor with two slots each, three; then street.
    assert tokenizer.widths == [2, 5, 7, 3, 3]
    assert tokenizer.input.shape == (None, 2 + 5 + 7 + 3 + 3)


def test_branches_are_joined_before_the_last_layer() -> None:
    frame = reviews().assign(length=range(ROWS), photo=[encoded(picture(0))] * ROWS)
    branches = {"text": kb.LSTM(units=3), "vector": kb.MLP(units=4), "image": kb.CNN(filters=2)}
    model = network(frame, "stars", features={"length": kb.Number()}, model=branches)
    assert set(model.input) == {"vector", "review_input", "photo_input"}
    assert model.layers[-1].input.shape == (None, 3 + 4 + 2 * 4 * 3)
    assert model.output["stars"].shape == (None, 3)


@pytest.mark.parametrize(
    "name", ["head", "embedding", "lstm", "flatten", "vector", "network", "größe in %"]
)
@pytest.mark.slow
def test_a_column_may_be_called_like_a_layer(name: str) -> None:
    import keras

    keras.backend.clear_session()  # so that the layers' own names have no number yet
    frame = reviews().rename(columns={"review": name}).assign(n=np.arange(ROWS) % 7 / 2)
    model = network(frame, "stars", features={name: kb.Text()}, model=kb.LSTM(units=2))
    assert len(model.input) == 1 + 1


def test_features_of_one_form_have_each_a_network_of_its_own() -> None:
    images = [encoded(picture(n, "L", (28, 28))) for n in range(ROWS)]
    frame = pd.DataFrame({"left": images, "right": images[::-1], "y": [*"ab"] * (ROWS // 2)})
    model = network(frame, "y", model=kb.LeNet5())
    assert model.count_params() == 2 * (61_706 - 850) + 2 * 84 + 1


def named(name: str) -> kb.Sequential:
    return kb.Sequential(layers=["flatten", {"dense": {"units": 2, "name": name}}])


@pytest.mark.parametrize("name", ["shared", "head", "vector", "photo_input"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    frame = mixed().assign(photo=[encoded(picture(0))] * ROWS)
    branches = {"image": named(name), "vector": named("shared")}
    assert message(BuildError, network, frame, "answer", model=branches) == (
        f"model: two layers of the network have the name {name!r}. Write another one: the inputs, "
        "the last layer and layers without a written name have names too, and so have the layers "
        "of the other architectures."
    )


def test_features_of_one_form_may_have_layers_of_one_name() -> None:
    images = [encoded(picture(n)) for n in range(ROWS)]
    frame = pd.DataFrame({"left": images, "right": images[::-1], "y": [*"ab"] * (ROWS // 2)})
    assert network(frame, "y", model=named("shared")).output_shape == (None, 1)


def test_the_message_of_a_branch_points_into_its_own_part() -> None:
    frame = mixed().assign(photo=[encoded(picture(0))] * ROWS)
    lenet5 = kb.LeNet5(stem="paper")
    said = message(
        BuildError, network, frame, "answer", model={"image": lenet5, "vector": kb.MLP()}
    )
    assert said.startswith("model.image.stem: lenet5 with `stem: paper` needs images of at least ")
    given = {"features": {"photo": kb.Image()}, "model": lenet5}
    said = message(BuildError, network, frame[["photo", "answer"]], "answer", **given)
    assert said.startswith("model.stem: lenet5 with `stem: paper` needs images of at least ")


def test_fields_without_a_name_are_those_of_the_network_that_is_inferred() -> None:
    from kbuilder.recipe import reading

    def model(text: str) -> Any:
        lines = f"data: {{source: csv, path: a.csv, target: y}}\nmodel: {text}"
        return reading.parse(lines).model

    chosen, decisions = choose(model("{units: [32]}"), a=NUMBER)
    assert chosen == {"vector": kb.MLP(units=[32])}
    assert [(d.value, d.write) for d in decisions] == [("mlp", "model: {name: mlp, units: [32]}")]
    chosen, _ = choose(model("{vector: {units: [8]}, image: cnn}"), a=NUMBER, b=IMAGE)
    assert chosen == {"vector": kb.MLP(units=[8]), "image": kb.CNN()}
    for text, said in {
        "{filters: [3]}": "model.filters: of mlp, which is inferred: unknown key 'filters'. "
        "Expected one of: crosses, pieces, units, ",
        "{units: [0]}": "model.units.0: of mlp, which is inferred: Expected a number of at least 1."
        " Got 0.",
    }.items():
        assert message(BuildError, choose, model(text), a=NUMBER).startswith(said)
    both = message(BuildError, choose, model("{vector: {units: [0], l2: -1}}"), a=NUMBER)
    assert both.startswith("model.vector.units.0: of mlp, which is inferred: Expected a number")
    assert "; Expected a number" in both
    assert message(BuildError, choose, model("{units: [3]}"), a=NUMBER, b=IMAGE) == (
        "model: the features have several forms: vector, image. Expected the form, too: "
        "`model: {vector: …}`."
    )
    assert "the required key 'name' is missing" in message(RecipeError, model, "{unts: [3]}")
