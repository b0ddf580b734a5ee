"""Columns that name pictures by their paths."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import encoded, message, picture

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.data import dataset, paths
from kbuilder.errors import CallError, DataError
from kbuilder.tables.table import Table

ROWS = 24
SIZES = [number % 5 / 2 for number in range(ROWS)]


def pictured(folder: str = "data/pics", kind: str = "png", first: int = 0) -> None:
    """Writes pictures 00 … 23."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number in range(ROWS):
        content = encoded(picture(first + number))
        Path(folder, f"{number:02}.{kind}").write_bytes(content)


def written(form: str, name: str = "data/rows.csv", **columns: Any) -> None:
    """Writes a table with a path, a number and a class in each row."""
    rows = {"photo": [form.format(number) for number in range(ROWS)], **columns}
    rows["y"] = ["ab"[number % 2] for number in range(ROWS)]
    pd.DataFrame(rows).to_csv(name, index=False)


def looked(**recipe: Any) -> dataset.Looked:
    data = {"path": "data/rows.csv", "target": "y", **recipe.pop("data", {})}
    return dataset.look(kb.Recipe(data=kb.CSV(**data), **recipe))


def contents(found: dataset.Looked) -> set[bytes]:
    return {value for _, table in found.parts for value in table["photo"]}


EXPECTED = {encoded(picture(number)) for number in range(ROWS)}


def test_paths_of_numbers_alone_are_no_numbers_with_something_around_them() -> None:
    pictured("data")
    written("{:02}.png")
    found = looked()
    assert {n: type(f) for n, f in found.resolved.recipe.features.items()} == {"photo": kb.Image}


@pytest.mark.parametrize(
    ("form", "image"),
    [
        ("pics/{:02}.png", {}), ("./pics/{:02}.png", {}), ("pics\\{:02}.png", {}),
        ("{:02}.png", {"root": "pics"}), ("{:02}", {"root": "pics", "ending": ".png"}),
        ("pics/{:02}", {"ending": ".png"}),
    ],
)  # fmt: skip
def test_paths_are_relative_to_the_file_of_the_rows(form: str, image: dict[str, Any]) -> None:
    pictured()
    written(form, size=SIZES)
    features = {"photo": kb.Image(**image)} if image else {}
    found = looked(features=features)
    assert {n: type(f) for n, f in found.resolved.recipe.features.items()} == {
        "photo": kb.Image, "size": kb.Number,
    }  # fmt: skip
    assert contents(found) == EXPECTED
    frame = pd.read_csv("data/rows.csv", dtype=str).assign(photo=[
        Path("data", image.get("root", ""), str(name).replace("\\", "/") + image.get("ending", ""))
        for name in pd.read_csv("data/rows.csv", dtype=str)["photo"]
    ])  # fmt: skip
    given = kb.Frame(frame=frame, target="y")  # of no file: relative to the working folder
    assert contents(dataset.look(kb.Recipe(data=given))) == EXPECTED


def test_whole_numbers_name_pictures_where_the_recipe_says_so() -> None:
    Path("data/pics").mkdir(parents=True)
    for number in range(ROWS):
        Path(f"data/pics/{number}.png").write_bytes(encoded(picture(number)))
    written("{}")
    image = kb.Image(root="pics", ending=".png")
    assert contents(looked(features={"photo": image})) == EXPECTED
    assert message(DataError, looked) == (
        "data: rows.csv has no column to predict from: beside the target there is photo (of no "
        "use). Expected at least one feature. Column 'photo' may name pictures. Such a file is "
        'here: pics/0.png: `features: {photo: {kind: image, root: pics, ending: ".png"}}`.'
    )


OTHERS = (
    "Fix the paths or the files; or leave these rows out, `data: {unreadable: skip}`, or the "
    "column, `data: {ignore: [photo]}`."
)
LOST = {
    "{:02}.png": "Such a file is here: pics/00.png: "
    "`features: {photo: {kind: image, root: pics}}`.",
    "/kaggle/input/pics/{:02}.png": "The path is of another machine; such a file is here: "
    "pics/00.png. Write such paths.",
    "C:\\me\\{:02}.png": "The path is of another machine; such a file is here: pics/00.png. "
    "Write such paths.",
    "images/{:02}.png": "Such a file is here: pics/00.png.",
    "none/x{:02}.png": "No file of that name is below data.",
}


@pytest.mark.parametrize("form", LOST)
def test_files_that_are_not_there_are_one_message_with_their_rows_and_a_hint(form: str) -> None:
    pictured()
    written(form)
    said = message(DataError, looked)
    first = form.format(0)
    assert said.startswith(
        f"features.photo: column 'photo' names 24 pictures of 24 that cannot be read: {first!r} in "
        "row 1 of rows.csv (there is no such file); "
    )
    assert said.endswith(f"in row 5 of rows.csv (there is no such file) and 19 more. {LOST[form]} "
                         f"{OTHERS}")  # fmt: skip


def test_pictures_are_not_downloaded() -> None:
    Path("data").mkdir()
    written("https://a.b/{:02}.jpg?size=2")
    assert message(DataError, looked) == (
        "features.photo: column 'photo' holds addresses such as 'https://a.b/00.jpg?size=2', and "
        "pictures are not downloaded: what stands there may be another tomorrow. Expected files: "
        "download them, and write their paths."
    )


def test_rows_of_files_that_cannot_be_read_are_left_out_on_request() -> None:
    pictured()
    written("pics/{:02}.png")
    frame = pd.read_csv("data/rows.csv")
    frame.loc[3, "photo"] = None
    frame.to_csv("data/rows.csv", index=False)
    Path("data/pics/05.png").write_bytes(b"")
    assert " 2 pictures of 24 that cannot be read: no path in row 4" in message(DataError, looked)
    found = looked(data={"unreadable": "skip"})
    assert sum(len(table) for _, table in found.parts) == 22
    [note] = [one.message for one in found.findings if one.check == "unread"]
    assert note == (
        "2 of 24 rows are left out, since their pictures cannot be read: row 4 of rows.csv: no "
        "path (it is missing); row 6 of rows.csv: 'pics/05.png' (it is empty)"
    )


def test_rows_that_share_a_picture_hold_it_once_and_may_be_kept_together() -> None:
    pictured()
    Path("data/rows.csv").write_text(
        "photo,x,y\n" + "".join(f"pics/{n // 4:02}.png,{n},{'ab'[n % 2]}\n" for n in range(40))
    )
    found = looked()
    values = [value for _, table in found.parts for value in table["photo"]]
    assert len(set(map(id, values))) == len(set(values)) == 10
    [said] = [one.message for one in found.findings if one.check == "repeated_rows"]
    assert said.endswith(
        "Keep the rows of a picture together: `data: {split: {by: group, column: photo}}`"
    )
    found = looked(data={"split": kb.Group(column="photo")})
    assert type(found.resolved.recipe.features["photo"]) is kb.Image
    shown = [set(table["photo"]) for _, table in found.parts]
    assert len(set.union(*shown)) == sum(map(len, shown)) == 10


def test_several_files_name_pictures_beside_each() -> None:
    for month in ("jan", "feb"):
        pictured(f"data/{month}/pics", first=100 if month == "feb" else 0)
        written("pics/{:02}.png", f"data/{month}/rows.csv")
    data = kb.CSV(path=[Path("data/jan/rows.csv"), Path("data/feb/rows.csv")], target="y")
    table, _ = data.load()
    opened = paths.opened(table.take(np.array([0, ROWS])), {"photo": kb.Image()})
    assert opened["photo"].tolist() == [encoded(picture(0)), encoded(picture(100))]


def test_parquet_holds_pictures_as_bytes_or_as_hugging_face_has_them() -> None:
    Path("data").mkdir()
    content = [encoded(picture(number)) for number in range(ROWS)]
    labels = ["ab"[number % 2] for number in range(ROWS)]
    for photo in (content, [{"bytes": one, "path": "x.png"} for one in content]):
        pd.DataFrame({"photo": photo, "y": labels}).to_parquet("data/rows.parquet")
        found = looked(data={"path": "data/rows.parquet"})
        assert contents(found) == EXPECTED
    pictured()
    names = [{"bytes": None, "path": f"pics/{number:02}.png"} for number in range(ROWS)]
    pd.DataFrame({"photo": names, "y": labels}).to_parquet("data/rows.parquet")
    assert contents(looked(data={"path": "data/rows.parquet"})) == EXPECTED


@pytest.mark.slow
def test_a_table_of_paths_is_fitted_predicted_and_exported_with_bytes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pictured()
    written("pics/{:02}.png", size=SIZES)
    recipe = kb.Recipe(
        data=kb.CSV(path="data/rows.csv", target="y", unreadable="skip"),
        model={"image": kb.CNN(filters=2), "vector": kb.MLP(units=2)},
        training=kb.Training(epochs=1),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir="run", verbose=False)
    expected = run.predict("data/rows.csv")
    pictured("new/pics")
    written("pics/{:02}.png", "new/rows.csv", size=SIZES)
    assert run.predict("new/rows.csv").equals(expected)
    frame = pd.read_csv("new/rows.csv")
    given = frame.assign(photo=[Path("new", name).read_bytes() for name in frame["photo"]])
    assert run.predict(given).drop(columns="row").equals(expected.drop(columns="row"))
    Path("new/pics/02.png").unlink()
    capsys.readouterr()
    kept = run.predict("new/rows.csv", keep="photo")
    assert list(kept)[:3] == ["row", "photo", "label"]
    assert kept["row"].tolist() == [n for n in range(1, ROWS + 1) if n != 3]
    assert kept["photo"][2] == "pics/03.png"
    said = capsys.readouterr().err
    assert "Warning: 1 of 24 rows are left out, since their pictures cannot be read: row 3" in said
    assert run.predict_file("new/rows.csv", "out.csv") == ROWS - 1
    assert pd.read_csv("out.csv")["row"].tolist() == kept["row"].tolist()
    assert [type(one["photo"]) for one in run.record.examples] == [dict] * len(run.record.examples)
    assert message(CallError, pipeline.eject, recipe) == (
        "a script reads pictures from a folder for each class, and column 'photo' has them by "
        "their paths. Expected the source image_folder."
    )


def test_rows_of_other_files_are_opened_as_they_are_read() -> None:
    table = Table({"photo": np.array(["a.png"], object)}, "rows", folders=(Path("far"),))
    assert "'a.png' in row 1 of rows" in message(
        DataError, paths.opened, table, {"photo": kb.Image()}
    )
    content = io.BytesIO(encoded(picture(1))).getvalue()
    known = Table({"photo": np.array([content], object)}, "rows")
    assert paths.opened(known, {"photo": kb.Image()}) is not None
