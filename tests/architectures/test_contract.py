"""What every architecture promises, for every form that it takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import RUNS, fields, hollow, message, signal

import kbuilder as kb
from kbuilder import catalog
from kbuilder.architectures._body import body_of
from kbuilder.contracts import FORMS
from kbuilder.ejecting import network
from kbuilder.ejecting.expressions import Expressions
from kbuilder.errors import BuildError, listed
from kbuilder.recipe import reading, writing
from kbuilder.training import precision

LAYERS: dict[str, list[Any]] = {
    "vector": [{"dense": 8}],
    "text": [{"embedding": 4}, "global_average_pooling1d", {"dense": 8}],
    "sequence": [{"conv1d": {"filters": 8, "kernel_size": 3}}, "global_max_pooling1d"],
    "image": [{"conv2d": {"filters": 8, "kernel_size": 3}}, "flatten"],
    "video": ["flatten"],
}
# (batch, …) as the docstrings state it, for the inputs of `shared.signal`.
WIDTHS: dict[tuple[str, str], int] = {
    ("cnn", "image"): 8 * 8 * 64, ("cnn", "text"): 64, ("cnn", "sequence"): 64,
    ("sequential", "image"): 30 * 30 * 8,
    **{(name, form): 64 for name in ("gru", "lstm", "rnn") for form in ("text", "sequence")},
    **{("mlp", form): 128 for form in ("vector", "sequence", "image")}, ("lenet5", "image"): 84,
    **{("text_cnn", form): 300 for form in ("text", "sequence")},
    **{(name, form): 64 for name in ("tcn", "transformer") for form in ("text", "sequence")},
    ("nlinear", "sequence"): 7 * 3, ("dlinear", "sequence"): 2 * 7 * 3,
    ("tsmixer", "sequence"): 7 * 3, ("nhits", "sequence"): 1 + 2 + 7,
    ("linear", "vector"): 5, ("linear", "sequence"): 7 * 3, ("linear", "image"): 32 * 32,
    ("wide_deep", "vector"): 5 + 128, ("ft_transformer", "vector"): 32,
    **{("sequential", form): 8 for form in ("vector", "text", "sequence")},
    **{(f"vgg{depth}", "image"): 4096 for depth in (11, 13, 16, 19)}, ("alexnet", "image"): 4096,
    **{(f"resnet{depth}", "image"): 2048 for depth in (50, 101, 152)},
    **{(f"resnet{depth}", "image"): 512 for depth in (18, 34)}, ("googlenet", "image"): 1024,
    **{(f"resnet{depth}", "image"): 64 for depth in (20, 32, 44, 56, 110)},
    ("pretrained", "image"): 1280,
    **{("keras_layer", form): 8 for form in ("vector", "sequence", "image")},
    ("frames", "video"): 64, ("fasttext", "text"): 100 + 16,
}  # fmt: skip


def made(form: str) -> dict[str, Any]:
    """The configuration of a layer that takes a form and gives a vector of 8."""
    import keras

    layers = {
        "vector": [],
        "text": [],
        "sequence": [keras.layers.GRU(4)],
        "image": [keras.layers.Flatten()],
        "video": [keras.layers.Flatten()],
    }
    model = keras.Sequential([*layers[form], keras.layers.Dense(8)])
    return dict(keras.saving.serialize_keras_object(model))


# What nobody can guess, or no test can download.
NEEDED: dict[tuple[str, str], dict[str, Any]] = {
    **{("keras_layer", form): {"config": made(form)} for form in FORMS},
    **{("sequential", form): {"layers": layers} for form, layers in LAYERS.items()},
    ("pretrained", "image"): {"weights": "none"},
}
CASES = [
    (name, form)
    for name in catalog.names("architectures")
    for form in catalog.find("architectures", name).forms  # type: ignore[attr-defined]
]
# Instead of tens of millions of weights in dense layers.
SMALLER: dict[str, dict[str, Any]] = {
    "alexnet": {"units": [16, 16]}, "pretrained": {"network": "MobileNet"},
    **{f"vgg{depth}": {"units": [16, 16]} for depth in (11, 13, 16, 19)},
}  # fmt: skip
# `make contract` tries every depth, and exports every network; it takes many minutes.
EVERY = bool(os.environ.get("KBUILDER_EVERY"))
# To fit and to export takes long: of those that are made of the same layers, one has to do it.
MADE_OF = {} if EVERY else {
    "googlenet": "alexnet",
    "vgg11": "alexnet",
    "resnet18": "resnet20",
    "resnet50": "resnet20",
    "keras_layer": "sequential",
}  # fmt: skip
INPUTS: dict[str, dict[str, Any]] = {
    "vector": {"input_shape": (5,)},
    "text": {"input_shape": (7,), "vocabulary_size": 11},
    "sequence": {"input_shape": (7, 3)},
    "image": {"input_shape": (32, 32, 1)},
    "video": {"input_shape": (4, 12, 12, 1)},
}
TARGETS = np.eye(3, dtype=np.float32)[np.arange(8) % 3]
each = pytest.mark.parametrize(("name", "form"), CASES)


def first_of_its_kind(name: str) -> bool:
    """Whether none that is less deep has the same code: vgg11 stands for vgg19 too."""

    def code(name: str) -> Any:
        kind = catalog.find("architectures", name)
        owner = next(base for base in kind.__mro__ if "apply" in vars(base))
        return owner, getattr(kind, "bottleneck", None)

    alike = [other for other in catalog.names("architectures") if code(other) == code(name)]
    return name == min(alike, key=lambda other: (len(other), other))


FIRSTS = [(name, form) for name, form in CASES if first_of_its_kind(name)]
TRIED = CASES if EVERY else FIRSTS


def architecture(name: str, form: str, **fields: Any) -> Any:
    kind = catalog.find("architectures", name)
    return kind(**NEEDED.get((name, form), {}), **fields)


def batch(form: str, rows: int = 8) -> np.ndarray:
    random = np.random.default_rng(0)
    if form == "text":
        return random.integers(1, 11, (rows, 7))
    return random.normal(size=(rows, *INPUTS[form]["input_shape"])).astype(np.float32)


def answers_of(model: Any, form: str) -> dict[str, np.ndarray]:
    """What the model answers to the batch, by output."""
    answers = model(batch(form))
    named = answers if isinstance(answers, dict) else {"output": answers}
    return {name: np.asarray(values) for name, values in named.items()}


@dataclass(frozen=True)
class Built:
    """A form, and the model of an architecture for it."""

    form: str
    model: Any

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        """What the model answers to the batch, by output, before any step."""
        return answers_of(self.model, self.form)


# Whose layers a smaller one has too: resnet20, lenet5, cnn.
LARGE = ("googlenet", "pretrained", "resnet18", "resnet50", "vgg11")
PARAMS = [
    pytest.param(case, marks=[pytest.mark.slow] if case[0] in LARGE else []) for case in TRIED
]


@pytest.fixture(scope="module", params=PARAMS, ids="-".join)
def built(request: pytest.FixtureRequest) -> Built:
    """An architecture on two logical devices, for all tests of it."""
    import keras
    import tensorflow as tf

    name, form = request.param
    keras.utils.set_random_seed(0)
    given = architecture(name, form, **SMALLER.get(name, {}))
    task = kb.Multiclass(classes=3)
    # Collective operations of several strategies in one process get in each other's way.
    single = tf.distribute.ReductionToOneDevice()
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=single).scope():
        # Plain gradient descent moves a weight by its gradient alone.
        optimizer = keras.optimizers.SGD(0.01)
        return Built(form, kb.build(given, task, **INPUTS[form], optimizer=optimizer))


def test_every_case_has_its_width() -> None:
    assert set(WIDTHS) == set(CASES)


def test_those_that_differ_in_depth_alone_are_tried_once() -> None:
    assert {name for name, _ in CASES} - {name for name, _ in FIRSTS} == {
        "vgg13", "vgg16", "vgg19", "resnet34", "resnet101", "resnet152",
        "resnet32", "resnet44", "resnet56", "resnet110",
    }  # fmt: skip


@each
def test_the_output_is_a_vector_of_the_stated_width(name: str, form: str) -> None:
    with hollow():
        body = body_of(architecture(name, form), signal(form))
    assert body.tensor.shape == (None, WIDTHS[name, form])


def test_build_gives_a_plain_compiled_model(built: Built) -> None:
    import keras

    model = built.model
    assert type(model).__mro__[0] in (keras.Model, keras.src.models.functional.Functional)
    assert model.compiled
    for outputs in built.answers.values():
        assert outputs.shape == (8, 3)
        np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_a_step_on_two_devices_moves_every_weight(built: Built) -> None:
    form, model = built.form, built.model
    assert model.distribute_strategy.num_replicas_in_sync == 2
    found = model.get_weights()
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    one = not isinstance(model.output, dict)
    targets = TARGETS if one else dict.fromkeys(model.output, TARGETS)
    model.run_eagerly = True  # to trace the deepest takes half a minute
    model.fit(batch(form), targets, batch_size=8, verbose=0)
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(weight.numpy(), old), weight.path
        assert np.isfinite(weight.numpy()).all(), weight.path
    model.set_weights(found)  # for the other tests


def test_the_saved_model_answers_alike(built: Built, tmp_path: Path) -> None:
    import keras

    form, model = built.form, built.model
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    (tmp_path / "model.keras").unlink()
    expected = built.answers
    given = answers_of(again, form)
    assert given.keys() == expected.keys()
    for name, outputs in expected.items():
        np.testing.assert_array_equal(given[name], outputs)


@pytest.mark.slow
def test_in_bfloat16_it_answers_nearly_alike_and_every_weight_learns(built: Built) -> None:
    import tensorflow as tf

    form, model = built.form, built.model
    with precision.computing(model, "bfloat16"):
        with tf.GradientTape() as tape:
            answers = model(batch(form), training=False)
            named = answers if isinstance(answers, dict) else {"output": answers}
            loss = tf.add_n([tf.reduce_sum(one * TARGETS) for one in named.values()])
        gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for name, outputs in built.answers.items():
        assert named[name].dtype == tf.float32
        np.testing.assert_allclose(named[name], outputs, atol=0.1)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), weight.path
    np.testing.assert_array_equal(
        next(iter(answers_of(model, form).values())), next(iter(built.answers.values()))
    )


def test_its_script_makes_the_same_network(built: Built) -> None:
    import keras

    form, model = built.form, built.model
    expressions = Expressions()
    functions = network.functions(model, "build_model", expressions)
    imports, own = expressions.sources()
    space: dict[str, Any] = {"keras": keras, "__name__": "script"}
    exec("\n".join([*imports, *own, *functions]), space)
    again = space["build_model"]()
    assert again.count_params() == model.count_params()
    again.set_weights(model.get_weights())
    given = answers_of(again, form)
    assert given.keys() == built.answers.keys()
    for name, wanted in built.answers.items():
        np.testing.assert_allclose(given[name], wanted, rtol=1e-5, atol=1e-6)


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
        given, task = architecture(name, form), kb.Multiclass(classes=3)
        said = message(BuildError, kb.build, given, task, **INPUTS[form])
        expected = (
            f"model: {name} takes {', '.join(kind.forms)}, and this is {form}. "  # type: ignore[attr-defined]
            f"Expected one of: {listed(fitting)}"
        )
        assert said.startswith(expected)
        rest = said.removeprefix(expected)
        if rest != ".":  # whose frames, or their sequence, it may be given
            assert form == "video"
            line = rest.removeprefix("; or `").removesuffix("`.")
            recipe = reading.parse(f"data: {{source: sklearn, name: digits}}\n{line}\n", "line")
            assert given in vars(recipe.model).values()


def alone_or_together() -> list[dict[str, str]]:
    """By form the architectures of a recipe, so that each is in one.

    To fit and to export takes long, so that several share a network, as its branches.
    """
    cases = [case for case in dict(TRIED).items() if case[0] not in MADE_OF]
    if EVERY:
        return [{form: name} for name, form in cases]
    own = [{form: name} for name, form in cases if name in RUNS]
    forms = {
        form: [name for name, its in cases if its == form and name not in RUNS] for form in FORMS
    }
    shared = zip_longest(*forms.values())
    return own + [{form: n for form, n in zip(forms, names, strict=True) if n} for names in shared]


def small(names: dict[str, str]) -> kb.Recipe:
    """A recipe for architectures that no shared run has, by form."""
    columns: dict[str, Any] = {form: list(batch(form, 24)) for form in names if form != "text"}
    if "text" in names:
        columns["text"] = [f"word {n % 5}" for n in range(24)]
    data = kb.Frame(frame=pd.DataFrame({**columns, "y": [*"ab"] * 12}), target="y")
    model = {
        form: architecture(name, form, **SMALLER.get(name, {})) for form, name in names.items()
    }
    return kb.Recipe(
        data=data, features={"text": kb.Text()} if "text" in names else {},
        model=model if len(model) > 1 else next(iter(model.values())),
        training=kb.Training(epochs=1),
    )  # fmt: skip


@pytest.mark.parametrize("names", alone_or_together(), ids=lambda names: "-".join(names.values()))
@pytest.mark.slow
def test_a_fitted_run_is_loaded_and_exported_with_equal_answers(
    names: dict[str, str], fitted: Any, exported: Any, answers: Any
) -> None:
    [known] = [RUNS[name] for name in names.values() if name in RUNS] or [None]
    if known is not None:
        run, export = fitted(known), exported(known)
        frame = fields(known)["data"].frame
    else:
        recipe = small(names)
        run, frame = kb.fit(recipe, run_dir="run", verbose=False), recipe.data.frame
        export = run.export("export")
    used = run.recipe.model.values() if isinstance(run.recipe.model, dict) else [run.recipe.model]
    assert {*names.values()} <= {catalog.name_of(architecture) for architecture in used}
    expected = run.predict(frame)
    pd.testing.assert_frame_equal(kb.load(run.path).predict(frame), expected, atol=1e-6)
    given = answers(run, export, frame)
    [key] = given.keys() & {"probabilities", "value"}
    wanted = expected.filter(regex="^(probability of |value)").to_numpy()
    np.testing.assert_allclose(given[key].reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)
