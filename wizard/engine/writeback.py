"""What is being written to a new file goes on its way to the disk before the final fsync asks for it.

- This saves time only: whether the file is durable is what the fsync of its writer says, and that
  still reports every error. A file system that cannot do it is left to the fsync alone.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_SECONDS = 0.02
_AT_ONCE_BYTES = 16 << 20
_LAST_BYTES = 1 << 20  # perhaps still being written
_START_WRITING = 2  # SYNC_FILE_RANGE_WRITE of <fcntl.h>


@contextmanager
def early_writeback(path: Path) -> Iterator[None]:
    """Start writing out what a block appends to ``path``, in a thread that ends with the block.

    The file is opened here, and closing it drops this process's POSIX locks on it: only for a file
    that nobody else knows yet, and whose writer is done with it when the block ends.
    """
    start = getattr(ctypes.CDLL(None, use_errno=True), "sync_file_range", None)
    descriptor = None if start is None else _opened(path)
    if start is None or descriptor is None:
        yield
        return
    start.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    ended = threading.Event()

    def follow() -> None:
        begun = 0
        while not ended.wait(_LOOK_SECONDS):
            until = os.fstat(descriptor).st_size - _LAST_BYTES
            if until - begun < _AT_ONCE_BYTES:
                continue
            if start(descriptor, begun, until - begun, _START_WRITING):
                return
            begun = until

    thread = threading.Thread(target=follow, daemon=True)
    try:
        thread.start()
        yield
    finally:
        ended.set()
        if thread.ident is not None:
            thread.join()
        os.close(descriptor)


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
