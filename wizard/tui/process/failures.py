"""Every failure becomes one answer with a plain sentence; what was not foreseen tells no details."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from wizard import diagnostics, error_table
from wizard.engine import InvalidRecoveryPhrase, WizardError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INTERNAL = error_table.INTERNAL.code


class FieldFault(Exception):
    """An error of the engine, and the field on the screen that it is about."""

    def __init__(self, field: str, error: WizardError) -> None:
        super().__init__(str(error))
        self.field = field
        self.error = error


@contextmanager
def under(field: str, *errors: type[WizardError]) -> Iterator[None]:
    """Say that such an error is about that field. What raises one that is not such passes."""
    try:
        yield
    except errors as error:
        raise FieldFault(field, error) from None


def describe(error: BaseException) -> Mapping[str, object]:
    """Return the "error" object of an answer. Never raises; the words are `diagnostics`'."""
    if isinstance(error, FieldFault):
        return {**describe(error.error), "field": error.field}
    explained = diagnostics.explain(error)
    name = "InternalError" if explained.code == _INTERNAL else type(error).__name__
    return {
        "class": name,
        "message": explained.message,
        "hint": explained.hint,
        "exit_code": explained.exit_code,
        "where": _places(error),
        "field": "",
    }


def _places(error: BaseException) -> tuple[str, ...]:
    if isinstance(error, InvalidRecoveryPhrase) and error.where:
        return tuple(error.where.split("; "))
    return ()
