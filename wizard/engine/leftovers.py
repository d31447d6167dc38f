"""Plaintext that is still beside an encrypted database, as far as it can be told by looking.

- A file counts when its name has the database's name in it and its first bytes are plaintext
  SQLite; nothing is guessed from a name alone.
- Nothing is overwritten: on SSDs, copy-on-write and journaled file systems that promises nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from wizard.engine.beside import BESIDE
from wizard.engine.errors import TargetAbsent, Unreadable
from wizard.engine.filehead import SQLITE_MAGIC, read_head

_DUMP = b"PRAGMA foreign_keys=OFF;"  # how `sqlite3 .dump` begins
_WAL_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_WAL_HEADER = 32
_FRAME_HEADER = 24
_FRAMES_READ = 16
_JOURNAL_RECORD = 512 + 4  # the first page in a rollback journal: after a sector and a page number
_TREE_PAGES = (2, 5, 10, 13)
_SMALLEST_PAGE = 512
_LARGEST_PAGE = 65536


def plaintext_left(path: Path) -> tuple[Path, ...]:
    """Files in the directory of ``path`` that hold its content in plaintext, sorted by name.

    Kept originals, copies and backups, dumps, and a write-ahead log or journal with plaintext
    pages. Compressed or renamed copies, other directories, snapshots and the free blocks of the
    disk cannot be seen. Never raises.
    """
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(path.stem)}(?![A-Za-z0-9])", re.IGNORECASE)
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return ()
    found = []
    for name in names:
        candidate = path.with_name(name)
        if name != path.name and word.search(name) and _holds_plaintext(candidate):
            found.append(candidate)
    return tuple(found)


def remove_plaintext(path: Path) -> None:
    """Unlink ``path`` and SQLite's files beside it, durably. What that cannot promise is not tried.

    Raises `TargetAbsent` or `Unreadable`.
    """
    try:
        path.unlink()
        for suffix in BESIDE:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        sync_path(path.parent)
    except FileNotFoundError:
        raise TargetAbsent(f"There is no file {path}.") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be removed: {error.strerror}.") from None


def sync_path(path: Path) -> None:
    """Make a file or a directory durable. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _holds_plaintext(path: Path) -> bool:
    try:
        if path.is_symlink() or not path.is_file():
            return False
        head = read_head(path, 64)
        if head.startswith((SQLITE_MAGIC, _DUMP)):
            return True
        if path.name.endswith("-journal"):
            page = read_head(path, _JOURNAL_RECORD + _SMALLEST_PAGE)[_JOURNAL_RECORD:]
            return _is_plaintext_page(page, _LARGEST_PAGE)
        return path.name.endswith("-wal") and _log_holds_plaintext(path, head)
    except OSError:
        return False


def _log_holds_plaintext(path: Path, head: bytes) -> bool:
    """Whether a frame of a write-ahead log is a plaintext page (fileformat2.html, section 4.1)."""
    size = int.from_bytes(head[8:12], "big")
    if head[:4] not in _WAL_MAGIC or not _SMALLEST_PAGE <= size <= _LARGEST_PAGE:
        return False
    step = size + _FRAME_HEADER
    data = read_head(path, _WAL_HEADER + _FRAMES_READ * step)
    starts = range(_WAL_HEADER + _FRAME_HEADER, len(data), step)
    return any(_is_plaintext_page(data[at : at + size], size) for at in starts)


def _is_plaintext_page(page: bytes, size: int) -> bool:
    """Whether the bytes can be a page of a table or index; noise passes once in a million tries."""
    if page.startswith(SQLITE_MAGIC):
        return True
    kind, free, cells, content = (
        page[0:1],
        int.from_bytes(page[1:3], "big"),
        int.from_bytes(page[3:5], "big"),
        int.from_bytes(page[5:7], "big") or _LARGEST_PAGE,
    )
    fits = 8 + 2 * cells <= content <= size and free < size
    return len(page) >= _SMALLEST_PAGE and kind[0] in _TREE_PAGES and fits
