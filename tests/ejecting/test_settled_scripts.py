"""Scripts calibrate, and choose thresholds, as a fit does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import built

import kbuilder as kb
from kbuilder.pipeline import written
from kbuilder.probabilities import calibration, thresholds

TRAINING = kb.Training(epochs=1, baselines="none")


def recipe(task: Any, **data: Any) -> kb.Recipe:
    random = np.random.default_rng(0)
    numbers = random.normal(size=(1500, 3))
    yes = random.random(1500) < 1 / (1 + np.exp(3 - 2 * numbers[:, 0]))
    frame = pd.DataFrame(numbers, columns=list("abc"))
    frame = frame.assign(answer=np.where(yes, "yes", "no"), weight=random.uniform(0.5, 2, 1500))
    frame.to_csv("rows.csv", index=False)
    source = kb.CSV(path="rows.csv", **{"target": "answer", "ignore": "weight", **data})
    return kb.Recipe(data=source, task=task, training=TRAINING)


def script_of(recipe: kb.Recipe) -> str:
    return written(built(recipe))


def spying(names: dict[str, Any], name: str) -> list[tuple[Any, Any]]:
    """What a function of a script is called with, and what it gives."""
    plain: Callable[..., Any] = names[name]
    seen: list[tuple[Any, Any]] = []

    def spy(*given: Any, **named: Any) -> Any:
        kept = [np.array(one) if isinstance(one, np.ndarray) else one for one in given]
        found = plain(*given, **named)
        seen.append((kept, found))
        return found

    names[name] = spy
    return seen


@pytest.mark.parametrize("weighted", [False, True])
def test_a_script_does_what_the_fit_does(
    weighted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    task = kb.Binary(threshold={"recall": 0.8}, calibrate=True)
    given = {"weight": "weight", "ignore": ()} if weighted else {}
    code = script_of(recipe(task, **given))
    names: dict[str, Any] = {"__name__": "script", "__file__": str(tmp_path / "script.py")}
    exec(compile(code, "script.py", "exec"), names)
    choosing, heating = spying(names, "best_threshold"), spying(names, "temperature")
    judging = spying(names, "at_threshold")
    names["main"](tmp_path / "rows.csv")
    said = capsys.readouterr().out
    [((likely, rule, truth, *counted), threshold)] = choosing
    assert rule == {"recall": 0.8}
    assert len(counted) == weighted
    assert threshold == thresholds.best_threshold(likely, rule, truth, *counted)
    logits, classes, *rest = heating[-1][0]
    heat = heating[-1][1]
    assert heat == calibration.temperature(logits, classes, *rest)
    assert f"temperature {round(heat, 4)}" in said
    divided = calibration.probabilities_of(logits / heat)[:, 0, 1]
    assert likely[:, 0] == pytest.approx(divided, abs=1e-5)
    [((answered, true, limit, *_), figures)] = judging
    assert limit == threshold
    assert figures["recall"] == pytest.approx(
        thresholds.at_threshold(answered, true, limit, *judging[0][0][3:])["recall"]
    )
    assert f"threshold {threshold} {figures}" in said


def test_a_number_needs_no_choice_and_the_usual_one_no_word() -> None:
    code = script_of(recipe(kb.Binary(threshold=0.3, calibrate=False)))
    assert "    threshold_of_answer = 0.3\n" in code
    assert 'BinaryAccuracy(name="accuracy", threshold=0.3)' in re.sub(r"\s*\n\s*", "", code)
    assert not re.search(r"best_threshold|calibrat|temperature", code)
    code = script_of(recipe(kb.Binary(calibrate=False)))
    assert not re.search(r"best_threshold|at_threshold|calibrat|temperature", code)


def test_where_the_fit_does_not_calibrate_neither_does_the_script() -> None:
    assert "calibrate(model" in script_of(recipe(kb.Binary()))
    few = kb.Random(validation=0.05, test=0.1)
    assert "calibrate" not in script_of(recipe(kb.Binary(), split=few))
    none = kb.Random(validation=0, test=0.1)
    code = script_of(recipe(kb.Binary(threshold="auto"), split=none))
    assert "calibrate" not in code
    assert "    threshold_of_answer = 0.5\n" in code
