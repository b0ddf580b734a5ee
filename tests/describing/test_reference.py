"""The reference in the terminal is made from the schema classes, and leaves none of them out."""

from __future__ import annotations

import pytest
from shared import Call, message

from kbuilder import catalog
from kbuilder.describing.reference import explain
from kbuilder.errors import CallError
from kbuilder.layer_lists import keras_layers
from kbuilder.recipe.recipe import Recipe
from kbuilder.recipe.training import Training
from kbuilder.spec import descriptions

PLUGINS = [(folder, name) for folder in catalog.FOLDERS for name in catalog.names(folder)]


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_each_field_of_each_plugin_is_there(folder: str, name: str) -> None:
    text = explain(f"{folder}.{name}")
    assert text in explain(name)
    kind = catalog.find(folder, name)
    assert text.startswith(f"{name} (")
    words = " ".join(text.split())
    described = descriptions(kind)
    for field, known in kind.model_fields.items():  # type: ignore[attr-defined]
        assert f"\n    {field}: " in text
        assert " ".join(described[field].split()) in words
        if known.is_required():
            assert "; required" in text
    assert " ".join(str(kind.__doc__).split()) in words


def test_each_section_and_each_field_of_training_is_there() -> None:
    overview = explain(None)
    for section in Recipe.model_fields:
        assert f"\n  {section:<10} " in overview
        assert explain(section).startswith(f"{section}: ")
    for folder, name in PLUGINS:
        assert f"\n  {name:<18} " in overview, folder
    training = explain("training")
    for field in Training.model_fields:
        assert f"\n    {field}: " in training
        assert explain(f"training.{field}").startswith(f"training.{field}: ")


def test_a_field_has_its_type_its_bounds_and_its_default() -> None:
    assert explain("training.checkpoints.keep").startswith(
        "training.checkpoints.keep: a whole number, >= 1 and <= 1,048,576; default 2\n"
    )
    assert explain("data.path").startswith("data.path: a text; required\n")
    owners = "array_folder, arrays, csv, image_folder, text_folder, video_folder"
    assert f"  It is a field of {owners}." in explain("data.path")
    assert explain("training.schedule").startswith("training.schedule: one of the schedules\n")
    assert "    plateau            A learning rate that falls" in explain("training.schedule")
    assert explain("training.optimizer.learning_rate").startswith(
        "training.optimizer.learning_rate: a number"
    )


@pytest.mark.parametrize("layer", keras_layers.table()["layers"])
def test_each_argument_of_each_layer_of_keras_is_there(layer: str) -> None:
    text = explain(layer)
    for argument in keras_layers.table()["layers"][layer]["arguments"]:
        assert f"\n    {argument}: " in text.partition(f"{layer} (layer)\n")[2]


def test_what_a_list_of_layers_takes_is_explained() -> None:
    assert "fields:\n\n    layers: a list of: AnyLayer; required\n" in explain("sequential")
    words = " ".join(explain("AnyLayer").split())
    assert f"layers: {', '.join(keras_layers.names())}. blocks: branches, inception, " in words
    assert "`bidirectional: {lstm: {units: 64}}`" in explain("bidirectional")
    assert explain("lstm").startswith("lstm (architecture)\n")
    assert "\n\nlstm (layer)\n" in explain("lstm")


def test_what_is_not_there_is_said_with_the_nearest() -> None:
    assert message(CallError, explain, "resnet18s") == (
        "there is nothing called 'resnet18s' in a recipe. Did you mean 'resnet18'? "
        "`kbuilder explain` lists what there is."
    )
    assert "nothing called 'data.nothing'" in message(CallError, explain, "data.nothing")


def test_the_command_prints_it(call: Call) -> None:
    assert call("explain", "mlp") == (0, f"{explain('mlp')}\n", "")
    assert call("explain") == (0, f"{explain(None)}\n", "")
    assert call("explain", "?")[0] == 2
