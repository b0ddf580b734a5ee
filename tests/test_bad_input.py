"""Bad input gets one clear message and an exit code, and leaves nothing half written behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bad import command, disk, files_below
from shared import encoded, picture

import kbuilder as kb

RECIPE = """\
data: {source: csv, path: rows.csv, target: y}
model: {name: mlp, units: 4}
training: {epochs: 1}
"""
AT_PATH = "recipe.yaml:1:27: data.path: "
AT_TARGET = "recipe.yaml:1:45: data.target: "


def rows(xs: str = "123456", ys: str = "ab", more: str = "", value: str = "") -> str:
    """A CSV file of 60 rows: x and y turn through the given letters; another column on request."""
    lines = [f"{xs[n % len(xs)]},{ys[n % len(ys)]}" for n in range(60)]
    return "".join(f"{line}{more and ',' + value}\n" for line in [f"x,y{more}", *lines])


DATA = {
    "empty": ("", "", f"{AT_PATH}rows.csv is empty. Expected a header and rows."),
    "header only": ("x,y\n", "", f"{AT_PATH}rows.csv has a header, but no rows. Expected rows."),
    "no target": (rows().replace("y", "answer"), "",
        f"{AT_TARGET}rows.csv has no column 'y'. It has: x, answer."),
    "target misspelt": (rows().replace("x,y", "x,yy"), "",
        f"{AT_TARGET}rows.csv has no column 'y'. It has: x, yy.\n    Did you mean 'yy'?"),
    "constant target": (rows(ys="a"), "",
        f"{AT_TARGET}the target 'y' has one value only. "
        "Expected at least two, so that there is something to predict."),
    "one class": (rows(ys="a"), "task: binary\n",
        f"{AT_TARGET}the target 'y' has one value only: 'a'. "
        "Expected at least two, so that there is something to tell apart."),
    "constant number": (rows(ys="1"), "task: regression\n",
        f"{AT_TARGET}the target 'y' has one value only: [1.0]. "
        "Expected at least two, so that there is something to predict."),
    "three classes of two": (rows(ys="abc"), "task: binary\n",
        "recipe.yaml:4:7: task: the target 'y' has 3 values: 'a', 'b', 'c'. "
        "Expected two for a binary task; write `task: multiclass` for more."),
    "mixed types": (rows(xs="12345?"), "",
        "recipe.yaml:1:27: features.x: column 'x' mixes 50 numbers and 10 words: '?' "
        '(first in row 6 of rows.csv). If that means missing, write `data: {missing: ["?"]}`; '
        "if all are names, `features: {x: category}`."),
    "number with words": (rows().replace("6,b", "?,b", 1), "features: {x: number}\n",
        "recipe.yaml:4:15: features.x: row 6 of rows.csv: column 'x' is a number, but here '?'. "
        "Expected a number; name a text that means missing in data.missing, "
        "or read the column as a category."),
    "too few rows": ("x,y\n1,a\n2,b\n", "",
        "recipe.yaml:1:1: data.split.test: 2 rows are too few to hold back 10% of them for test. "
        "Expected more rows, or `data: {split: {test: 0}}`."),
    "no CSV": ('x,y\n1,2,3\n"1,2\n', "",
        f"{AT_PATH}rows.csv cannot be read as CSV: EOF inside string starting at row 2. "
        "Expected as many fields in each line as in the header, between ',' (data.delimiter). A "
        "quote is opened and not closed: if quotes are plain text, write "
        "`data: {quoting: none}`."),
}  # fmt: skip


def said(error: str) -> str:
    """The message without its excerpt, which ends in a line of marks."""
    lines = error.removesuffix("\n").split("\n")
    return "\n".join(line for line in lines if " | " not in line)


@pytest.mark.parametrize("kind", DATA)
def test_bad_rows_are_refused_before_the_fit(kind: str) -> None:
    content, rest, message = DATA[kind]
    Path("rows.csv").write_text(content)
    Path("recipe.yaml").write_text(RECIPE + rest)
    done = command("fit", "recipe.yaml", "--run-dir", "runs/new")
    assert said(done.err) == f"Error: {message}"
    assert (done.code, done.out) == (1, "")
    assert files_below(Path()) == ["recipe.yaml", "rows.csv"]


def test_a_feature_without_any_value_is_left_out_and_said() -> None:
    Path("rows.csv").write_text(rows(more=",z").replace("z,", "z"))
    Path("recipe.yaml").write_text(RECIPE)
    done = command("fit", "recipe.yaml", "--smoke")
    assert done.code == 0
    assert "ignored: z (it has no value in any row of rows.csv)" in done.err


def test_a_label_of_the_test_file_that_training_never_saw_is_refused_with_its_row() -> None:
    Path("rows.csv").write_text(rows())
    Path("test.csv").write_text("x,y\n1,a\n2,c\n")
    Path("recipe.yaml").write_text(RECIPE.replace("target", "test_path: test.csv, target"))
    done = command("fit", "recipe.yaml")
    assert said(done.err) == (
        "Error: recipe.yaml:1:66: data.target: row 2 of test.csv: the target 'y' is 'c'. "
        "Expected a label known from training: 'a', 'b'. Remove the row, or fix the label."
    )
    assert (done.code, files_below(Path())) == (1, ["recipe.yaml", "rows.csv", "test.csv"])


def test_an_unreadable_image_is_named() -> None:
    for name in ("cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png"):
        path = Path("images") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(picture(1)))
    Path("images/dog/4.png").write_bytes(b"no image")
    Path("recipe.yaml").write_text("data: {source: image_folder, path: images}\n")
    done = command("fit", "recipe.yaml")
    assert said(done.err) == (
        "Error: recipe.yaml:1:36: data.path: images that cannot be read: "
        "images/dog/4.png (it is no image). Fix or remove the files, or leave them out: "
        "`data: {unreadable: skip}`."
    )
    assert done.code == 1
    assert not Path("runs").exists()


CALLS = {
    "unknown key": (RECIPE, ["-o", "training.epoch=3"],
        "-o training.epoch=3: training.epoch: unknown key 'epoch'. Expected one of: "
        "epochs, batch_size, order, optimizer, schedule, early_stopping, checkpoints, "
        "tensorboard, plan, precision, strategy, sync_batchnorm, wait_minutes, balance, "
        "baselines, seed.\n"
        "    Did you mean 'epochs'?\n1 problem."),
    "no mapping": ("- data\n", [],
        "recipe.yaml:1:1: a recipe is a mapping. "
        "Expected `data:`, `model:` … as keys, each with a colon.\n1 problem."),
    "tabs": ("data:\n\tsource: csv\n", [],
        "recipe.yaml:2:1: cannot be read as YAML: a tab. "
        "YAML indents with spaces; replace the tab by spaces.\n1 problem."),
    "aliases": ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", [],
        "recipe.yaml:1:4: an anchor (&) names a value. "
        "Expected a recipe without anchors and aliases.\n1 problem."),
    "50 MB": ("a: 1\n" * 10_000_000, [],
        "recipe.yaml is larger than 1 MB. Expected the YAML file of a recipe; "
        "data belongs into a file of its own."),
    "run folder in use": (RECIPE, ["--run-dir", "."],
        ". is there already. Expected a folder that is new, or empty."),
    "no such option": (RECIPE, ["--epochs", "3"], None),
}  # fmt: skip


@pytest.mark.parametrize("kind", CALLS)
def test_a_wrong_recipe_or_call_is_refused(kind: str) -> None:
    text, arguments, message = CALLS[kind]
    Path("recipe.yaml").write_text(text)
    done = command("fit", "recipe.yaml", *arguments)
    if message is not None:
        assert said(done.err) == f"Error: {message}"
    assert (done.code, done.out) == (2, "")
    assert files_below(Path()) == ["recipe.yaml"]


@pytest.fixture
def run(fitted: Callable[[str], kb.Run], tmp_path: Path) -> Path:
    """A copy of a run, to be spoiled."""
    shutil.copytree(fitted("mixed").path, tmp_path / "run")
    return Path("run")


def spoil(run: Path, kind: str) -> str:
    """Spoil a run; what is said about it."""
    if kind == "a file is gone":
        (run / "model.keras").unlink()
        return "run is incomplete: model.keras is missing. Restore the file, or fit again."
    if kind == "a file is a link":
        (run / "model.keras").rename("elsewhere")
        (run / "model.keras").symlink_to(Path("elsewhere").absolute())
        return "run is incomplete: model.keras is missing. Restore the file, or fit again."
    if kind == "the model is altered":
        content = bytearray((run / "model.keras").read_bytes())
        content[len(content) // 2] ^= 1
        (run / "model.keras").write_bytes(content)
        name = "model.keras"
    elif kind == "the recipe is altered":
        with (run / "recipe.yaml").open("a") as file:
            file.write("# only a comment\n")
        name = "recipe.yaml"
    else:
        lock = run / "lock.json"
        content = {"the lock is gone": "", "the lock is no JSON": "{", "the lock is empty": "{}"}
        lock.write_text(content[kind])
        if not content[kind]:
            lock.unlink()
        return (
            "run is no whole run: it has no readable lock.json. "
            "Expected the folder that `kbuilder fit` named; fit again if it was altered."
        )
    return (
        f"run was altered after the fit: {name} does not match lock.json. "
        "Restore the file, or fit again."
    )


SPOILED = [
    "a file is gone", "a file is a link", "the model is altered", "the recipe is altered",
    "the lock is gone", "the lock is no JSON", "the lock is empty",
]  # fmt: skip


@pytest.mark.parametrize("kind", SPOILED)
def test_a_run_that_is_incomplete_or_altered_is_refused(run: Path, kind: str) -> None:
    message = spoil(run, kind)
    for arguments in (
        ["evaluate", "run"], ["predict", "run", "rows.csv"], ["export", "run", "exported"],
        ["predict", "run", "rows.csv", "--output", "out.csv"],
    ):  # fmt: skip
        done = command(*arguments)
        assert (done.code, done.out, done.err) == (1, "", f"Error: {message}\n")
    assert not Path("exported").exists()
    assert not Path("out.csv").exists()


@pytest.mark.parametrize("name", ["nowhere", "latest"])
def test_a_run_that_is_not_there_is_a_wrong_call(name: str) -> None:
    messages = {
        "nowhere": "there is no run folder nowhere. "
        "Expected the folder that `kbuilder fit` named, or `latest`.",
        "latest": "there is no run below runs/. Expected one, from `kbuilder fit RECIPE`.",
    }
    done = command("evaluate", name)
    assert (done.code, done.out, done.err) == (2, "", f"Error: {messages[name]}\n")


FULL = "Error: the disk is full; nothing was left half written. Make room, and run again."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for eight kilobytes."""
    with disk(tmp_path / "disk", "8k") as place:
        yield place


def test_a_fit_on_a_full_disk_leaves_nothing(small_disk: Path) -> None:
    Path("rows.csv").write_text(rows())
    Path("recipe.yaml").write_text(RECIPE)
    done = command("fit", "recipe.yaml", "--run-dir", str(small_disk / "run"))
    assert done.err.splitlines()[-1] == FULL
    assert (done.code, done.out) == (1, "")
    assert files_below(small_disk) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "run", "disk/exported"],
        ["predict", "run", "rows.json", "--output", "disk/out.csv"],
        ["schema", "--output", "disk/recipe.schema.json"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_is_written_on_a_full_disk_leaves_nothing(
    run: Path, small_disk: Path, arguments: list[str]
) -> None:
    examples = json.loads((run / "examples.json").read_text())["instances"]
    Path("rows.json").write_text(json.dumps({"instances": examples * 40}))
    done = command(*arguments)
    assert (done.code, done.out, done.err) == (1, "", f"{FULL}\n")
    assert [name for name in files_below(small_disk) if name != "exported"] == []
