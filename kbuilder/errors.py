"""The errors that a person meets.

    KBuilderError
    ├── RecipeError    a recipe, or an override of one, is wrong: every problem at once   (exit 2)
    ├── CallError      the call is wrong: no such run, a folder in the way                 (exit 2)
    ├── DataError      the data cannot be used as the recipe says                          (exit 1)
    ├── BuildError     the network cannot be put together                                  (exit 1)
    ├── TrainingError  the fit failed: a loss that is not a number                         (exit 1)
    ├── Interrupted    it was interrupted, and can be resumed                 (exit 130, 143)
    ├── RunError       a run folder is incomplete or altered                               (exit 1)
    └── ExportError    an export could not be written, or does not answer like the model   (exit 1)

Each is printed as its message alone, without a traceback. A message says what happened, what was
expected, how to fix it, and what was received.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from kbuilder import lines
from kbuilder.lines import Key as Key

REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
"""A variable of the environment, in a url."""
OPTION = re.compile(
    r"(?i)((?:password|passwd|pwd|passphrase|token|secret\w*)\s*(?:=|%3D)\s*)"
    r"(\{[^}]*\}|(?:(?!%3B)[^&;\s'\"])+)()"
)
"""A password among the options of a url, with what stands before and behind it."""
PASSWORDS = (
    re.compile(r"(://[^/\s:@]*:)(.*)(@)"),
    re.compile(r"(://[^/\s:@]*:)(?!\d+\b|.*@)([^/\s'\"},]+)()"),  # no host follows
    OPTION,
)
"""Passwords in a text with urls, with what stands before and behind them."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it stands, and what to write instead.

    Args:
        key: The way to the value in the recipe, such as `("training", "epochs")`.
        message: What is wrong, what is expected, what was received.
        suggestion: The one known word that is nearest to what was written, if any.
        place: `file:line:column`, or the option of the command line that it came from.
        excerpt: The offending line with a mark under it.
    """

    key: Key
    message: str
    suggestion: str | None = None
    place: str | None = None
    excerpt: str | None = None

    def __str__(self) -> str:
        path = lines.dotted(self.key)
        text = ": ".join(part for part in (self.place, path, self.message) if part)
        if self.excerpt:
            text += "\n" + self.excerpt
        if self.suggestion:
            text += f"\n    Did you mean {self.suggestion!r}?"
        return printable(text)


class KBuilderError(Exception):
    """Base of all errors that kbuilder raises on purpose.

    Args:
        message: What is said to the user.
        key: The key in the recipe that the fix belongs to, if there is one.
        suggestion: The nearest known word, if any.
    """

    exit_code = 1

    def __init__(self, message: str, *, key: Key = (), suggestion: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(key=key, message=message, suggestion=suggestion)

    def __str__(self) -> str:
        return str(self.problem)


class RecipeError(KBuilderError):
    """The recipe is wrong. `problems` holds every problem, in the order of the file."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __str__(self) -> str:
        count = len(self.problems)
        total = "1 problem" if count == 1 else f"{count} problems"
        return "\n".join(str(problem) for problem in self.problems) + f"\n{total}."


class CallError(KBuilderError):
    """The call is wrong: a file that is not there, a folder in the way."""

    exit_code = 2


class DataError(KBuilderError):
    """The data cannot be used as the recipe says.

    Args:
        row: The number, from 0, of the row at fault within the values that were looked at.
    """

    def __init__(
        self,
        message: str,
        *,
        key: Key = (),
        suggestion: str | None = None,
        row: int | None = None,
    ) -> None:
        super().__init__(message, key=key, suggestion=suggestion)
        self.row = row

    def at(self, where: str) -> DataError:
        """The same error, opening with the name of the row."""
        message = f"{where}: {self.problem.message}"
        return DataError(message, key=self.problem.key, suggestion=self.problem.suggestion)


class BuildError(KBuilderError):
    """The network cannot be put together."""


class TrainingError(KBuilderError):
    """The fit failed."""


class Interrupted(KBuilderError):  # noqa: N818 - named like KeyboardInterrupt
    """A fit, or a long prediction, was told to stop by a signal, and kept what it could.

    Args:
        signal: The number of the signal.
        done: How far what is kept has come.
        resume: The command that resumes; None: nothing is kept.
    """

    exit_code = 130

    def __init__(self, signal: int, done: str, resume: str | None) -> None:
        on = "Nothing is kept of it." if resume is None else f"Resume with:\n  {resume}"
        super().__init__(f"Interrupted after {done}. {on}")
        self.exit_code = 128 + signal


class RunError(KBuilderError):
    """A run folder is incomplete or altered."""


class ExportError(KBuilderError):
    """An export could not be written, or does not answer like the model."""


def briefly(error: BaseException) -> str:
    """An error of others on one line: its class, and the first line of what it says."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


def printable(text: str) -> str:
    """`text` with escapes for what could steer a terminal: names of columns are not our words."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def on_one_line(text: str) -> str:
    """`text`, printable, where a line break within a name begins no line of its own."""
    return printable(text).replace("\n", "\\n")


def hidden(text: str) -> str:
    """A text of equal length, with stars for the passwords of urls in it."""

    def stars(found: re.Match[str]) -> str:
        before, word, behind = found.groups()
        return before + (word if REFERENCE.fullmatch(word) else "*" * len(word)) + behind

    for pattern in PASSWORDS:
        text = pattern.sub(stars, text)
    return text


def nearest(word: object, known: Iterable[object], cutoff: float = 0.6) -> str | None:
    """The known word that `word` is most likely a slip of, or None.

    Args:
        cutoff: How alike they have to be; 1 is the same.
    """
    by_lower = {str(name).lower(): str(name) for name in known}
    matches = get_close_matches(str(word).lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[matches[0]] if matches else None


def listed(words: Iterable[object], limit: int = 12) -> str:
    """`words` for a sentence: `a, b, c`, cut after `limit` with the count of the rest."""
    items = [str(word) for word in words]
    if len(items) <= limit:
        return ", ".join(items)
    return ", ".join(items[:limit]) + f" and {len(items) - limit} more"


def cut(word: str, most: int = 60) -> str:
    """A word of data for a message, cut where it is long."""
    return word if len(word) <= most else f"{word[:most]}…"


def missing_file(path: Path, origin: str | None, key: Key, what: str) -> DataError:
    """The error for data that is not there: what to download, from where, into which place."""
    mend = f"Get it from {origin} and put it there" if origin else "Put it there"
    return DataError(
        f"there is no {path}. Expected {what}. {mend}, or give its path with "
        f"`-o {lines.dotted(key)}=…`.",
        key=key,
        suggestion=neighbour(path),
    )


def neighbour(path: Path) -> str | None:
    """The file beside that is most likely meant."""
    try:
        return nearest(path.name, sorted(file.name for file in path.parent.iterdir()), 0.8)
    except OSError:
        return None
