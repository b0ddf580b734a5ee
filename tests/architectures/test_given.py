"""Networks that Python has at hand: functions, layers of Keras, and what is said of wrong ones."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from shared import message, mixed

import kbuilder as kb
from kbuilder.errors import BuildError, RecipeError, RunError
from kbuilder.recipe import reading, writing
from kbuilder.runs import run_folder


def tower(x: Any) -> Any:
    """Two dense layers."""
    import keras

    x = keras.layers.Dense(8)(x)
    return keras.layers.Dense(4, activation="relu")(x)


def wide(x: Any) -> Any:
    return x[:, None, :]


def wrong(x: Any) -> Any:
    raise ValueError("there is no such thing")


def two(x: Any, y: Any) -> Any: ...


def layers() -> Any:
    import keras

    return keras.Sequential([keras.layers.Dense(8), keras.layers.Dense(4, activation="relu")])


def recipe(model: Any) -> kb.Recipe:
    mixed().to_csv("rows.csv", index=False)
    return kb.Recipe(
        data=kb.CSV(path=Path("rows.csv").absolute(), target="answer"),
        features={"notes": "category"} if "notes" in mixed() else {},
        model=model,
        training=kb.Training(epochs=1, batch_size=32, seed=1),
    )


def the_weights(run: kb.Run) -> list[np.ndarray]:
    return [np.array(weight) for weight in run.model.get_weights()]


@pytest.mark.slow
def test_a_function_and_a_layer_are_fitted_as_networks_and_read_again() -> None:
    named = {f"{__name__}:tower": tower, "KerasLayer": layers()}
    found = []
    for number, (name, model) in enumerate(named.items()):
        run = kb.fit(recipe(model), run_dir=f"run{number}", verbose=False)
        again = kb.load(f"run{number}")
        frame = mixed().head(5)
        assert again.predict(frame).equals(run.predict(frame))
        assert name.lower().replace("_", "") in (
            Path(f"run{number}/recipe.yaml").read_text().lower().replace("_", "")
        )
        more = kb.resume(
            f"run{number}", override=["training.epochs=2"], run_dir=f"more{number}", verbose=False
        )
        assert len(more.history) == 2
        found.append(the_weights(run))
    for one, other in zip(*found, strict=True):  # they say the same
        np.testing.assert_array_equal(one, other)


def test_a_function_that_is_not_here_any_more_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("elsewhere")
    exec("def net(x):\n    import keras\n    return keras.layers.Dense(3)(x)", vars(module))
    monkeypatch.setitem(sys.modules, "elsewhere", module)
    kb.fit(recipe(vars(module)["net"]), run_dir="run", verbose=False)
    assert run_folder.read(Path("run")).recipe.model is not None
    vars(module)["net"] = tower  # as in a notebook, where a cell is run again
    [again] = run_folder.read(Path("run")).recipe.model.values()  # type: ignore[union-attr]
    assert type(again).__doc__ == "Two dense layers."
    monkeypatch.delitem(sys.modules, "elsewhere")
    assert message(RunError, run_folder.read, Path("run")) == (
        "run was fitted with the plug-in architectures.elsewhere:net of elsewhere, which is not "
        "here. Import elsewhere first, in Python."
    )


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda x: x, "<lambda> of test_given cannot be found again by its name. Expected a "
         "function at the top of a module, such as `def network(x): …`"),
        (two, "test_given:two takes other arguments. Expected a function of one tensor, such as "
         "`def two(x): …`"),
        (3, "Expected a name, or a mapping with the key 'name'. Got 3"),
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused(model: Any, said: str) -> None:
    assert message(RecipeError, recipe, model).startswith(f"kb.Recipe: model: {said}")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (wide, "test_given:wide gives (batch, 1, 8). Expected a vector (batch, d): end with a "
         "Flatten or a global pooling layer."),
        (wrong, "test_given:wrong cannot be built: ValueError: there is no such thing"),
    ],
)  # fmt: skip
def test_a_function_that_is_wrong_is_blamed_with_its_error(model: Any, said: str) -> None:
    with pytest.raises(BuildError) as caught:
        kb.build(recipe(model).model, kb.Binary(), (8,))
    assert said in str(caught.value)


def test_a_layer_with_weights_is_refused_since_they_would_be_lost() -> None:
    import keras

    trained = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert message(RecipeError, recipe, trained).startswith(
        "kb.Recipe: model: the Sequential has weights already, which a recipe does not keep. "
        "Expected a layer without: leave keras.Input out, or give a function of a tensor, such as "
        "`def network(x): …`"
    )


def attacks() -> dict[str, dict[str, Any]]:
    import keras

    secret = keras.layers.Dense(2, activation="relu")
    inner = keras.saving.serialize_keras_object(secret)
    inner["config"]["kernel_initializer"] = {
        "module": "os", "class_name": "system", "config": {"command": "true"},
        "registered_name": "system",
    }  # fmt: skip
    return {
        "system": inner,
        "Lambda": {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "x"}},
        "get_file": {"module": "keras.utils", "class_name": "get_file", "config": {}},
        "TFSMLayer": {
            "module": "keras.layers",
            "class_name": "TFSMLayer",
            "config": {"filepath": "/tmp"},
        },
    }


@pytest.mark.parametrize("name", ["system", "Lambda", "get_file", "TFSMLayer"])
def test_a_configuration_never_makes_code_run(name: str) -> None:
    text = writing.to_yaml(recipe(layers()))
    assert reading.parse(text, name="good.yaml").model is not None
    with pytest.raises(RecipeError) as caught:
        kb.KerasLayer(config=attacks()[name])
    assert f"{name!r} is no layer of Keras that is made of data alone." in str(caught.value)


def test_a_class_of_ones_own_is_taken_once_keras_knows_it() -> None:
    import keras

    class Twice(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return 2 * x

    refused = message(RecipeError, recipe, Twice())
    assert "'Twice' is no layer of Keras that is made of data alone." in refused
    kind = keras.saving.register_keras_serializable("tests")(Twice)
    model = kb.build(recipe(kind()).model, kb.Binary(), (3,))
    assert model.output_shape == (None, 1)
