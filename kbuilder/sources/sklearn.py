"""The small real data sets that scikit-learn carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from kbuilder.contracts import Script
from kbuilder.late import np
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.spec import Ignored, Names, Spec, Weight
from kbuilder.tables import chunks
from kbuilder.tables.cells import Cells, Words
from kbuilder.tables.chunks import Reading
from kbuilder.tables.keeping import Keep
from kbuilder.tables.table import Part, Table

GOALS = {
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "digits": "digit",
    "iris": "species",
    "wine": "cultivar",
}


class Sklearn(Spec):
    """A data set that comes with scikit-learn; nothing is downloaded.

    digits: column `image`, (8, 8) whole numbers from 0 to 16, and `digit`. iris, wine,
    breast_cancer: numbers, and the class in words as `species`, `cultivar`, `diagnosis`.
    diabetes: numbers, and `progression`.
    """

    name: Literal["digits", "iris", "wine", "breast_cancer", "diabetes"]
    """Which data set."""
    target: Names = Field(default_factory=lambda data: (GOALS[data["name"]],), min_length=1)
    """The column to predict; left out: the one that the set was collected for."""
    ignore: Ignored
    weight: Weight
    checks: Checks
    split: Split

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """The rows, as they come with scikit-learn."""
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{self.name}")()
        goal = GOALS[self.name]
        if self.name == "digits":
            columns = {"image": bunch.images.astype(np.uint8), goal: bunch.target.astype(np.int64)}
            return Table(columns, "digits"), None
        columns = {
            str(name).replace(" (cm)", "").replace(" ", "_"): bunch.data[:, place]
            for place, name in enumerate(bunch.feature_names)
        }
        if "target_names" in bunch:
            columns[goal] = np.array([str(bunch.target_names[n]) for n in bunch.target], object)
        else:
            columns[goal] = bunch.target.astype(np.float64)
        return Table(columns, self.name), None

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """The rows of a file, or of a `.npz` file with arrays named like the columns."""
        return chunks.read(path, (), Reading(Cells.of(None, words), keep=keep))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The rows of a file, part by part."""
        reading = Reading(Cells.of(None, words), keep=keep)
        return chunks.parts(path, (), reading, wanted, size, start)

    def script(self, words: Words | None = None) -> Script:
        """What scikit-learn loads, its columns by name."""
        goal = GOALS[self.name]
        if self.name == "digits":
            last = f'    return {{"image": bunch.images.astype(np.uint8), {goal!r}: bunch.target}}'
        else:
            names = "bunch.target_names[bunch.target].astype(object)"
            target = names if self.name != "diabetes" else "bunch.target"
            last = (
                "    names = [\n"
                '        str(name).replace(" (cm)", "").replace(" ", "_")\n'
                "        for name in bunch.feature_names\n"
                "    ]\n"
                f"    target = {target}\n"
                f"    return {{**dict(zip(names, bunch.data.T)), {goal!r}: target}}"
            )
        read = (
            "def read():\n"
            f'    """The {self.name} that come with scikit-learn."""\n'
            f"    bunch = datasets.load_{self.name}()\n{last}"
        )
        return Script(("rows = read()",), (read,), ("from sklearn import datasets",))
