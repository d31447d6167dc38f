"""renameat2(2): two names change in one step, which no crash can cut in half.

Each call returns the errno, 0 if it is done, so that a caller can do without where the file system
has no such rename.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

NO_SUCH_RENAME = (errno.ENOSYS, errno.EINVAL)
_AT_FDCWD = -100
_NOREPLACE = 1
_EXCHANGE = 2


def rename_without_replacing(old: Path, new: Path) -> int:
    """Give ``old`` the name ``new``, unless that is taken (``EEXIST``)."""
    return _rename(old, new, _NOREPLACE)


def exchange_names(one: Path, other: Path) -> int:
    """Let two files have each other's name."""
    return _rename(one, other, _EXCHANGE)


def _rename(old: Path, new: Path, how: int) -> int:
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return errno.ENOSYS
    done = call(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), how)
    return 0 if done == 0 else ctypes.get_errno()
