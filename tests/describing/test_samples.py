"""A picture of training images."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow
from shared import built, encoded, message, mixed, picture

import kbuilder as kb
from kbuilder.describing import samples
from kbuilder.errors import CallError

ROWS, SIDE, ENLARGED = 24, 16, 4


def frame(channels: int = 3) -> pd.DataFrame:
    shape = (ROWS, SIDE, SIDE, channels)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    if channels == 1:
        images = images[..., 0]
    return pd.DataFrame({"image": list(images), "kind": [*"ab"] * (ROWS // 2)})


def write(file: str, data: pd.DataFrame, seed: int = 0, **features: Any) -> np.ndarray:
    """The picture of a recipe's samples, read back."""
    recipe = kb.Recipe(
        data=kb.Frame(frame=data, target=data.columns[-1]), features=features, model=kb.MLP(units=1)
    )
    prepared = built(recipe)
    arrays, _ = prepared.data.rows["train"]
    random.seed()  # Keras's seeds come from there
    samples.write(Path(file), prepared.data.columns, prepared.data.parts.train, arrays, seed)
    with Pillow.open(file) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image)


def cells(shown: np.ndarray, side: int = SIDE * ENLARGED) -> np.ndarray:
    """The images by row and column, as large as they are shown."""
    step = side + samples.GAP
    rows, columns = shown.shape[0] // step, (shown.shape[1] - samples.LABEL) // step
    top, left = samples.TITLE, samples.LABEL
    return np.array(
        [
            [
                shown[top + row * step :, left + column * step :][:side, :side]
                for column in range(columns + 1)
                if left + column * step + side <= shown.shape[1]
            ]
            for row in range(rows)
        ]
    )


def test_each_row_has_a_training_image_as_it_is_then_changed_ones() -> None:
    data = frame()
    shown = cells(write("a.png", data, image=kb.Image(augment=["flip", {"crop": 4}])))
    assert shown.shape == (samples.ROWS, 1 + samples.CHANGED, 64, 64, 3)
    small = shown[:, :, ::ENLARGED, ::ENLARGED]
    np.testing.assert_array_equal(small.repeat(ENLARGED, 2).repeat(ENLARGED, 3), shown)
    given = {image.tobytes() for image in data["image"]}
    originals = {row[0].tobytes() for row in small}
    assert originals < given
    assert len(originals) == samples.ROWS
    for row in small:
        assert len(np.unique(row, axis=0)) > samples.CHANGED // 2


def test_one_seed_gives_one_picture() -> None:
    first, again, other = (
        write("a.png", frame(), seed, image=kb.Image(augment=["flip"])) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_label_of_each_row_stands_on_its_left() -> None:
    data = frame()
    kinds = {image.tobytes(): kind for image, kind in zip(data["image"], data["kind"], strict=True)}
    shown = write("a.png", data)
    step = SIDE * ENLARGED + samples.GAP
    labels: dict[str, set[bytes]] = {"a": set(), "b": set()}
    for place, [image] in enumerate(cells(shown)):
        label = shown[samples.TITLE + place * step :][:step, : samples.LABEL]
        assert (label < 255).any()
        labels[kinds[image[::ENLARGED, ::ENLARGED].tobytes()]].add(label.tobytes())
    assert len(labels["a"]) == len(labels["b"]) == 1
    assert labels["a"] != labels["b"]


def test_without_augmentation_the_images_stand_alone() -> None:
    assert cells(write("a.png", frame())).shape == (samples.ROWS, 1, 64, 64, 3)


def test_grey_images_are_grey_and_files_of_pictures_are_decoded() -> None:
    data = frame(channels=1)
    data.insert(0, "photo", [encoded(picture(n, "RGB", (SIDE, SIDE))) for n in range(ROWS)])
    shown = cells(write("a.png", data))
    assert len(shown) == 2 * samples.ROWS
    photos, greys = shown[: samples.ROWS, 0], shown[samples.ROWS :, 0]
    assert (greys == greys[..., :1]).all()
    assert not (photos == photos[..., :1]).all()
    given = {image.tobytes() for image in data["image"]}
    assert {image[::ENLARGED, ::ENLARGED, 0].tobytes() for image in greys} <= given


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("cat", "cat"), (7, "7"), (1234.5678, "1235"), (np.float64(0.1), "0.1"),
        (["old", "big"], "old, big"), (np.array([0.5, 2.0]), "0.5, 2"),
        ("a name that is long", "a name that is …"),
    ],
)  # fmt: skip
def test_a_label_is_short(value: Any, label: str) -> None:
    assert samples._label(value) == label


@pytest.mark.parametrize("word", ["größe", "日本", "a\u2028b", "\U0001f600"])
def test_any_word_can_be_a_label(word: str) -> None:
    data = frame()
    data["kind"] = [word, "b"] * (ROWS // 2)
    assert len(cells(write("a.png", data))) == samples.ROWS


def test_of_four_channels_three_are_shown() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 4), dtype=np.uint8)
    [[first], _] = samples._strip(kb.Image(height=3, width=5, scale=255.0), pixels)
    enlarged = samples.CELL // 5
    np.testing.assert_array_equal(first[::enlarged, ::enlarged], pixels[0, ..., :3])


def test_without_an_image_among_the_features_there_is_no_picture() -> None:
    assert message(CallError, write, "a.png", mixed()) == (
        "samples show images and videos, and no feature is one. The features are: size, colour, "
        "floor."
    )
    assert not Path("a.png").exists()


def test_of_videos_some_frames_are_shown_in_their_order_without_padding() -> None:
    rng = np.random.default_rng(0)
    lengths = [3 + row % 3 for row in range(ROWS)] + [20] * ROWS
    videos = [rng.integers(0, 256, (n, SIDE, SIDE, 1)).astype(np.uint8) for n in lengths]
    frame = pd.DataFrame({"video": videos, "kind": [*"ab"] * ROWS})
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="kind"),
        model=kb.Frames(image=kb.CNN(filters=2), sequence=kb.GRU(units=2)),
    )
    data = kb.prepare(recipe)
    arrays, _ = data.rows["train"]
    samples.write(Path("videos.png"), data.columns, data.parts.train, arrays, 0)
    with Pillow.open("videos.png") as image:
        shown = cells(np.asarray(image))
    chosen = np.random.default_rng(0).permutation(len(data.parts.train))[: samples.ROWS]
    for row, place in enumerate(chosen):
        video = data.parts.train["video"][place]
        count = min(len(video), 1 + samples.CHANGED)
        for column, number in enumerate(np.linspace(0, len(video) - 1, count).round().astype(int)):
            wanted = video[number].repeat(ENLARGED, 0).repeat(ENLARGED, 1)
            np.testing.assert_allclose(
                shown[row, column], np.broadcast_to(wanted, (64, 64, 3)), atol=1
            )
        blank = shown[row, count:]
        assert (blank == 255).all()
    with_draws = data.columns.features["video"].model_copy(update={"augment": (kb.Flip(),)})
    columns = replace(data.columns, features={"video": with_draws})
    samples.write(Path("changed.png"), columns, data.parts.train, arrays, 0)
    with Pillow.open("changed.png") as image:
        both = cells(np.asarray(image))
    plain, changed = both[: len(shown)], both[len(shown) :]
    np.testing.assert_array_equal(plain, shown)
    count = min(len(data.parts.train["video"][chosen[0]]), 1 + samples.CHANGED)
    mirrored = [
        [np.allclose(b, a[:, ::-1], atol=1) for a, b in zip(*rows, strict=True)]
        for rows in zip(plain[:, :count], changed[:, :count], strict=True)
    ]
    assert {all(row) for row in mirrored} == {True, False}, "each video has a draw"
    assert all(len(set(row)) == 1 for row in mirrored), "its frames are mirrored alike"
