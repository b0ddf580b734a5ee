"""Which architecture each form of feature gets, fitted to its input."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from kbuilder import catalog, spec
from kbuilder.building.inputs import Inputs
from kbuilder.columns import Columns
from kbuilder.contracts import Adaptive, Architecture, Choice, Decision, Form, Reforming, Signal
from kbuilder.errors import BuildError, listed
from kbuilder.lines import to_line
from kbuilder.named import Unnamed

DEFAULTS: dict[Form, str] = {"vector": "mlp", "text": "gru", "sequence": "gru", "image": "cnn"}

Architectures = Mapping[Form, Architecture]


def choose(
    columns: Columns, inputs: Inputs, model: Architecture | Architectures | None
) -> tuple[dict[Form, Architecture], list[Decision]]:
    """The architecture of each form that the features have, fitted to its input.

    Raises:
        BuildError: if the recipe names an architecture for a form that is not there, or one
            architecture for several forms that it does not take.
    """
    forms = list(inputs.signals)
    branched = isinstance(model, Mapping)
    given = _given(model, forms, columns)
    decisions = []
    for form in forms:
        left = given.get(form)
        if left is None or isinstance(left, Unnamed):
            name = DEFAULTS[form]
            fields = left or Unnamed("architectures", {})
            at = ("model", form) if branched else ("model",)
            given[form] = cast(Architecture, fields.named(name, at))
            key: tuple[str, ...] = ("model",) if len(forms) == 1 else ("model", form)
            line = to_line(key, {"name": name, **fields.fields} if fields.fields else name)
            decisions.append(Decision(("model", form), name, f"there are {form} features", line))
        place = ("model", form) if branched else ("model",)
        check_form(given[form], form, columns, place)
        with within(form, branched):
            written = spec.given(given[form])
            given[form], chosen = adapted(given[form], inputs.signals[form][0])
        name = catalog.name_of(given[form])
        for field, choice in chosen.items():
            key = ("model", form) if branched else ("model",)
            write = to_line(key, {"name": name, **written, field: choice.value})
            decisions.append(Decision(("model", form, field), *choice, write))
    return {form: given[form] for form in forms}, decisions


def _given(
    model: Architecture | Architectures | None, forms: Sequence[Form], columns: Columns
) -> dict[Form, Architecture]:
    """The architectures that the recipe names, by form."""
    if isinstance(model, Mapping):
        for form in model:
            if form not in forms:
                line = _reforming(columns, forms, (form,))
                raise BuildError(
                    f"no feature has the form {form!r}. The features have: {listed(forms)}."
                    f"{line and f' One gets it by {line}.'}",
                    key=("model", form),
                )
        return dict(model)
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
    given = {form: model for form in forms if form in model.forms}
    if not given:
        check_form(model, forms[0], columns)
    if len(forms) > 1 and len(given) > 1:
        raise BuildError(
            f"the features have several forms: {listed(forms)}. Expected an architecture for "
            f"each: `model: {{{', '.join(f'{form}: …' for form in forms)}}}`.",
            key=("model",),
        )
    return given


def adapted(architecture: Any, signal: Signal) -> tuple[Any, dict[str, Choice]]:
    """The architecture with what it left open, and what it chose; what the user wrote wins."""
    if not isinstance(architecture, Adaptive):
        return architecture, {}
    choices = {
        field: choice
        for field, choice in architecture.decide(signal).items()
        if getattr(architecture, field) in (None, "auto")
    }
    update = {field: choice.value for field, choice in choices.items()}
    return architecture.model_copy(update=update), choices  # type: ignore[attr-defined]


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
        raise BuildError(
            f"{name} takes {listed(architecture.forms)}, and this is {form}. "
            f"Expected one of: {listed(fitting)}{line and f'; or {line}'}.",
            key=key,
        )


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
def within(form: Form, branched: bool) -> Iterator[None]:
    """Errors of an architecture point into its own part of the recipe."""
    try:
        yield
    except BuildError as error:
        if not branched:
            raise
        key = ("model", form, *error.problem.key[1:])
        raise BuildError(error.problem.message, key=key) from None
