"""`kbuilder show`."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from shared import Call, mixed

from kbuilder import files
from kbuilder.recipe import reading


def test_it_prints_decisions_the_resolved_recipe_and_the_network(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    Path("a.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}\n")
    code, out, err = call("show", "a.yaml", "-o", "model.units=[7]", "-o", "model.name=mlp")
    assert (code, err) == (0, "")
    decided, rest = out.split("\n\n", 1)
    assert "# task: binary (the target has two different values)" in decided
    assert "#     task: binary" in decided.splitlines()
    resolved, network = rest.split("\n\n", 1)
    recipe = reading.parse(resolved)
    assert set(recipe.features) == {"size", "colour", "floor"}
    assert recipe.model["vector"].units == (7,)  # type: ignore[index,union-attr]
    lines = network.splitlines()
    assert lines[0].split("  ")[0] == "layer"
    assert lines[-5].split() == ["head", "Dense", "(1,)", "8", "7"]
    assert lines[-4:] == [
        "-" * len(lines[1]),
        "parameters: 78 (trainable 78, not trainable 0)",
        "multiply-adds: 70 for one example, forward",
        "activations of a batch of 16: 0.001 MiB at once forward, about 0.001 MiB kept in training",
    ]
    assert sorted(path.name for path in Path().iterdir()) == ["a.yaml", "rows.csv"]


def test_what_is_wrong_with_the_data_is_named_with_its_line(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    Path("a.yaml").write_text("data: {source: csv, path: rows.csv, target: anser}\n")
    code, out, err = call("show", "a.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("Error: a.yaml:1:45: data.target: rows.csv has no column 'anser'. ")
    assert err.endswith("Did you mean 'answer'?\n")


def test_samples_are_drawn_into_a_file(call: Call) -> None:
    Path("a.yaml").write_text(
        "data: {source: sklearn, name: digits}\n"
        "features: {image: {kind: image, augment: [{rotation: 20}]}}\nmodel: mlp\n"
    )
    code, out, err = call("show", "a.yaml", "--samples", "drawn/samples.png")
    assert (code, err) == (0, "samples: drawn/samples.png\n")
    assert "RandomAffine" in out
    assert Path("drawn/samples.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in Path("drawn").iterdir()] == ["samples.png"]


def test_samples_are_a_png_file(call: Call) -> None:
    Path("folder.png").mkdir()
    for name in ("samples.jpg", "samples", "folder.png"):
        code, out, err = call("show", "a.yaml", "--samples", name)
        assert (code, out) == (2, "")
        assert err == (
            f"Error: {name} is no name for a picture. Expected a file that ends in .png.\n"
        )


def test_samples_of_a_recipe_without_images_are_refused(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    Path("a.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}\n")
    code, out, err = call("show", "a.yaml", "--samples", "samples.png")
    assert (code, out) == (2, "")
    assert err == (
        "Error: samples show images and videos, and no feature is one. "
        "The features are: size, colour, floor.\n"
    )
    assert not Path("samples.png").exists()


def test_it_draws_the_network_into_a_file_and_tells_programs_all_of_it(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    Path("a.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}\n")
    code, out, err = call("show", "a.yaml", "--json", "--svg", "deep/net.svg")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert {"path": "task", "value": "binary"}.items() <= told["decisions"][0].items()
    assert reading.parse(json.dumps(told["recipe"])).data.target == ("answer",)
    last = told["network"]["rows"][-1]
    assert (last["name"], last["shape"], last["multiply_adds"]) == ("head", [1], 128)
    picture = ElementTree.parse("deep/net.svg").getroot()
    assert picture.findtext("{http://www.w3.org/2000/svg}title") == "a"
    assert [path.name for path in Path("deep").iterdir()] == ["net.svg"]


def test_a_folder_is_no_place_for_the_drawing(call: Call) -> None:
    Path("a.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}\n")
    Path("taken").mkdir()
    code, out, err = call("show", "a.yaml", "--svg", "taken")
    assert (code, out) == (2, "")
    assert err.endswith("Error: Invalid value for '--svg': File 'taken' is a directory.\n")


def test_the_findings_of_a_run_are_those_that_it_keeps(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    Path("r.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}\n")
    assert call("fit", "r.yaml", "--smoke", "--run-dir", "run")[0] == 0
    kept = json.loads(Path("run/findings.json").read_text())
    assert [one["check"] for one in kept] == ["split"]
    kept[0]["message"] = "what was seen then"
    files.write_json(Path("run/findings.json"), kept)
    lock = files.read_json(Path("run/lock.json"))
    files.write_json(
        Path("run/lock.json"), {**lock, "sha256": files.hashes(Path("run"), ("lock.json",))}
    )
    code, out, _ = call("show", "run")
    assert (code, out.splitlines()[0]) == (0, "# Warning: what was seen then")
    assert json.loads(call("show", "run", "--json")[1])["findings"] == kept
    assert "# Warning: test has 9 rows" in call("show", "run", "-o", "model=linear")[1]


def test_what_a_fit_has_chosen_after_its_epochs_is_shown_of_its_run(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    recipe = "data: {path: rows.csv, target: answer}\ntask: {name: binary, threshold: auto}\n"
    Path("r.yaml").write_text(recipe, encoding="utf-8")
    assert call("fit", "r.yaml", "-o", "training.epochs=1", "--run-dir", "run")[0] == 0
    [chosen] = [one for one in json.loads(Path("run/decisions.json").read_text())
                if one["path"] == "task.threshold"]  # fmt: skip
    code, out, _ = call("show", "run")
    assert code == 0
    assert f"threshold {chosen['value']:.6g} ({chosen['reason']})" in out
    assert chosen in json.loads(call("show", "run", "--json")[1])["decisions"]
    assert "task.threshold" not in json.dumps(call("show", "r.yaml", "--json")[1])
