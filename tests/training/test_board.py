"""The figures of each epoch for TensorBoard."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from shared import fields

import kbuilder as kb


def test_a_run_has_the_figures_of_each_epoch_where_it_is_asked_for(tmp_path: Path) -> None:
    training = kb.Training(epochs=2, batch_size=32, tensorboard=True)
    run = kb.fit(
        kb.Recipe(**fields("mixed"), training=training), run_dir=tmp_path / "run", verbose=False
    )
    found: dict[str, dict[tuple[str, int], float]] = {}
    for part in ("train", "validation"):
        [file] = (tmp_path / "run" / "tensorboard" / part).iterdir()
        found[part] = {
            (value.tag, event.step): float(tf.make_ndarray(value.tensor))
            for event in tf.compat.v1.train.summary_iterator(str(file))
            for value in event.summary.value
        }
    for (tag, epoch), value in found["train"].items():
        assert value == run.history.loc[epoch, tag.removeprefix("epoch_")].astype("float32")
    for (tag, epoch), value in found["validation"].items():
        assert value == run.history.loc[epoch, f"val_{tag.removeprefix('epoch_')}"].astype(
            "float32"
        )
    assert {epoch for _, epoch in found["validation"]} == {1, 2}
    assert len(found["train"]) + len(found["validation"]) == run.history.size
    assert kb.load(tmp_path / "run").metrics == run.metrics
