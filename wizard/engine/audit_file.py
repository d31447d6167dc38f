"""The audit log as a file: opened, locked, read from its end, appended to (FORMAT.md, section 11).

- What is there is never shortened nor rewritten; a line without its end is closed, and counts.
- Links, pipes, devices, and files with a second name are refused: root would write into them.
- Nothing here waits for long: whoever holds the lock for seconds is not appending.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from wizard.engine.audit_entry import audit_path, hash_of, parse_line
from wizard.engine.encoding import Malformed
from wizard.engine.errors import AuditUnavailable, WizardError
from wizard.engine.metadata import AuditHead
from wizard.engine.sidecar import PRIVATE_MODE, sync_directory

_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_SHARED_MODE = 0o660
_BLOCK = 64 * 1024
# No line of ours is longer than 16 KiB; a crash can leave one of zeros that is a few blocks long.
_LONGEST = 4 * 1024 * 1024
_WAIT_SECONDS = 5.0
_PAUSE_SECONDS = 0.002


def wrote(target: Path) -> bool:
    """Whether there is a log beside ``target``, of whatever kind."""
    return os.path.lexists(audit_path(target))


@contextmanager
def open_to_append(target: Path) -> Iterator[int]:
    """A descriptor of the log, created if need be, under its exclusive lock.

    Raises `AuditUnavailable`.
    """
    path = audit_path(target)
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        descriptor = _open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            _lock(descriptor, path, deadline)
            # Somebody may have moved the log away between our open and our lock.
            if not _still_named(path, descriptor):
                continue
            if os.fstat(descriptor).st_size == 0:
                _dress(descriptor, target)
            yield descriptor
            return
        finally:
            os.close(descriptor)


@contextmanager
def open_to_read(target: Path) -> Iterator[int]:
    """A descriptor of the log. Raises `FileNotFoundError` or `AuditUnavailable`. Does not lock.

    An entry is one write, so a reader without the lock sees whole lines, but for the last.
    """
    path = audit_path(target)
    descriptor = _open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def append(descriptor: int, target: Path, line: bytes, *, closed: bool) -> None:
    """Write ``line`` and its end, in one go; on the disk when this returns. Raises `AuditUnavailable`.

    ``closed``: whether the line before has its end.
    """
    data = (b"" if closed else b"\n") + line + b"\n"
    try:
        while data:  # once, but for a disk that takes a part: what it says to the rest tells why
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    except OSError as error:
        raise unavailable(audit_path(target), error) from None


def tail(descriptor: int, path: Path, *, skip: int = 0) -> tuple[AuditHead, bool]:
    """How far the log has come, and whether its last line has its end.

    ``skip`` leaves that many of the last lines out. Raises `AuditUnavailable`.
    """
    closed = True
    block: list[bytes] = []
    for line, ended in islice(lines_backward(descriptor, path), skip, None):
        closed = closed if block else ended
        block.append(line)
        if sum(map(len, block)) > _LONGEST:
            raise AuditUnavailable(f"{path} ends with what is no audit log.")
        with suppress(Malformed):
            number = parse_line(line).number + len(block) - 1
            return AuditHead(number, hash_of(b"\n".join(reversed(block)))), closed
    if not block:
        return AuditHead(), True
    return AuditHead(len(block), hash_of(b"\n".join(reversed(block)))), closed


def lines_backward(descriptor: int, path: Path) -> Iterator[tuple[bytes, bool]]:
    """The lines from the last to the first without their line feeds, and whether they had one.

    Memory stays constant. Raises `AuditUnavailable` for a line that no crash explains.
    """
    try:
        position = os.fstat(descriptor).st_size
        rest = b""
        ended = False
        while position:
            size = min(_BLOCK, position)
            position -= size
            rest = os.pread(descriptor, size, position) + rest
            lines = rest.split(b"\n")
            if len(lines) == 1 and len(rest) > _LONGEST:
                raise AuditUnavailable(f"{path} is no audit log: it has a line without an end.")
            rest = lines[0]
            for line in reversed(lines[1:]):
                if ended or line:
                    yield line, ended
                ended = True
        if ended or rest:
            yield rest, ended
    except OSError as error:
        raise unavailable(path, error) from None


def unavailable(path: Path, error: OSError) -> AuditUnavailable:
    """What to raise for a log that the system refuses."""
    return AuditUnavailable(
        f"The audit log {path} cannot be used: {os.strerror(error.errno or 0)}."
    )


def _open(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | _FLAGS, PRIVATE_MODE)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
        raise AuditUnavailable(f"{path} cannot be created: its directory is missing.") from None
    except OSError as error:
        raise unavailable(path, error) from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(descriptor)
        raise AuditUnavailable(f"{path} is not a plain file with one name; it is in the way.")
    return descriptor


def _lock(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise AuditUnavailable(f"Another process holds {path} locked.") from None
            time.sleep(_PAUSE_SECONDS)
        except OSError as error:
            raise unavailable(path, error) from None


def _still_named(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def _dress(descriptor: int, target: Path) -> None:
    """Give a new log the owner of the database, and its mode without the rights of others."""
    with suppress(OSError, WizardError):
        sync_directory(target.parent)
        database = target.stat()
        for owner in ((database.st_uid, database.st_gid), (-1, database.st_gid)):
            with suppress(PermissionError):
                os.fchown(descriptor, *owner)
                break
        shared = os.fstat(descriptor).st_gid == database.st_gid
        os.fchmod(descriptor, (database.st_mode & _SHARED_MODE if shared else 0) | PRIVATE_MODE)
