"""A database held so that nobody else can use it until it is let go.

- A file is refused before SQLite opens it if it could not be replaced faithfully: several names,
  another owner, no permission, somebody at work on it.
- The lock is SQLite's own exclusive one. It would be lost without a word if this process opened and
  closed the file by other means (see `wizard.engine.filehead`), so `check_unchanged` looks again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apsw

from wizard.engine.errors import (
    Busy,
    ForeignTarget,
    TargetAbsent,
    Unreadable,
    UnsupportedDatabase,
    WizardError,
)
from wizard.engine.filehead import FileKind, classify, own_descriptors
from wizard.engine.keyed import Cipher, keep_temporary_data_in_memory, open_keyed, sqlite_name
from wizard.engine.secret import Secret
from wizard.engine.usage import Usage, usage_of

_WAIT_MILLISECONDS = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A source under its exclusive lock. ``everybody_seen``: no process escaped the look for users."""

    path: Path
    connection: apsw.Connection
    status: os.stat_result
    descriptors: int
    everybody_seen: bool


def hold(path: Path) -> Held:
    """Check a plaintext database, lock it, and bring its journal or write-ahead log into it.

    Raises `TargetAbsent`, `ForeignTarget`, `Unreadable`, `UnsupportedDatabase` or `Busy`.
    """
    everybody_seen = check_replaceable(path, FileKind.PLAINTEXT)
    # With URIs allowed, because VACUUM INTO takes the key of the copy in one. The source's own
    # name is absolute, so it can never begin with "file:".
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
    return _held(
        path, partial(apsw.Connection, sqlite_name(path), flags), everybody_seen=everybody_seen
    )


def hold_encrypted(path: Path, *, key: Secret, cipher: Cipher, page_size: int) -> Held:
    """Like `hold`, for a database that this key opens. Raises besides what `open_keyed` raises."""
    everybody_seen = check_replaceable(path, FileKind.OPAQUE)
    opened = partial(open_keyed, path, key=key, cipher=cipher, page_size=page_size, uris=True)
    return _held(path, opened, everybody_seen=everybody_seen)


def check_replaceable(path: Path, kind: FileKind) -> bool:
    """Raise unless the file is of that kind, could be replaced faithfully, and is used by nobody.

    Returns whether all processes could be looked into. Raises what `hold` raises.
    """
    _check_kind(path, kind)
    _check_status(path.lstat(), path, kind)
    return check_users(path, own=0)


def check_unchanged(held: Held) -> None:
    """Raise `Busy` if the file under the name is another, was written to, or has other users."""
    try:
        now = held.path.lstat()
    except OSError:
        raise Busy(f"{held.path} was removed meanwhile.") from None
    before = held.status
    if not os.path.samestat(now, before):
        raise Busy(f"{held.path} was replaced by another file meanwhile.")
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise Busy(f"{held.path} was written to meanwhile, past its lock.")
    log = held.path.with_name(held.path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise Busy(f"{held.path} was written to meanwhile, past its lock.")
    check_users(held.path, own=held.descriptors)


def check_users(path: Path, *, own: int) -> bool:
    """Raise `Busy` if anybody else has the file open, or this process more than ``own`` times.

    Returns whether all processes could be looked into.
    """
    if len(own_descriptors(path)) > own:
        raise Busy(f"This process has {path} open itself.", holders=("this process",))
    usage = usage_of(path)
    if usage.holders:
        raise Busy(f"{path} is in use by {_named(usage)}.", holders=_holders(usage))
    return usage.complete


def _check_kind(path: Path, kind: FileKind) -> None:
    match classify(path):
        case found if found is kind:
            return
        case FileKind.ABSENT:
            raise TargetAbsent(f"There is no file {path}.")
        case FileKind.UNREADABLE:
            raise Unreadable(f"{path} cannot be read.")
        case FileKind.EMPTY:
            raise UnsupportedDatabase(f"{path} is an empty file: there is nothing to encrypt.")
        case _:
            what = "a plaintext SQLite" if kind is FileKind.PLAINTEXT else "an encrypted"
            raise ForeignTarget(f"{path} is not {what} database.")


def _check_status(status: os.stat_result, path: Path, kind: FileKind) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ForeignTarget(f"{path} is not a regular file.")
    if status.st_nlink > 1:
        stays = "plaintext" if kind is FileKind.PLAINTEXT else "under its old key"
        raise UnsupportedDatabase(
            f"{path} has {status.st_nlink} names (hard links); under the others it would stay "
            f"{stays}. Remove them first."
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise Unreadable(f"{path}: no permission to read and write.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise Unreadable(f"{path.parent}: no permission to create the encrypted copy there.")
    user = os.geteuid()
    if user not in (0, status.st_uid):
        raise Unreadable(
            f"{path} belongs to user {status.st_uid}: only that user or root can give its "
            "encrypted successor the same owner."
        )
    if user != 0 and status.st_gid not in (os.getegid(), *os.getgroups()):
        raise Unreadable(
            f"{path} belongs to group {status.st_gid}, and the encrypted successor could not."
        )


def _held(path: Path, opened: Callable[[], apsw.Connection], *, everybody_seen: bool) -> Held:
    connection = _locked(path, opened)
    return Held(path, connection, path.lstat(), len(own_descriptors(path)), everybody_seen)


def _locked(path: Path, opened: Callable[[], apsw.Connection]) -> apsw.Connection:
    connection: apsw.Connection | None = None
    try:
        connection = opened()
        connection.set_busy_timeout(_WAIT_MILLISECONDS)
        keep_temporary_data_in_memory(connection)
        # The schema is the database's own, not ours: what it calls must be harmless.
        connection.execute("PRAGMA trusted_schema = OFF")
        # In this mode the lock that a transaction takes stays after it. A hot journal is rolled
        # back by this; a write-ahead log is brought into the file by the checkpoint. Of this file
        # only: a copy that is attached later is read through other connections as well.
        connection.execute("PRAGMA main.locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE; COMMIT")
        if connection.pragma("journal_mode") == "wal":
            _empty_log(connection, path)
    except apsw.Error as error:
        failure: WizardError = _refusal(error, path)
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    else:
        return connection
    if connection is not None:
        connection.close()
    raise failure


def _empty_log(connection: apsw.Connection, path: Path) -> None:
    blocked, _frames, _checkpointed = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").get
    if blocked:
        raise Busy(f"The write-ahead log of {path} is in use.")


def _refusal(error: apsw.Error, path: Path) -> WizardError:
    match error:
        case apsw.BusyError() | apsw.LockedError():
            usage = usage_of(path)
            who = _named(usage) if usage.holders else "another process"
            return Busy(f"{path} is locked by {who}.", holders=_holders(usage))
        case apsw.NotADBError() | apsw.CorruptError() | apsw.SchemaChangeError():
            return UnsupportedDatabase(f"{path} is damaged: SQLite cannot read it.")
        case apsw.FullError():
            return Unreadable(f"{path}: the disk is full, so that its journal cannot be applied.")
        case _:
            return Unreadable(f"{path} cannot be opened for writing ({type(error).__name__}).")


def _holders(usage: Usage) -> tuple[str, ...]:
    return tuple(str(holder) for holder in usage.holders)


def _named(usage: Usage) -> str:
    return ", ".join(_holders(usage))
