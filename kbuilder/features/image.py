"""Images: files, or arrays of pixels."""

from __future__ import annotations

import io
import math
from collections import Counter
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Strict

from kbuilder import catalog
from kbuilder.contracts import Augmentation, Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.features._axes import CHANNELS, DataFormat, arranged, by, expect_known, likeness
from kbuilder.features._paths import is_path
from kbuilder.lines import to_line
from kbuilder.named import Keyed
from kbuilder.spec import Count, Positive, Shape, Spec, learned
from kbuilder.tables import number_lists
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import finite, kind_of, missing

LARGEST = 224


class Image(Spec):
    """An image: decoded where it is a file, resized, brought to a number of channels, rescaled."""

    height: Count | None = None
    """Height of all images in pixels, >= 1; left out: the most frequent, at most 224."""
    width: Count | None = None
    """Width of all images in pixels, >= 1; left out: the most frequent, at most 224."""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colour; left out: as the images have."""
    scale: Positive | None = None
    """Pixels are divided by it inside the network; left out: 255, or the greatest in training."""
    root: str | None = None
    """Where rows are paths, the folder that they begin in, relative to the file of the rows; left
    out: the folder of that file."""
    ending: str | None = None
    """Where rows are paths, what they lack at their ends: .jpg for names without it."""
    augment: Annotated[
        tuple[Annotated[Augmentation, Keyed("augmentations")], ...], Strict(False)
    ] = ()
    """Random changes of the images in training alone, in this order: names, with arguments."""
    data_format: DataFormat | None = None
    """Of arrays with three axes, channels_first: the first is that of channels, as of
    (3, height, width); channels_last, or left out: the last is, but arrays that look otherwise are
    refused."""
    pixels: Shape | None = None
    """Shape of a raw image where rows are arrays, empty where they are files; learned."""
    dtype: Literal["uint8", "float32"] | None = None
    """dtype of the pixels; learned."""

    holds: ClassVar[Holds] = "pictures"

    @property
    def form(self) -> Form:
        return "image"

    @property
    def packed(self) -> bool:
        return False

    @property
    def takes_paths(self) -> bool:
        return not self.pixels

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Encoded files, or arrays of (height, width) or (height, width, 1 | 3 | 4)."""
        if profile.kind == "bytes":
            return Match(1.0, "each value is an image file")
        if profile.kind == "string" and profile.examples and all(map(is_path, profile.examples)):
            return Match(0.97, "each value is the path of an image")
        strength = likeness(profile) if profile.kind == "array" else 0
        if not strength:
            return None
        of = "bytes" if profile.dtype == "uint8" else f"numbers of 0 to {profile.high:g}"
        return Match(strength, f"arrays of {by(profile.shape)} {of}")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Size, channels, and the greatest pixel."""
        kind = kind_of(values)
        if kind == "array":
            expect_known(column, self, values.shape[1:])
        if kind == "array" and self._is_image(values.shape[1:]):
            height, width, *rest = self._arranged(values.shape[1:])
            shades = 1 if not rest or rest[0] == 1 else 3
            why = f"the arrays are {' × '.join(map(str, values.shape[1:]))}"
            dtype = "uint8" if self._bytes(values) else "float32"
            top = float(values.max())
            scale = 255.0 if dtype == "uint8" and top > 127 else (top if top > 0 else 1.0)
            scales = Choice(scale, f"the greatest training pixel is {top:g}")
            raw = Choice(tuple(int(n) for n in values.shape[1:]), why)
        elif kind == "bytes":
            sizes, modes = _heads(column, values)
            (width, height), count = sizes.most_common(1)[0]
            shades = 1 if set(modes) <= {"1", "L", "LA", "I;16"} else 3
            why = f"{count:,} of {len(values):,} training images are {width} × {height} pixels"
            dtype, scales, raw = (
                "uint8",
                Choice(255.0, "files have pixels of 0 to 255"),
                Choice((), why),
            )
        elif kind != "array" and (cells := number_lists.count(values[~missing(values)])):
            sides = range(1, math.isqrt(cells) + 1)
            height = max(side for side in sides if cells % side == 0)
            shape = [height, cells // height, 1]
            line = to_line(("features", column), {"kind": "array", "shape": shape})
            raise DataError(
                f"column {column!r} holds cells of {cells:,} numbers. Expected the shape of the "
                f"pictures, such as `{line}`.",
                key=("features", column),
            )
        else:
            raise DataError(
                f"column {column!r} holds no images. Expected image files, or arrays of "
                "(height, width) or (height, width, channels).",
                key=("features", column),
            )
        height, width = min(height, LARGEST), min(width, LARGEST)
        self._check_augmentations(column, self.height or height, self.width or width)
        return {
            "height": Choice(height, why),
            "width": Choice(width, why),
            "channels": Choice(shades, "all training images are grey" if shades == 1 else
                               "there are colours in the training images"),
            "scale": scales, "pixels": raw, "dtype": Choice(dtype, why),
        }  # fmt: skip

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Files as objects (`bytes`), arrays as uint8 or float32."""
        if self.pixels == ():
            gone = np.flatnonzero(missing(values))
            wrong = gone if len(gone) or kind_of(values) == "bytes" else np.array([0])
            if len(wrong):
                raise DataError(
                    f"column {column!r} has no image here. Expected the bytes of an image file.",
                    key=("features", column),
                    row=int(wrong[0]),
                )
            return values
        if kind_of(values) != "array" or not self._is_image(values.shape[1:]):
            raise DataError(
                f"column {column!r} holds no arrays of pixels. Expected "
                f"{' × '.join(map(str, self.pixels or ()))} per row.",
                key=("features", column),
            )
        if self.dtype == "float32":
            return finite(column, values)
        if not np.array_equal(values, np.clip(np.floor(values), 0, 255)):
            raise DataError(
                f"column {column!r} holds pixels that are not whole numbers of 0 to 255, as those "
                "of the training images are. Expected pixels on the same scale.",
                key=("features", column),
            )
        return values.astype(np.uint8)

    def _is_image(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == 2 or (len(shape) == 3 and self._arranged(shape)[-1] in CHANNELS)

    def _arranged(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of an array with its channels last."""
        return arranged(shape, self.data_format) if len(shape) == 3 else shape

    @staticmethod
    def _bytes(values: np.ndarray) -> bool:
        whole = values.dtype.kind in "ui" or bool(np.all(values == np.floor(values)))
        return whole and values.min() >= 0 and 1 < values.max() <= 255

    def layer(self) -> Any:
        """Decode, resize, channels. The result is (batch, height, width, channels)."""
        from kbuilder.layers.pixels import Pixels

        size = learned(self.height), learned(self.width), learned(self.channels)
        return Pixels(*size, channels_first=self.data_format == "channels_first")

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        if self.pixels:
            return (None, *self.pixels), self.dtype or "uint8"
        return (None,), "string"

    def embed(self, tensor: Any) -> Signal:
        """Rescaled to about 0 to 1; in training, changed at random."""
        import keras

        images = keras.layers.Rescaling(1.0 / (self.scale or 255.0))(tensor)
        for augmentation in self.augment:
            images = augmentation.apply(images)
        return Signal("image", images)

    @property
    def choices(self) -> None:
        return None

    def describe(self) -> str:
        return (
            "decoded, resized to height × width (bilinear, antialiased), in so many channels; "
            "not divided by scale, which the network does"
        )

    def numeric(self, integers: str) -> Numeric:
        """Pixels of the network's own size: a runtime would not get it so."""
        if self._arranged(self.pixels or ())[:2] == (self.height, self.width):
            return Numeric()
        shades = "grey" if self.channels == 1 else "red, green, blue"

        def take(values: np.ndarray, layer: Any) -> np.ndarray:
            import tensorflow as tf

            strings = values.dtype == object
            tensor = tf.constant(values.tolist(), tf.string) if strings else values
            sized: np.ndarray = layer(tensor).numpy()
            return sized

        entry = {
            "dtype": self.dtype,
            "shape": [None, self.height, self.width, self.channels],
            "prepared": f"decoded, resized to {self.height} × {self.width} (bilinear, "
            f"antialiased), {shades}",
        }
        return Numeric(entry, take, lambda values, layer: values)

    def script(self, values: str) -> str:
        return f"np.asarray({values}, np.{self.dtype})" if self.pixels else values

    def unlearned(self, written: Any) -> None:
        return None

    def _check_augmentations(self, column: str, height: int, width: int) -> None:
        """Refuse what would leave nothing of images of this size, or nothing changed."""
        for place, augmentation in enumerate(self.augment):
            reason = augmentation.unfit(height, width)
            if reason:
                key = ("features", column, "augment", place, catalog.name_of(augmentation))
                raise DataError(f"{reason}.", key=key)


def _heads(column: str, values: np.ndarray) -> tuple[Counter, Counter]:
    """How often each size and each colour mode occurs, from the heads of the files alone."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    sizes: Counter = Counter()
    modes: Counter = Counter()
    for row, content in enumerate(values):
        try:
            with Pillow.open(io.BytesIO(content)) as image:
                sizes[image.size] += 1
                modes[image.mode] += 1
                if image.format == "BMP" and image.mode in ("1", "P"):
                    raise OSError("a BMP with a palette, whose colours TensorFlow does not read")
        except (UnidentifiedImageError, OSError, TypeError) as error:
            raise DataError(
                f"column {column!r} has an image here that cannot be read ({error}). "
                "Fix or remove it.",
                key=("features", column),
                row=row,
            ) from None
    return sizes, modes
