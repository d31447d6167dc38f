"""The table inside an encrypted database that says which database it is, and under which master.

It must agree with the crypto metadata beside the database: that is how a swapped or rolled-back
sidecar is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import apsw

from wizard.engine.content import IDENTITY_TABLE
from wizard.engine.errors import DamagedDatabase
from wizard.engine.keyed import WAIT_MILLISECONDS, translated

_ID_BYTES = 16
_PUBLIC_KEY_BYTES = 32
# Without STRICT, which programs with an SQLite older than 3.37 could not read.
_TABLE = f"""CREATE TABLE IF NOT EXISTS {IDENTITY_TABLE} (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    database_id BLOB NOT NULL CHECK (typeof(database_id) = 'blob'),
    generation INTEGER NOT NULL CHECK (typeof(generation) = 'integer' AND generation >= 1),
    revision INTEGER NOT NULL CHECK (typeof(revision) = 'integer' AND revision >= 1),
    master_public_key BLOB NOT NULL CHECK (typeof(master_public_key) = 'blob')
)"""


@dataclass(frozen=True, slots=True)
class InnerIdentity:
    """``database_id``: 16 bytes; ``master_public_key``: 32 bytes, that of ``generation``.

    ``revision`` is that of the newest crypto metadata the database has seen.
    """

    database_id: bytes
    generation: int
    master_public_key: bytes
    revision: int = 1


def write_identity(connection: apsw.Connection, identity: InnerIdentity) -> None:
    """Write or replace the one row, in a transaction. Raises what SQLite raises."""
    with connection:
        connection.execute(_TABLE)
        connection.execute(
            f"REPLACE INTO {IDENTITY_TABLE}"  # noqa: S608
            " (only, database_id, generation, revision, master_public_key) VALUES (1, ?, ?, ?, ?)",
            (
                identity.database_id,
                identity.generation,
                identity.revision,
                identity.master_public_key,
            ),
        )


def write_identity_now(connection: apsw.Connection, identity: InnerIdentity) -> None:
    """Replace the row without waiting for another writer.

    Raises `Busy` where there is one, and `Unreadable` where nothing can be written.
    """
    connection.set_busy_timeout(0)
    failure = None
    try:
        write_identity(connection, identity)
    except apsw.Error as error:
        failure = translated(error, Path(connection.filename))
    finally:
        connection.set_busy_timeout(WAIT_MILLISECONDS)
    if failure is not None:
        raise failure


def read_identity(connection: apsw.Connection) -> InnerIdentity:
    """Read the row.

    Raises `DamagedDatabase` where there is none or it was not written here, `Busy`, `Unreadable`.
    """
    try:
        rows = connection.execute(
            "SELECT database_id, generation, revision, master_public_key"  # noqa: S608
            f" FROM {IDENTITY_TABLE} LIMIT 2"
        ).fetchall()
    except (apsw.SQLError, apsw.CorruptError):
        rows = []
    except apsw.Error as error:
        raise translated(error, Path(connection.filename)) from None
    match rows:
        case [
            (bytes() as database_id, int() as generation, int() as revision, bytes() as public_key)
        ] if (
            len(database_id) == _ID_BYTES
            and len(public_key) == _PUBLIC_KEY_BYTES
            and generation >= 1
            and revision >= 1
        ):
            return InnerIdentity(database_id, generation, public_key, revision)
    raise DamagedDatabase(
        f"The key opens the database, but its table {IDENTITY_TABLE} cannot be read: "
        "it was removed, or the page it is on is damaged."
    )
