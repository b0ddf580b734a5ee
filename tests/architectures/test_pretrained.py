"""Networks that have learned on ImageNet."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pandas as pd
import pytest
from keras import applications
from shared import hollow, message, outline

import kbuilder as kb
from kbuilder.architectures._applications import EXPECTS, NETWORKS, RENAMED, SMALLEST, preprocessed
from kbuilder.architectures._body import adapted, body_of
from kbuilder.contracts import Choice, Signal
from kbuilder.errors import BuildError, RecipeError
from kbuilder.recipe import reading, writing
from kbuilder.training.phases import enter

TASK = kb.Multiclass(classes=3)
SHAPE = (32, 32, 3)
EXPECTED = (
    "Expected the weights of MobileNet without its last layer: a `.weights.h5` or `.keras` file "
    "of Keras 3, or an `.h5` file as Keras offers them for download."
)


def preprocess_input(network: str, pixels: Any) -> Any:
    """What Keras makes of pixels of 0 to 255 for the network."""
    return sys.modules[getattr(applications, network).__module__].preprocess_input(pixels)


def inner(model: Any) -> Any:
    """The trained network within the network."""
    [found] = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A MobileNet, and a folder with files of its weights."""
    from keras.src.legacy.saving import legacy_h5_format

    folder = tmp_path_factory.mktemp("weights")
    random = np.random.default_rng(1)
    model = applications.MobileNet(include_top=False, weights=None, input_shape=SHAPE)
    for weight in model.trainable_weights:
        if "conv" in weight.path:  # Keras's own start lets the signal die away on the way
            deviation = np.sqrt(2 / np.prod(weight.shape[: 2 if "dw" in weight.path else 3]))
            weight.assign(random.normal(0, deviation, weight.shape))
    model.save_weights(folder / "new.weights.h5")
    model.save(folder / "whole.keras")
    with h5py.File(folder / "download.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return model, folder


def test_every_network_of_keras_is_known() -> None:
    offered = {name for name in dir(applications) if callable(getattr(applications, name))}
    assert set(NETWORKS) == offered
    assert len(NETWORKS) == sum(map(len, EXPECTS.values())) == 40


@pytest.mark.parametrize("network", NETWORKS)
def test_pixels_are_what_the_network_expects(network: str) -> None:
    images = np.random.default_rng(0).random((2, 5, 4, 3)).astype(np.float32)
    ours = np.asarray(preprocessed(images, network, read=False))
    np.testing.assert_allclose(ours, preprocess_input(network, 255 * images), atol=1e-4)


def test_a_file_of_efficientnet_is_read_as_keras_reads_its_own() -> None:
    images = np.random.default_rng(0).random((2, 5, 4, 3)).astype(np.float32)
    mean, deviation = [0.485, 0.456, 0.406], np.array([0.229, 0.224, 0.225])
    normalize = keras.layers.Normalization(mean=mean, variance=deviation**2)
    wanted = normalize(images) / np.sqrt(deviation)
    ours = normalize(preprocessed(images, "EfficientNetB0", read=True) / 255)
    np.testing.assert_allclose(ours, wanted, atol=1e-4)
    plain = preprocessed(images, "EfficientNetB0", read=False)
    np.testing.assert_allclose(plain, 255 * images, rtol=1e-6)


def test_a_grey_image_is_given_as_all_three_colours() -> None:
    with hollow():
        image = keras.Input((32, 32, 1))
        body = kb.Pretrained(network="VGG16", weights="none").apply(Signal("image", image))
        model = keras.Model(image, body.tensor)
    until = keras.Model(image, inner(model)._inbound_nodes[-1].arguments.args[0])
    grey = np.random.default_rng(0).random((2, 32, 32, 1)).astype(np.float32)
    wanted = preprocess_input("VGG16", 255 * np.repeat(grey, 3, axis=-1))
    np.testing.assert_allclose(until(grey), wanted, atol=1e-4)


@pytest.mark.parametrize("network", ["MobileNet", *SMALLEST])
def test_the_smallest_image_is_taken_and_a_smaller_one_refused(network: str) -> None:
    least = SMALLEST.get(network, 32)
    model = kb.Pretrained(network=network, weights="none")
    outline(model, (least, least + 1, 3))
    with pytest.raises(ValueError, match=f"at least {least}x{least}"):
        getattr(applications, network)(
            include_top=False, weights=None, input_shape=(least, least - 1, 3)
        )
    assert message(BuildError, outline, model, (least, least - 1, 3)) == (
        f"model.network: {network} needs images of at least {least} × {least} pixels; these are "
        f"{least} × {least - 1}. Enlarge them: `features: {{image: {{kind: image, height: {least}, "
        f"width: {least}}}}}`."
    )


def test_a_fourth_channel_is_refused() -> None:
    model = kb.Pretrained(weights="none")
    assert message(BuildError, kb.build, model, TASK, (32, 32, 4)) == (
        "model.network: MobileNetV2 has learned on three colours. Expected images of 3 channels, "
        "or of 1, grey. These have 4: leave the others out, `images[..., :3]`."
    )


@pytest.mark.parametrize("file", ["new.weights.h5", "whole.keras", "download.h5"])
def test_weights_are_read_from_a_file_and_kept(trained: tuple[Any, Path], file: str) -> None:
    source, folder = trained
    given = kb.Pretrained(network="MobileNet", weights=folder / file)
    model = kb.build(given, TASK, (32, 32, 1))
    for weight, expected in zip(inner(model).weights, source.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy(), err_msg=weight.path)
    assert [weight.path for weight in model.trainable_weights] == ["head/kernel", "head/bias"]


def test_weights_that_are_not_those_of_the_network_are_refused(
    trained: tuple[Any, Path], tmp_path: Path
) -> None:
    _, folder = trained
    absent, text = tmp_path / "absent.weights.h5", tmp_path / "weights.txt"
    text.write_text("none")
    broken = tmp_path / "broken.h5"
    broken.write_text("none")

    def said(path: Path, network: str = "MobileNet") -> str:
        model = kb.Pretrained(network=network, weights=path)
        return message(BuildError, kb.build, model, TASK, SHAPE)

    assert said(absent) == f"model.weights: there is no file {absent}. {EXPECTED}"
    assert said(text) == f"model.weights: {text} is no file of weights. {EXPECTED}"
    assert said(broken) == (
        f"model.weights: {broken} does not fit. {EXPECTED} Keras says: Unable to synchronously "
        "open file (file signature not found)."
    )
    other = EXPECTED.replace("MobileNet", "VGG16")
    assert said(folder / "download.h5", "VGG16") == (
        f"model.weights: {folder / 'download.h5'} does not fit. {other} Keras says: Layer count "
        "mismatch when loading weights from file. Model expected 13 layers, found 54 saved layers."
    )
    for file in ("new.weights.h5", "whole.keras"):
        opening = f"model.weights: {folder / file} does not fit. {other} Keras says: "
        assert said(folder / file, "VGG16").startswith(opening)


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No name of the internet is known; gives the folder where Keras looks for weights."""

    def unknown(*args: Any, **named: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("network", "address", "file"),
    [
        (
            "MobileNet",
            "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
            "mobilenet_1_0_224_tf_no_top.h5",
            "mobilenet_1_0_224_tf_no_top.h5",
        ),
        (
            "NASNetMobile",
            "https://storage.googleapis.com/tensorflow/keras-applications/nasnet/"
            "NASNet-mobile-no-top.h5",
            "nasnet_mobile_no_top.h5",
        ),
    ],
)
def test_weights_that_cannot_be_downloaded_are_named_with_their_address_and_place(
    network: str, address: str, file: str, unreachable: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hollow():
        said = message(BuildError, outline, kb.Pretrained(network=network), SHAPE)
    assert said == (
        f"model.weights: the ImageNet weights of {network} are not on this machine, and the "
        f"download failed: [Errno -2] Name or service not known. Get {address} and put it there "
        f"as {unreachable / file}, or anywhere and write `weights: FILE`."
    )
    assert capsys.readouterr().out == ""
    assert set(RENAMED) == {"NASNet-mobile-no-top.h5", "NASNet-large-no-top.h5"}


def test_weights_that_keras_has_are_taken(trained: tuple[Any, Path], unreachable: Path) -> None:
    source, folder = trained
    unreachable.mkdir()
    place = unreachable / "mobilenet_1_0_224_tf_no_top.h5"
    place.write_bytes((folder / "download.h5").read_bytes())
    model = kb.build(kb.Pretrained(network="MobileNet"), TASK, SHAPE)
    for weight, expected in zip(inner(model).weights, source.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy(), err_msg=weight.path)
    place.write_text("broken")
    given = kb.Pretrained(network="MobileNet")
    assert message(BuildError, kb.build, given, TASK, SHAPE) == (
        "model.weights: Keras cannot load the ImageNet weights of MobileNet: Unable to "
        "synchronously open file (file signature not found). Remove their file from "
        f"{unreachable} to have it downloaded again, or name a file with `weights: FILE`."
    )


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({}, Choice(True, "its weights have learned already")),
        ({"weights": "none"}, Choice(False, "its weights are random")),
        ({"freeze": False}, None),
    ],
)
def test_what_has_learned_is_frozen_and_what_is_random_learns(fields: Any, choice: Any) -> None:
    signal = Signal("image", keras.Input(SHAPE))
    model, choices = adapted(kb.Pretrained(**fields), signal)
    assert choices == ({"freeze": choice} if choice else {})
    assert model.frozen is model.freeze is (choice.value if choice else False)


def test_random_weights_all_learn() -> None:
    with hollow():
        image = keras.Input(SHAPE)
        given = kb.Pretrained(network="MobileNet", weights="none", pooling="max", dropout=0)
        body = body_of(given, Signal("image", image))
        model = keras.Model(image, body.tensor)
    assert body.phases == ()
    assert [type(layer).__name__ for layer in model.layers] == [
        "InputLayer", "Rescaling", "Functional",
    ]  # fmt: skip
    assert type(inner(model).layers[-1]).__name__ == "GlobalMaxPooling2D"
    assert len(model.trainable_weights) == len(inner(model).weights) - 2 * 27


def refused(text: str) -> str:
    data = "data: {source: sklearn, name: digits}\n"
    return message(RecipeError, reading.parse, f"{data}model: {text}\n")


def test_contradictions_are_refused() -> None:
    assert refused("{name: pretrained, weights: none, freeze: true}") == (
        "recipe:2:50: model.freeze: random weights would be kept as they are. Expected false, or "
        "weights that have learned: `weights: imagenet`. Got true.\n"
        "    2 | model: {name: pretrained, weights: none, freeze: true}\n"
        "      |                                                  ^^^^\n"
        "1 problem."
    )
    for text in ("weights: none", "freeze: false"):
        assert refused(f"{{name: pretrained, {text}, fine_tune: {{}}}}") == (
            "recipe:2:53: model.fine_tune: all layers learn from the first step, which "
            "leaves nothing to tune afterwards. Expected `freeze: true`, and weights that have "
            "learned.\n"
            f"    2 | model: {{name: pretrained, {text}, fine_tune: {{}}}}\n"
            f"      | {' ' * 52}^^\n"
            "1 problem."
        )


def test_a_network_is_spelled_as_keras_spells_it() -> None:
    said = refused("{name: pretrained, network: efficientnetb0}")
    assert f"Expected one of: {', '.join(NETWORKS)}. Got 'efficientnetb0'." in said
    assert "Did you mean 'EfficientNetB0'?" in said


def test_a_file_is_relative_to_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(
        "data: {source: sklearn, name: digits}\n"
        "model: {name: pretrained, weights: some.weights.h5, fine_tune: {layers: 3}}\n"
    )
    model = reading.read(tmp_path / "recipe.yaml").model
    assert model == kb.Pretrained(
        weights=tmp_path / "some.weights.h5",
        fine_tune={"layers": 3},  # type: ignore[arg-type]
    )
    recipe = kb.Recipe(data=kb.Sklearn(name="digits"), model=model)
    assert reading.parse(writing.to_yaml(recipe)).model == model


@pytest.fixture(scope="module")
def tuned(trained: tuple[Any, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run of two phases, in the second of which the last three layers learn."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (24, 32, 32), dtype=np.uint8)
    frame = pd.DataFrame({"image": list(images), "y": [*"ab"] * 12})
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="y", split=kb.Random(validation=0, test=0.1)),
        model=kb.Pretrained(
            network="MobileNet",
            weights=trained[1] / "new.weights.h5",
            fine_tune={"layers": 3, "epochs": 1, "learning_rate": 1e-2},  # type: ignore[arg-type]
        ),
        training=kb.Training(epochs=2),
    )
    run = kb.fit(recipe, run_dir=tmp_path_factory.mktemp("tuned") / "run", verbose=False)
    return run, frame


@pytest.mark.slow
def test_only_the_layers_that_are_tuned_change(trained: tuple[Any, Path], tuned: Any) -> None:
    run, frame = tuned
    changed = [
        weight.path.split("/")[-2]
        for weight, before in zip(inner(run.model).weights, trained[0].weights, strict=True)
        if not np.array_equal(weight.numpy(), before.numpy())
    ]
    assert changed == ["conv_pw_12", "conv_dw_13", "conv_pw_13"]
    assert run.history["learning_rate"].round(6).tolist() == [1e-3, 1e-3, 1e-2]
    again = kb.load(run.path)
    assert again.recipe.model == run.recipe.model
    pd.testing.assert_frame_equal(again.predict(frame), run.predict(frame))


def stretches(fine_tune: dict[str, Any], network: str = "MobileNet") -> list[tuple[Any, Any]]:
    """The phases, and what learns in each."""
    with hollow():
        image = keras.Input(SHAPE)
        tuning = kb.Pretrained(weights=Path("w.h5"), fine_tune=fine_tune).fine_tune  # type: ignore[arg-type]
        assert tuning is not None
        base = getattr(applications, network)(
            include_top=False, weights=None, input_shape=SHAPE, name="base"
        )
        phases = tuning.phases(base, network)
        model = keras.Model(image, base(image))
    compile_: Callable[[Any], None] = lambda optimizer: None  # noqa: E731
    found = []
    for phase in phases:
        enter(phase, phases, model, kb.Training(epochs=20), 1, compile_)
        found.append((phase, [weight.path.split("/")[-2] for weight in base.trainable_weights]))
    return found


def test_the_network_is_frozen_first_and_its_batch_normalisation_always() -> None:
    (first, nothing), (second, some) = stretches({"layers": 2, "epochs": 4})
    assert nothing == []
    assert some == ["conv_dw_13", "conv_pw_13"]
    assert (first.epochs, first.learning_rate, first.why) == (
        None, None, "MobileNet keeps its weights",
    )  # fmt: skip
    assert (second.epochs, second.learning_rate, second.why) == (
        4, 1e-5, "the last 2 layers of MobileNet learn too, at a learning rate of 1e-05",
    )  # fmt: skip
    (_, _), (last, every) = stretches({})
    assert len(every) == 27
    assert not any("bn" in name for name in every)
    assert last.why == "all 27 layers of MobileNet learn too, at a learning rate of 1e-05"


def test_layers_within_a_model_within_the_network_are_counted() -> None:
    (_, nothing), (_, every) = stretches({}, "ConvNeXtTiny")
    assert nothing == []
    assert every[:2] == ["base_stem_conv"] * 2


def test_more_layers_than_there_are_is_refused() -> None:
    assert message(BuildError, stretches, {"layers": 28}) == (
        "model.fine_tune.layers: MobileNet has 27 layers that can learn. Expected at most as "
        "many, or none for all of them. Got 28."
    )
