"""What the command line asks of the wizard: at most one path, and a few switches.

Standard library only: this is read before it is known which front end will run. A switch is one
row in `SWITCHES` and one field of `Invocation`; everything else follows from them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the wizard is started."""

    path: str | None = None
    mouse: bool = field(default=False, kw_only=True)
    ascii: bool = field(default=False, kw_only=True)
    plain: bool = field(default=False, kw_only=True)
    answers: str | None = field(default=None, kw_only=True)


SWITCHES = {
    "--mouse": "use the mouse over SSH, too (it is off there otherwise)",
    "--ascii": "draw with ASCII characters only (F4 switches them)",
    "--plain": "ask the same questions as plain lines, one after another",
    "--answers": "FILE with answers (TOML, no secrets) to questions that need not be asked then",
}
"""A switch and its help; its field is its name."""

WITH_VALUE = frozenset({"--answers"})


class MissingValue(ValueError):
    """A switch that takes a value has none; the text is the switch."""


class UnknownSwitch(ValueError):
    """Something that begins with a dash and is no switch; a path that does so comes after ``--``."""


class SeveralPaths(ValueError):
    """More than one path."""


def is_switch(word: str) -> bool:
    """Whether `word` is one of the wizard's own switches."""
    return word in SWITCHES


def only_switches(words: Sequence[str]) -> bool:
    """Whether there is nothing but switches, with the values of those that take one."""
    rest = iter(words)
    for word in rest:
        if not is_switch(word):
            return False
        if word in WITH_VALUE:
            next(rest, None)
    return True


def invocation(words: Sequence[str]) -> Invocation:
    """Read the command line of the wizard. Raises `UnknownSwitch`, `MissingValue`, `SeveralPaths`."""
    given: dict[str, Any] = {}
    paths: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            paths += rest
        elif word in WITH_VALUE:
            value = next(rest, None)
            if value is None:
                raise MissingValue(word)
            given[word.removeprefix("--")] = value
        elif is_switch(word):
            given[word.removeprefix("--")] = True
        elif word.startswith("-"):
            raise UnknownSwitch(word)
        else:
            paths.append(word)
    if len(paths) > 1:
        raise SeveralPaths
    return Invocation(paths[0] if paths else None, **given)


def is_path(text: str, commands: Iterable[str]) -> bool:
    """Whether it is meant as a path rather than as a command with a slip in it."""
    if "/" in text or "." in text or os.path.lexists(text):
        return True
    import difflib  # noqa: PLC0415 - only for a bare word that names no file

    return not difflib.get_close_matches(text, commands, n=1)
