"""One message is one line of JSON, at most a mebibyte; what is not is refused, never guessed at.

Both processes use this module, so it imports nothing but the standard library.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAXIMUM_LINE = 1024 * 1024
"""Bytes of one message, its line ending included."""


class MalformedLine(ValueError):
    """A line that is not one message. Its text never repeats what was read: it may be a secret."""


def encode(message: Mapping[str, object]) -> bytes:
    """Return ``message`` as one line. Raises `MalformedLine` if it is over `MAXIMUM_LINE`."""
    # Plain ASCII: a lone surrogate (a file name that is not UTF-8) survives the way as an escape.
    line = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > MAXIMUM_LINE:
        raise MalformedLine("A message is longer than a mebibyte.")
    return line


def decode(line: bytes | bytearray) -> dict[str, Any]:
    """Return the message that one line holds.

    Raises `MalformedLine` unless it is one JSON object in UTF-8, without a duplicate key and
    without NaN, infinity or a number that Python refuses.
    """
    try:
        message = json.loads(
            line.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        # Without the cause: a JSON error holds the whole document.
        raise MalformedLine("A message is not JSON.") from None
    if not isinstance(message, dict):
        raise MalformedLine("A message is not a JSON object.")
    return message


class LineSplitter:
    """Cuts what arrives into lines, and forgets a line that is too long instead of keeping it."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytearray, size: int) -> Iterator[bytearray | None]:
        """Yield each line that the first ``size`` bytes of ``data`` complete; None: one too long.

        A line comes without its ending and is the receiver's, to decode and to wipe.
        """
        start = 0
        with memoryview(data) as view:
            while (end := data.find(b"\n", start, size)) >= 0:
                self._keep(view[start:end])
                line, self._rest = self._rest, bytearray()
                skipped, self._skipping = self._skipping, False
                start = end + 1
                yield None if skipped else line
            self._keep(view[start:size])

    def _keep(self, data: memoryview) -> None:
        if not self._skipping:
            self._rest += data
        if len(self._rest) >= MAXIMUM_LINE:
            wipe(self._rest)
            self._skipping = True


def wipe(buffer: bytearray) -> None:
    """Zero and empty ``buffer``."""
    buffer[:] = bytes(len(buffer))
    buffer.clear()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    message = dict(pairs)
    if len(message) != len(pairs):
        raise ValueError
    return message


def _refuse(_constant: str) -> NoReturn:
    raise ValueError
