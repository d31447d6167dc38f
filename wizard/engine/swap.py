"""A new encrypted database takes the name of the old one, and no moment has neither.

- A plaintext original gets its second name before it can lose its first. An encrypted one changes
  names with its successor, in one step where the file system can.
- The rename is the last step that can fail; if what follows it fails, the original is put back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from pathlib import Path

import apsw

from wizard.engine.beside import BESIDE
from wizard.engine.errors import Busy, OutputExists, Unreadable, UnsupportedDatabase
from wizard.engine.hold import Held, check_users
from wizard.engine.leftovers import sync_path
from wizard.engine.renaming import NO_SUCH_RENAME, exchange_names
from wizard.engine.sidecar import sync_directory, write_error
from wizard.engine.tidying import tidy

_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def swap(held: Held, staged: Path, keep_as: Path, *, written: os.stat_result) -> None:
    """Rename ``staged`` over the held file, which stays as ``keep_as``. Does not let the file go.

    Raises `Busy`, `OutputExists`, `UnsupportedDatabase`, `NoSpace` or `Unreadable`; the state is
    that of before then.
    """
    _check_settled(staged)
    try:
        _link(held.path, keep_as)
        dress(staged, held.status, written)
        _remove_beside(staged)
        _remove_beside(held.path)
        _leave_log_alone(held.connection)
        staged.replace(held.path)
    except OSError as error:
        _unlink_second_name(held.path, keep_as)
        raise write_error(held.path, 0, error, what="replaced") from None
    except BaseException:
        _unlink_second_name(held.path, keep_as)
        raise
    try:
        sync_path(held.path.parent)
    except OSError as error:
        # The copy gets its staged name again, for what is undone with it and may be tried anew.
        with contextlib.suppress(OSError):
            staged.hardlink_to(held.path)
        keep_as.replace(held.path)
        raise write_error(held.path, 0, error, what="made durable") from None


def exchange(held: Held, staged: Path, aside: Path, *, written: os.stat_result) -> None:
    """Let ``staged`` take the name of the held file, which is ``aside`` then. Does not let it go.

    Raises what `swap` raises; the state is that of before then, unless the disk refused to have it
    undone: the file that has the name tells.
    """
    _check_settled(staged)
    try:
        dress(staged, held.status, written)
        _remove_beside(staged)
        _remove_beside(held.path)
        _leave_log_alone(held.connection)
        _trade(held.path, staged, aside)
    except OSError as error:
        raise write_error(held.path, 0, error, what="replaced") from None
    try:
        sync_path(held.path.parent)
        # Somebody may have opened the old file after the last look. He waited for our lock, and
        # would write to a file that is about to go.
        check_users(aside, own=held.descriptors)
    except BaseException as error:
        put_back(held.path, aside)
        if isinstance(error, OSError):
            raise write_error(held.path.parent, 0, error, what="made durable") from None
        raise


def put_back(path: Path, aside: Path) -> None:
    """Undo `exchange`. Raises `NoSpace` or `Unreadable`."""
    failure = exchange_names(aside, path)
    if failure in NO_SUCH_RENAME:
        try:
            aside.replace(path)
        except OSError as error:
            failure = error.errno or errno.EIO
        else:
            failure = 0
    if failure:
        raise write_error(path, 0, OSError(failure, ""), what="put back")
    sync_directory(path.parent)


def _trade(path: Path, staged: Path, aside: Path) -> None:
    if os.path.lexists(aside):
        raise OutputExists(aside)
    # First, so that no crash leaves the old database under the name of unfinished ones.
    staged.rename(aside)
    failure = exchange_names(aside, path)
    if failure:
        aside.rename(staged)
    if failure in NO_SUCH_RENAME:
        _link(path, aside)
        try:
            staged.replace(path)
        except BaseException:
            tidy(aside)
            raise
    elif failure:
        raise OSError(failure, os.strerror(failure))


def _check_settled(staged: Path) -> None:
    log = staged.with_name(staged.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise Busy(f"Somebody has written to {staged.name}; its log has not been brought in.")


def _link(path: Path, keep_as: Path) -> None:
    try:
        keep_as.hardlink_to(path)
        sync_path(path.parent)
    except FileExistsError:
        raise OutputExists(keep_as) from None
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            raise UnsupportedDatabase(
                f"The file system of {path} has no hard links, without which a crash could lose "
                "the original. Move the database to another one first."
            ) from None
        raise write_error(keep_as, 0, error, what="created") from None


def _unlink_second_name(path: Path, keep_as: Path) -> None:
    """Take the link back, but only while it is one: after the rename it is the original's name."""
    if keep_as.exists() and keep_as.samefile(path):
        tidy(keep_as)


def dress(staged: Path, original: os.stat_result, written: os.stat_result) -> None:
    """Give ``staged`` the owner, group and mode of the original, and make it durable.

    By descriptor, and only if it still is the file that was ``written``: whoever may write the
    directory could have put a link to another's file there, which root would then give away.
    """
    descriptor = os.open(staged, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not os.path.samestat(status, written) or status.st_nlink != 1:
            raise Unreadable(f"{staged} is not the file that was written there.")
        if (status.st_uid, status.st_gid) != (original.st_uid, original.st_gid):
            os.fchown(descriptor, original.st_uid, original.st_gid)
        # After fchown, which clears some bits; never wider than the original was.
        os.fchmod(descriptor, stat.S_IMODE(original.st_mode))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_beside(path: Path) -> None:
    # The log was emptied under the lock, so these hold nothing that the database needs. Left
    # behind, they would be taken for those of the new database, and hold old plaintext pages.
    for suffix in BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _leave_log_alone(connection: apsw.Connection) -> None:
    """Let closing the old connection remove no log: by then that name is the new database's."""
    persist = ctypes.c_int(1)
    connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(persist))
