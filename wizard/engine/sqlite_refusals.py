"""What SQLite refuses, in the engine's errors; its own text is left behind, for it can hold a key."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import apsw

from wizard.engine.errors import Busy, DamagedDatabase, NotVerified, Unreadable, WizardError
from wizard.engine.sidecar import write_error


class KeyRefused(NotVerified):
    """The first page does not open with this key: another key, a damaged page, or no database."""


def translated(
    error: apsw.Error, path: Path, *, connection: apsw.Connection | None = None
) -> WizardError:
    """Our error for one of SQLite's. Its text is left behind: it can hold a file name with a key.

    The ``connection`` that met it, still open, knows more where a write has failed.
    """
    if full := errno_of_full(error, connection, path.parent):
        return write_error(path, 0, OSError(full, ""))
    match error:
        case apsw.NotADBError():
            return KeyRefused(f"{path} does not open with this key.")
        case apsw.CorruptError():
            return DamagedDatabase(f"{path} is damaged: a page fails its check.")
        case apsw.BusyError() | apsw.LockedError():
            return Busy(f"Another connection has {path} locked.")
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return Unreadable(
                f"{path} cannot be opened. SQLite needs permission for the file, and, in WAL mode "
                "even for reading, for its directory."
            )
        case _:
            name = f"SQLite reports {type(error).__name__}"
            what = "input/output error" if isinstance(error, apsw.IOError) else name
            return Unreadable(f"{path}: {what}.")


def errno_of_full(error: apsw.Error, connection: apsw.Connection | None, directory: Path) -> int:
    """The errno of a disk that is full, a quota or a limit on file sizes; 0 for all other errors.

    ``directory`` is that of the files that SQLite made, or could not make.
    """
    if isinstance(error, apsw.FullError):
        return errno.ENOSPC
    # SQLite has no code of its own for a quota, nor for a disk that a sync finds full.
    number = 0
    if isinstance(error, apsw.IOError) and connection is not None:
        number = connection.system_errno
    elif isinstance(error, apsw.CantOpenError):
        number = _refused_to_a_new_file(directory)
    return number if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else 0


def _refused_to_a_new_file(directory: Path) -> int:
    """Why no file can be made there, as where all inodes are in use; 0 if one can.

    SQLite opens what it could not make once more for reading, and tells that error.
    """
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as refused:
        return refused.errno or 0
    return 0
