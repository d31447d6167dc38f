"""What Python and the C library have freed is overwritten, because text cannot be wiped by its owner.

- A ``str`` or ``bytes`` that held a secret is freed with its contents, and stays until the memory
  is used again. After `overwrite` nothing of what was freed before can be read.
- Objects that are still held are not touched: let go of them first.
- No other module of this program is needed, so that a process that holds no keys can use it.

Of CPython with its own allocator, and of the GNU C library; elsewhere it does less, and no harm.
"""

from __future__ import annotations

import ctypes
import mmap
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

_M_PERTURB = -6  # <malloc.h> of the GNU C library
_FILL = 0xA5
# glibc's tcache: blocks of up to 1,032 bytes, one list for every 16, seven blocks in each. A block
# of less than 64 bytes does not hold the digits of a key.
_CACHED_SIZES = (72, 1033, 16)
_CACHED_BLOCKS = 7
_CACHE_FILLERS = tuple(
    text
    for size in range(*_CACHED_SIZES)
    for text in (bytes((_FILL,)) * (size - 1),) * _CACHED_BLOCKS
)
# CPython's allocator: blocks of up to 512 bytes, in pools of one size for every 16. 480 comes first
# and takes the free pools: 34 such blocks fill a pool to its last 16 bytes. Of 512 bytes 31 would
# leave 464, and four texts of an earlier use in them. The smallest sizes hold no text, but their
# pools may have held some before.
_POOLED_SIZES = (480, 512, 496, *range(464, 0, -16))
_BYTES_OVERHEAD = 33  # of a ``bytes`` object, besides its contents
_OBJECT_BYTES = 16  # of an ``object``; a ``complex`` has 32
_POOL_BYTES = 16 * 1024
_MOST_BYTES = 256 * 1024 * 1024

_windows = threading.Lock()
_open_windows = [0]


def overwrite() -> None:
    """Overwrite what has been freed so far: Python's pools, and this thread's cache of blocks.

    Takes milliseconds. Other blocks of the C library are overwritten only when they are freed:
    within `freed_memory_overwritten`, or after `overwrite_from_now_on`.
    """
    _wash_pools()
    _wash_thread_cache()


def overwrite_from_now_on() -> None:
    """Let the C library overwrite every block that this process frees. For programs."""
    _perturb(+1)


@contextmanager
def freed_memory_overwritten() -> Iterator[None]:
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


def _wash_pools() -> None:
    """Take every free block of Python's pools, with other contents, and give them all back.

    Then all free pools once more: some were in use for a moment by another size, which leaves its
    own rest at their ends.
    """
    starts, ends = _mapped()
    if starts:
        _take(_POOLED_SIZES, starts, ends)
        _take(_POOLED_SIZES[:1], starts, ends)


def _take(sizes: Sequence[int], starts: list[int], ends: list[int]) -> None:
    """Take all free blocks of these sizes in the memory of before, and let go of them.

    The first size takes all pools that are free; what it gets from outside of the memory of before
    shows that there are no more. Every other size then gets the blocks that its own pools have
    left, before it, too, has to look outside. A pool from outside can stand before those of before,
    so it ends with as many from there, one after the other, as one holds.
    """

    def outside(address: int) -> bool:
        span = bisect_right(starts, address) - 1
        return span < 0 or address >= ends[span]

    taken: list[object] = []
    room = _MOST_BYTES
    for size in sizes:
        make = _maker(size)
        of_a_pool = _POOL_BYTES // size + 1
        while room > 0:
            blocks = [make() for _ in range(of_a_pool)]
            taken += blocks
            room -= of_a_pool * size
            # One block first: it is inside nearly always, and there are thousands of them.
            if outside(id(blocks[-1])) and all(map(outside, _pages(blocks))):
                break


def _pages(blocks: Sequence[object]) -> set[int]:
    """Where the pages begin that the blocks stand in; memory is mapped by whole pages."""
    return {id(block) & -mmap.PAGESIZE for block in blocks}


def _maker(size: int) -> Callable[[], object]:
    """What makes a new object that fills a block of this size."""
    if size > _BYTES_OVERHEAD:
        return partial(bytes, size - _BYTES_OVERHEAD)
    return complex if size > _OBJECT_BYTES else object


def _mapped() -> tuple[list[int], list[int]]:
    """Where the memory of this process begins and ends, region by region."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return [], []
    spans = [line.split(maxsplit=1)[0].split("-") for line in lines]
    return [int(start, 16) for start, _ in spans], [int(end, 16) for _, end in spans]


def _wash_thread_cache() -> None:
    """Overwrite what the GNU C library keeps of freed blocks for this thread.

    Blocks that go into this cache are not overwritten when they are freed. Taking as many of each
    size as it keeps gets exactly them, until there are no more.
    """
    library = _c_library()
    if library is not None:
        # A copy of a text is a block of its size, filled, for one call instead of two.
        taken = list(map(library.strdup, _CACHE_FILLERS))
        deque(map(library.free, taken), maxlen=0)


@cache
def _c_library() -> ctypes.PyDLL | None:
    """The GNU C library; None for another one. Its calls keep the interpreter's lock: they are short."""
    library = ctypes.PyDLL(None)
    if getattr(library, "mallopt", None) is None:
        return None
    library.strdup.argtypes = (ctypes.c_char_p,)
    library.strdup.restype = ctypes.c_void_p  # not a text: its address is needed, to free it
    library.free.argtypes = (ctypes.c_void_p,)
    library.free.restype = None
    return library


def _perturb(step: int) -> None:
    library = _c_library()
    if library is None:
        return
    with _windows:
        _open_windows[0] += step
        library.mallopt(_M_PERTURB, _FILL if _open_windows[0] else 0)
