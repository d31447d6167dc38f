"""The only place where a key becomes text, because SQLite takes keys as text and in no other way.

- The text exists for one ``with`` block, in one object, and is overwritten when the block ends.
- What the C library frees meanwhile (SQLite's own copies of it) is overwritten as well, where the
  C library can do so.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from wizard.engine.secret import Secret
from wizard.freed import freed_memory_overwritten

_HEX = tuple(b"%02x" % value for value in range(256))
_SHORTEST = 2


@contextmanager
def keyed_text(before: str, key: Secret, after: str = "") -> Iterator[str]:
    """``before``, the key as lowercase hexadecimal digits, ``after``; ASCII only.

    The block must have finished with the text, and so must whatever it gave the text to.
    """
    head, tail = before.encode("ascii"), after.encode("ascii")
    buffer = bytearray(len(head) + 2 * len(key) + len(tail))  # full size: growing leaves copies
    buffer[: len(head)] = head
    position = len(head)
    with key.expose() as view:
        for value in view:
            buffer[position : position + 2] = _HEX[value]
            position += 2
    buffer[position:] = tail
    with freed_memory_overwritten():
        text = str(buffer, "ascii")
        _zero(buffer)
        try:
            yield text
        finally:
            _overwrite(text)


def _zero(buffer: bytearray) -> None:
    buffer[:] = bytes(len(buffer))


def _overwrite(text: str) -> None:
    """Fill the characters of ``text`` with zeros, in place.

    Safe in CPython because the object was made here from a buffer (so it is neither interned nor
    one of the shared single-character strings), because an ASCII string keeps its characters in
    the object itself, one byte each with one NUL at the end, after a header whose length
    `sys.getsizeof` gives, and because nobody but the block that has just ended has seen it. Its
    UTF-8 form, which is what SQLite is given, is the same memory.
    """
    if sys.implementation.name != "cpython" or type(text) is not str:
        return
    if not text.isascii() or len(text) < _SHORTEST:
        return
    header = sys.getsizeof(text) - len(text) - 1
    ctypes.memset(id(text) + header, 0, len(text))
