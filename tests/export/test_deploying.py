"""What stands beside the versions of an export, for those who serve it elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf import text_format
from ruamel.yaml import YAML
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from kbuilder.export import deploying, wheel

BESIDE = ["Dockerfile", wheel.NAME, "kserve.yaml", "models.config"]
NAMES = ["adult", "My größe 2", '"odd" \\ name', "日本"]


def test_they_stand_beside_the_versions_of_a_saved_model(exported: Callable[[str], Path]) -> None:
    folder = exported("mixed").parent
    assert sorted(it.name for it in folder.iterdir()) == ["1", *BESIDE]
    for name, text in deploying.contents("mixed").items():
        assert (folder / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("model", NAMES)
def test_tensorflow_serving_reads_its_configuration(model: str) -> None:
    text = deploying.contents(model)["models.config"]
    [config] = text_format.Parse(text, ModelServerConfig()).model_config_list.config
    assert (config.name, config.base_path) == (model, f"/models/{model}")
    assert config.model_platform == "tensorflow"
    assert config.model_version_policy.latest.num_versions == 1


@pytest.mark.parametrize(
    ("model", "label"),
    list(zip(NAMES, ["adult", "my-gr-e-2", "odd-name", "model"], strict=True)),
)
def test_kserve_reads_its_manifest(model: str, label: str) -> None:
    manifest = YAML(typ="safe").load(deploying.contents(model)["kserve.yaml"])
    assert manifest["apiVersion"] == "serving.kserve.io/v1beta1"
    assert (manifest["kind"], manifest["metadata"]) == ("InferenceService", {"name": label})
    predictor = manifest["spec"]["predictor"]["model"]
    assert predictor["modelFormat"] == {"name": "tensorflow"}
    assert predictor["protocolVersion"] == "v1"
    assert predictor["storageUri"] == f"pvc://models/{model}"


def test_a_container_serves_the_folder_to_others_and_not_as_root() -> None:
    lines = deploying.contents("my model")["Dockerfile"].splitlines()
    steps = dict(line.split(" ", 1) for line in lines if line[:1].isupper())
    assert steps["FROM"].startswith("python:3.")
    installed = steps["RUN"].split()
    assert installed[:3] == ["pip", "install", "--no-cache-dir"]
    assert installed[-1] == f"/tmp/{wheel.NAME}"
    assert {one.partition("==")[0] for one in installed[3:-1]} >= {"tensorflow", "keras", "numpy"}
    assert f"COPY {wheel.NAME} /tmp/" in lines
    assert json.loads(steps["COPY"]) == [".", "/models/my model"]
    assert (steps["USER"], steps["EXPOSE"]) == ("10001:10001", "8501")
    assert json.loads(steps["ENTRYPOINT"]) == [
        "kbuilder", "serve", "/models/my model", "--host", "0.0.0.0", "--port", "8501",
    ]  # fmt: skip


def test_the_command_of_the_container_is_one_that_kbuilder_knows() -> None:
    from kbuilder.commands.serve import serve

    lines = deploying.contents("adult")["Dockerfile"].splitlines()
    [entry] = [line for line in lines if line.startswith("ENTRYPOINT ")]
    words = json.loads(entry.removeprefix("ENTRYPOINT "))
    known = {name for option in serve.params for name in option.opts}
    assert words[:2] == ["kbuilder", "serve"]
    assert {word for word in words if word.startswith("--")} <= known


def test_a_file_that_a_person_changed_is_left_alone_and_told() -> None:
    said: list[str] = []
    folder = Path("adult")
    folder.mkdir()
    deploying.write(folder, said.append)
    assert sorted(it.name for it in folder.iterdir()) == BESIDE
    (folder / "kserve.yaml").write_text("mine", encoding="utf-8")
    (folder / "models.config").unlink()
    deploying.write(folder, said.append)
    assert said == ["adult/kserve.yaml was changed, and is left as it is"]
    assert (folder / "kserve.yaml").read_text(encoding="utf-8") == "mine"
    assert (folder / "models.config").is_file()
