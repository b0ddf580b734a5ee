"""Columns of the rows beside their predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kbuilder.tables.keeping import FILE, Keep, carried, renamed
from kbuilder.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd


class Carrying:
    """Puts the columns that are kept before the answers, over the tables that are predicted.

    Args:
        keep: The columns that are kept.
    """

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.others: dict[str, str] = {}

    def beside(self, table: Table, answers: pd.DataFrame) -> pd.DataFrame:
        """The kept columns, then the answers; of one name the answer keeps it.

        Where each row is a file, its path stands first, whatever is kept.
        """
        import pandas as pd

        kept = carried(self.keep, table)
        if table.files and (kept is None or FILE not in kept):
            kept = pd.concat([pd.DataFrame({FILE: list(table.labels)}), kept], axis=1)
        if kept is None:
            return answers
        self.others = renamed(kept.columns, answers.columns)
        return pd.concat([kept.rename(columns=self.others), answers], axis=1)

    def say(self, say: Callable[[str], None]) -> None:
        """Say which columns got another name."""
        for name, other in self.others.items():
            say(f"the column {name!r} is called {other!r} here: an answer has its name")
