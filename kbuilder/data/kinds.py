"""Which kind each column is that the recipe says nothing of, and which is of no use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kbuilder import catalog
from kbuilder.contracts import IN_DOUBT, Choice, Decision, Feature, Match
from kbuilder.data import paths
from kbuilder.data.words import (
    beneath,
    doubtful_commas,
    grouped_by_blanks,
    is_dirty,
    mark_between,
    mixed,
    otherwise,
    strung,
)
from kbuilder.errors import DataError, listed
from kbuilder.lines import to_line
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.tables import number_lists
from kbuilder.tables.profile import Profile, profile
from kbuilder.tables.table import Table

LEAST = 5
"""Values that a column must have, for some to be in training and more than chance."""
LIKELY = 0.8
"""The strength of a match that the values speak for, and their type does not."""
NEAR = 0.1
"""Two that differ by less are nearly as likely."""


def matches(folder: str, found: Profile) -> list[tuple[str, Match]]:
    """The kinds or tasks that a column may be, the surest first; of equals, by name."""
    given = ((name, _match(catalog.find(folder, name), found)) for name in catalog.names(folder))
    return sorted(((n, m) for n, m in given if m is not None), key=lambda one: -one[1].strength)


def _match(kind: Any, found: Profile) -> Match | None:
    with catalog.blamed(kind, "recognise a column"):
        match: Match | None = kind.recognise(found)
    return match


def surest(key: tuple[str, ...], known: Sequence[tuple[str, Match]]) -> Choice:
    """The surest, and with the reason what it may be nearly as well."""
    (name, best), *others = known
    near = [other for other, match in others if best.strength - match.strength < NEAR]
    if not near:
        return Choice(name, best.reason)
    lines = " or ".join(f"`{to_line(key, other)}`" for other in near)
    return Choice(name, f"{best.reason}{IN_DOUBT}{lines}")


def infer_features(
    recipe: Recipe, table: Table, decisions: list[Decision]
) -> tuple[dict[str, Feature], list[str]]:
    """Every feature by column, and the columns that are of no use."""
    data = recipe.data
    for name in recipe.features:
        table.only([name], key=("features", name))
    table.only(data.ignore, key=("data", "ignore"))
    features: dict[str, Feature] = {}
    ignored: list[str] = []
    wrong: list[DataError] = []
    for name in table.columns:
        if name in data.target or name in data.ignore or name == weight_of(data):
            continue
        if name in recipe.features:
            features[name] = recipe.features[name]
            continue
        key = ("features", name)
        found = profile(table[name])
        known = matches("features", found)
        if name in data.split.keys and not _are_pictures(known):
            ignored.append(name)
            reason = (
                f"the rows are divided by it; `{to_line(key, 'category')}` reads it all the same"
            )
            decisions.append(Decision(key, "ignored", reason, to_line(("data", "ignore"), [name])))
            continue
        blanks = grouped_by_blanks(name, table, key, data)
        doubt = doubtful_commas(name, table, key)
        if blanks is not None or doubt is not None:
            wrong += filter(None, [blanks or doubt])
            continue
        written = otherwise(name, found, table, key, data) or strung(name, found, table, key)
        if written is not None and not (known and known[0][1].strength > LIKELY):
            wrong.append(written)
            continue
        useless = _useless(name, found, table)
        if useless and known and known[0][1].strength > useless.strength:  # paths name rows, too
            useless = None
        units = beneath(name, table, key) if useless and found.names_rows else None
        if units is not None:
            wrong.append(units)
            continue
        if useless:
            ignored.append(name)
            reason = f"{useless.reason}; `{to_line(key, 'category')}` reads it all the same"
            write = to_line(("data", "ignore"), [name])
            decisions.append(Decision(key, "ignored", reason, write))
            continue
        try:
            kind, reason = _kind(name, found, known, table, words_for_missing(recipe))
        except DataError as error:
            wrong.append(error)
            continue
        features[name] = catalog.find("features", kind)()
        decisions.append(Decision(key, kind, reason, to_line(key, kind)))
    if wrong:
        raise _all_of(wrong)
    if not features:
        raise DataError(
            f"{table.origin} has no column to predict from: beside the target there is "
            f"{listed(ignored) or 'none'}{' (of no use)' if ignored else ''}. "
            f"Expected at least one feature.{paths.unnamed(table, ignored)}",
            key=("data",),
        )
    return features, ignored


def _are_pictures(known: Sequence[tuple[str, Match]]) -> bool:
    """Whether a column is one of pictures most likely: rows are divided by it, and read it too."""
    kind: Any = catalog.find("features", known[0][0]) if known else None
    return kind is not None and kind.holds == "pictures"


def _useless(name: str, found: Profile, table: Table) -> Match | None:
    """How surely a column teaches nothing that holds for other rows; None: it may teach much."""
    if found.kind in ("string", "number") and not found.present:
        return Match(1.0, f"it has no value in any row of {table.origin}")
    if found.kind in ("string", "number") and found.present < LEAST <= found.missing:
        return Match(1.0, f"it has a value in {found.present} of {found.rows:,} rows")
    if found.kind in ("string", "number") and found.distinct == 1 and not found.missing:
        return Match(1.0, "it has one value only")
    if found.kind == "string" and found.names_rows and not found.reads_as_text:
        if 0.5 <= found.numeric < 1 and is_dirty(table[name]):
            return None
        values = f"{found.distinct:,} different values in {found.present:,}"
        codes = ", numbers written as text" if found.numeric == 1 else ""
        mark = mark_between(found)
        codes += f", numbers with {mark!r} between them" if mark else ""
        return Match(0.6, f"it names rows: {values}{codes}")
    counting = found.kind == "number" and found.whole and found.distinct == found.rows > 20
    if counting and found.high - found.low == found.rows - 1:
        return Match(0.9, "it counts the rows")
    return None


def words_for_missing(recipe: Recipe) -> Sequence[str]:
    """The words that the recipe says mean missing."""
    return getattr(recipe.data, "missing", None) or ()  # not every source has words


def _kind(
    name: str,
    found: Profile,
    known: Sequence[tuple[str, Match]],
    table: Table,
    missing_words: Sequence[str],
) -> Choice:
    """The kind of a feature, with the reason."""
    printed = number_lists.are_printed(found.examples) if found.kind == "string" else ""
    if printed:
        raise DataError(
            f"column {name!r} holds arrays as Python prints them, {printed}. Expected all numbers: "
            "write each as `json.dumps(array.tolist())`, or the rows as Parquet or .npz; or leave "
            f"the column out: `{to_line(('data', 'ignore'), [name])}`.",
            key=("features", name),
        )
    dirty = found.kind == "string" and 0.5 <= found.numeric < 1 and is_dirty(table[name])
    if (dirty or found.kind == "mixed") and not (known and known[0][1].strength > LIKELY):
        raise mixed(name, table, ("features", name), table[name], missing_words)
    if known:
        return surest(("features", name), known)
    kinds = listed(catalog.names("features"))
    what, own = f"{found.kind} values", ""
    if found.kind == "array":
        what = f"arrays of {found.dtype}"
        own = "Expected arrays of numbers"
        own += ", of truth values 0 and 1 as uint8. " if found.dtype == "bool" else ". "
    raise DataError(
        f"the kind of column {name!r} cannot be inferred: it holds {what}. {own}"
        f"Name it, or leave it out: `{to_line(('data', 'ignore'), [name])}`. Kinds: {kinds}.",
        key=("data", "ignore"),
    )


def _all_of(wrong: Sequence[DataError]) -> DataError:
    """All that is wrong in one error, at the first of them."""
    first, *others = wrong
    if not others:
        return first
    also = "".join(f"\n{error.problem}" for error in others)
    return DataError(f"{first.problem.message}{also}", key=first.problem.key)
