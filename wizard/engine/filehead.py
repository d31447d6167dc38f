"""What the first bytes of a file tell, read without taking SQLite's locks away.

POSIX advisory locks belong to the process: closing any descriptor of a file drops them all. So a
file that this process already has open (as a database, perhaps) is read through that descriptor,
and is neither opened nor closed here.
"""

from __future__ import annotations

import os
import stat
from enum import StrEnum
from pathlib import Path

from wizard.engine.errors import DamagedDatabase, TargetAbsent, Unreadable

SQLITE_MAGIC = b"SQLite format 3\x00"
SALT_BYTES = 16
_DESCRIPTORS = Path("/proc/self/fd")
_SMALLEST_PAGE = 512
# Bytes 21 to 23 of every SQLite header (https://sqlite.org/fileformat2.html, section 1.3).
_PAYLOAD_FRACTIONS = b"\x40\x20\x20"


class FileKind(StrEnum):
    """What stands under a name, by the first bytes alone. `OPAQUE`: a file, not plaintext SQLite."""

    ABSENT = "absent"
    EMPTY = "empty"
    PLAINTEXT = "plaintext"
    OPAQUE = "opaque"
    DIRECTORY = "directory"
    OTHER = "other"
    UNREADABLE = "unreadable"


def classify(path: Path) -> FileKind:
    """Tell what ``path`` is; symbolic links are followed. Never raises, never waits."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return FileKind.DIRECTORY
        if not stat.S_ISREG(mode):
            return FileKind.OTHER
        head = read_head(path, len(SQLITE_MAGIC))
    except (FileNotFoundError, NotADirectoryError):
        return FileKind.ABSENT
    except (OSError, ValueError):
        return FileKind.UNREADABLE
    if not head:
        return FileKind.EMPTY
    return FileKind.PLAINTEXT if head == SQLITE_MAGIC else FileKind.OPAQUE


def file_salt(path: Path) -> bytes:
    """The first 16 bytes of an encrypted database: its salt, in plaintext, the same all its life.

    Raises `TargetAbsent`, `Unreadable`, or `DamagedDatabase` for a file that is too short.
    """
    try:
        salt = read_head(path, SALT_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise TargetAbsent(f"There is no file {path}.") from None
    except (OSError, ValueError):
        raise Unreadable(f"{path} cannot be read.") from None
    if len(salt) != SALT_BYTES:
        raise DamagedDatabase(f"{path} is too short to be an encrypted database.")
    return salt


def begins_with(path: Path, salt: bytes) -> bool:
    """Whether ``path`` is an encrypted database with that salt; a file cut short is none.

    Raises as `file_salt`, but not `DamagedDatabase`.
    """
    try:
        return classify(path) is FileKind.OPAQUE and file_salt(path) == salt
    except DamagedDatabase:
        return False


def looks_encrypted_by_us(path: Path) -> bool:
    """Whether the header is as SQLite3 Multiple Ciphers writes it: salt, then plaintext page size.

    Never raises. A file in the `sqlcipher` format has no such header: it looks like noise.
    """
    try:
        head = read_head(path, 24)
        size = path.stat().st_size
    except (OSError, ValueError):
        return False
    if len(head) < 24 or head[:16] == SQLITE_MAGIC:  # noqa: PLR2004 - as asked for above
        return False
    page_size = int.from_bytes(head[16:18], "big")
    page_size = 1 << 16 if page_size == 1 else page_size
    return (
        head[21:24] == _PAYLOAD_FRACTIONS
        and page_size >= _SMALLEST_PAGE
        and page_size & (page_size - 1) == 0
        and size >= page_size
    )


def read_head(path: Path, size: int) -> bytes:
    """Up to ``size`` bytes from the start of a regular file; fewer only if it is shorter.

    Raises `OSError`, also for what is not a regular file.
    """
    for descriptor in own_descriptors(path):
        try:
            return os.pread(descriptor, size, 0)
        except OSError:
            continue  # closed meanwhile, or open for writing only
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        return os.pread(descriptor, size, 0)
    finally:
        os.close(descriptor)


def own_descriptors(path: Path) -> tuple[int, ...]:
    """The descriptors under which this process has the file open."""
    try:
        wanted = path.stat()
        names = [entry.name for entry in _DESCRIPTORS.iterdir()]
    except OSError:
        return ()
    found = []
    for name in names:
        try:
            if os.path.samestat(os.fstat(int(name)), wanted):
                found.append(int(name))
        except OSError:
            continue
    return tuple(found)
