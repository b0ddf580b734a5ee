"""A network for images on each frame, then one for sequences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from clips import moving
from shared import built, message

import kbuilder as kb
from kbuilder.contracts import Signal
from kbuilder.describing.network import describe
from kbuilder.errors import BuildError, RecipeError
from kbuilder.serving import tensorflow_serving
from kbuilder.serving.exported import Exported

SIDE = 12
SMALL = kb.Frames(image=kb.CNN(filters=[8, 16]), sequence=kb.LSTM(units=32))


def network(frames: int, architecture: kb.Frames = SMALL) -> Any:
    """The same weights for any number of frames."""
    import keras

    keras.utils.set_random_seed(1)
    videos = keras.Input((frames, SIDE, SIDE, 1))
    mask = keras.Input((frames,), dtype="bool")
    body = architecture.apply(Signal("video", videos, mask=mask))
    return keras.Model([videos, mask], body.tensor)


def test_the_answer_is_the_same_whatever_the_padding() -> None:
    videos, _ = moving(5, frames=4)
    answers = []
    for frames in (4, 7):
        given, real = np.full((5, frames, SIDE, SIDE, 1), 99.0, np.float32), np.zeros((5, frames))
        for row, length in enumerate((1, 2, 3, 4, 4)):
            given[row, :length], real[row, :length] = videos[row, :length], True
        answers.append(np.asarray(network(frames)([given, real.astype(bool)])))
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-5)


def test_all_frames_share_the_weights_of_one_network_whose_work_counts_for_each() -> None:
    few, many = (describe(network(frames)) for frames in (2, 8))
    assert few.trainable == many.trainable
    assert many.multiply_adds == 4 * few.multiply_adds
    task = kb.Binary()
    model = kb.build(kb.Frames(), task, (3, 16, 16, 3))
    assert model.output_shape == (None, 1)


def test_the_networks_that_are_left_out_are_decided_and_printed() -> None:
    videos, labels = moving(40, frames=4)
    frame = pd.DataFrame({"video": list(videos), "way": labels})
    decided = {}
    for model in (None, kb.Frames(sequence=kb.GRU(units=4))):
        recipe = kb.Recipe(data=kb.Frame(frame=frame, target="way"), model=model)
        prepared = built(recipe)
        said = {d.key[2:]: d for d in prepared.decisions if d.key[:2] == ("model", "video")}
        decided[model is None] = {key: (d.value, d.reason) for key, d in said.items() if key}
        [network] = prepared.recipe.model.values()
        assert isinstance(network.image, kb.CNN)
    image = ("cnn", "each frame is an image, and all share one network")
    sequence = ("lstm", "4 frames are a sequence, whose order it reads")
    assert decided == {
        True: {("image",): image, ("sequence",): sequence}, False: {("image",): image}
    }  # fmt: skip
    write = said["image",].write
    assert write.startswith("model: {name: frames, sequence: {name: gru, units: [4], ")
    assert write.endswith("}, image: cnn}")


def test_a_network_that_takes_no_videos_is_refused_with_the_line_to_write() -> None:
    videos, labels = moving(10, frames=4)
    data = kb.Frame(frame=pd.DataFrame({"video": list(videos), "way": labels}), target="way")
    for model, part in (
        (kb.LSTM(units=4), "sequence: {name: lstm, units: [4]}"), ("cnn", "image: cnn"),
        ({"name": "sequential", "layers": ["flatten"]},
         "image: {name: sequential, layers: [{flatten: {}}]}"),
    ):  # fmt: skip
        said = message(BuildError, built, kb.Recipe(data=data, model=model))
        assert said.endswith(
            f"and this is video. Expected one of: frames; or `model: {{name: frames, {part}}}`."
        )


def test_each_part_takes_its_form_and_other_networks_refuse_videos() -> None:
    with pytest.raises(RecipeError, match=r"image.*lstm takes no image. Expected one of: alexnet,"):
        kb.Frames(image=kb.LSTM())
    with pytest.raises(
        RecipeError, match=r"lenet5 takes no sequence. Expected one of: cnn, dlinear,"
    ):
        kb.Recipe(data={"path": "x.csv", "target": "y"},
                  model={"name": "frames", "sequence": "lenet5"})  # fmt: skip
    for other in (kb.MLP(), kb.CNN(), kb.LSTM()):
        said = message(BuildError, kb.build, other, kb.Binary(), (3, 16, 16, 3))
        assert "and this is video. Expected one of: frames; or `model: {name: frames, " in said
    small = kb.Frames(image=kb.CNN(filters=[4, 4, 4, 4]))
    said = message(BuildError, kb.build, small, kb.Binary(), (3, 8, 8, 1))
    assert said.startswith("model.image: the input of cnn is 8 × 8, and 4 poolings by 2 need")


@pytest.mark.slow
def test_the_direction_of_a_dot_is_learned_and_answered_alike_everywhere(tmp_path: Path) -> None:
    videos, labels = moving(360, side=8)
    clips = [video[: 4 + row % 3] for row, video in enumerate(videos)]
    frame = pd.DataFrame({"video": clips, "way": labels})
    data = kb.Frame(frame=frame[:260], target="way", test_frame=frame[260:])
    optimizer = {"name": "adam", "learning_rate": 0.005}
    training = kb.Training(epochs=20, batch_size=32, optimizer=optimizer)
    model = kb.Frames(image=kb.CNN(filters=8), sequence=kb.LSTM(units=32))
    recipe = kb.Recipe(data=data, model=model, training=training)
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    assert run.metrics["splits"]["test"]["accuracy"] >= 0.95
    assert run.evaluate(frame[260:])["data"]["accuracy"] >= 0.95
    ours = run.predict(frame)
    export = Exported(run.export(tmp_path / "export", verbose=False))
    rows = [{"video": clip.tolist()} for clip in clips[:5]]  # of four to six frames
    body = json.dumps({"instances": rows}).encode()
    answers = export.predict(tensorflow_serving.read(body, export.signature).columns)
    assert [label.decode() for label in answers["label"]] == ours["label"][:5].tolist()
    np.testing.assert_allclose(answers["probability"], ours["probability"][:5], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("uneven", [True, False])
def test_every_format_answers_like_the_model(uneven: bool, tmp_path: Path) -> None:
    videos, labels = moving(60)
    clips = [video[: 4 + row % 3] if uneven else video for row, video in enumerate(videos)]
    data = kb.Frame(frame=pd.DataFrame({"video": clips, "way": labels}), target="way")
    small = kb.Frames(image=kb.CNN(filters=4), sequence=kb.GRU(units=4))
    recipe = kb.Recipe(data=data, model=small, training=kb.Training(epochs=1))
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    for form in ("onnx", "litert", "openvino", "keras"):  # each is compared before it is named
        assert run.export(tmp_path / form, format=form, verbose=False).is_dir()
