"""Where the answers are wrong: the surest of them, and the classes that are taken for others."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder.errors import cut
from kbuilder.evaluation.label_errors import label_errors
from kbuilder.reporting.answers import Answers, sets_of
from kbuilder.reporting.page import Section, Table
from kbuilder.reporting.words import Words

WRONG = 10
"""Rows that are shown, at most."""
SIDE = 96
"""Pixels of the longer side of a picture in the report."""
LARGEST = 2**24
"""Pixels of a file, and bytes of it, that are looked at."""


def section(answers: Answers, split: str, words: Words, several: bool) -> Iterator[Section]:
    """The wrong answers of a target; nothing where all are right.

    Args:
        answers: Of the target.
        split: The split.
        words: The language.
        several: Whether the run has other targets too.
    """
    title = words.say("Where it fails")
    if several:
        title = f"{title}: {answers.title}"
    if not answers.classes:
        tables = [_largest(answers, words)]
    elif answers.task.stratified:
        tables = list(_surest(answers, words))
    else:
        tables = list(_furthest(answers, words))
    tables = [table for table in tables if table.rows]
    lines = [] if tables else [words.say("Every answer on {split} is right.", split=split)]
    yield Section(title, lines, tables)


def shown(answers: Answers) -> np.ndarray:
    """The rows that the section of a target shows, by their places. (rows,)"""
    if not answers.classes:
        return _most_off(_errors(answers))
    if not answers.task.stratified:
        return _most_off(_wrong_labels(answers))
    _, wrong, suspected = _wrong(answers)
    return np.unique([*wrong[:WRONG], *suspected[:WRONG]]).astype(int)


def _most_off(off: np.ndarray) -> np.ndarray:
    """The rows that are most off, of those that are. (rows,)"""
    first = np.argsort(-off, kind="stable")[:WRONG]
    return first[off[first] > 0] if len(off) else first


def _wrong_labels(answers: Answers) -> np.ndarray:
    """How many labels of each row are wrong. (rows,)"""
    true, told = (sets_of(some) for some in (answers.truth, answers.answer))
    return np.array([len(a ^ b) for a, b in zip(true, told, strict=True)], dtype=int)


def _errors(answers: Answers) -> np.ndarray:
    """How far the answer for each row is off. (rows,)"""
    truth, answer = (one.astype(np.float64) for one in (answers.truth, answers.answer))
    error: np.ndarray = np.abs(answer - truth)
    return error if error.ndim == 1 else error.max(axis=1)


def _wrong(answers: Answers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How sure each answer is; the wrong answers, and the labels that are probably wrong, each the
    surest first."""
    assert answers.probabilities is not None
    truth, answer = answers.truth.astype(str), answers.answer.astype(str)
    place, known = (_places(answers, some) for some in (answer, truth))
    sure = answers.probabilities[np.arange(len(place)), place]
    wrong = np.flatnonzero(truth != answer)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    return sure, wrong, label_errors(answers.probabilities, known)


def _places(answers: Answers, names: np.ndarray) -> np.ndarray:
    """The places of classes among the probabilities, by their names. (rows,)"""
    places = {name: place for place, name in enumerate(answers.classes)}
    return np.array([places[name] for name in names.tolist()], dtype=int)


def _surest(answers: Answers, words: Words) -> Iterator[Table]:
    """The wrong answers that came with the highest probability, and the pairs of classes."""
    assert answers.probabilities is not None
    truth, answer = answers.truth.astype(str), answers.answer.astype(str)
    sure, wrong, suspected = _wrong(answers)
    first = wrong[:WRONG]
    yield _rows(
        words.say("The surest wrong answers; a label may be wrong, too"), answers, first,
        [words.say("truth"), words.say("answer"), words.say("probability")],
        [[cut(truth[row]), cut(answer[row]), float(sure[row])] for row in first], words,
    )  # fmt: skip
    known = _places(answers, truth)
    caption = "Labels that are probably wrong: {count} of {rows} rows, the surest first"
    yield _rows(
        words.say(caption, count=len(suspected), rows=len(truth)), answers, suspected[:WRONG],
        [words.say("label"), words.say("answer"), words.say("probability of the label"),
         words.say("probability")],
        [[cut(truth[row]), cut(answer[row]), float(answers.probabilities[row, known[row]]),
          float(sure[row])] for row in suspected[:WRONG]], words,
    )  # fmt: skip
    pairs = Counter(zip(truth[wrong].tolist(), answer[wrong].tolist(), strict=True))
    count = Counter(truth.tolist())
    yield Table(
        words.say("The pairs of classes that are most often confused"),
        [
            words.say("truth"),
            words.say("answer"),
            words.say("rows"),
            words.say("share of the class"),
        ],
        [[cut(a), cut(b), n, n / count[a]] for (a, b), n in pairs.most_common(WRONG)],
    )


def _furthest(answers: Answers, words: Words) -> Iterator[Table]:
    """The sets with most labels wrong."""
    true, told = (sets_of(some) for some in (answers.truth, answers.answer))
    off = _wrong_labels(answers)
    first = _most_off(off)
    yield _rows(
        words.say("The rows with most wrong labels"), answers, first,
        [words.say("truth"), words.say("answer"), words.say("wrong labels")],
        [[cut(", ".join(sorted(true[row]))), cut(", ".join(sorted(told[row]))), int(off[row])]
         for row in first], words,
    )  # fmt: skip


def _largest(answers: Answers, words: Words) -> Table:
    """The answers that are furthest off."""
    truth, answer = (one.astype(np.float64) for one in (answers.truth, answers.answer))
    worst = _errors(answers)
    first = _most_off(worst)
    return _rows(
        words.say("The largest errors"), answers, first,
        [words.say("truth"), words.say("answer"), words.say("error")],
        [[_numbers(truth[row]), _numbers(answer[row]), float(worst[row])] for row in first], words,
    )  # fmt: skip


def _numbers(value: Any) -> Any:
    """A number, or several as words."""
    return float(value) if np.ndim(value) == 0 else cut(", ".join(f"{one:.6g}" for one in value))


def _rows(
    caption: str, answers: Answers, rows: np.ndarray, head: Sequence[str],
    cells: Sequence[Sequence[Any]], words: Words,
) -> Table:  # fmt: skip
    """A table of some rows, each with its number or its file, and its picture where it is one."""
    names = [str(name) for name in answers.rows[rows]]
    are_files = answers.rows.dtype == object and len(names) > 0
    pictures = [_picture(Path(name)) for name in names] if are_files else []
    kind = words.say("file") if are_files else words.say("row")
    cells = [[name, *own] for name, own in zip(names, cells, strict=True)]
    if any(name in answers.holds for name in names):
        head = [*head, words.say("what it holds")]
        cells = [
            [*own, answers.holds.get(name, "")] for name, own in zip(names, cells, strict=True)
        ]
    return Table(
        caption, [kind, *head], cells,
        pictures=pictures if any(pictures) else (),
    )  # fmt: skip


def _picture(file: Path) -> str:
    """A small picture of a file as a URL; nothing, where it is none or cannot be read."""
    from PIL import Image, ImageOps

    with suppress(OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        if not file.is_file() or file.stat().st_size > LARGEST:
            return ""
        with Image.open(file) as picture:
            if picture.width * picture.height > LARGEST:
                return ""
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
        upright.thumbnail((SIDE, SIDE))
        paper = Image.new("RGB", upright.size, "white")
        paper.paste(upright, mask=upright.getchannel("A"))
        held = io.BytesIO()
        paper.save(held, "JPEG", quality=80)
        return f"data:image/jpeg;base64,{base64.b64encode(held.getvalue()).decode()}"
    return ""
