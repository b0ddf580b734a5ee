"""The rows of each fold, prepared by what its own training rows say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kbuilder.data import dataset, history, learning
from kbuilder.data.dataset import Dataset, Looked
from kbuilder.data.split import Parts
from kbuilder.recipe.reading import pointing


def datasets(data: Dataset) -> Iterator[Dataset]:
    """The rows of each fold, of which `test` are held out, prepared one after another.

    Means, vocabularies and the like are learned of the training rows of the fold alone, unless the
    folds share what was learned of all. Classes are those of all folds.

    Args:
        data: Rows that have folds.

    Raises:
        DataError: if a column cannot be of its kind in a fold.
    """
    folded = data.folds
    assert folded is not None, "the rows are in folds"
    for numbers in folded.rows:
        resolved = folded.resolved
        tables = {part: resolved.table.take(own) for part, own in numbers.items()}
        validation = tables.get("validation", resolved.validation)
        parts = Parts(tables["train"], validation, tables["test"])
        with pointing(data.given):
            resolved, parts = history.measured(resolved, parts, folded.windows)
            targets, decisions = learning.learn_targets(resolved.targets, parts.train)
        looked = Looked(data.given, resolved, parts, targets, tuple(decisions), ())
        shared = data.columns if folded.shared else None
        yield replace(dataset.prepare(looked, data.smoke, shared=shared), folds=None)
