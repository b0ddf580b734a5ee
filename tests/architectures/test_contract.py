"""What every architecture promises, for every form that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import RUNS, fields, message, signal

import kbuilder as kb
from kbuilder import catalog
from kbuilder.contracts import FORMS
from kbuilder.errors import BuildError
from kbuilder.recipe import reading, writing

LAYERS: dict[str, list[Any]] = {
    "vector": [{"dense": 8}],
    "text": [{"embedding": 4}, "global_average_pooling1d", {"dense": 8}],
    "sequence": [{"conv1d": {"filters": 8, "kernel_size": 3}}, "global_max_pooling1d"],
    "image": [{"conv2d": {"filters": 8, "kernel_size": 3}}, "flatten"],
}
# (batch, …) as the docstrings state it, for the inputs of `shared.signal`.
WIDTHS: dict[tuple[str, str], int] = {
    ("cnn", "image"): 8 * 8 * 64, ("cnn", "text"): 64, ("cnn", "sequence"): 64,
    ("sequential", "image"): 30 * 30 * 8,
    **{(name, form): 64 for name in ("gru", "lstm", "rnn") for form in ("text", "sequence")},
    **{("mlp", form): 64 for form in ("vector", "sequence", "image")}, ("lenet5", "image"): 84,
    **{("sequential", form): 8 for form in ("vector", "text", "sequence")},
}  # fmt: skip
CASES = [
    (name, form)
    for name in catalog.names("architectures")
    for form in catalog.find("architectures", name).forms  # type: ignore[attr-defined]
]
INPUTS: dict[str, dict[str, Any]] = {
    "vector": {"input_shape": (5,)},
    "text": {"input_shape": (7,), "vocabulary_size": 11},
    "sequence": {"input_shape": (7, 3)},
    "image": {"input_shape": (32, 32, 1)},
}
TARGETS = np.eye(3, dtype=np.float32)[np.arange(8) % 3]
each = pytest.mark.parametrize(("name", "form"), CASES)


def architecture(name: str, form: str) -> Any:
    kind = catalog.find("architectures", name)
    return kind(layers=LAYERS[form]) if name == "sequential" else kind()


def batch(form: str, rows: int = 8) -> np.ndarray:
    random = np.random.default_rng(0)
    if form == "text":
        return random.integers(1, 11, (rows, 7))
    return random.normal(size=(rows, *INPUTS[form]["input_shape"])).astype(np.float32)


def build(name: str, form: str) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return kb.build(architecture(name, form), kb.Multiclass(classes=3), **INPUTS[form])


def test_every_case_has_its_width() -> None:
    assert set(WIDTHS) == set(CASES)


@each
def test_the_output_is_a_vector_of_the_stated_width(name: str, form: str) -> None:
    body = architecture(name, form).apply(signal(form))
    assert body.shape == (None, WIDTHS[name, form])


@each
def test_build_gives_a_plain_compiled_model(name: str, form: str) -> None:
    import keras

    model = build(name, form)
    assert type(model).__mro__[0] in (keras.Model, keras.src.models.functional.Functional)
    assert model.compiled
    assert model.output_shape == (None, 3)
    outputs = model.predict(batch(form), verbose=0)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)


@each
def test_gradients_reach_every_weight(name: str, form: str) -> None:
    import tensorflow as tf

    model = build(name, form)
    with tf.GradientTape() as tape:
        loss = model.loss(TARGETS, model(batch(form), training=True))
    weights = model.trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.abs(np.asarray(tf.convert_to_tensor(gradient))).max() > 0, weight.path


@each
def test_a_step_moves_every_weight_and_the_saved_model_answers_alike(
    name: str, form: str, tmp_path: Path
) -> None:
    import keras

    model = build(name, form)
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    model.train_on_batch(batch(form), TARGETS)
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(weight.numpy(), old), weight.path
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(batch(form)), model(batch(form)))


@each
def test_it_survives_yaml(name: str, form: str) -> None:
    given = architecture(name, form)
    recipe = kb.Recipe(data=kb.Sklearn(name="iris"), model=given)
    assert reading.parse(writing.to_yaml(recipe)).model == given


@pytest.mark.parametrize("name", catalog.names("architectures"))
def test_a_form_that_it_does_not_take_is_refused(name: str) -> None:
    kind = catalog.find("architectures", name)
    for form in (form for form in FORMS if form not in kind.forms):  # type: ignore[attr-defined]
        fitting = [other for other, its in CASES if its == form]
        assert message(BuildError, build, name, form) == (
            f"model: {name} takes {', '.join(kind.forms)}, and this is {form}. "  # type: ignore[attr-defined]
            f"Expected one of: {', '.join(fitting)}."
        )


def small(name: str, form: str) -> kb.Recipe:
    """A recipe for an architecture that no shared run has."""
    values = list(batch(form, 24)) if form != "text" else [f"word {n % 5}" for n in range(24)]
    frame = pd.DataFrame({"x": values, "y": [*"ab"] * 12})
    features = {"x": kb.Text()} if form == "text" else {}
    data, model = kb.Frame(frame=frame, target="y"), architecture(name, form)
    return kb.Recipe(data=data, features=features, model=model, training=kb.Training(epochs=1))


@pytest.mark.parametrize(("name", "form"), dict(CASES).items())
def test_a_fitted_run_is_loaded_and_exported_with_equal_answers(
    name: str, form: str, fitted: Any, exported: Any, answers: Any
) -> None:
    if name in RUNS:
        run, export = fitted(RUNS[name]), exported(RUNS[name])
        frame = fields(RUNS[name])["data"].frame
    else:
        recipe = small(name, form)
        run, frame = kb.fit(recipe, run_dir="run", verbose=False), recipe.data.frame
        export = run.export("export")
    used = run.recipe.model.values() if isinstance(run.recipe.model, dict) else [run.recipe.model]
    assert name in [catalog.name_of(architecture) for architecture in used]
    expected = run.predict(frame)
    pd.testing.assert_frame_equal(kb.load(run.path).predict(frame), expected)
    given = answers(run, export, frame)
    [key] = given.keys() & {"probabilities", "value"}
    wanted = expected.filter(regex="^(probability of |value)").to_numpy()
    np.testing.assert_allclose(given[key].reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)
