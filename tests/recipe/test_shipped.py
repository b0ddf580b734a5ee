"""The recipes that come with kbuilder."""

from __future__ import annotations

import re
from configparser import ConfigParser

import pytest
from bad import ROOT

import kbuilder as kb
from kbuilder.recipe import shipped

FILES = sorted((ROOT / "recipes").rglob("*.yaml"))


def test_every_file_is_a_recipe_of_its_name() -> None:
    names = [file.relative_to(ROOT / "recipes").with_suffix("").as_posix() for file in FILES]
    assert shipped.names() == sorted(names)
    assert len(names) >= 9


@pytest.mark.parametrize("name", shipped.names())
def test_a_header_says_schema_purpose_command_and_result(name: str) -> None:
    file = shipped.find(name)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../recipe.schema.json"
    said = shipped.header(file)
    assert said["about"].endswith(".")
    assert said["run"] == f"kbuilder fit recipes/{name}.yaml"
    claim = r"test \w+ >= [\d.]+ \((a majority guess|the mean|the season before) has [\d.]+\), "
    assert re.fullmatch(claim + r"under \d+ s on two CPU cores", said["expect"]), said["expect"]


@pytest.mark.parametrize("name", shipped.names())
def test_data_that_is_not_there_is_said_with_where_it_can_be_had(name: str) -> None:
    source = kb.read(shipped.find(name)).data
    if isinstance(source, kb.Sklearn):
        return
    assert not source.path.exists()
    with pytest.raises(kb.KBuilderError) as caught:
        source.load()
    assert str(caught.value).startswith(f"data.path: there is no {source.path}. Expected a")
    assert f"Get it from {source.origin} and put it there, or give its path" in str(caught.value)


def test_no_path_leads_out_of_the_folder() -> None:
    for name in ("../setup", "/etc/passwd", "image", "image/", ""):
        with pytest.raises(kb.KBuilderError):
            shipped.find(name)


def test_every_package_and_file_is_packed() -> None:
    """As setup.cfg says: who installs from a wheel has all that a checkout has."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    folders = {file.parent for file in (ROOT / "kbuilder").rglob("*.py")}
    assert folders == {file.parent for file in (ROOT / "kbuilder").rglob("__init__.py")}
    patterns = setup["options.package_data"]["kbuilder"].replace(",", " ").split()
    others = {
        file
        for file in (ROOT / "kbuilder").rglob("*")
        if file.is_file() and file.suffix != ".py" and "__pycache__" not in file.parts
    }
    assert others == {file for pattern in patterns for file in (ROOT / "kbuilder").glob(pattern)}
