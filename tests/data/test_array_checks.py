"""What looks wrong in arrays and pictures: what is empty, constant, far off, alike."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import kbuilder as kb
from kbuilder.data import array_checks, dataset

ROWS = 200
WHOLE = kb.Random(validation=0, test=0)
Y = np.array(["a", "b"] * (ROWS // 2))


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(ROWS, *shape))


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (ROWS, *shape)).astype(np.uint8)


def found(values: Any, feature: Any = None, **columns: Any) -> list[str]:
    """The findings of a column of arrays, but for those of how few rows there are."""
    given = {} if values is None else {"x": list(values)}
    frame = pd.DataFrame({**given, **columns, "y": Y})
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="y", split=WHOLE),
        features={} if feature is None else {"x": feature},
    )
    return [one.message for one in dataset.look(recipe).findings if one.check != "split"]


def without(values: np.ndarray, place: Any, number: float = np.nan) -> np.ndarray:
    values = values.astype(np.float64)
    values[(..., place) if isinstance(place, int) else place] = number
    return values


def ragged() -> list[list[list[float]]]:
    """Sequences of unlike length, the first of whose two numbers is always 5."""
    rows = [row[: 3 + place % 5] for place, row in enumerate(without(normal(8, 2), 0, 5).tolist())]
    rows[11][1][1] = 1e9
    return rows


def padded() -> np.ndarray:
    """Sequences with zeros after their real steps, of which one number is always 7."""
    values = without(normal(8, 2) + 5, 1, 7)
    for row in range(ROWS):
        values[row, 3 + row % 5 :] = 0
    return values


EMPTY = "has no number in any of 200 training rows, which teaches nothing"


@pytest.mark.parametrize(
    ("values", "feature", "said"),
    [
        (without(normal(4), 1), None, f"column 'x' at [..., 1] {EMPTY}"),
        (without(normal(40), 20), None, f"column 'x' at [..., 20] {EMPTY}"),
        (without(normal(6, 3), 2), None, f"column 'x' at [..., 2] {EMPTY}"),
        (without(normal(4), 3, 2), None, "column 'x' at [..., 3] has the same number (2) in all"),
        (padded(), None, "column 'x' at [..., 1] has the same number (7) in all"),
        (without(pixels(12, 12, 3), 2, 0).astype(np.uint8), None, "column 'x' at [..., 2] has the"),
        (
            without(pixels(3, 12, 12), (slice(None), 0), 9),
            kb.Image(data_format="channels_first"),
            "column 'x' at [0, ...] has the same number (9) in all of 200 training rows",
        ),
        (without(normal(1, 5)[:, 0], 1), kb.Array(shape=[5, 1]), None),  # a step, and no channel
        (without(normal(40), 20, 0), None, None),  # as pixels at a border are
        ([[1.0] * (3 + row % 5) for row in range(ROWS)], None, "column 'x' has the number 1 alone"),
        (np.full((ROWS, 3), 2.0), None, "column 'x' has the same array in each of 200 training"),
        (np.tile(normal(5)[:1], (ROWS, 1)), None, "column 'x' has the same array in each of 200"),
        ([[1.5, 2.5, 3.5]] * ROWS, None, "column 'x' has the same array in each of 200 training"),
        (normal(4), None, None),
        (pixels(8, 8), None, None),
    ],
)
def test_channels_that_teach_nothing_are_named(values: Any, feature: Any, said: str | None) -> None:
    messages = found(values, feature)
    assert len(messages) == (said is not None), messages
    assert all(one.startswith(said or "") for one in messages)


NEAREST = "They count as the nearest of the others; fix or remove it if it is wrong"


@pytest.mark.parametrize(
    ("values", "feature", "where"),
    [
        (without(normal(4), (7, 2), 1e9), None, f"at [2] in row 8 of the frame. {NEAREST}"),
        (without(normal(6, 3), (7, 4, 1), 1e9), None,
         f"at [4, 1] in row 8 of the frame. {NEAREST}"),
        (without(normal(6, 3), (7, 4, 1), 1e9), kb.Array(rescale="none"),
         "at [4, 1] in row 8 of the frame. Fix or remove it if it is wrong"),
        (without(padded(), (7, 1, 0), 1e9), None, f"at [1, 0] in row 8 of the frame. {NEAREST}"),
        (ragged(), None, f"at [1, 1] in row 12 of the frame. {NEAREST}"),
        (without(pixels(9, 9), (7, 3, 2), 1e9), kb.Image(), "at [3, 2] in row 8 of the frame. "
         "Pixels are divided by the greatest, so that all others become nearly 0; fix or remove "
         "it if it is wrong"),
        (without(pixels(3, 9, 9), (7, 2, 3, 4), 1e9), kb.Image(data_format="channels_first"),
         "at [2, 3, 4] in row 8 of the frame. Pixels"),
        (without(pixels(3, 4, 4, 1), (7, 2, 1, 3, 0), 1e9), None,
         "at [2, 1, 3, 0] in row 8 of the frame. Pixels"),
    ],
)  # fmt: skip
def test_numbers_that_are_far_off_are_said_with_row_and_place(
    values: Any, feature: Any, where: str
) -> None:
    said = [one for one in found(values, feature) if "far off" in one]
    assert len(said) == 1
    assert said[0].startswith(f"column 'x' has a value far off all others: 1e+09 {where}")


def test_columns_that_an_array_is_made_of_are_named() -> None:
    columns = {f"p{n}": values for n, values in enumerate(normal(4).T)}
    columns["p1"][3] = 1e9
    columns["p2"] = np.full(ROWS, np.nan)
    columns["p3"] = np.full(ROWS, 1.0)
    assert found(None, kb.Array(columns=["p*"]), **columns) == [
        "column 'x' has a value far off all others: 1e+09 of 'p1' in row 4 of the frame. "
        f"{NEAREST}",
        f"column 'p2', which 'x' is made of, {EMPTY}. Leave it out, or fix the rows",
        "column 'p3', which 'x' is made of, has the same number (1) in all of 200 training rows, "
        "which teaches nothing. Leave it out, or fix the rows",
    ]
    steps = kb.Array(columns=["p*"], shape=[2, 2])
    assert (
        "columns 'p0', 'p2', which 'x' is made of, have no"
        in found(None, steps, **{**columns, "p0": np.full(ROWS, np.nan)})[-1]
    )


def test_of_large_arrays_so_many_rows_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_checks, "MOST", 400)
    [said] = found(without(normal(4), 1))
    assert "in any of the first 100 training rows" in said


def saved(image: Image.Image, **given: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, given.pop("format", "PNG"), **given)
    return buffer.getvalue()


def commented(image: Image.Image) -> list[bytes]:
    """Files of one picture, each with another text in it."""
    files = []
    for number in range(ROWS):
        said = PngInfo()
        said.add_text("number", str(number))
        files.append(saved(image, pnginfo=said))
    return files


def test_pictures_that_are_the_same_once_decoded_are_found() -> None:
    image = Image.linear_gradient("L").resize((8, 8))
    files = commented(image)
    files[50] = saved(image.convert("RGB"), format="BMP")
    files[51] = saved(image.convert("RGBA"), format="WEBP", lossless=True)
    assert found(files) == [
        "column 'x' has the same picture in each of 200 training rows once decoded, of different "
        "files (64 of 200 were compared), which teaches nothing. Leave it out, "
        "`data: {ignore: [x]}`, or fix the files"
    ]
    files[::4] = [saved(image.transpose(Image.Transpose.ROTATE_90))] * (ROWS // 4)
    assert found(files) == []


def test_pictures_of_digits_draw_no_finding_for_their_borders() -> None:
    for feature in (None, kb.Array(), kb.Array(shape=[64])):
        features = {} if feature is None else {"image": feature}
        recipe = kb.Recipe(data=kb.Sklearn(name="digits"), features=features)
        assert dataset.look(recipe).findings == ()


@pytest.mark.parametrize(("steps", "shape"), [((8, 2), [8, 2]), ((12,), [12, 1])])
def test_vectors_that_look_like_padded_sequences_are_said_with_the_shape(
    steps: tuple[int, ...], shape: list[int]
) -> None:
    values = normal(*steps) + 9
    for row in range(ROWS):
        values[row, len(values[row]) - row % 5 :] = 0
    flat = values.reshape(ROWS, -1)
    width = flat.shape[1] // shape[0]
    given = f"features: {{x: {{kind: array, shape: [{shape[0]}, {shape[1]}]}}}}"
    wanted = f"write `{given}`"
    if width > 1:
        wanted = f"give each row as an array of {shape[0]} × {width}: `reshape(-1, *{shape})`"
    said = (
        f"column 'x' has flat rows, 160 of {ROWS} of which begin or end with {width} to "
        f"{4 * width} numbers of 0 alone, as padded sequences do; in flat rows this is data, "
        f"however they are reshaped. If they are sequences, {wanted}; if not, "
    )
    assert found(flat) == [f"{said}`features: {{x: {{kind: array, masking: none}}}}`"]
    assert found(values.reshape(ROWS, *shape)) == []
    assert found(flat, {"kind": "array", "masking": "none"}) == []
    shaped = found(flat, {"kind": "array", "shape": shape})
    assert [one.partition("`features")[0] for one in shaped] == ([said] if width > 1 else [])


def test_cells_that_look_like_padded_sequences_are_said_with_a_list_for_each_step() -> None:
    values = (normal(8, 2) + 9).round(2)
    for row in range(ROWS):
        values[row, 8 - row % 5 :] = 0
    cells = [" ".join(map(str, row.ravel())) for row in values]
    [said] = found(cells, {"kind": "array", "shape": [8, 2]})
    assert said.partition("If they are sequences, ")[2] == (
        "write a list of 2 numbers for each step into a cell, such as `[[1, 2], [3, 4]]`, and "
        "`features: {x: {kind: array}}`; if not, "
        "`features: {x: {kind: array, shape: [8, 2], masking: none}}`"
    )
    nested = np.array([str(row.tolist()) for row in values], dtype=object)
    assert found(nested, {"kind": "array"}) == []
    known = kb.Array().learn("x", nested)
    assert (known["masking"].value, known["length"].value) == (0.0, 8)
    assert known["masking"].reason == (
        f"160 of {ROWS} training rows begin or end with 1 to 4 steps of 0 alone, which is taken "
        "for padding; `masking: none` makes data of them"
    )
    ragged = [str(row[: 8 - n % 5].tolist()) for n, row in enumerate(values)]
    assert kb.Array().learn("x", np.array(ragged, object))["masking"].value == "missing"


def test_vectors_of_counts_or_of_pixels_look_like_no_sequences() -> None:
    counts = np.random.default_rng(0).poisson(0.7, (ROWS, 12)).astype(float)
    assert found(counts) == []
    assert found(without(normal(12), slice(0, 3), 0).round(2)) == []
