"""The model card of a run, in Markdown with the front matter of Hugging Face; needs no TensorFlow.

Source: Mitchell et al. 2019, Model Cards for Model Reporting, arXiv:1810.03993.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kbuilder import catalog, files, lines
from kbuilder.errors import CallError
from kbuilder.reporting import card_sections
from kbuilder.reporting.markdown import code, plain
from kbuilder.reporting.page import cell
from kbuilder.runs import naming
from kbuilder.runs.run_folder import Record

NAME = "card.md"
"""The card in the folder of its run, and of an export."""
MARK = "<!-- What is above this line is yours and is kept; what is below is written again. -->"
"""The line between what people write and what the run says."""
BLANK, SPACE = r"\n{3,}", "\n\n"
HUB = {
    "accuracy": "accuracy", "auc": "roc_auc", "f1": "f1", "macro_f1": "f1", "micro_f1": "f1",
    "precision": "precision", "recall": "recall", "r2": "r_squared", "mae": "mae",
}  # fmt: skip
"""What Hugging Face calls a metric, by our name of it."""


def text(path: Path, record: Record, own: Path | None = None) -> str:
    """The card of a run: what people wrote into it, and below what the run says.

    A card without `MARK` is all theirs, and is given as it is.

    Args:
        path: The folder of the run.
        record: What the folder holds.
        own: The card that people wrote into; None: that of the folder.

    Raises:
        CallError: if their card is no text.
        RunError: if a file of the run is not as kbuilder wrote it.
    """
    own = path / NAME if own is None else own
    above, mark = "\n".join([*_head(path, record), ""]), MARK
    if own.exists():
        above, mark, _ = files.read_text(own, "a model card, text in UTF-8").partition(MARK)
    body = "\n".join(card_sections.body(path, record)) if mark else ""
    return f"{above}{mark}{re.sub(BLANK, SPACE, body)}"


def write(path: Path, record: Record, output: Path | None = None) -> Path:
    """Write the card of a run; it bears its name only when it is whole.

    Args:
        path: The folder of the run.
        record: What the folder holds.
        output: The file, of which what people wrote is kept; None: `card.md` in the folder of the
            run. What is there is carried over to a new file.

    Returns:
        The file.

    Raises:
        CallError: as `text`, and if the file is all theirs.
        RunError: as `text`.
    """
    output = path / NAME if output is None else output
    card = text(path, record, output if output.exists() else None)
    if MARK not in card:
        raise CallError(
            f"{output if output.exists() else path / NAME} has no line `{MARK}`, so all of it is "
            "taken as yours. Put the line below what is yours, or remove the file."
        )
    with files.new_file(output) as file:
        file.write_text(card, encoding="utf-8")
    return output


def of_export(card: str, described: Mapping[str, Any]) -> str:
    """The card of an export.

    Args:
        card: That of its run.
        described: What `kbuilder.json` says of the export.
    """
    told = [
        "", "## This export", "",
        f"- Format: {code(described['format'])}. Its answers were compared with those of the run: "
        f"numbers within {described['tolerance']:g}.",
    ]  # fmt: skip
    lost = described.get("quantized")
    if lost is not None:
        told.append(
            f"- Quantized to {code(lost['to'])}: {code(lost['metric'])} {cell(lost['before'])} -> "
            f"{cell(lost['after'])} on {code(lost['part'])}. The metrics above are those before."
        )
    told.append(
        "- `examples.json`, beside this card, holds rows of the data: look whether they may be "
        "passed on."
    )
    return card + "\n".join([*told, ""])


def _head(path: Path, record: Record) -> Iterator[str]:
    """What people fill in: the front matter, the purpose, the licence, the contact."""
    outputs = record.columns.outputs()
    tasks = [catalog.name_of(task) for _, task in outputs.values()]
    tags = dict.fromkeys(["kbuilder", *tasks, *card_sections.networks(record).values()])
    known = {name for scores in record.metrics["splits"].values() for name in scores}
    metrics = dict.fromkeys(
        title for output in outputs for name, title in HUB.items()
        if record.columns.titled(output, name) in known
    )  # fmt: skip
    yield from ["---", "library_name: keras", lines.to_line(("tags",), list(tags))]
    yield from [lines.to_line(("metrics",), list(metrics))] if metrics else []
    yield "# license: mit, or another identifier of huggingface.co/docs/hub/repositories-licenses"
    yield from ["---", "", f"# {plain(naming.name_of(path))}", ""]
    for title, asked in (
        ("Purpose", "what the model is for, who uses it, and what it is not for"),
        ("Licence and contact", "the licence of the model and of its data, and whom to ask"),
    ):
        yield from [f"## {title}", "", f"_To be written: {asked}._", ""]
