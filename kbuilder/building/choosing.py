"""Which architecture each form of feature gets, fitted to its input."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from kbuilder import catalog, spec
from kbuilder.architectures._body import adapted
from kbuilder.building.inputs import Inputs, keyed
from kbuilder.columns import Columns
from kbuilder.contracts import (
    FORMS,
    Architecture,
    Decision,
    Following,
    Form,
    Reforming,
    Signal,
)
from kbuilder.errors import BuildError, listed, nearest
from kbuilder.lines import to_line
from kbuilder.named import Unnamed
from kbuilder.recipe import branches

DEFAULTS: dict[Form, str] = {
    "vector": "mlp", "text": "fasttext", "sequence": "gru", "image": "cnn", "video": "frames",
}  # fmt: skip
OF_SERIES = "dlinear"
"""The network of the windows of a series: of its next steps the rows are often few."""

LONGEST = 200
"""Characters of a line that a message shows."""
Architectures = Mapping[str, Architecture]
"""The architecture by form, and by column for those that have one of their own."""


def choose(
    columns: Columns, inputs: Inputs, model: Architecture | Mapping[str, Any] | None
) -> tuple[dict[str, Architecture], list[Decision]]:
    """The architecture of each form that the features have, and of columns, fitted to its input.

    Raises:
        BuildError: if the recipe names an architecture for a form or a column that is not there,
            one architecture for several forms that it does not take, or columns that cannot share
            one.
    """
    forms = list(inputs.signals)
    branched = isinstance(model, Mapping)
    given = _given(model, forms, columns)
    decisions = _meant(given, forms, columns) if branched else []
    signals = keyed(inputs, given)
    for key in given:
        if key not in signals:
            raise BuildError(
                f"each column of the form {key} has a network of its own. Expected no {key!r}.",
                key=("model", key),
            )
    for key, members in signals.items():
        form, left = members[0].form, given.get(key)
        if left is None or isinstance(left, Unnamed):
            series = form == "sequence" and _follows(columns)
            name = OF_SERIES if series else DEFAULTS[form]
            why = "the rows are windows of a series" if series else f"there are {form} features"
            fields = left or Unnamed("architectures", {})
            at = ("model", key) if branched else ("model",)
            given[key] = cast(Architecture, fields.named(name, at))
            where: tuple[str, ...] = ("model",) if len(signals) == 1 else ("model", key)
            line = to_line(where, {"name": name, **fields.fields} if fields.fields else name)
            decisions.append(Decision(("model", key), name, why, line))
        place = ("model", key) if branched else ("model",)
        check_form(given[key], form, columns, place)
        with within(key, branched):
            written = spec.given(given[key])
            given[key], chosen = adapted(given[key], members[0])
        name = catalog.name_of(given[key])
        for field, choice in chosen.items():
            where = ("model", key) if branched else ("model",)
            value = choice.value
            if isinstance(value, spec.Spec):  # a network within a network
                value = catalog.name_of(value)
            write = to_line(where, {"name": name, **written, field: value})
            decisions.append(Decision(("model", key, field), value, choice.reason, write))
    decisions += _shared(model, columns, inputs)
    return {key: given[key] for key in signals}, decisions


def _follows(columns: Columns) -> bool:
    """Whether what is predicted are the next steps of a series."""
    return any(isinstance(task, Following) for _, task in columns.targets)


def _given(
    model: Architecture | Mapping[str, Any] | None, forms: Sequence[Form], columns: Columns
) -> dict[str, Architecture]:
    """The architectures that the recipe names, by form or column."""
    if isinstance(model, Mapping):
        given = branches.networks(model)
        for key in given:
            if key not in forms:
                _expect_column(key, forms, columns)
        return given
    if model is None:
        return {}
    if isinstance(model, Unnamed):
        if len(forms) > 1:
            raise BuildError(
                f"the features have several forms: {listed(forms)}. Expected the form, too: "
                f"`model: {{{forms[0]}: …}}`.",
                key=("model",),
            )
        return {forms[0]: model}
    known: dict[str, Architecture] = {form: model for form in forms if form in model.forms}
    if not known:
        check_form(model, forms[0], columns)
    if len(forms) > 1 and len(known) > 1:
        raise BuildError(
            f"the features have several forms: {listed(forms)}. Expected an architecture for "
            f"each: `model: {{{', '.join(f'{form}: …' for form in forms)}}}`.",
            key=("model",),
        )
    return known


def _expect_column(key: str, forms: Sequence[Form], columns: Columns) -> None:
    """Check that a key, which is no form of the features, is a column with a network of its own.

    Raises:
        BuildError: naming the forms and the columns, or the line by which there is such a form.
    """
    feature = columns.features.get(key)
    if feature is None and key in FORMS:
        line = _reforming(columns, forms, (key,))
        raise BuildError(
            f"no feature has the form {key!r}. The features have: {listed(forms)}."
            f"{line and f' One gets it by {line}.'}",
            key=("model", key),
        )
    own = [name for name, each in columns.features.items() if each.form != "vector"]
    if feature is None:
        raise BuildError(
            f"{key!r} is neither a form of the features nor a column that has a network of its "
            f"own. Forms: {listed(forms)}. Columns: {listed(own) or 'none'}.",
            key=("model", key),
            suggestion=nearest(key, [*forms, *own]),
        )
    if feature.form == "vector":
        raise BuildError(
            f"column {key!r} is a vector, and all vectors go into one network together. Expected "
            f"`vector` in its place. Columns with a network of their own: {listed(own) or 'none'}.",
            key=("model", key),
        )


def _meant(given: Collection[str], forms: Sequence[Form], columns: Columns) -> list[Decision]:
    """What a key means that is a form, and what a column is called, too."""
    found = []
    for key in given:
        if key not in FORMS or key not in columns.features:
            continue
        members = [name for name, feature in columns.features.items() if feature.form == key]
        value, reason = f"the column {key!r}", f"no feature has the form {key}"
        if key in forms:
            value = f"the form {key} ({listed(members)})"
            reason = f"a form of the features comes before a column, and {key!r} is both"
        found.append(Decision(("model", key, "means"), value, reason))
    return found


def _shared(model: Any, columns: Columns, inputs: Inputs) -> list[Decision]:
    """Which columns share a network.

    Raises:
        BuildError: if they cannot, or there are none.
    """
    forms = {name: feature.form for name, feature in columns.features.items()}
    groups = branches.together(model, forms)
    if branches.shares(model) and not groups:
        raise BuildError(
            f"no form has several columns without a network of their own, which could share one. "
            f"Expected no `{branches.SHARE}`.",
            key=("model", branches.SHARE),
        )
    signals = {signal.column: signal for members in inputs.signals.values() for signal in members}
    found = []
    for first, *others in groups:
        for other in others:
            _expect_alike(columns, signals, first, other)
        names = listed([first, *others])
        reason = f"{branches.SHARE} is true: one network, and they are learned as one column"
        found.append(Decision(("model", forms[first], branches.SHARE), names, reason))
    return found


def _expect_alike(columns: Columns, signals: Mapping[str, Signal], first: str, other: str) -> None:
    """Check that one network can take two columns.

    Raises:
        BuildError: if their values mean different things to it.
    """
    one, two = signals[first], signals[other]
    shapes = [tuple(signal.tensor.shape[1:]) for signal in (one, two)]
    ways = [dict(columns.features[name].layer().get_config(), name="") for name in (first, other)]
    if shapes[0] != shapes[1]:
        what = f"values of {shapes[0]} and of {shapes[1]}"
    elif ways[0] != ways[1] or one.vocabulary_size != two.vocabulary_size:
        what = "values that are prepared in different ways"
    elif one.tensor.dtype != two.tensor.dtype or (one.mask is None) != (two.mask is None):
        what = "values of different kinds"
    else:
        return
    raise BuildError(
        f"columns {first!r} and {other!r} have {what}, and a network that they share needs equal "
        f"ones. Expected the same fields for both in `features`, or a network for each: `model: "
        f"{{{first}: …, {other}: …}}`.",
        key=("model", branches.SHARE),
    )


def check_form(
    architecture: Architecture, form: Form, columns: Columns | None = None, key: Any = ("model",)
) -> None:
    """Check that an architecture takes a form.

    Args:
        architecture: The architecture.
        form: The form.
        columns: The learned features, of which some may be given in another form.
        key: Its place in the recipe, for messages.

    Raises:
        BuildError: if it does not, with those that do.
    """
    if form not in architecture.forms:
        name = catalog.name_of(architecture)
        fitting = [
            other
            for other in catalog.names("architectures")
            if form in catalog.find("architectures", other).forms  # type: ignore[attr-defined]
        ]
        line = _reforming(columns, (form,), architecture.forms)
        line = line or _within(architecture, fitting, key)
        raise BuildError(
            f"{name} takes {listed(architecture.forms)}, and this is {form}. "
            f"Expected one of: {listed(fitting)}{line and f'; or {line}'}.",
            key=key,
        )


def _within(architecture: Any, fitting: Sequence[str], key: tuple[str, ...]) -> str:
    """The line of a recipe by which a network is part of one that takes the form."""
    name, written = catalog.name_of(architecture), spec.given(architecture)
    for other in fitting:
        fields: Collection[str] = getattr(catalog.find("architectures", other), "model_fields", ())
        part = next((field for field in fields if field in architecture.forms), None)
        if part is not None:
            inner = {"name": name, **written} if written else name
            line = to_line(key, {"name": other, part: inner})
            return f"`{line}`" if len(line) <= LONGEST else ""
    return ""


def _reforming(columns: Columns | None, own: Collection[Form], wanted: Collection[Form]) -> str:
    """The line of a recipe by which a feature of one of its own forms has one that is wanted."""
    for column, feature in columns.features.items() if columns else ():
        if feature.form in own and isinstance(feature, Reforming):
            fields = feature.reform(wanted)
            if fields is not None:
                kind = catalog.name_of(feature)
                line = to_line(("features", column), {"kind": kind, **fields} if fields else kind)
                return f"`{line}`"
    return ""


@contextmanager
def within(part: str, branched: bool) -> Iterator[None]:
    """Errors of an architecture point into its own part of the recipe."""
    try:
        yield
    except BuildError as error:
        if not branched:
            raise
        key = ("model", part, *error.problem.key[1:])
        raise BuildError(error.problem.message, key=key) from None
