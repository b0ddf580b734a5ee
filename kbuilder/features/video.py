"""Videos: a sequence of images in each row, as an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from kbuilder.contracts import Arranged, Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.features import _steps as steps
from kbuilder.features._augmenting import Augmentations, changed_alike, expect_fit
from kbuilder.features._axes import CHANNELS, by, by_the_greatest
from kbuilder.late import np
from kbuilder.spec import Count, Positive, Shape, Spec, learned
from kbuilder.tables import clips
from kbuilder.tables.picture_heads import LARGEST
from kbuilder.tables.profile import Profile
from kbuilder.tables.sequences import ends, real
from kbuilder.tables.values import finite, kind_of


class Video(Spec):
    """A video: an array (frames, height, width, channels) per row, or one without channels, grey.

    Frames are resized and rescaled as images are. Videos of unlike length are padded, and their
    padding is masked: a frame of which all pixels are missing, or a number that is plain from the
    ends of the training rows.
    """

    frames: Count | None = None
    """Frames kept of a video, the last ones of a longer one; left out: those of the longest
    training row, or of nearly all, where a few are far longer."""
    masking: float | Literal["missing", "none"] | None = None
    """What padding has: a frame at the ends of which all numbers are this one is no data, nor is
    one of which all are missing. missing: these alone; none: all frames are data, and all videos
    have as many. Left out: what is plain from the ends of the training rows."""
    height: Count | None = None
    """Height of all frames in pixels, >= 1; left out: that of the rows, at most 224."""
    width: Count | None = None
    """Width of all frames in pixels, >= 1; left out: that of the rows, at most 224."""
    channels: Literal[1, 3, 4] | None = None
    """1 for grey, 3 for colour, 4 for a fourth band; left out: as the rows have."""
    scale: Positive | None = None
    """Pixels are divided by it inside the network; left out: 255, or the greatest in training."""
    augment: Augmentations = ()
    """Random changes of the videos in training alone, in this order: names, with arguments. All
    frames of a video are changed alike."""
    pixels: Shape | None = None
    """Shape of a frame as it comes; learned."""
    dtype: Literal["uint8", "float32"] | None = None
    """uint8: pixels are whole numbers of 0 to 255; learned."""

    holds: ClassVar[Holds] = "pictures"

    @property
    def form(self) -> Form:
        return "video"

    @property
    def packed(self) -> bool:
        return False

    @property
    def masked(self) -> bool:
        """Whether frames may be padding, and videos of any length."""
        return self.masking not in (None, "none")

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Arrays of four axes."""
        if profile.kind != "array" or len(profile.shape) != clips.AXES:
            return None
        return Match(1.0, f"arrays of {by(profile.shape)}: frames, height, width, channels")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Size and number of frames, padding, channels, and the greatest pixel."""
        lists = values.ndim == 1
        values = self._arrays(column, values)
        count, *pixels = values.shape[1:]
        raw = tuple(int(size) for size in pixels)
        _expect_channels_last(column, (count, *raw))
        why = f"the frames are {by(raw)}"
        flat = values.reshape(len(values), count, -1)
        known = steps.padded(self.masking, flat, lists, "frames")
        masking = known["masking"].value if known else self.masking
        frames, there = Choice(count, "all training rows have as many"), flat
        if masking not in (None, "none"):
            begin, end = ends(flat, steps.padding(masking))
            frames = steps.length_of(end - begin)
            there = flat[real(flat, steps.padding(masking))]
        there = there[~np.isnan(there)]
        if not there.size:
            raise DataError(
                f"column {column!r} has no video with a frame. Expected some.",
                key=("features", column),
            )
        top = float(there.max())
        dtype = "uint8" if _whole(there) and top > 1 else "float32"
        scale = 255.0 if dtype == "uint8" and top > 127 else (top if top > 0 else 1.0)
        shades = raw[2] if len(raw) > 2 else 1
        channels = Choice(shades, f"{why}, with {shades} channel{'s' if shades > 1 else ''}")
        height, width = min(raw[0], LARGEST), min(raw[1], LARGEST)
        expect_fit(self.augment, column, self.height or height, self.width or width)
        return {
            **known,
            "frames": frames,
            "height": Choice(height, why), "width": Choice(width, why),
            "channels": channels, "scale": Choice(scale, f"the greatest training pixel is {top:g}"),
            "pixels": Choice(raw, why), "dtype": Choice(dtype, why),
        }  # fmt: skip

    def arranged(self, column: str, values: np.ndarray) -> Arranged:
        """The pixels along their channels."""
        lists = values.ndim == 1
        values = self._arrays(column, values)
        axis = -1 if values.ndim > clips.AXES else None
        numbers = values[..., None] if axis is None else values
        flat = numbers.reshape(*numbers.shape[:2], -1)
        known = steps.padded(self.masking, flat, lists, "frames")
        masking = known["masking"].value if known else self.masking
        there = None if masking in (None, "none") else real(flat, steps.padding(masking))
        return Arranged(numbers, there, axis, by_the_greatest(self.scale))

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """uint8, or float32; of videos of any length padded with NaN. (rows, frames, …)"""
        values = self._arrays(column, values)
        count, *frame = values.shape[1:]
        if tuple(frame) != self.pixels:
            raise DataError(
                f"column {column!r} holds frames of {by(tuple(frame))}. Expected "
                f"{by(self.pixels or ())}, as those of the training rows.",
                key=("features", column),
            )
        if not self.masked and count != self.frames:
            raise DataError(
                f"column {column!r} holds videos of {count:,} frames. Expected {self.frames:,}, as "
                "all of the training rows have; `masking: missing` takes any number.",
                key=("features", column),
            )
        numbers = finite(column, values)
        flat = numbers.reshape(len(numbers), count, -1)
        there = np.ones(flat.shape[:2], bool)
        if self.masked:
            there = real(flat, steps.padding(self.masking))
        wrong = np.isnan(flat).any(axis=-1) & there
        if wrong.any():
            row, number = np.argwhere(wrong)[0].tolist()
            raise DataError(
                f"column {column!r} has a video here of whose frame {number + 1} pixels are "
                "missing. Expected numbers: fill or remove it.",
                key=("features", column),
                row=row,
            )
        if self.dtype == "float32":
            return numbers
        if not _whole(flat[there]):
            raise DataError(
                f"column {column!r} holds pixels that are not whole numbers of 0 to 255, as those "
                "of the training videos are. Expected pixels on the same scale.",
                key=("features", column),
            )
        return numbers if self.masked else numbers.astype(np.uint8)

    def _arrays(self, column: str, values: np.ndarray) -> np.ndarray:
        """Videos as one array. (rows, frames, height, width[, channels])"""
        if values.ndim == 1 and kind_of(values) in ("list", "mixed"):
            return clips.stacked(column, values, self.pixels or ())
        numeric = kind_of(values) == "array" and values.dtype.kind in "iuf"
        if not numeric or values.ndim - 1 not in (clips.AXES - 1, clips.AXES):
            raise DataError(
                f"column {column!r} holds no videos. Expected arrays (frames, height, width, "
                "channels) per row, or (frames, height, width).",
                key=("features", column),
            )
        return values

    def layer(self) -> Any:
        """Resized, so many frames; with a row more that says which are real, if masked."""
        from kbuilder.layers.clips import Clips

        return Clips(
            learned(self.frames), learned(self.height), learned(self.width), learned(self.channels),
            self.masked, steps.padding(self.masking) if self.masked else None,
            self.dtype == "uint8",
        )  # fmt: skip

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        frames = None if self.masked else self.frames
        dtype = "float32" if self.masked else self.dtype or "uint8"
        return (None, frames, *(self.pixels or ())), dtype

    def embed(self, tensor: Any) -> Signal:
        """Rescaled to about 0 to 1, in training changed at random; and the mask of the frames."""
        import keras

        mask = None
        if self.masked:
            from kbuilder.layers.frames_and_mask import FramesAndMask

            tensor, mask = FramesAndMask()(tensor)
        videos = keras.layers.Rescaling(1.0 / (self.scale or 255.0))(tensor)
        return Signal("video", changed_alike(self.augment, videos), mask=mask)

    @property
    def choices(self) -> None:
        return None

    @property
    def cut(self) -> str:
        return f"longer than the {self.frames} frames that are read, the last ones"

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Videos of more frames than are kept."""
        if not self.masked:
            return np.zeros(len(raw), bool), np.zeros(len(raw), bool)
        flat = raw.reshape(len(raw), raw.shape[1], -1)
        begin, end = ends(flat, steps.padding(self.masking))
        return end > begin, end - begin > learned(self.frames)

    def watched(self) -> dict[str, Any]:
        """How many frames are read."""
        if not self.masked:
            return {}
        return {"steps": self.frames, "padding": steps.padding(self.masking)}

    def describe(self) -> str:
        padded = ""
        if self.masked:
            of = "is missing" if self.masking == "missing" else f"is {self.masking:g} or missing"
            padded = (
                f"frames at both ends of which each number {of} are padding; of more than "
                f"{self.frames} others the last are taken, of fewer the last is repeated; below "
                "each frame stands a row of 1 if it is real, of 0 if it is repeated; "
            )
        return padded + (
            "frames are resized to height × width (bilinear, antialiased), in so many channels; "
            "not divided by scale, which the network does"
        )

    def numeric(self, integers: str) -> Numeric:
        """Frames of the network's own size and number."""
        pixels = learned(self.pixels)
        if not self.masked and pixels[:2] == (self.height, self.width):
            return Numeric()

        def take(values: np.ndarray, layer: Any) -> np.ndarray:
            prepared: np.ndarray = layer(values).numpy()
            return prepared

        height = learned(self.height) + self.masked
        entry: Mapping[str, Any] = {
            "dtype": self.dtype,
            "shape": [None, self.frames, height, self.width, self.channels],
            "prepared": self.describe(),
        }
        return Numeric(entry, take, lambda values, layer: values)

    def script(self, values: str) -> str:
        if self.masked:
            return f"clips({values})"
        return f"np.asarray({values}, np.{self.dtype})"

    def unlearned(self, written: Any) -> None:
        return None


def _whole(pixels: np.ndarray) -> bool:
    """Whether pixels are whole numbers of 0 to 255."""
    return bool(np.array_equal(pixels, np.clip(np.floor(pixels), 0, 255)))


def _expect_channels_last(column: str, shape: tuple[int, ...]) -> None:
    """Refuse frames whose last axis is none of channels.

    Raises:
        DataError: with the line that turns the axes.
    """
    if len(shape) == clips.AXES - 1 or shape[-1] in CHANNELS:
        return
    turned = {1: "numpy.moveaxis(videos, 2, -1)", 0: "numpy.moveaxis(videos, 1, -1)"}
    first = next((axis for axis in (1, 0) if shape[axis] in CHANNELS), None)
    way = f": `{turned[first]}`" if first is not None else ""
    raise DataError(
        f"column {column!r} holds arrays of {by(shape)}, whose last axis is none of channels. "
        f"Expected videos of (frames, height, width, channels), of 1, 3 or 4 channels{way}.",
        key=("features", column),
    )
