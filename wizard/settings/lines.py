"""On which line of a TOML file a key stands: tomllib keeps no positions.

Used for messages only. Where a line cannot be told apart (inside a multi-line string, say), the
line of the nearest table is named instead of a wrong one.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"\s*(\[\[?.*?\]\]?)\s*(#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def line_of(text: str, path: Sequence[str]) -> int:
    """Return the line, from 1, where ``path`` is set or begins, else where what holds it does.

    0 where none of that stands in ``text``.
    """
    wanted = tuple(path)
    best, best_length = 0, 0
    for number, key in _keys(text):
        common = key[: len(wanted)]
        if common == wanted[: len(common)] and len(common) > best_length:
            best, best_length = number, len(common)
    return best


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = _names(header[1]) or table
            yield number, table
            continue
        key = _KEY.match(line)
        if key is not None:
            names = _names(f"{key[1]} = 0")
            if names:
                yield number, (*table, *names)


def _names(fragment: str) -> tuple[str, ...]:
    """Return the dotted name that one line of TOML opens or sets."""
    try:
        value: Any = tomllib.loads(fragment)
    except tomllib.TOMLDecodeError:
        return ()
    names = []
    while isinstance(value, dict) and value:
        name, value = next(iter(value.items()))
        names.append(name)
        if isinstance(value, list):
            value = value[0]
    return tuple(names)
