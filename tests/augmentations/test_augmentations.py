"""What every augmentation promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder import catalog
from kbuilder.errors import DataError, RecipeError
from kbuilder.recipe import reading, writing

NAMES = catalog.names("augmentations")
SIDE = 16
# The one argument that may follow the name, and another that may not.
ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "brightness": (0.3, 1.5), "contrast": (0.3, 0), "crop": (2, 0), "cutout": (5, 2.5),
    "flip": ("vertical", "upright"), "rotation": (30, 181), "shift": (0.2, 0.6), "zoom": (0.2, 1),
}  # fmt: skip
each = pytest.mark.parametrize("name", NAMES)


def noise(rows: int, channels: int = 3) -> np.ndarray:
    shape = (rows, SIDE, SIDE, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def network(*augment: Any, seed: int = 3) -> Any:
    """From bytes to what an architecture is given."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    return keras.Model(inputs, kb.Image(scale=255.0, augment=augment).embed(inputs).tensor)


def training(model: Any, images: np.ndarray) -> np.ndarray:
    return model(images, training=True).numpy()


def test_every_augmentation_has_its_arguments_here() -> None:
    assert tuple(ARGUMENTS) == NAMES


@each
def test_nothing_is_changed_but_in_training(name: str) -> None:
    batch = noise(4)
    model = network(name)
    np.testing.assert_array_equal(model(batch), network()(batch))
    np.testing.assert_array_equal(model(batch, training=False), model.predict(batch, verbose=0))
    assert training(model, batch).shape == batch.shape


@each
def test_each_image_has_its_own_draw_and_each_batch_new_ones(name: str) -> None:
    batch = noise(1).repeat(48, axis=0)
    model = network(name)
    first, second = training(model, batch), training(model, batch)
    assert len(np.unique(first, axis=0)) >= (2 if name == "flip" else 8)
    assert not np.array_equal(first, second)


@each
def test_all_frames_of_a_video_are_changed_by_one_draw(name: str) -> None:
    import keras

    def video(frames: np.ndarray) -> np.ndarray:
        keras.utils.set_random_seed(3)
        inputs = keras.Input(frames.shape[1:], dtype="uint8")
        feature = kb.Video(scale=255.0, augment=(name,))
        model = keras.Model(inputs, feature.embed(inputs).tensor)
        np.testing.assert_allclose(model(frames), frames / 255, atol=1e-6)
        return training(model, frames)

    first, second = noise(24), np.roll(noise(24), 1, axis=0)
    alike, unlike = video(np.stack([first] * 3, axis=1)), video(np.stack([first, second], axis=1))
    assert not np.allclose(alike[:, 0], first / 255, atol=1e-3)
    for frame in (1, 2):
        np.testing.assert_allclose(alike[:, frame], alike[:, 0], atol=1e-6)
    np.testing.assert_allclose(unlike[:, 0], alike[:, 0], atol=1e-6)
    changed = video(np.stack([second, first], axis=1))
    np.testing.assert_allclose(unlike[:, 1], changed[:, 0], atol=1e-6)


@each
def test_equal_seeds_give_equal_draws(name: str) -> None:
    batch = noise(8)
    draws = []
    for seed in (3, 3, 4):
        model = network(name, seed=seed)
        draws.append(np.stack([training(model, batch), training(model, batch)]))
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


@each
def test_gradients_pass_through(name: str) -> None:
    import keras
    import tensorflow as tf

    inputs = keras.Input((SIDE, SIDE, 3))
    model = keras.Model(inputs, catalog.find("augmentations", name)().apply(inputs))  # type: ignore[attr-defined]
    batch = tf.constant(noise(4) / 255, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        total = tf.reduce_sum(model(batch, training=True))
    gradient = tape.gradient(total, batch).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient != 0).mean() > 0.5


@each
def test_a_saved_network_answers_alike_and_still_draws(name: str, tmp_path: Path) -> None:
    import keras

    batch = noise(8)
    model = network(name)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(batch), model(batch))
    assert not np.array_equal(training(again, batch), again(batch))


@pytest.mark.slow
def test_xla_compiles_all_of_them() -> None:
    import tensorflow as tf

    model, batch = network(*NAMES), noise(1).repeat(8, axis=0)
    compiled = tf.function(lambda given: model(given, training=True), jit_compile=True)
    assert len(np.unique(compiled(batch), axis=0)) == 8


@each
def test_it_is_written_as_a_name_with_one_argument_or_with_several(name: str) -> None:
    kind = catalog.find("augmentations", name)
    first = next(iter(kind.model_fields))  # type: ignore[attr-defined]
    value = ARGUMENTS[name][0]
    with_value = kind(**{first: value})
    ways = [name, {name: None}, {name: {}}, kind(), {name: value}, {name: {first: value}}]
    feature = kb.Image(augment=[*ways, with_value])
    assert feature.augment == (kind(),) * 4 + (with_value,) * 3
    recipe = kb.Recipe(data=kb.Frame(target="y"), features={"x": feature})
    assert reading.parse(writing.to_yaml(recipe)).features == {"x": feature}


@each
def test_an_argument_out_of_bounds_is_refused_at_its_key(name: str) -> None:
    wrong = ARGUMENTS[name][1]
    text = (
        "data: {source: csv, path: rows.csv, target: y}\n"
        f"features: {{x: {{kind: image, augment: [flip, {{{name}: {wrong}}}]}}}}\n"
    )
    first = next(iter(catalog.find("augmentations", name).model_fields))  # type: ignore[attr-defined]
    said = message(RecipeError, reading.parse, text)
    assert said.startswith(f"recipe:2:46: features.x.augment.1.{name}.{first}: Expected ")
    assert f" Got {wrong!r}." in said


@pytest.mark.parametrize(
    ("augment", "said"),
    [
        (
            "[flip, {crp: 3}]",
            "46: features.x.augment.1.crp: Expected one of: brightness, contrast, crop, cutout, "
            "flip, rotation, shift, zoom. Got 'crp'.\n    Did you mean 'crop'?",
        ),
        ("flip", "38: features.x.augment: Expected a list. Got 'flip'."),
        (
            "[flpi]",
            "39: features.x.augment.0: Expected one of: brightness, contrast, crop, cutout, flip, "
            "rotation, shift, zoom. Got 'flpi'.\n    Did you mean 'flip'?",
        ),
        (
            "[{crop: {pading: 3}}]",
            "47: features.x.augment.0.crop.pading: unknown key 'pading'. Expected one of: padding, "
            "fill_mode.\n    Did you mean 'padding'?",
        ),
        (
            "[{crop: 4, flip: both}]",
            "39: features.x.augment.0: Expected one name, or one name with its arguments. "
            "Got {'crop': 4, 'flip': 'both'}.",
        ),
        (
            "[{shift: {height: 0}}]",
            "47: features.x.augment.0.shift: a shift by 0 moves nothing. "
            "Expected more than 0 along one side.",
        ),
    ],
)
def test_what_is_wrong_is_named_at_its_key(augment: str, said: str) -> None:
    text = (
        "data: {source: csv, path: rows.csv, target: y}\n"
        f"features: {{x: {{kind: image, augment: {augment}}}}}\n"
    )
    lines = message(RecipeError, reading.parse, text).splitlines()
    told = [line for line in lines[:-1] if not line.startswith(("    2 |", "      |"))]
    assert "\n".join(told) == f"recipe:2:{said}"


@pytest.mark.parametrize(
    ("augment", "said"),
    [
        (
            {"cutout": 16},
            "cutout: a cutout of 16 × 16 pixels may leave nothing of images of 16 × 16. "
            "Expected less than 16.",
        ),
        (
            {"crop": 9},
            "crop: a crop of images of 16 × 16 pixels that are padded by 9 may hold next to "
            "nothing of them. Expected at most 8.",
        ),
        (
            {"shift": 0.05},
            "shift: a shift by 0.05 of images of 16 × 16 pixels is less than a pixel. "
            "Expected at least 0.07.",
        ),
    ],
)
def test_what_leaves_nothing_of_images_or_does_nothing_is_refused(augment: Any, said: str) -> None:
    feature = kb.Image(augment=["flip", augment])
    assert message(DataError, feature.learn, "x", noise(2)) == f"features.x.augment.1.{said}"


def test_sizes_that_the_recipe_gives_count() -> None:
    feature = kb.Image(height=40, width=40, augment=[{"cutout": 20}])
    assert feature.learn("x", noise(2))["channels"].value == 3
    small = kb.Image(height=8, width=40, augment=[{"cutout": 8}])
    assert message(DataError, small.learn, "x", noise(2)) == (
        "features.x.augment.0.cutout: a cutout of 8 × 8 pixels may leave nothing of images of "
        "8 × 40. Expected less than 8."
    )


def test_a_shift_is_by_whole_pixels_of_each_side() -> None:
    assert kb.Shift(height=0.1).pixels(32, 100) == (3, 10)
    assert kb.Shift(height=0.29, width=0).pixels(100, 100) == (29, 0)


@pytest.mark.slow
def test_one_seed_gives_one_fit_whose_export_draws_nothing(tmp_path: Path) -> None:
    """`export` itself compares the answers."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    frame = pd.DataFrame({"image": list(noise(24)), "kind": [*"ab"] * 12})
    augment = ["flip", {"crop": 2}, "cutout"]
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="kind"),
        features={"image": kb.Image(augment=augment)},
        model=kb.CNN(filters=2),
        training=kb.Training(epochs=1, batch_size=8, seed=5),
    )
    run, again = (kb.fit(recipe, run_dir=tmp_path / n, verbose=False) for n in "12")
    kinds = [type(layer).__name__ for layer in run.model.layers]
    assert kinds[1:5] == ["Rescaling", "RandomFlip", "RandomShift", "RandomCutout"]
    for one, same in zip(run.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)
    assert kb.load(run.path).recipe.features == run.recipe.features
    folder = run.export(tmp_path / "export")
    saved = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    ops = {node.op for function in graph.library.function for node in function.node_def}
    assert {op for op in ops if "Random" in op} == set()
    assert "Conv2D" in ops
