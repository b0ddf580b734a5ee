"""What is made of the findings of the checks of the data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Check = Literal[
    "alike", "constant", "dates", "far_off", "ids", "leak", "missing_words", "overlap",
    "padding", "rare_classes", "repeated_rows", "series", "shift", "spelling", "split", "sum",
    "unread",
]  # fmt: skip
Verdict = Literal["error", "warn", "ignore"]
Checks = Annotated[
    dict[Check, Verdict],
    Field(
        default={},
        description="What a finding in the rows is, by the name of its check: error, warn or "
        "ignore.",
    ),
]
"""What a finding of a check is: an error, a warning, or nothing; left out: a column that gives the
target away is an error, all else a warning."""
DEFAULTS: dict[Check, Verdict] = {"leak": "error"}
