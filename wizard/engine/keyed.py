"""Connections to encrypted SQLite files: opened with a raw key, believed once a page has been read.

- Every connection keeps its temporary data in memory, and that is asserted: SQLite would write
  temporary files in plaintext.
- No error that leaves this module holds the key, nor has one in its chain.
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path

import apsw

from wizard.engine.beside import BESIDE
from wizard.engine.errors import (
    DamagedDatabase,
    NotVerified,
    OutputExists,
    TargetAbsent,
    Unreadable,
    WizardError,
)
from wizard.engine.filehead import FileKind, classify
from wizard.engine.keytext import keyed_text
from wizard.engine.secret import Secret
from wizard.engine.sidecar import write_error
from wizard.engine.sqlite_refusals import translated
from wizard.engine.tidying import tidy

SQLCIPHER_PAGE_SIZE = 4096  # what official SQLCipher 4 opens without further pragmas
KEY_BYTES = 32
WAIT_MILLISECONDS = 5_000
_IN_MEMORY = 2  # PRAGMA temp_store
# A page that has left SQLite's cache is read and decrypted anew. With the 2 MiB that are usual
# 20,000 reads of single rows take 97 ms, with these 68 ms.
_CACHE_KIB = 16 * 1024


class Cipher(StrEnum):
    """How pages are encrypted: AEGIS-256, ChaCha20-Poly1305, or the format of SQLCipher 4."""

    AEGIS = "aegis"
    CHACHA20 = "chacha20"
    SQLCIPHER = "sqlcipher"


def recommended_cipher() -> Cipher:
    """AEGIS where the processor has AES instructions, else ChaCha20."""
    try:
        words = Path("/proc/cpuinfo").read_text(errors="replace").split()
    except OSError:
        return Cipher.CHACHA20
    return Cipher.AEGIS if "aes" in words else Cipher.CHACHA20


def open_keyed(
    path: Path,
    *,
    key: Secret,
    cipher: Cipher,
    page_size: int,
    readonly: bool = False,
    create: bool = False,
    salt: bytes = b"",
    uris: bool = False,
) -> apsw.Connection:
    """Open an encrypted database; its first page has been read when this returns.

    ``create`` needs an absent or empty file; ``salt`` becomes the first 16 bytes of a new one, random
    bytes if there is none. ``uris``: statements may name files by URI, as
    ``VACUUM INTO`` with a key does. Raises `KeyRefused`, `DamagedDatabase`, `Busy`,
    `TargetAbsent` or `Unreadable`.
    """
    if len(key) != KEY_BYTES:
        raise ValueError("a data key has 32 bytes")
    if not create:
        _check_file(path, page_size)
    flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE
    flags |= apsw.SQLITE_OPEN_CREATE if create else 0
    flags |= apsw.SQLITE_OPEN_URI if uris else 0
    keyed = partial(_set_key, key=key, cipher=cipher, page_size=page_size, create=create, salt=salt)
    try:
        return _opened(path, flags, keyed)
    except Unreadable:
        if not readonly or not _has_journal(path):
            raise
    # A program was killed while it wrote. Only who may write can take back what it had begun.
    _opened(path, apsw.SQLITE_OPEN_READWRITE, keyed).close()
    return _opened(path, flags, keyed)


def _opened(path: Path, flags: int, keyed: Callable[[apsw.Connection], object]) -> apsw.Connection:
    connection: apsw.Connection | None = None
    failure: WizardError | None = None
    try:
        connection = apsw.Connection(sqlite_name(path), flags=flags)
        connection.set_busy_timeout(WAIT_MILLISECONDS)
        keep_temporary_data_in_memory(connection)
        keyed(connection)
        connection.pragma("cache_size", -_CACHE_KIB)
    except apsw.Error as error:
        failure = translated(error, path)
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    # Raised after the except block has ended, so that no SQLite error stays in the chain.
    if failure is None and connection is not None:
        return connection
    if connection is not None:
        connection.close()
    raise failure or Unreadable(f"{path} cannot be opened.")


def keyed_uri(path: Path, cipher: Cipher) -> str:
    """The URI of a file to be encrypted, ready for the digits of the key to follow."""
    legacy = "&legacy=4" if cipher is Cipher.SQLCIPHER else ""
    return f"{_uri_start(path)}?cipher={cipher.value}{legacy}&key=raw:"


def attach_keyed(
    connection: apsw.Connection,
    name: str,
    *,
    path: Path,
    key: Secret,
    cipher: Cipher,
    page_size: int,
) -> None:
    """Attach an encrypted database under ``name``; the connection must allow URIs.

    Raises what SQLite raises, which never quotes the key: that is not part of the file name.
    """
    uri = f"{_uri_start(path)}?cipher={cipher.value}"
    if cipher is Cipher.SQLCIPHER:
        uri += f"&legacy=4&legacy_page_size={page_size}"
    with keyed_text("raw:", key) as text:
        statement = f"ATTACH ? AS {name} KEY ?"
        connection.execute(statement, (uri, text), can_cache=False).close()


def attach_plain(connection: apsw.Connection, name: str, *, path: Path) -> None:
    """Like `attach_keyed`, for a database without a key."""
    # With an empty key; without one SQLite would try that of the connection's own database.
    connection.execute(f"ATTACH ? AS {name}", (plain_uri(path),), can_cache=False).close()


def plain_uri(path: Path) -> str:
    """The URI of a file that is not to be encrypted."""
    return f"{_uri_start(path)}?key="


def _uri_start(path: Path) -> str:
    # Percent-encoded, or a "?" or "#" in a file name would end it, and the key would be lost.
    return "file:" + urllib.parse.quote(os.fsencode(os.path.abspath(path)), safe="/")  # noqa: PTH100 - links stay


def keep_temporary_data_in_memory(connection: apsw.Connection) -> None:
    """Force it and read it back. Raises `NotVerified`."""
    # Nothing here may read the schema: without its key yet, the file would count as no database.
    connection.execute("PRAGMA temp_store = MEMORY")
    always_file = "TEMP_STORE=0" in apsw.compile_options
    if connection.pragma("temp_store") != _IN_MEMORY or always_file:
        raise NotVerified(
            "This SQLite cannot keep temporary data in memory; they would be plaintext."
        )


def sqlite_name(path: Path) -> str:
    """The absolute name as SQLite takes it. Raises `Unreadable` where SQLite has no such names."""
    name = os.path.abspath(path)  # noqa: PTH100 - links stay as they are
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Unreadable("SQLite opens files only by names that are UTF-8.") from None
    return name


def create_private(path: Path) -> None:
    """Create an empty file that only its owner reads. Raises `OutputExists`, `NoSpace`, `Unreadable`."""
    os.close(open_private(path))


def open_private(path: Path) -> int:
    """Like `create_private`; returns the descriptor to read and write it by.

    Opened a second time by its name, it could be a link that somebody has put in its place.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except FileExistsError:
        raise OutputExists(path) from None
    except OSError as error:
        raise write_error(path, 0, error, what="created") from None


def remove_database(path: Path) -> None:
    """Remove a database of our own making, with the files SQLite keeps beside it."""
    for name in (path.name, *(path.name + suffix for suffix in BESIDE)):
        path.with_name(name).unlink(missing_ok=True)


def discard_database(path: Path) -> None:
    """As `remove_database`, where something else is to be told."""
    tidy(path, *(path.with_name(path.name + suffix) for suffix in BESIDE))


def _has_journal(path: Path) -> bool:
    journal = path.with_name(path.name + "-journal")
    try:
        return journal.stat().st_size > 0
    except OSError:
        return False


def _check_file(path: Path, page_size: int) -> None:
    kind = classify(path)
    if kind is FileKind.ABSENT:
        raise TargetAbsent(f"There is no file {path}.")
    if kind in (FileKind.DIRECTORY, FileKind.OTHER, FileKind.UNREADABLE):
        raise Unreadable(f"{path} is not a file that can be read.")
    # SQLite takes a file of at most one byte for a new database, and would fill it.
    if path.stat().st_size < page_size:
        raise DamagedDatabase(f"{path} is damaged: it is shorter than one page.")


def _set_key(
    connection: apsw.Connection,
    *,
    key: Secret,
    cipher: Cipher,
    page_size: int,
    create: bool,
    salt: bytes,
) -> None:
    connection.pragma("cipher", cipher.value)
    if salt:
        connection.pragma("cipher_salt", salt.hex())
    if cipher is Cipher.SQLCIPHER:
        connection.pragma("legacy", 4)
        if page_size != SQLCIPHER_PAGE_SIZE:
            connection.pragma("legacy_page_size", page_size)
    with keyed_text("PRAGMA key = 'raw:", key, "'") as statement:
        # Not cached, or the statement would stay in memory with the key in it. The page is read in
        # the same block because SQLite frees its last copy of the text only then.
        connection.execute(statement, can_cache=False).close()
        if create:
            connection.pragma("page_size", page_size)
        connection.execute("SELECT count(*) FROM sqlite_schema").close()
