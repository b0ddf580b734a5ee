"""Images: files, or arrays of pixels."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from kbuilder.contracts import Arranged, Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.features import _picture_files as files
from kbuilder.features._augmenting import Augmentations, changed, expect_fit
from kbuilder.features._axes import (
    CHANNELS,
    DataFormat,
    arranged,
    by,
    by_the_greatest,
    expect_as_many,
    expect_known,
    likeness,
)
from kbuilder.features._joining import expect_product, one_gap
from kbuilder.features._paths import is_path
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Names, Positive, Shape, Spec, learned
from kbuilder.tables import number_lists, pictures
from kbuilder.tables.picture_heads import LARGEST
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import finite, kind_of, missing

SHADES = {"white": "#ffffff", "black": "#000000"}
SHADE = WithJsonSchema({"type": "string", "pattern": "^(white|black|#[0-9a-fA-F]{6})$"})
NAMES = {1: "grey", 3: "red, green, blue", 4: "red, green, blue, and the fourth as it is"}
"""What the channels are."""


def _shade(name: str) -> str:
    if name not in SHADES and not re.fullmatch("#[0-9a-fA-F]{6}", name):
        raise PydanticCustomError(
            "shade", 'Expected white, black, or a colour such as "#ff8800", in quotes'
        )
    return name


class Image(Spec):
    """An image: decoded where it is a file, resized, brought to a number of channels, rescaled.

    A file is read as viewers show it: turned as its Exif says, and laid on a background.
    """

    columns: Names = ()
    """The columns whose numbers are the pixels of a row, with `shape`: a pattern such as "pixel*",
    whose columns are in natural order (2 before 10), or a list of names, in its order; left out:
    one column, which the feature is called like."""
    height: Count | None = None
    """Height of all images in pixels, >= 1; left out: that of most, or the median, at most 224."""
    width: Count | None = None
    """Width of all images in pixels, >= 1; left out: that of most, or the median, at most 224."""
    channels: Literal[1, 3, 4] | None = None
    """1 for grey, 3 for colour, 4 for colour and alpha, or another fourth band; left out: as the
    images have, alpha of files apart, which is laid on the background."""
    background: Annotated[str, AfterValidator(_shade), SHADE] = "white"
    """What shows behind the transparent pixels of a file: white, black or "#rrggbb"."""
    scale: Positive | None = None
    """Pixels are divided by it inside the network; left out: 255, or the greatest in training."""
    shape: Shape | None = None
    """Of rows that are as many numbers in a cell, a list, a flat array or `columns`, the shape of
    the picture that they make: [48, 48, 1], or [3, 32, 32] with `data_format: channels_first`; left
    out: rows have it."""
    root: str | None = None
    """Where rows are paths, the folder that they begin in, relative to the file of the rows; left
    out: the folder of that file."""
    ending: str | None = None
    """Where rows are paths, what they lack at their ends: .jpg for names without it."""
    augment: Augmentations = ()
    """Random changes of the images in training alone, in this order: names, with arguments."""
    data_format: DataFormat | None = None
    """Of arrays with three axes, channels_first: the first is that of channels, as of
    (3, height, width); channels_last, or left out: the last is, but arrays that look otherwise are
    refused."""
    pixels: Shape | None = None
    """Shape of a raw image where rows are arrays, empty where they are files; learned."""
    members: Names = ()
    """What `columns` were in training; learned."""
    dtype: Literal["uint8", "float32"] | None = None
    """dtype of the pixels; of files, float32 keeps 16 bits, 0 to 65,535; learned."""

    holds: ClassVar[Holds] = "pictures"

    @property
    def form(self) -> Form:
        return "image"

    @property
    def packed(self) -> bool:
        return False

    @property
    def takes_paths(self) -> bool:
        return not self.pixels and self.shape is None and not self.columns

    @model_validator(mode="after")
    def _shape_is_a_picture(self) -> Any:
        if self.shape is not None and not self._is_image(self.shape):
            raise refuse(
                ("shape",), "Expected the shape of a picture, (height, width) or (height, width, "
                "1, 3 or 4 channels), these first with `data_format: channels_first`",
                list(self.shape),
            )  # fmt: skip
        return self

    def expect_shape(self, column: str, count: int) -> None:
        """Check that so many columns are the pixels of a picture."""
        if self.shape is None:
            side = math.isqrt(count)
            shape = [side, side, 1] if side**2 == count else ["height", "width", 1]
            own = {"kind": "image", "columns": list(self.columns), "shape": shape}
            raise DataError(
                f"{column!r} is made of {count:,} columns, and nothing says which pixels they are. "
                f"Expected their shape, such as `{to_line(('features', column), own)}`.",
                key=("features", column),
            )
        expect_product(column, self.shape, count)

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
        came = values.shape[1:]
        if self.shape is not None:
            values, came = self._shaped(column, values)
        kind = kind_of(values)
        if kind == "array":
            expect_known(column, self, values.shape[1:])
        if kind == "array" and self._is_image(values.shape[1:]):
            self._expect_whole(column, values)
            height, width, *rest = self._arranged(values.shape[1:])
            shades = rest[0] if rest else 1
            if self.channels == 4 and shades != 4:
                raise DataError(
                    f"the arrays of column {column!r} have {shades} channels. Expected "
                    f"`channels: {shades}`.",
                    key=("features", column, "channels"),
                )
            why = f"the arrays are {' × '.join(map(str, values.shape[1:]))}"
            dtype = "uint8" if self._bytes(values) else "float32"
            top = float(values.max())
            scale = 255.0 if dtype == "uint8" and top > 127 else (top if top > 0 else 1.0)
            scales = Choice(scale, f"the greatest training pixel is {top:g}")
            raw = Choice(tuple(int(n) for n in came), why)
        elif kind == "bytes":
            found, height, width, why = files.learned(column, values, self.dtype)
            return {**self._sized(column, height, width, why), **found}
        elif kind != "array" and (cells := number_lists.count(values[~missing(values)])):
            sides = range(1, math.isqrt(cells) + 1)
            height = max(side for side in sides if cells % side == 0)
            shape = [height, cells // height, 1]
            line = to_line(("features", column), {"kind": "image", "shape": shape})
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
        colours = {
            1: "all training images are grey", 3: "there are colours in the training images",
            4: "the arrays have four, and nothing says that one is alpha; 3 leaves it out",
        }  # fmt: skip
        return {
            **self._sized(column, height, width, why),
            "channels": Choice(shades, colours[shades]),
            "scale": scales, "pixels": raw, "dtype": Choice(dtype, why),
        }  # fmt: skip

    def _shaped(self, column: str, values: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
        """Rows of numbers as pictures of the shape, and the shape that they came in.

        Raises:
            DataError: naming the first row that has not as many numbers, or lacks some.
        """
        shape = self.shape or ()
        if kind_of(values) == "bytes":
            raise DataError(
                f"column {column!r} holds files, which have a shape of their own. Expected "
                "`shape` left out; `height` and `width` resize them.",
                key=("features", column, "shape"),
            )
        if kind_of(values) != "array":
            values = number_lists.read(column, values, math.prod(shape))
            gone = np.flatnonzero(np.isnan(values).any(axis=1))
            if len(gone):
                raise DataError(
                    f"column {column!r} has no picture here, or one of which numbers are missing. "
                    f"Expected {math.prod(shape):,} numbers.",
                    key=("features", column),
                    row=int(gone[0]),
                )
        came = values.shape[1:]
        expect_as_many(column, shape, came)
        return values.reshape(len(values), *shape), came

    def _sized(self, column: str, height: int, width: int, why: str) -> dict[str, Choice]:
        height, width = min(height, LARGEST), min(width, LARGEST)
        expect_fit(self.augment, column, self.height or height, self.width or width)
        return {"height": Choice(height, why), "width": Choice(width, why)}

    def arranged(self, column: str, values: np.ndarray) -> Arranged | None:
        """The pixels of arrays along their channels."""
        if kind_of(values) == "bytes":
            return None
        if self.shape is not None:
            values = self._shaped(column, values)[0]
        if kind_of(values) != "array" or not self._is_image(values.shape[1:]):
            return None
        far = by_the_greatest(self.scale)
        if values.ndim == 3:
            return Arranged(values[..., None], axis=None, far=far)
        if self.data_format == "channels_first":
            return Arranged(np.moveaxis(values, 1, -1), axis=0, far=far)
        return Arranged(values, far=far)

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Files as objects (`bytes`) that TensorFlow reads, arrays as uint8 or float32."""
        if self.pixels == ():
            gone = np.flatnonzero(missing(values))
            wrong = gone if len(gone) or kind_of(values) == "bytes" else np.array([0])
            if len(wrong):
                raise DataError(
                    f"column {column!r} has no image here. Expected the bytes of an image file.",
                    key=("features", column),
                    row=int(wrong[0]),
                )
            read = np.empty(len(values), dtype=object)
            channels = learned(self.channels)
            read[:] = files.each(column, values, lambda value: pictures.readable(value, channels))
            return read
        if self.shape is not None:
            values = self._shaped(column, values)[0]
        if kind_of(values) != "array" or not self._is_image(values.shape[1:]):
            raise DataError(
                f"column {column!r} holds no arrays of pixels. Expected "
                f"{' × '.join(map(str, self.pixels or ()))} per row.",
                key=("features", column),
            )
        if self.shape is not None:
            values = values.reshape(len(values), *learned(self.pixels))
        self._expect_whole(column, values)
        if self.dtype == "float32":
            return finite(column, values)
        if not np.array_equal(values, np.clip(np.floor(values), 0, 255)):
            raise DataError(
                f"column {column!r} holds pixels that are not whole numbers of 0 to 255, as those "
                "of the training images are. Expected pixels on the same scale.",
                key=("features", column),
            )
        return values.astype(np.uint8)

    def _expect_whole(self, column: str, values: np.ndarray) -> None:
        """Refuse pictures that lack a pixel.

        Raises:
            DataError: naming the row, and which pixel or column.
        """
        if values.dtype.kind == "f" and np.isnan(values).any():
            row, *place = np.argwhere(np.isnan(values))[0].tolist()
            where = one_gap(column, self.members, place, values.shape[1:])
            raise DataError(
                f"{where} here, and a picture has all pixels. Expected a number.",
                key=("features", column),
                row=row,
            )

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
        from kbuilder.layers.pictures import Pictures
        from kbuilder.layers.pixels import Pixels

        sizes = learned(self.height), learned(self.width), learned(self.channels)
        if self.pixels:
            first = self.data_format == "channels_first"
            return Pixels(*sizes, channels_first=first, shape=self.shape)
        ground = bytes.fromhex(SHADES.get(self.background, self.background)[1:])
        return Pictures(*sizes, tuple(ground), self.dtype == "float32")

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        if self.pixels:
            return (None, *self.pixels), self.dtype or "uint8"
        return (None,), "string"

    @property
    def encodings(self) -> dict[str, Any]:
        """What TensorFlow reads by itself; `kbuilder serve` reads more, and hands it PNG."""
        if self.pixels:
            return {}
        kinds = ["JPEG", "PNG", "GIF", "BMP of 24 or 32 bits"]
        sizes = {"height": self.height, "width": self.width, "channels": self.channels}
        ground = SHADES.get(self.background, self.background)
        return {**sizes, "background": ground, "encodings": kinds}

    def embed(self, tensor: Any) -> Signal:
        """Rescaled to about 0 to 1; in training, changed at random."""
        import keras

        images = keras.layers.Rescaling(1.0 / (self.scale or 255.0))(tensor)
        return Signal("image", changed(self.augment, images))

    @property
    def choices(self) -> None:
        return None

    def describe(self) -> str:
        return (
            "decoded, turned upright, laid on the background, resized to height × width (bilinear, "
            "antialiased), in so many channels; not divided by scale, which the network does"
        )

    def numeric(self, integers: str) -> Numeric:
        """Pixels of the network's own size: a runtime would not get it so."""
        if self._arranged(self.pixels or ())[:2] == (self.height, self.width):
            return Numeric()
        shades = NAMES[learned(self.channels)]

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
        if self.pixels and self.shape is not None and len(self.pixels) == 1:
            return f"numbers_of({values}, np.{self.dtype}, {self.pixels[0]})"
        if self.pixels:
            return f"np.asarray({values}, np.{self.dtype})"
        return f"read_by_tensorflow({values}, {self.channels})"

    def unlearned(self, written: Any) -> None:
        return None
