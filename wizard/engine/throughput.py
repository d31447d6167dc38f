"""How fast each cipher writes and reads on this machine, by writing and reading with it."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from wizard.engine.keyed import KEY_BYTES, Cipher, create_private, open_keyed
from wizard.engine.progress import CancelToken
from wizard.engine.secret import Secret
from wizard.engine.watching import watch

_PAGE_SIZE = 4096
_ROW_BYTES = 3000
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class CipherThroughput:
    """Bytes of database file a second, with the operating system's cache warm and no fsync."""

    cipher: Cipher
    write_bytes_per_second: float
    read_bytes_per_second: float


def cipher_throughput(
    cipher: Cipher, *, size_mib: int = 16, cancel: CancelToken | None = None
) -> CipherThroughput:
    """Measure with an encrypted database of about ``size_mib`` of rows, removed afterwards.

    It is written to the directory for temporary files. Raises `Cancelled` or `Unreadable`.
    """
    rows = size_mib * _MIB // _ROW_BYTES
    with tempfile.TemporaryDirectory(prefix="datafold-benchmark-") as directory:
        path = Path(directory) / "rows.db"
        create_private(path)
        with Secret.random(KEY_BYTES) as key:
            begun = time.perf_counter()
            _write(path, key, cipher, rows, cancel)
            written = time.perf_counter()
            _read(path, key, cipher, cancel)
            read = time.perf_counter()
        size = path.stat().st_size
    return CipherThroughput(cipher, size / (written - begun), size / (read - written))


def _write(path: Path, key: Secret, cipher: Cipher, rows: int, cancel: CancelToken | None) -> None:
    with closing(
        open_keyed(path, key=key, cipher=cipher, page_size=_PAGE_SIZE, create=True)
    ) as connection:
        connection.pragma("synchronous", "off")
        connection.execute("CREATE TABLE filler (bytes BLOB)")
        with watch(connection, cancel=cancel):
            connection.execute(
                "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT ?)"
                " INSERT INTO filler SELECT zeroblob(?) FROM counted",
                (rows, _ROW_BYTES),
            )


def _read(path: Path, key: Secret, cipher: Cipher, cancel: CancelToken | None) -> None:
    with (
        closing(open_keyed(path, key=key, cipher=cipher, page_size=_PAGE_SIZE)) as connection,
        watch(connection, cancel=cancel),
    ):
        connection.execute("SELECT sum(length(CAST(bytes AS TEXT))) FROM filler").close()
