"""The only place where a key becomes text, because SQLite takes keys as text and in no other way.

- The text exists for one ``with`` block, in one object, and is overwritten when the block ends.
- What the C library frees meanwhile (SQLite's own copies of it) is overwritten as well, where the
  C library can do so.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wizard.engine.secret import Secret

_HEX = tuple(b"%02x" % value for value in range(256))
_SHORTEST = 2
_M_PERTURB = -6  # <malloc.h> of the GNU C library
_FILL = 0xA5
# glibc's tcache: blocks of up to 1,032 bytes, one list for every 16, seven blocks in each. A block
# of less than 64 bytes does not hold the digits of a key.
_CACHED_SIZES = (72, 1033, 16)
_CACHED_BLOCKS = 7

_windows = threading.Lock()
_open_windows = [0]


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
    with _freed_memory_overwritten():
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


@contextmanager
def _freed_memory_overwritten() -> Iterator[None]:
    """Let malloc overwrite what is freed, for as long as any such block is open.

    SQLite copies statements and file names and frees the copies as they are; SQLite3 Multiple
    Ciphers can overwrite them itself, but not in the build that apsw ships. Of the GNU C library
    only; elsewhere this does nothing.
    """
    _perturb(+1)
    try:
        yield
    finally:
        _wash_thread_cache()
        _perturb(-1)


def _wash_thread_cache() -> None:
    """Overwrite what the GNU C library keeps of freed blocks for this thread.

    Blocks that go into this cache are not overwritten when they are freed. Taking as many of each
    size as it keeps gets exactly them, until there are no more.
    """
    library = ctypes.CDLL(None)
    if getattr(library, "mallopt", None) is None:
        return
    library.malloc.restype = ctypes.c_void_p
    for size in range(*_CACHED_SIZES):
        taken = [library.malloc(ctypes.c_size_t(size)) for _ in range(_CACHED_BLOCKS)]
        for block in taken:
            if block:
                ctypes.memset(block, _FILL, size)
            library.free(ctypes.c_void_p(block))


def _perturb(step: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    with _windows:
        _open_windows[0] += step
        mallopt(_M_PERTURB, _FILL if _open_windows[0] else 0)
