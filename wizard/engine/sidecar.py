"""Files beside the database: written whole or not at all.

- A name is only ever given to a file that is complete and on the disk (write, fsync, link, fsync of
  the directory). Nothing that exists is overwritten.
- A file is opened without following a link, and must be a regular file.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from wizard.engine.errors import (
    AlreadyProtected,
    DamagedMetadata,
    NoSpace,
    OutputExists,
    Unreadable,
)
from wizard.engine.metadata import MAXIMUM_BYTES
from wizard.engine.renaming import NO_SUCH_RENAME, rename_without_replacing
from wizard.engine.tidying import tidy

READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PUBLIC_MODE = 0o644
PRIVATE_MODE = 0o600


def sidecar_path(database: Path) -> Path:
    """``node.db`` -> ``node.db.crypto.json``."""
    return database.with_name(f"{database.name}.crypto.json")


def staged_path(database: Path) -> Path:
    """Where a new encrypted database waits until it replaces anything."""
    return database.with_name(f".{database.name}.datafold-staged")


def replaced_path(database: Path) -> Path:
    """Where a rotation puts its finished copy, and then the old database until that may go.

    What stands there is whole, always: nothing is ever written under that name.
    """
    return database.with_name(f".{database.name}.datafold-replaced")


def staged_files(database: Path) -> tuple[Path, ...]:
    """Everything an unfinished run can leave, in the order in which it is removed."""
    staged = staged_path(database)
    suffixes = (".crypto.json", ".audit.jsonl", "-wal", "-shm", "-journal", "")
    of_the_copy = (staged.with_name(staged.name + suffix) for suffix in suffixes)
    return (*of_the_copy, replaced_path(database))


def new_sidecar_path(database: Path) -> Path:
    """Where a new sidecar is written before it takes the place of the old one."""
    return database.with_name(f".{database.name}.datafold-new.crypto.json")


def read_sidecar(path: Path) -> bytes | None:
    """The bytes of a sidecar, at most one more than a sidecar may have; None if there is none.

    Raises `Unreadable` for permissions, links, directories, pipes and devices.
    """
    try:
        return read_regular(path, limit=MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        return None


def read_regular(path: Path, *, limit: int) -> bytes:
    """Up to ``limit`` bytes of a regular file. Raises `FileNotFoundError` or `Unreadable`."""
    buffer = bytearray(limit)
    return bytes(buffer[: read_into(path, buffer)])


def read_into(path: Path, buffer: bytearray) -> int:
    """Fill ``buffer`` from a regular file, and return how much of it.

    For secrets: no other copy is made. Raises `FileNotFoundError` or `Unreadable`.
    """
    descriptor = open_regular(path)
    try:
        size = 0
        with memoryview(buffer) as view:
            while size < len(view) and (read := os.readv(descriptor, [view[size:]])):
                size += read
    except OSError as error:
        raise Unreadable(_reason(path, error)) from None
    else:
        return size
    finally:
        os.close(descriptor)


def open_regular(path: Path) -> int:
    """A descriptor to read a regular file. Raises `FileNotFoundError` or `Unreadable`."""
    try:
        descriptor = os.open(path, READ_FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(_reason(path, error)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable(f"{path} is not a regular file.")
    return descriptor


def create_file(path: Path, data: bytes | bytearray | memoryview, *, public: bool = False) -> None:
    """A new file with exactly ``data``, on the disk when this returns.

    Mode 0600, or 0644 for public content. Raises `OutputExists`, `NoSpace` or `Unreadable`, and
    then leaves no file.
    """
    try:
        descriptor = os.open(path, _CREATE_FLAGS, PRIVATE_MODE)
    except FileExistsError:
        raise OutputExists(path) from None
    except OSError as error:
        raise write_error(path, len(data), error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if public:
                os.fchmod(descriptor, _PUBLIC_MODE)
            file.flush()
            os.fsync(descriptor)
        sync_directory(path.parent)
    except BaseException as error:
        tidy(path)
        if isinstance(error, OSError):
            raise write_error(path, len(data), error) from None
        raise


def replace_sidecar(
    database: Path, data: bytes, *, prove: Callable[[bytes], object] | None = None
) -> None:
    """Let ``data`` take the place of the sidecar in one step; owner and mode stay as they were.

    The caller holds the writer lock. ``prove`` gets what the disk gives back, before anything is
    replaced; what it raises leaves the old sidecar in place. Raises `NoSpace` or `Unreadable`, and
    `DamagedMetadata` where the disk does not give back what was written; the old sidecar is in
    place then, or the new one is, whole.
    """
    sidecar, waiting = sidecar_path(database), new_sidecar_path(database)
    remove(waiting)  # of a run that was killed
    create_file(waiting, data, public=True)
    try:
        written = _read_back(waiting, data, like=sidecar)
        if prove is not None:
            prove(written)
        waiting.replace(sidecar)
        sync_directory(sidecar.parent)
    except OSError as error:
        raise write_error(sidecar, len(data), error) from None
    finally:
        tidy(waiting)


def remove(path: Path) -> None:
    """Take a name away, if it is there. Raises `Unreadable`, as for a directory in the way."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise write_error(path, 0, error) from None


def _read_back(waiting: Path, data: bytes, *, like: Path) -> bytes:
    """What the disk holds under the name ``waiting``, which gets owner and mode of ``like``.

    All by one descriptor: whoever may write the directory could have put a link there to a file of
    root's, which root would then give away.
    """
    facts = like.stat(follow_symlinks=False)
    descriptor = open_regular(waiting)
    try:
        own = os.fstat(descriptor)
        written = os.pread(descriptor, len(data) + 1, 0)
        if own.st_nlink != 1 or written != data:
            raise DamagedMetadata("The new crypto metadata did not read back from the disk.")
        if (facts.st_uid, facts.st_gid) != (own.st_uid, own.st_gid):
            os.fchown(descriptor, facts.st_uid, facts.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(facts.st_mode))
    finally:
        os.close(descriptor)
    return written


def publish(staged: Path, final: Path) -> None:
    """Give a complete file its name in one step, unless that name is taken.

    The caller holds the writer lock. Raises `AlreadyProtected`.
    """
    failure = rename_without_replacing(staged, final)
    if failure in NO_SUCH_RENAME:
        # A file system without it. Of our own programs none can take the name between this check
        # and the rename, because of the writer lock.
        if os.path.lexists(final):
            failure = errno.EEXIST
        else:
            staged.rename(final)
            failure = 0
    if failure == errno.EEXIST:
        raise AlreadyProtected(f"{final} has appeared meanwhile and is not overwritten.")
    if failure:
        raise write_error(final, 0, OSError(failure, os.strerror(failure)))
    sync_directory(final.parent)


def sync_directory(directory: Path) -> None:
    """Make names in ``directory`` durable. Raises `Unreadable`."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise write_error(directory / ".", 0, error) from None


def write_error(
    path: Path, size: int, error: OSError, *, what: str = "used"
) -> NoSpace | Unreadable:
    """What to raise where ``path`` cannot be ``what``: for a write of ``size`` bytes that failed."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        usage = os.statvfs(path.parent)
        return NoSpace(
            directory=path.parent,
            needed=size,
            available=usage.f_bavail * usage.f_frsize,
            refused=error.errno,
        )
    return Unreadable(_reason(path, error, what))


def _reason(path: Path, error: OSError, what: str = "used") -> str:
    reasons = {
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.EROFS: "the file system is read-only",
        errno.ELOOP: "it is a symbolic link, and links are not followed here",
        errno.ENOTDIR: "a part of its path is not a directory",
        errno.ENOENT: "its directory does not exist",
        errno.EISDIR: "it is a directory",
        errno.ENAMETOOLONG: "the name is too long",
    }
    reason = reasons.get(error.errno or 0, os.strerror(error.errno or errno.EIO))
    return f"{path} cannot be {what}: {reason}."
