"""``VACUUM INTO`` with a key: one pass over the source, every page encrypted before it is written.

The key is in the file name that SQLite is given, and SQLite's messages quote file names. So none of
its messages or exceptions goes on from here.
"""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import apsw

from wizard.engine.errors import Cancelled, NoSpace, Unreadable, UnsupportedDatabase, WizardError
from wizard.engine.keyed import SQLCIPHER_PAGE_SIZE, Cipher, keyed_uri, plain_uri
from wizard.engine.keytext import keyed_text
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage
from wizard.engine.secret import Secret
from wizard.engine.sidecar import write_error
from wizard.engine.sqlite_refusals import errno_of_full
from wizard.engine.watching import watch
from wizard.engine.writeback import early_writeback

# The bytes at the end of each page for nonce and tag are at most these (SQLCipher: 16 + 64).
_RESERVED_BYTES = 80
_SMALLEST_AUTHENTICATED_PAGE = 1024
_MARGIN_BYTES = 1 << 20
# What VACUUM says when the schema needs something that only the application's program provides.
_MISSING = re.compile(r"no such (collation sequence|function|module|tokenizer): ?([^\n\"']{1,80})")


def encrypted_page_size(plain: int, cipher: Cipher) -> int:
    """The page size that an encrypted copy gets, in bytes."""
    if cipher is Cipher.SQLCIPHER:
        return SQLCIPHER_PAGE_SIZE
    if cipher is Cipher.AEGIS:
        return max(plain, _SMALLEST_AUTHENTICATED_PAGE)
    return plain


def reencrypted_page_size(current: int, cipher: Cipher) -> int:
    """The page size of an encrypted copy of an encrypted database: VACUUM does not change it.

    But for the smallest pages, in which the larger nonce and tag would leave too little room.
    """
    return current if cipher is Cipher.CHACHA20 else max(current, _SMALLEST_AUTHENTICATED_PAGE)


def space_needed(pages: int, page_size: int) -> int:
    """An upper estimate of the copy, in bytes: pages have less room, and overflow differently."""
    usable = min(page_size, SQLCIPHER_PAGE_SIZE) - _RESERVED_BYTES
    scale = (usable + _RESERVED_BYTES) / usable
    return int(pages * page_size * scale * 1.05) + _MARGIN_BYTES


def vacuum_into(
    connection: apsw.Connection,
    staged: Path,
    *,
    key: Secret,
    cipher: Cipher,
    expected: int,
    needed: int,
    progress: ProgressSink,
    cancel: CancelToken | None,
) -> None:
    """Copy the database of ``connection`` into the empty file ``staged``, encrypted.

    Reports bytes written of ``expected``. Raises `NoSpace`, `UnsupportedDatabase`, `Unreadable` or
    `Cancelled`; removing ``staged`` is the caller's.
    """
    if cipher is Cipher.SQLCIPHER:
        connection.pragma("page_size", SQLCIPHER_PAGE_SIZE)  # of the copy; also for a WAL source
    with keyed_text(keyed_uri(staged, cipher), key) as uri:
        _vacuum(connection, staged, uri, Stage.ENCRYPT, expected, needed, progress, cancel)


def vacuum_into_plaintext(
    connection: apsw.Connection,
    staged: Path,
    *,
    expected: int,
    progress: ProgressSink,
    cancel: CancelToken | None,
) -> None:
    """Copy the encrypted database of ``connection``, opened with URIs, as plaintext.

    Reports and raises as `vacuum_into` does.
    """
    # With an empty key; without one the copy would get the key of the original.
    uri = plain_uri(staged)
    _vacuum(connection, staged, uri, Stage.DECRYPT, expected, expected, progress, cancel)


def _vacuum(  # noqa: PLR0917 - one call each for two kinds of copy
    connection: apsw.Connection,
    staged: Path,
    uri: str,
    stage: Stage,
    expected: int,
    needed: int,
    progress: ProgressSink,
    cancel: CancelToken | None,
) -> None:
    def report(_steps: int) -> None:
        written = min(staged.stat().st_size, expected)
        progress(Progress(stage, written, expected, "bytes", staged.name))

    failure: WizardError | None = None
    with watch(connection, report, cancel), early_writeback(staged):
        try:
            connection.execute("VACUUM INTO ?", (uri,), can_cache=False).close()
        except apsw.InterruptError:
            failure = Cancelled()
        except apsw.Error as error:
            failure = _refusal(error, connection, staged, needed)
    # Raised after the except block has ended, so that no SQLite error stays in the chain.
    if failure is not None:
        raise failure
    progress(Progress(stage, expected, expected, "bytes", staged.name))


def _refusal(
    error: apsw.Error, connection: apsw.Connection, staged: Path, needed: int
) -> WizardError:
    source = connection.filename
    full = errno_of_full(error, connection, staged.parent)
    if (full or isinstance(error, apsw.IOError)) and available_in(staged.parent) < needed:
        return _no_space(staged, needed)
    if full:
        return write_error(staged, needed, OSError(full, ""))
    match error:
        case apsw.IOError():
            return Unreadable(f"Input/output error while {source} was copied.")
        case apsw.CorruptError() | apsw.NotADBError():
            return UnsupportedDatabase(
                f"{source} is damaged: a page cannot be read. Repair it first, for example with the "
                ".recover command of the sqlite3 shell."
            )
        case apsw.SQLError():
            return UnsupportedDatabase(f"{source} cannot be copied: {_wanting(str(error))}.")
        case _:
            return Unreadable(f"{source} cannot be copied: SQLite reports {type(error).__name__}.")


def _wanting(message: str) -> str:
    """What a statement of the schema lacks, by SQLite's message. The message itself is not kept."""
    missing = _MISSING.search(message)
    if missing is None:
        return "a statement of its schema fails"
    return f"it needs the {missing[1]} {missing[2]}, which only the program that uses it provides"


def _no_space(staged: Path, needed: int) -> NoSpace:
    # As it was before the copy: what has been written of it is removed again.
    available = available_in(staged.parent) + staged.stat().st_size
    return NoSpace(directory=staged.parent, needed=needed, available=available)


def available_in(directory: Path) -> int:
    """How many bytes this process may still write there: free space, or its limit on file sizes."""
    usage = os.statvfs(directory)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    free = usage.f_bavail * usage.f_frsize
    return free if limit == resource.RLIM_INFINITY else min(free, limit)
