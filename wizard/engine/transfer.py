"""Bytes from one open file to another, and their digest, in constant memory.

All of it can be watched and cancelled, and neither opens a file: SQLite's locks are lost when another
descriptor of the same file is closed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from wizard.engine.encoding import Malformed
from wizard.engine.progress import CancelToken
from wizard.engine.sodium import RunningDigest

PIECE_BYTES = 1 << 20
_KERNEL_PIECE_BYTES = 1 << 24
_NO_KERNEL_COPY = (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF)

Report = Callable[[int], None]


def digest_of(
    descriptor: int,
    *,
    offset: int,
    size: int,
    report: Report = lambda _done: None,
    cancel: CancelToken | None = None,
) -> bytes:
    """BLAKE2b of ``size`` bytes. Raises `Malformed` if there are fewer, `Cancelled`, `OSError`."""
    digest = RunningDigest()
    done = 0
    while done < size:
        if cancel is not None:
            cancel.check()
        piece = os.pread(descriptor, min(PIECE_BYTES, size - done), offset + done)
        if not piece:
            raise Malformed("it ends too early")
        digest.update(piece)
        done += len(piece)
        report(done)
    return digest.finish()


def copy(
    source: int,
    target: int,
    *,
    source_offset: int = 0,
    target_offset: int = 0,
    size: int,
    report: Report = lambda _done: None,
    cancel: CancelToken | None = None,
) -> None:
    """Copy ``size`` bytes, by the kernel where it can, which shares blocks where the disk can.

    Raises `Malformed` if the source has fewer, `Cancelled`, `OSError`.
    """
    step = _by_kernel
    done = 0
    while done < size:
        if cancel is not None:
            cancel.check()
        try:
            copied = step(source, source_offset + done, target, target_offset + done, size - done)
        except OSError as error:
            if step is _by_hand or error.errno not in _NO_KERNEL_COPY:
                raise
            step = _by_hand
            continue
        if not copied:
            raise Malformed("it ends too early")
        done += copied
        report(done)


def copy_with_digest(
    source: int,
    target: int,
    *,
    source_offset: int,
    size: int,
    report: Report = lambda _done: None,
    cancel: CancelToken | None = None,
) -> bytes:
    """Copy to the beginning of ``target``; return the digest of what was read back from there.

    On two cores: a second thread follows the copy. Raises what `copy` raises.
    """
    digest = RunningDigest()

    def read_back(upto: int) -> None:
        while (done := read[0]) < upto:
            piece = os.pread(target, min(PIECE_BYTES, upto - done), done)
            if not piece:
                raise Malformed("it ends too early")
            digest.update(piece)
            read[0] += len(piece)

    read = [0]
    with ThreadPoolExecutor(1) as pool:
        following: list[Future[None]] = []

        def follow(done: int) -> None:
            following[:] = [pool.submit(read_back, done)]  # they run one after the other
            report(done)

        copy(
            source,
            target,
            source_offset=source_offset,
            size=size,
            report=follow,
            cancel=cancel,
        )
        for last in following:
            last.result()
    read_back(size)
    return digest.finish()


def same(one: int, other: int, *, other_offset: int, size: int, cancel: CancelToken | None) -> bool:
    """Whether two files hold the same ``size`` bytes, the second from ``other_offset`` on."""
    for at in range(0, size, PIECE_BYTES):
        if cancel is not None:
            cancel.check()
        length = min(PIECE_BYTES, size - at)
        if os.pread(one, length, at) != os.pread(other, length, other_offset + at):
            return False
    return True


def _by_kernel(source: int, read_at: int, target: int, write_at: int, size: int) -> int:
    return os.copy_file_range(source, target, min(size, _KERNEL_PIECE_BYTES), read_at, write_at)


def _by_hand(source: int, read_at: int, target: int, write_at: int, size: int) -> int:
    piece = os.pread(source, min(size, PIECE_BYTES), read_at)
    written = 0
    while written < len(piece):
        written += os.pwrite(target, piece[written:], write_at + written)
    return written
