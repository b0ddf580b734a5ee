"""What the networks for images share: how they begin."""

from __future__ import annotations

from typing import Any

import pytest
from shared import counts, hollow, message, outline

import kbuilder as kb
from kbuilder import catalog
from kbuilder.architectures._body import body_of
from kbuilder.contracts import Choice, Signal
from kbuilder.errors import BuildError

NETWORKS = [
    name
    for name in catalog.names("architectures")
    if "stem" in catalog.find("architectures", name).model_fields  # type: ignore[attr-defined]
]
MEANT_FROM = {
    "lenet5": 28, "alexnet": 67, "googlenet": 96,
    **{f"vgg{depth}": 32 for depth in (11, 13, 16, 19)},
    **{f"resnet{depth}": 96 for depth in (18, 34, 50, 101, 152)},
    **{f"resnet{depth}": 1 for depth in (20, 32, 44, 56, 110)},
}  # fmt: skip


def image(height: int, width: int, channels: int = 3) -> Signal:
    import keras

    return Signal("image", keras.Input((height, width, channels)))


def network(name: str, **fields: Any) -> Any:
    return catalog.find("architectures", name)(**fields)


def test_they_are_all_here() -> None:
    assert set(MEANT_FROM) == set(NETWORKS)
    assert len(NETWORKS) == 17


@pytest.mark.parametrize(
    "name", ["lenet5", "alexnet", "vgg11", "googlenet", "resnet18", "resnet50", "resnet20"]
)
def test_images_of_any_size_shape_and_number_of_channels_work(name: str) -> None:
    for shape in [(8, 8, 1), (9, 30, 4), (70, 66, 2)]:
        with hollow():
            tensor = body_of(network(name), image(*shape)).tensor
        assert len(tensor.shape) == 2
        assert tensor.shape[1] > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_the_shorter_side_decides_on_the_stem_with_the_reason(name: str) -> None:
    side = MEANT_FROM[name]
    why = f"the images are {side + 5} × {side}, which the paper's first layers are fit for"
    assert network(name).decide(image(side + 5, side)) == {"stem": Choice("paper", why)}
    if side > 1:
        why = (
            f"the images are {side - 1} × {side + 5}, and the paper's first layers are for a side "
            f"of {side} or more"
        )
        assert network(name).decide(image(side - 1, side + 5)) == {"stem": Choice("small", why)}


@pytest.mark.parametrize("name", ["googlenet", "resnet18"])
def test_what_the_recipe_says_of_the_stem_wins(name: str) -> None:
    def first_kernel(stem: str, side: int) -> int:
        layers = outline(network(name, stem=stem), (side, side, 3), 10).layers
        return next(layer.kernel_size[0] for layer in layers if layer.name == "conv1_conv")

    assert [first_kernel("auto", 95), first_kernel("auto", 96)] == [3, 7]
    assert [first_kernel("paper", 64), first_kernel("small", 100)] == [7, 3]


@pytest.mark.parametrize(("name", "least"), [("alexnet", 67), ("lenet5", 28), ("vgg16", 32)])
def test_the_paper_s_layers_refuse_what_they_leave_nothing_of(name: str, least: int) -> None:
    short = image(least + 9, least - 1)
    assert message(BuildError, network(name, stem="paper").apply, short) == (
        f"model.stem: {name} with `stem: paper` needs images of at least {least} × {least} pixels; "
        f"these are {least + 9} × {least - 1}. Write `stem: small`, or enlarge them: "
        f"`features: {{image: {{kind: image, height: {least}, width: {least}}}}}`."
    )
    with hollow():
        network(name, stem="paper").apply(image(least, least))


@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_the_size_that_is_named_is_the_smallest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = catalog.find("architectures", name)
    least = kind.works_from  # type: ignore[attr-defined]
    monkeypatch.setattr(kind, "works_from", 1)
    with hollow(), pytest.raises(ValueError, match="output size"):
        network(name, stem="paper").apply(image(least - 1, least))


def test_build_takes_the_small_stem_where_it_is_called_for() -> None:
    model = kb.build(kb.AlexNet(units=[]), kb.Binary(), (8, 12, 2))
    assert model.get_layer("conv1_conv").kernel.shape == (3, 3, 2, 96)
    assert model.get_layer("pool5").output.shape == (None, 1, 2, 256)
    assert counts(model.weights) == counts(
        outline(kb.AlexNet(units=[], stem="small"), (8, 12, 2), 2).weights
    ) - (512 + 1)
