"""Folders of frames sorted into one folder per class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from shared import encoded, message

import kbuilder as kb
from kbuilder.errors import CallError, DataError

RANDOM = np.random.default_rng(0)


def put(name: str, shade: int, size: tuple[int, int] = (6, 4), mode: str = "L") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = (shade,) * len(mode) if mode in ("RGB", "RGBA") else shade
    path.write_bytes(encoded(Image.new(mode, size, colour)))
    return path


def source(**fields: object) -> kb.VideoFolder:
    return kb.VideoFolder(**{"path": "films", **fields})


def clips() -> None:
    """Two videos of one class, one of another; the numbers of frames have no zeros in front."""
    for name, frames in (("left/a", 3), ("left/b", 3), ("right/c", 12)):
        for frame in range(frames):
            put(f"films/{name}/frame_{frame}.png", 10 * frame)
    Path("films/right/c/Thumbs.db").write_bytes(b"")


def test_a_row_is_a_folder_of_frames_in_the_order_of_their_numbers() -> None:
    clips()
    given = source()
    chosen = {name: choice.value for name, choice in given.settle().items()}
    assert chosen == {"height": 4, "width": 6, "channels": 1}
    train, _ = given.load()
    assert train["label"].tolist() == ["left", "left", "right"]
    assert list(train.labels) == ["films/left/a", "films/left/b", "films/right/c"]
    assert [video.shape for video in train["video"]] == [(3, 4, 6, 1), (3, 4, 6, 1), (12, 4, 6, 1)]
    assert train["video"][2][:, 0, 0, 0].tolist() == [10 * frame for frame in range(12)]
    one = given.read(Path("films/left/a"))
    assert (list(one.columns), one["video"].shape) == (["video"], (1, 3, 4, 6, 1))
    some = given.read(Path("films/left"))  # videos beside each other, in no class folder
    assert (list(some.columns), some["video"].shape) == (["video"], (2, 3, 4, 6, 1))
    assert given.read(Path("films"))["label"].tolist() == ["left", "left", "right"]
    assert "a script reads no folders of frames" in message(CallError, given.script)


def test_frames_are_of_one_size_and_read_as_pictures_are() -> None:
    clips()
    put("films/left/a/frame_1.png", 90, (12, 8), "RGB")
    put("films/left/b/frame_1.png", 0, (6, 4), "RGBA")
    train, _ = source().load()
    assert train["video"][0].shape == (3, 4, 6, 3)
    assert train["video"][0][1, 0, 0].tolist() == [90, 90, 90]
    assert train["video"][1][1, 0, 0].tolist() == [255, 255, 255]  # transparent, on white
    small, _ = source(height=2, width=2, channels=1).load()
    assert small["video"][0].shape == (3, 2, 2, 1)


def test_frames_in_no_folder_of_a_video_and_broken_ones_are_named() -> None:
    clips()
    put("films/left/loose.png", 0)
    assert message(DataError, source().load) == (
        "data.path: films/left/loose.png lies in the folder of its class. Expected a folder per "
        "video in the folder of its class."
    )
    Path("films/left/loose.png").unlink()
    Path("films/left/a/frame_1.png").write_bytes(b"no picture")
    assert message(DataError, source().load).startswith(
        "data.path: frames that cannot be read: films/left/a/frame_1.png (it is no image)."
    )
    train, _ = source(unreadable="skip").load()
    assert [len(video) for video in train["video"]] == [2, 3, 12]
    assert train.notes[0].startswith("1 of 18 frames are left out")


def test_frames_of_16_bits_are_refused() -> None:
    clips()
    name = put("films/left/a/frame_1.png", 300, mode="I;16")
    assert message(DataError, source().load).startswith(
        f"data.path: frames that cannot be read: {name} (it has 16 bits, and frames keep 8; "
        "videos as .npy files in an array_folder keep all)."
    )


def test_an_image_folder_that_holds_frames_says_so() -> None:
    clips()
    train, _ = kb.ImageFolder(path="films").load()
    assert len(train) == 18
    assert "`source: video_folder` makes a row of each folder" in train.notes[-1]
    Path("films/right/c/frame_11.png").rename("films/right/c/other.png")
    train, _ = kb.ImageFolder(path="films").load()
    assert not any("video_folder" in note for note in train.notes)
