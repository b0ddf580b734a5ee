"""The networks of `keras.applications`: which there are, what they expect, where weights are."""

from __future__ import annotations

import contextlib
import math
import re
import socket
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kbuilder import internals
from kbuilder.contracts import Script
from kbuilder.errors import BuildError

# What the pixels must be, as Keras names it; `pixels`: 0 to 255, the network itself does the rest.
EXPECTS: dict[str, tuple[str, ...]] = {
    "caffe": ("ResNet50", "ResNet101", "ResNet152", "VGG16", "VGG19"),
    "tf": (
        "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "NASNetLarge",
        "NASNetMobile", "ResNet50V2", "ResNet101V2", "ResNet152V2", "Xception",
    ),
    "torch": ("DenseNet121", "DenseNet169", "DenseNet201"),
    "pixels": (
        "ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge",
        *(f"EfficientNetB{size}" for size in range(8)),
        *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
        "MobileNetV3Large", "MobileNetV3Small",
    ),
}  # fmt: skip
NETWORKS = tuple(sorted(name for names in EXPECTS.values() for name in names))
SMALLEST = {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71}
USUAL_SMALLEST = 32

# Of the images of ImageNet: red, green, blue of 0 to 1.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red of 0 to 255

# Files that Keras stores under another name than that of their address.
RENAMED = {
    "NASNet-mobile-no-top.h5": "nasnet_mobile_no_top.h5",
    "NASNet-large-no-top.h5": "nasnet_large_no_top.h5",
}
PATIENCE = 30.0  # seconds without an answer, after which a download is given up


def preprocessed(images: Any, network: str, read: bool) -> Any:
    """Images of 0 to 1 in three colours, as the network was trained on them.

    Args:
        images: (batch, height, width, 3).
        network: One of `NETWORKS`.
        read: Whether its weights are read from a file.
    """
    from keras.layers import Rescaling

    from kbuilder.layers.reverse_channels import ReverseChannels

    expected = next(kind for kind, names in EXPECTS.items() if network in names)
    if expected == "caffe":
        return Rescaling(255.0, [-mean for mean in CAFFE_MEAN])(ReverseChannels()(images))
    if expected == "tf":
        return Rescaling(2.0, -1.0)(images)
    if expected == "torch":
        offset = [-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)]
        return Rescaling([1 / deviation for deviation in DEVIATION], offset)(images)
    if read and network.startswith("EfficientNetB"):
        # Keras puts a layer that divides by these roots in only where it loads "imagenet" itself;
        # here it stands before the layer that takes the mean off.
        factors = [1 / math.sqrt(deviation) for deviation in DEVIATION]
        offset = [255 * mean * (1 - factor) for mean, factor in zip(MEAN, factors, strict=True)]
        return Rescaling([255 * factor for factor in factors], offset)(images)
    return Rescaling(255.0)(images)


def create(
    network: str, weights: str | Path, shape: tuple[int, int, int], pooling: str, frozen: bool
) -> Any:
    """The Keras model, without its last layer, from images to vectors (batch, d).

    As its attribute `script` it carries the statements that make it.

    Args:
        network: One of `NETWORKS`.
        weights: `imagenet`, `none`, or a file.
        shape: Of one image: (height, width, 3).
        pooling: `average` or `max`.
        frozen: Whether it keeps its weights.

    Raises:
        BuildError: if the weights are not there, or are not those of the network.
    """
    import keras

    make = getattr(keras.applications, network)
    given = {"include_top": False, "input_shape": shape, "pooling": POOLING[pooling]}
    if weights == "imagenet":
        with _downloading(network):
            model = make(weights="imagenet", **given)
    else:
        model = make(weights=None, **given)
    if isinstance(weights, Path):
        _read(model, network, weights)
    model.script = _script(network, weights, given, frozen)
    return model


def _script(network: str, weights: str | Path, given: Mapping[str, Any], frozen: bool) -> Script:
    """What `create` does, as statements."""
    own = weights if weights == "imagenet" else None
    taken = {"include_top": False, "weights": own, **given}
    arguments = ", ".join(f"{name}={value!r}" for name, value in taken.items())
    lines = [f"model = keras.applications.{network}({arguments})"]
    if isinstance(weights, Path):
        lines.append(f"model.load_weights({str(weights.absolute())!r})")
    if frozen:
        lines.append("model.trainable = False")
    return Script((*lines, "return model"))


POOLING = {"average": "avg", "max": "max"}


@contextlib.contextmanager
def _downloading(network: str) -> Iterator[None]:
    """Keras loads weights of its own, and downloads them where they are not there yet."""
    waits = socket.getdefaulttimeout()
    socket.setdefaulttimeout(waits or PATIENCE)
    try:
        # stdout may be read by a program; a warning says that the images are not 224 × 224.
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # Keras raises this very class where a download fails
        folder = Path(internals.home()).expanduser() / "models"
        failed = re.match(r"URL fetch failure on (\S+): (.*)", str(error), re.DOTALL)
        if failed is None:
            raise BuildError(
                f"Keras cannot load the ImageNet weights of {network}: {_first_line(error)}. "
                f"Remove their file from {folder} to have it downloaded again, or name a file "
                "with `weights: FILE`.",
                key=("model", "weights"),
            ) from error
        name = failed[1].rpartition("/")[2]
        reason = failed[2].replace("None -- ", "")
        raise BuildError(
            f"the ImageNet weights of {network} are not on this machine, and the download failed: "
            f"{reason}. Get {failed[1]} and put it there as {folder / RENAMED.get(name, name)}, "
            "or anywhere and write `weights: FILE`.",
            key=("model", "weights"),
        ) from error
    finally:
        socket.setdefaulttimeout(waits)


def _read(model: Any, network: str, path: Path) -> None:
    """Give the model the weights of a file. Of a `.keras` file too only the weights are read."""
    expected = (
        f"Expected the weights of {network} without its last layer: a `.weights.h5` or `.keras` "
        "file of Keras 3, or an `.h5` file as Keras offers them for download"
    )
    if not path.is_file():
        raise BuildError(f"there is no file {path}. {expected}.", key=("model", "weights"))
    if path.suffix not in (".h5", ".hdf5", ".keras"):
        raise BuildError(f"{path} is no file of weights. {expected}.", key=("model", "weights"))
    try:
        with warnings.catch_warnings():
            # Where Keras warns, it has left some of the weights as they were.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except Exception as error:  # whatever the file holds, h5py and Keras have an error for it
        raise BuildError(
            f"{path} does not fit. {expected}. Keras says: {_first_line(error)}.",
            key=("model", "weights"),
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
