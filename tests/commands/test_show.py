"""`kbuilder show`."""

from __future__ import annotations

from pathlib import Path

from shared import Call, mixed

from kbuilder.recipe import reading


def test_it_prints_decisions_the_resolved_recipe_and_the_network(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    Path("a.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}\n")
    code, out, err = call("show", "a.yaml", "-o", "model.units=[7]", "-o", "model.name=mlp")
    assert (code, err) == (0, "")
    decided, rest = out.split("\n\n", 1)
    assert "# task: binary (the target has two different values)" in decided
    assert "#     task: binary" in decided.splitlines()
    resolved, network = rest.split('Model: "network"')
    recipe = reading.parse(resolved)
    assert set(recipe.features) == {"size", "colour", "floor"}
    assert recipe.model["vector"].units == (7,)  # type: ignore[index,union-attr]
    assert "head (Dense)" in network
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
    assert "(RandomAffine)" in out
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
        "Error: samples show images, and no feature is an image. "
        "The features are: size, colour, floor.\n"
    )
    assert not Path("samples.png").exists()
