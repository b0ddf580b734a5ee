"""The requests that TensorFlow Serving warms a model with, read by its own classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from kbuilder.export import warming


def logged(version: Path) -> PredictionLog:
    """The one record of the file."""
    [record] = tf.data.TFRecordDataset(str(version / warming.FILE)).as_numpy_iterator()
    return PredictionLog.FromString(record)


@pytest.mark.parametrize("kind", ["mixed", "labels", "files", "pixels", "sequence"])
def test_the_examples_are_asked_of_the_model_by_its_name(
    kind: str, exported: Callable[[str], Path]
) -> None:
    version = exported(kind)
    log = logged(version)
    assert log.WhichOneof("log_type") == "predict_log"
    request = log.predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == (kind, "serving_default")
    serve = tf.saved_model.load(str(version)).signatures["serving_default"]
    given = {name: tf.constant(tf.make_ndarray(it)) for name, it in request.inputs.items()}
    file = version / "assets.extra" / "examples.json"
    wanted = json.loads(file.read_text(encoding="utf-8"))["predictions"]
    for name, answer in serve(**given).items():
        expected = np.array([row[name] for row in wanted])
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(answer.numpy(), expected, rtol=1e-5, atol=1e-5)
        else:
            words = np.vectorize(lambda it: it.decode() if isinstance(it, bytes) else it)
            assert words(answer.numpy()).tolist() == expected.tolist()


def test_the_file_is_among_the_hashes(exported: Callable[[str], Path]) -> None:
    version = exported("mixed")
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    assert "assets.extra/tf_serving_warmup_requests" in manifest["sha256"]


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
def test_fields_of_any_length_are_read(size: int) -> None:
    tensor = tf.make_tensor_proto([b"x" * size])
    log = PredictionLog.FromString(warming.prediction_log("größe", {"a/b": tensor}))
    request = log.predict_log.request
    assert request.model_spec.name == "größe"
    assert len(tf.make_ndarray(request.inputs["a/b"])[0]) == size
