"""Images."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from shared import encoded, message, picture, reason_of, strings

from kbuilder.contracts import Choice
from kbuilder.errors import DataError, RecipeError
from kbuilder.features.image import Image
from kbuilder.tables.profile import profile

FILES = [
    ("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("L", "PNG"), ("LA", "PNG"),
    ("RGBA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("P", "GIF"), ("L", "GIF"), ("RGB", "BMP"),
    ("L", "BMP"), ("RGBA", "BMP"),
]  # fmt: skip


def files(*contents: bytes | None) -> np.ndarray:
    values = np.empty(len(contents), dtype=object)
    values[:] = contents
    return values


def learned(values: np.ndarray, **given: Any) -> Image:
    choices = Image(**given).learn("i", values)
    open_ = {name: choice.value for name, choice in choices.items() if name not in given}
    return Image(**given, **open_)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("mode", "kind"), FILES)
def test_a_file_is_decoded_as_pillow_does(mode: str, kind: str, channels: int) -> None:
    content = encoded(picture(0, mode), kind)
    feature = learned(files(content), channels=channels)
    pixels = feature.layer()(strings(*feature.raw("i", files(content)))).numpy()
    with Pillow.open(io.BytesIO(content)) as image:
        expected = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.int64)
    assert (pixels.shape, pixels.dtype) == ((1, 7, 9, channels), np.uint8)
    assert np.abs(pixels[0].astype(np.int64) - expected.reshape(7, 9, channels)).max() <= 2


@pytest.mark.parametrize(
    ("modes", "channels"), [(("L", "1", "LA"), 1), (("I;16",), 1), (("L", "RGB"), 3), (("P",), 3)]
)
def test_images_that_are_all_grey_have_one_channel(modes: tuple[str, ...], channels: int) -> None:
    assert learned(files(*(encoded(picture(0, mode)) for mode in modes))).channels == channels


def test_grey_stays_grey_to_the_pixel() -> None:
    shades = Pillow.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    pixels = learned(files(encoded(shades))).layer()(strings(encoded(shades))).numpy()
    assert pixels[0, ..., 0].ravel().tolist() == list(range(256))


def test_16_bits_are_kept_and_divided_by_the_greatest_pixel() -> None:
    image = picture(0, "I;16")
    values = files(encoded(image))
    feature = learned(values)
    top = int(np.asarray(image).max())
    assert (feature.dtype, feature.scale, feature.channels) == ("float32", top, 1)
    assert Image().learn("i", values)["scale"].reason == f"the greatest training pixel is {top:,}"
    assert np.array_equal(feature.layer()(strings(*values)).numpy()[0, ..., 0], np.asarray(image))
    eight = learned(values, dtype="uint8")
    upper = eight.layer()(strings(*values)).numpy()[0, ..., 0]
    assert np.array_equal(upper, np.asarray(image) >> 8)


def test_8_bits_beside_16_are_brought_to_their_range() -> None:
    values = files(encoded(picture(0, "I;16")), encoded(picture(1, "L")))
    feature = learned(values)
    assert feature.scale == 65_535
    assert Image().learn("i", values)["scale"].reason == (
        "1 of 2 training images have 16 bits; the others are brought to their range, times 257"
    )
    second = feature.layer()(strings(*values)).numpy()[1, ..., 0]
    assert np.array_equal(second, np.asarray(picture(1, "L")) * 257.0)
    assert Image(dtype="uint8").learn("i", values)["scale"].value == 255


def test_a_fourth_band_that_is_no_alpha_is_a_channel_and_alpha_is_not() -> None:
    bands = Pillow.frombytes("RGBX", (9, 7), picture(0, "RGBA").tobytes())
    values = files(encoded(bands, "TIFF"), encoded(picture(1)))
    assert Image().learn("i", values)["channels"] == Choice(
        4, "1 of 2 training images have a fourth band that is no alpha"
    )
    assert learned(files(encoded(picture(0, "RGBA")))).channels == 3
    assert learned(files(encoded(picture(0, "RGBA"))), channels=4).channels == 4


def test_sizes_are_those_of_upright_pictures() -> None:
    turned = Pillow.Exif()
    turned[0x0112] = 6
    feature = learned(files(encoded(picture(0), "JPEG", exif=turned)))
    assert (feature.height, feature.width) == (9, 7)


@pytest.mark.parametrize("background", ["red", "#fff", "white ", "#12345g"])
def test_a_background_is_white_black_or_six_digits(background: str) -> None:
    with pytest.raises(RecipeError, match='Expected white, black, or a colour such as "#ff8800"'):
        Image(background=background)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [picture(0, "L"), picture(1, "L")]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    pixels = learned(files(animation)).layer()(strings(animation)).numpy()
    assert np.array_equal(pixels[0, ..., 0], np.asarray(frames[0]))


def test_files_of_odd_sizes_come_to_the_most_frequent_one() -> None:
    contents = [encoded(picture(0, size=size)) for size in [(9, 7), (9, 7), (1, 40), (301, 3)]]
    feature = learned(files(*contents))
    assert (feature.height, feature.width) == (7, 9)
    reasons = Image().learn("i", files(*contents))
    assert reasons["height"].reason == "2 of 4 training images are 9 × 7 pixels"
    assert feature.layer()(strings(*contents)).shape == (4, 7, 9, 3)


def test_files_of_many_sizes_come_to_the_median() -> None:
    sizes = [(10, 30), (20, 10), (40, 20), (20, 40), (30, 20)]
    choices = Image().learn("i", files(*(encoded(picture(0, size=size)) for size in sizes)))
    assert choices["width"] == Choice(
        20,
        "the medians of 5 training images of 5 sizes, from 10 × 10 to 40 × 40 pixels, are 20 × 20",
    )


def test_resizing_keeps_a_plain_area_plain_and_averages_the_rest() -> None:
    half = np.zeros((4, 4, 1), np.uint8)
    half[:, 2:] = 200
    layer = Image(height=2, width=2, channels=1, scale=255, pixels=(4, 4, 1), dtype="uint8").layer()
    small = layer(half[None]).numpy()
    assert small.dtype == np.uint8
    assert small[0, 0, 0, 0] < 50
    assert small[0, 0, 1, 0] > 150
    assert (layer(np.full((1, 4, 4, 1), 77, np.uint8)).numpy() == 77).all()


def test_large_images_come_to_224_pixels() -> None:
    feature = learned(np.full((2, 300, 10), 200, np.uint8))
    assert (feature.height, feature.width) == (224, 10)


@pytest.mark.parametrize(
    ("values", "dtype", "scale"),
    [
        (np.full((2, 8, 8), 255, np.uint8), "uint8", 255.0),
        (np.full((2, 8, 8), 16, np.int64), "uint8", 16.0),
        (np.full((2, 8, 8, 3), 0.5), "float32", 0.5),
        (np.full((2, 8, 8, 3), -1.0), "float32", 1.0),
        (np.full((2, 8, 8, 3), 1000.0), "float32", 1000.0),
    ],
)
def test_arrays_keep_bytes_or_become_floats(values: np.ndarray, dtype: str, scale: float) -> None:
    feature = learned(values)
    assert (feature.dtype, feature.scale) == (dtype, scale)
    assert feature.pixels == values.shape[1:]
    assert feature.raw("i", values).dtype == dtype
    assert feature.signature() == ((None, *values.shape[1:]), dtype)


def test_an_array_of_four_channels_keeps_them_unless_three_are_asked_for() -> None:
    values = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 4), dtype=np.uint8)
    assert Image().learn("i", values)["channels"] == Choice(
        4, "the arrays have four, and nothing says that one is alpha; 3 leaves it out"
    )
    assert np.array_equal(learned(values).layer()(values).numpy(), values)
    three = learned(values, channels=3)
    assert np.array_equal(three.layer()(values).numpy(), values[..., :3])
    assert message(DataError, Image(channels=4).learn, "i", values[..., :3]) == (
        "features.i.channels: the arrays of column 'i' have 3 channels. Expected `channels: 3`."
    )


def test_pixels_are_rescaled_inside_the_network() -> None:
    import keras

    signal = Image(scale=16.0).embed(keras.Input((8, 8, 1), dtype="uint8"))
    model = keras.Model(signal.tensor._keras_history.operation.input, signal.tensor)
    assert model(np.full((1, 8, 8, 1), 8, np.uint8)).numpy().max() == 0.5


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_of_other_channels_are_converted(channels: int) -> None:
    grey = np.full((2, 5, 5), 100, np.uint8)
    layer = learned(grey, channels=channels).layer()
    assert np.array_equal(layer(grey).numpy(), np.full((2, 5, 5, channels), 100))


def test_a_file_that_is_no_image_is_named_with_its_row() -> None:
    with pytest.raises(DataError) as caught:
        Image().learn("i", files(encoded(picture(0)), b"not an image"))
    assert caught.value.row == 1
    assert str(caught.value) == (
        "features.i: column 'i' has an image here that cannot be read: it is no image. Fix or "
        "remove it."
    )


def test_a_file_that_is_not_read_is_refused_in_rows_to_predict_too() -> None:
    feature = learned(files(encoded(picture(0))))
    wrong = files(encoded(picture(0)), encoded(picture(0), "PPM"), b"")
    assert message(DataError, feature.raw, "i", wrong[:2]) == (
        "features.i: column 'i' has an image here that cannot be read: its content is PPM, not "
        "JPEG, PNG, GIF, BMP, WebP or TIFF. Fix or remove it."
    )
    assert "here, and in 1 rows more that cannot be read" in message(
        DataError, Image().learn, "i", wrong
    )
    assert "cannot be read: there is none." in message(
        DataError, Image().learn, "i", files(encoded(picture(0)), None)
    )


@pytest.mark.parametrize("gone", [files(encoded(picture(0)), None), files(None, b"")])
def test_a_missing_file_is_named_with_its_row(gone: np.ndarray) -> None:
    feature = Image(height=2, width=2, channels=1, scale=1, pixels=(), dtype="uint8")
    assert message(DataError, feature.raw, "i", gone) == (
        "features.i: column 'i' has no image here. Expected the bytes of an image file."
    )


def test_numbers_are_no_images() -> None:
    assert message(DataError, Image().learn, "i", np.arange(3)) == (
        "features.i: column 'i' holds no images. Expected image files, or arrays of "
        "(height, width) or (height, width, channels)."
    )


def test_arrays_in_place_of_files_are_refused() -> None:
    feature = Image(height=2, width=2, channels=1, scale=1, pixels=(8, 8), dtype="uint8")
    assert message(DataError, feature.raw, "i", files(b"x")) == (
        "features.i: column 'i' holds no arrays of pixels. Expected 8 × 8 per row."
    )


@pytest.mark.parametrize("values", [np.full((1, 8, 8), 0.5), np.full((1, 8, 8), 256)])
def test_pixels_on_another_scale_than_in_training_are_refused(values: np.ndarray) -> None:
    feature = Image(height=2, width=2, channels=1, scale=1, pixels=(8, 8), dtype="uint8")
    assert message(DataError, feature.raw, "i", values) == (
        "features.i: column 'i' holds pixels that are not whole numbers of 0 to 255, as those of "
        "the training images are. Expected pixels on the same scale."
    )


def test_bytes_and_arrays_of_bytes_are_recognised() -> None:
    assert reason_of(Image, profile(files(b"x"))) == "each value is an image file"
    assert reason_of(Image, profile(np.zeros((2, 8, 8), np.uint8))) == "arrays of 8 × 8 bytes"
    assert Image.recognise(profile(np.zeros((2, 8, 8)))) is None
    assert Image.recognise(profile(np.zeros((2, 8, 5, 2), np.uint8))) is None


def test_what_the_recipe_says_wins() -> None:
    from kbuilder.data.learning import _filled

    given = Image(height=3, width=4, channels=1)
    choices = given.learn("i", files(encoded(picture(0))))
    feature = _filled(given, "kind", choices, ("features", "i"), [])
    assert (feature.height, feature.width, feature.channels) == (3, 4, 1)
    assert feature.scale == Choice(255.0, "").value
