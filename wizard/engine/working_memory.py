"""Argon2's working memory is our own mapping, and zero before it goes back to the system.

- Huge pages where the kernel grants them: page faults cost more than hashing otherwise.
- Left out of core dumps.
- Touched by several threads before Argon2 begins. One lane would wait for one page after the other,
  and longest on a virtual machine that has given its free memory back to the host (measured there
  for 1 GiB: 2.1 s by one thread, 0.5 s by two; 0.14 and 0.06 s where the machine has its memory).
- Given back after each derivation, but within `one_memory`: the system fills with zeros what it
  gives, which is about an eighth of a derivation, and it is zero already.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import threading
from contextlib import contextmanager, suppress

from wizard.engine.errors import NoMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

_HUGE_PAGE = 2 * 1024 * 1024
_MADV_POPULATE_WRITE = 23  # Linux 5.14; the mmap module has no name for it
_SHARE = 64 * 1024 * 1024  # under this a thread costs more than it saves

_madvise = ctypes.CDLL(None).madvise
_madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def usable_processors() -> int:
    """Return how many processors this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, usable or 1)


class WorkingMemory:
    """Argon2's blocks: lent once per run, zero when the mapping ends. Raises `NoMemory`."""

    def __init__(self, size: int) -> None:
        kept = _of_this_thread.take(size)
        self._mapping = _mapped(size) if kept is None else kept
        self._touched = kept is not None
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._mapping))
        self._address = -(-address // _HUGE_PAGE) * _HUGE_PAGE
        self._size = size
        self._lent = False

    def touch(self) -> None:
        """Populate all pages, in equal shares. The interpreter lock is free meanwhile."""
        if self._touched:
            return
        shares = max(1, min(usable_processors(), self._size // _SHARE))
        share = -(-self._size // shares // _HUGE_PAGE) * _HUGE_PAGE
        offsets = range(0, self._size, share)
        threads = [
            threading.Thread(target=self._populate, args=(offset, share)) for offset in offsets[1:]
        ]
        with suppress(RuntimeError):  # no more threads: then the derivation touches that share
            for thread in threads:
                thread.start()
        self._populate(0, share)
        for thread in threads:
            if thread.ident is not None:
                thread.join()

    def _populate(self, offset: int, size: int) -> None:
        # An error is an older kernel or too little memory: then the derivation pays or fails.
        _madvise(self._address + offset, min(size, self._size - offset), _MADV_POPULATE_WRITE)

    def lend(self, ffi: Any, address: Any, _size: int) -> int:
        """Give Argon2 its blocks. It asks for no more than `memory_kib`, rounded down."""
        self._lent = True
        address[0] = ffi.cast("uint8_t *", self._address)
        return 0

    def take_back(self, _address: Any, _size: int) -> None:
        """Argon2 wipes the blocks just before it calls this; a second wipe would only cost."""
        self._lent = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._lent:
            # Argon2 gave up half-way (no thread): it neither wipes nor frees then.
            ctypes.memset(self._address, 0, self._size)
        if not _of_this_thread.keep(self._mapping):
            _unmap(self._mapping)


class _Kept(threading.local):
    """The memory that waits for this thread's next derivation, if any may."""

    keeping = False
    mapping: mmap.mmap | None = None

    def take(self, size: int) -> mmap.mmap | None:
        """The memory that was kept, if it has this size; it is zero, and its pages are there."""
        if self.mapping is None or len(self.mapping) != size + _HUGE_PAGE:
            self.let_go()
            return None
        mapping, self.mapping = self.mapping, None
        return mapping

    def let_go(self) -> None:
        """Give back what is kept."""
        mapping, self.mapping = self.mapping, None
        if mapping is not None:
            _unmap(mapping)

    def keep(self, mapping: mmap.mmap) -> bool:
        """Whether it is kept from now on."""
        if not self.keeping or self.mapping is not None:
            return False
        self.mapping = mapping
        return True


_of_this_thread = _Kept()


@contextmanager
def one_memory() -> Iterator[None]:
    """Have one memory serve all derivations of one size, one after the other, in this thread.

    It is held for as long as the block is open, also by processes that are divided from this one
    meanwhile: for derivations that follow on each other. In another such block this does nothing.
    """
    if _of_this_thread.keeping:
        yield
        return
    _of_this_thread.keeping = True
    try:
        yield
    finally:
        _of_this_thread.keeping = False
        _of_this_thread.let_go()


def _mapped(size: int) -> mmap.mmap:
    try:
        # One huge page more, so that the blocks can start on a boundary of huge pages.
        mapping = mmap.mmap(-1, size + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        raise NoMemory(needed_kib=size // 1024) from error
    for name in ("MADV_HUGEPAGE", "MADV_DONTDUMP"):
        if hasattr(mmap, name):
            with suppress(OSError):  # a kernel built without it: slower, not wrong
                mapping.madvise(getattr(mmap, name))
    return mapping


def _unmap(mapping: mmap.mmap) -> None:
    mapping.close()
