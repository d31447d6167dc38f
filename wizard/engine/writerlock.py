"""One process at a time changes the keys of a database.

The lock is flock(2): it dies with its process, so there is no stale lock to remove by hand.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from pathlib import Path

from wizard.engine.errors import Busy, Unreadable
from wizard.engine.sidecar import PRIVATE_MODE, READ_FLAGS, write_error
from wizard.engine.tidying import tidy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_TEXT_BYTES = 200
_TRIES = 10
_PAUSE_SECONDS = 0.02


class WriterLock:
    """At most one process changes the keys of a database; a context manager.

    The lock file tells a second process who holds it. It is removed on release, or stays as that of a
    dead process does, in nobody's way. Raises `Busy` at
    once if it is held, `Unreadable` if the directory cannot be written.
    """

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(f".{database.name}.datafold-lock")
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        while True:
            descriptor = self._open()
            try:
                _lock(descriptor)
                # The previous holder may have removed the file between our open and our lock.
                if self._still_named(descriptor):
                    self._sign(descriptor)
                    self._descriptor = descriptor
                    return self
            except OSError as error:
                raise write_error(self.path, 1, error) from None
            finally:
                if self._descriptor is None:
                    os.close(descriptor)

    def __exit__(self, *_exception: object) -> None:
        if self._descriptor is not None:
            if self._still_named(self._descriptor):
                tidy(self.path)
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path, flags, PRIVATE_MODE)
        except OSError as error:
            raise write_error(self.path, 1, error) from None
        facts = os.fstat(descriptor)
        # Somebody may have given this name to a file of value: it is about to be truncated.
        ours = stat.S_ISREG(facts.st_mode) and facts.st_nlink <= 1
        if not ours or facts.st_size > _TEXT_BYTES:
            os.close(descriptor)
            raise Unreadable(f"{self.path} is not a lock file of this program; it is in the way.")
        return descriptor

    def _sign(self, descriptor: int) -> None:
        """Say who holds it; where that cannot be written, no empty file stays behind."""
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()}\n".encode("ascii"), 0)
        except OSError:
            tidy(self.path)
            raise

    def _still_named(self, descriptor: int) -> bool:
        try:
            named = self.path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(descriptor))


def _lock(descriptor: int) -> None:
    """Take the lock, or raise `Busy`. An inspection holds it for a moment, so this tries again."""
    for _ in range(_TRIES):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
    holder = _holder(descriptor)
    raise Busy(f"{holder} is changing the keys of this database.", holders=(holder,))


def lock_holder(database: Path) -> str | None:
    """Who is changing the keys of this database now, without waiting; None if nobody is."""
    try:
        descriptor = os.open(WriterLock(database).path, READ_FLAGS)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _holder(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    text = os.pread(descriptor, _TEXT_BYTES, 0).decode("ascii", "replace").strip()
    return text if text.startswith("process ") and text.isprintable() else "another process"
