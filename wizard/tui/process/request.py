"""A request is read field by field, each with its type and bounds, before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wizard.engine import CancelToken, Progress

MAXIMUM_TEXT = 8192
MAXIMUM_LIST = 64

_LARGE = 1e300

_Choice = TypeVar("_Choice", bound=StrEnum)


class InvalidRequest(UsageProblem):
    """A request that the protocol does not allow; the message repeats none of its values."""


@dataclass(frozen=True, slots=True)
class Call:
    """What running work needs besides its request."""

    cancel: CancelToken
    progress: Callable[[Progress], None]


class Request:
    """The fields of one request. Every method raises `InvalidRequest`, naming the field."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def given(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(name) is not None

    def text(self, name: str) -> str:
        """Return a string of at most `MAXIMUM_TEXT` characters."""
        return _text(self._fields.get(name), name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of at most `MAXIMUM_LIST` such strings."""
        value = self._fields.get(name)
        if not isinstance(value, list) or len(value) > MAXIMUM_LIST:
            raise InvalidRequest(f"{name} is not a list of at most {MAXIMUM_LIST} texts.")
        return tuple(_text(item, name) for item in value)

    def path(self, name: str) -> Path:
        """Return an absolute path; ``~`` is the home directory."""
        value = self.text(name)
        if not value or "\0" in value:
            raise InvalidRequest(f"{name} is not a path.")
        try:
            return Path(value).expanduser().absolute()
        except RuntimeError:
            raise InvalidRequest(f"{name} names a home directory that is not known.") from None

    def integer(self, name: str, *, lowest: int = 0, highest: int = 2**53) -> int:
        """Return an integer between ``lowest`` and ``highest``."""
        value = self._fields.get(name)
        # True is an int to Python, and none to the protocol.
        if type(value) is not int or not lowest <= value <= highest:
            raise InvalidRequest(f"{name} is not an integer from {lowest} to {highest}.")
        return value

    def number(self, name: str) -> float:
        """Return a number that is finite and not negative."""
        value = self._fields.get(name)
        # Comparing before converting: JSON has integers that no float holds.
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGE:
            return float(value)
        raise InvalidRequest(f"{name} is not a number from 0 on.")

    def choice(self, name: str, choices: type[_Choice]) -> _Choice:
        """Return a member of ``choices``."""
        try:
            return choices(self.text(name))
        except ValueError:
            raise InvalidRequest(f"{name} is none of {', '.join(choices)}.") from None

    def decision(self, name: str) -> bool:
        """Return a boolean that has to be given."""
        value = self._fields.get(name)
        if not isinstance(value, bool):
            raise InvalidRequest(f"{name} is neither true nor false.")
        return value

    def part(self, name: str) -> Request:
        """Return the fields of an object inside the request."""
        value = self._fields.get(name)
        if not isinstance(value, dict):
            raise InvalidRequest(f"{name} is not an object.")
        return Request(value)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > MAXIMUM_TEXT:
        raise InvalidRequest(f"{name} is not a text of at most {MAXIMUM_TEXT} characters.")
    return value
