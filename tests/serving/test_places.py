"""Which models a path means."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared import message

from kbuilder.errors import CallError, RecipeError
from kbuilder.serving import places


@pytest.fixture(autouse=True)
def exports() -> None:
    """Two exports in a folder, of which one has two versions."""
    for version in ("both/cats/1", "both/cats/2", "both/dogs/1", "both/notes"):
        Path(version).mkdir(parents=True)
        if version[-1].isdigit():
            Path(version, "manifest.json").touch()


@pytest.mark.parametrize(("path", "name", "found"), [
    ("both/cats", None, {"cats": "both/cats"}),
    ("both/cats/1", None, {"cats": "both/cats/1"}),
    ("both/cats", "felines", {"felines": "both/cats"}),
    ("both", None, {"cats": "both/cats", "dogs": "both/dogs"}),
])  # fmt: skip
def test_a_folder_means_its_models(path: str, name: str | None, found: dict[str, str]) -> None:
    assert places.find(Path(path), name) == {key: Path(value) for key, value in found.items()}


def test_a_file_names_models_by_folders_beside_it() -> None:
    Path("conf").mkdir()
    Path("conf/models.yaml").write_text("# two\nfelines: ../both/cats\ndogs: ../both/dogs\n")
    assert places.find(Path("conf/models.yaml")) == {
        "felines": Path("conf/../both/cats"), "dogs": Path("conf/../both/dogs"),
    }  # fmt: skip


def test_what_is_wrong_in_a_file_is_told_with_its_line() -> None:
    Path("models.yaml").write_text("cats: both/cats\ndogs: 3\nmice: both/mice\n")
    assert message(RecipeError, places.find, Path("models.yaml")) == (
        "models.yaml:2:7: dogs: Expected the folder of an export, such as exported/adult.\n"
        "    2 | dogs: 3\n"
        "      |       ^\n"
        f"models.yaml:3:7: mice: both/mice is no export. {places.EXPECTED}\n"
        "    3 | mice: both/mice\n"
        "      |       ^^^^^^^^^\n"
        "2 problems."
    )


@pytest.mark.parametrize(("content", "said"), [
    ("", "models.yaml names no models."),
    ("- both/cats", "models.yaml names no models."),
    ("a: [", "models.yaml:1:5: "),
])  # fmt: skip
def test_a_file_without_models_is_refused(content: str, said: str) -> None:
    Path("models.yaml").write_text(content)
    with pytest.raises((CallError, RecipeError)) as error:
        places.find(Path("models.yaml"))
    assert str(error.value).startswith(said)


def test_a_recipe_is_told_from_a_file_of_models() -> None:
    Path("adult.yaml").write_text("data: {source: csv, path: adult.csv, target: income}\n")
    assert message(CallError, places.find, Path("adult.yaml")) == (
        "adult.yaml is a recipe. Fit it by `kbuilder fit adult.yaml`, then serve the run: "
        "`kbuilder serve latest`."
    )


@pytest.mark.parametrize("name", ["", "a/b", "a:b"])
def test_a_name_that_no_path_can_have_is_refused(name: str) -> None:
    assert message(CallError, places.find, Path("both/cats"), name) == (
        f"{name!r} is no name of a model. Expected no / and no :."
    )


def test_a_name_is_for_one_model() -> None:
    assert message(CallError, places.find, Path("both"), "pets") == (
        "--name is 'pets', and both has 2 models: cats, dogs. Expected no --name."
    )


@pytest.mark.parametrize("path", ["nowhere", "both/notes", "both/cats/1/manifest.json"])
def test_what_is_no_export_is_refused(path: str) -> None:
    expected = f"{path} is no export. {places.EXPECTED}"
    assert message(CallError, places.find, Path(path)) == expected
