"""Fit, evaluate, predict, SavedModel and server read a picture alike, or refuse it alike."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from encodings_of_pictures import HEIGHT, REFUSED, WIDTH, encodings, opinion
from PIL import Image
from shared import encoded, message

import kbuilder as kb
from kbuilder.errors import DataError
from kbuilder.serving import tensorflow_serving
from kbuilder.serving.exported import Exported
from kbuilder.serving.refusals import RowError
from kbuilder.tables import pictures

FILES = encodings()
TRUTH = [
    encoded(Image.fromarray(np.round(opinion(content)).astype(np.uint8)))
    for content in FILES.values()
]
CLOSE = 0.02
"""Probabilities of pictures that differ by 1 of 255."""


def frame(contents: list[bytes]) -> pd.DataFrame:
    return pd.DataFrame({"picture": contents, "kind": ["a", "b"] * (len(contents) // 2)})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame(list(FILES.values())), target="kind"),
        features={"picture": kb.Image(channels=3)},
        model=kb.CNN(filters=2),
        training=kb.Training(epochs=1),
    )
    return kb.fit(recipe, run_dir=tmp_path_factory.mktemp("alike") / "run", verbose=False)


def served(export: Exported, contents: list[Any]) -> dict[str, np.ndarray]:
    body = json.dumps({"instances": [{"picture": content} for content in contents]}).encode()
    return export.predict(tensorflow_serving.read(body, export.signature).columns)


def prepared(rows: pd.DataFrame) -> Any:
    """The rows as a fit takes them."""
    return kb.prepare(kb.Recipe(data=kb.Frame(frame=rows, target="kind"), model=kb.CNN()))


def coded(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


@pytest.mark.slow
def test_every_encoding_gets_the_answer_of_what_a_viewer_shows(run: kb.Run) -> None:
    import tensorflow as tf

    [feature] = run.record.columns.features.values()
    assert (feature.height, feature.width) == (HEIGHT, WIDTH)
    assert feature.dtype == "float32"  # 16 bits among them
    rows, truth = frame(list(FILES.values())), frame(TRUTH)
    shown = run.predict(truth, verbose=False)["probability"].to_numpy()
    seen = run.predict(rows, verbose=False)["probability"].to_numpy()
    assert np.abs(seen - shown).max() < CLOSE
    mine, its = (run.evaluate(table, verbose=False) for table in (rows, truth))
    assert mine["data"]["auc"] == pytest.approx(its["data"]["auc"], abs=CLOSE)

    folder = run.export(Path("exported"))
    export = Exported(folder)
    answers = served(export, [coded(content) for content in FILES.values()])["probability"]
    assert np.abs(np.ravel(answers) - seen).max() < 1e-5
    model = tf.saved_model.load(str(folder)).signatures["serving_default"]
    alone = [content is pictures.readable(content, 3) for content in FILES.values()]
    given = [content for content, plain in zip(FILES.values(), alone, strict=True) if plain]
    found = np.ravel(model(picture=tf.constant(given))["probability"].numpy())
    assert np.abs(found - seen[np.array(alone)]).max() < 1e-5
    entry = json.loads((folder / "assets.extra/kbuilder.json").read_text())["inputs"][0]
    assert entry["channels"] == 3
    assert entry["encodings"] == ["JPEG", "PNG", "GIF", "BMP of 24 or 32 bits"]


@pytest.mark.slow
def test_what_is_refused_is_refused_alike_and_named(run: kb.Run) -> None:
    export = Exported(run.export(Path("exported")))
    contents = REFUSED["PPM"], FILES["WebP, lossy"][:-30], FILES["PNG, RGB"][:-30]
    for content in contents:
        with pytest.raises(pictures.PictureError) as caught:
            pictures.load(content)
        reason = str(caught.value)
        rows = frame([*TRUTH[:19], content])
        alone = content[:4] == b"\x89PNG"  # TensorFlow reads it, and says so in its own words
        for ask in (run.predict, run.evaluate, prepared):
            said = message(DataError, ask, rows)
            assert "row 20" in said
            assert ("Invalid PNG" if alone else reason) in said
        assert message(RowError, served, export, [coded(TRUTH[0]), coded(content)]) == (
            f"row 2, input 'picture': {reason}"
        )
