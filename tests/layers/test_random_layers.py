"""What the layers that change images do to each of them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from kbuilder.layers.random_affine import RandomAffine
from kbuilder.layers.random_cutout import RandomCutout
from kbuilder.layers.random_flip import RandomFlip
from kbuilder.layers.random_intensity import RandomIntensity
from kbuilder.layers.random_shift import RandomShift

Fill = Literal["constant", "nearest", "reflect"]
FILLS = ["constant", "nearest", "reflect"]
PADS = {"constant": "constant", "nearest": "edge", "reflect": "symmetric"}
OUTSIDE = {"constant": "grid-constant", "nearest": "nearest", "reflect": "reflect"}
LAYERS = [
    lambda: RandomShift(2, 1, "reflect", seed=7),
    lambda: RandomAffine(20, 0.1, "nearest", seed=7),
    lambda: RandomFlip("both", seed=7),
    lambda: RandomIntensity(0.3, 0.2, seed=7),
    lambda: RandomCutout(3, seed=7),
]


def numbered(height: int, width: int, channels: int = 2) -> np.ndarray:
    """An image whose pixels all differ, and none is 0."""
    count = height * width * channels
    return np.arange(1, count + 1, dtype=np.float32).reshape(height, width, channels)


def drawn(layer: Any, image: np.ndarray, times: int = 200) -> np.ndarray:
    return layer(np.repeat(image[None], times, axis=0), training=True).numpy()


@pytest.mark.parametrize("make", LAYERS)
def test_a_layer_made_from_its_config_draws_alike(make: Any) -> None:
    layer = make()
    again = type(layer).from_config(layer.get_config())
    image = numbered(9, 8)
    np.testing.assert_array_equal(drawn(again, image, 8), drawn(layer, image, 8))
    np.testing.assert_array_equal(layer(image[None]), image[None])


@pytest.mark.parametrize(
    ("direction", "ways"),
    [
        ("horizontal", [(1, 1), (1, -1)]),
        ("vertical", [(1, 1), (-1, 1)]),
        ("both", [(1, 1), (1, -1), (-1, 1), (-1, -1)]),
    ],
)
def test_a_flip_mirrors_or_leaves_each_alike_often(direction: Any, ways: list) -> None:
    image = numbered(3, 4)
    flipped = [each.tobytes() for each in drawn(RandomFlip(direction, seed=1), image, 800)]
    expected = {image[::down, ::right].tobytes() for down, right in ways}
    assert set(flipped) == expected
    counts = [flipped.count(way) for way in expected]
    assert min(counts) > 0.85 * 800 / len(ways)


@pytest.mark.parametrize("fill_mode", FILLS)
def test_a_shift_is_a_window_of_the_padded_image_and_every_window_comes(fill_mode: Fill) -> None:
    image = numbered(5, 6)
    padded = np.pad(image, ((2, 2), (1, 1), (0, 0)), PADS[fill_mode])  # type: ignore[call-overload]
    windows = {
        padded[top : top + 5, left : left + 6].tobytes() for top in range(5) for left in range(3)
    }
    assert len(windows) == 15
    assert {image.tobytes() for image in drawn(RandomShift(2, 1, fill_mode, seed=1), image)} == (
        windows
    )


def test_a_shift_along_one_side_leaves_the_other() -> None:
    image = numbered(4, 5)
    for moved in drawn(RandomShift(0, 3, "nearest", seed=1), image, 20):
        assert (np.diff(moved[..., 0], axis=0) == 10).all()


@pytest.mark.parametrize("fill_mode", FILLS)
@pytest.mark.parametrize(("rotation", "zoom"), [(30, 0), (0, 0.3), (180, 0.2)])
def test_an_affine_change_turns_and_zooms_about_the_centre(
    fill_mode: Fill, rotation: float, zoom: float
) -> None:
    """In the middle, an image of its own coordinates tells where each pixel came from."""
    height, width = 12, 9
    down, right = np.mgrid[:height, :width].astype(np.float32)
    down, right = down - (height - 1) / 2, right - (width - 1) / 2
    ramps = np.stack([down, right, np.sin(down * right)], axis=-1)
    changed = drawn(RandomAffine(rotation, zoom, fill_mode, seed=1), ramps, 40)
    middle = (np.abs(down) < 2) & (np.abs(right) < 2)
    turned = (changed[..., 0] + 1j * changed[..., 1])[:, middle]
    ratios = turned / (down + 1j * right)[middle]
    np.testing.assert_allclose(ratios, ratios[:, :1].repeat(ratios.shape[1], 1), atol=1e-4)
    angles, sizes = np.degrees(np.angle(ratios[:, 0])), 1 / np.abs(ratios[:, 0])
    assert np.abs(angles).max() <= rotation + 1e-3
    assert np.abs(sizes - 1).max() <= zoom + 1e-4
    assert np.ptp(angles) >= rotation
    assert np.ptp(sizes) >= zoom
    for image, ratio in zip(changed, ratios.mean(axis=1), strict=True):
        origin = (down + 1j * right) * ratio
        places = [origin.real + (height - 1) / 2, origin.imag + (width - 1) / 2]
        expected = [
            map_coordinates(channel, places, order=1, mode=OUTSIDE[fill_mode])
            for channel in np.moveaxis(ramps, -1, 0)
        ]
        np.testing.assert_allclose(np.moveaxis(image, -1, 0), expected, atol=2e-3)


def test_contrast_stretches_about_the_mean_of_each_channel() -> None:
    image = numbered(4, 4) - 9  # some are negative
    mean = image.mean(axis=(0, 1))
    factors = []
    for changed in drawn(RandomIntensity(contrast=0.3, seed=1), image):
        ratios = (changed - mean) / (image - mean)
        np.testing.assert_allclose(ratios, ratios[0, 0, 0], atol=1e-4)
        factors.append(ratios[0, 0, 0])
    assert 0.7 - 1e-4 <= min(factors) < 0.75
    assert 1.25 < max(factors) <= 1.3 + 1e-4


def test_brightness_adds_one_number_to_an_image() -> None:
    image = np.zeros((4, 4, 3), np.float32)
    changed = drawn(RandomIntensity(brightness=0.3, seed=1), image)
    added = changed[:, :1, :1, :1]
    assert (changed == added).all()
    assert -0.3 <= added.min() < -0.25
    assert 0.25 < added.max() <= 0.3


@pytest.mark.parametrize("size", [3, 4])
def test_cutout_zeroes_a_square_about_any_pixel(size: int) -> None:
    image = numbered(7, 6)
    centres = set()
    for changed in drawn(RandomCutout(size, seed=1), image, 600):
        gone = (changed == 0).all(axis=-1)
        np.testing.assert_array_equal(changed[~gone], image[~gone])
        expected = [
            (row, column)
            for row in range(7)
            for column in range(6)
            if np.array_equal(gone, square(row - size // 2, column - size // 2, size))
        ]
        assert len(expected) == 1
        centres.update(expected)
    assert len(centres) == 7 * 6


def square(top: int, left: int, size: int) -> np.ndarray:
    rows, columns = np.mgrid[:7, :6]
    return (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
