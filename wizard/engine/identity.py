"""The table inside an encrypted database that says which database it is, and under which master.

It must agree with the crypto metadata beside the database: that is how a swapped or rolled-back
sidecar is found.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

from wizard.engine.content import IDENTITY_TABLE
from wizard.engine.errors import DamagedDatabase
from wizard.engine.keyed import WAIT_MILLISECONDS
from wizard.engine.metadata import AuditHead
from wizard.engine.sqlite_refusals import translated

_ID_BYTES = 16
_PUBLIC_KEY_BYTES = 32
_HEAD_BYTES = 32
# Without STRICT, which programs with an SQLite older than 3.37 could not read.
_TABLE = f"""CREATE TABLE IF NOT EXISTS {IDENTITY_TABLE} (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    database_id BLOB NOT NULL CHECK (typeof(database_id) = 'blob'),
    generation INTEGER NOT NULL CHECK (typeof(generation) = 'integer' AND generation >= 1),
    revision INTEGER NOT NULL CHECK (typeof(revision) = 'integer' AND revision >= 1),
    master_public_key BLOB NOT NULL CHECK (typeof(master_public_key) = 'blob'),
    audit_entries INTEGER NOT NULL DEFAULT 0
        CHECK (typeof(audit_entries) = 'integer' AND audit_entries >= 0),
    audit_head BLOB NOT NULL DEFAULT x'' CHECK (typeof(audit_head) = 'blob')
)"""
_COLUMNS = "database_id, generation, revision, master_public_key, audit_entries, audit_head"


@dataclass(frozen=True, slots=True)
class InnerIdentity:
    """``database_id``: 16 bytes; ``master_public_key``: 32 bytes, that of ``generation``.

    ``revision`` is that of the newest crypto metadata the database has seen, ``audit`` how far the
    audit log had come when that was last noted.
    """

    database_id: bytes
    generation: int
    master_public_key: bytes
    revision: int = 1
    audit: AuditHead = AuditHead()  # noqa: RUF009 - frozen


def write_identity(connection: apsw.Connection, identity: InnerIdentity) -> None:
    """Write or replace the one row, in a transaction. Raises what SQLite raises."""
    connection.execute("SAVEPOINT identity").close()
    try:
        connection.execute(_TABLE)
        connection.execute(
            f"REPLACE INTO {IDENTITY_TABLE} (only, {_COLUMNS}) VALUES (1, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                identity.database_id,
                identity.generation,
                identity.revision,
                identity.master_public_key,
                identity.audit.entries,
                identity.audit.head,
            ),
        )
        connection.execute("RELEASE identity").close()
    except BaseException:
        # What a disk refuses SQLite has taken back itself, with the savepoint; apsw's own context
        # manager would complain of that instead.
        with suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK TO identity; RELEASE identity").close()
        raise


def write_identity_now(connection: apsw.Connection, identity: InnerIdentity) -> None:
    """Replace the row without waiting for another writer.

    Raises `Busy` where there is one, and `NoSpace` or `Unreadable` where nothing can be written.
    """
    connection.set_busy_timeout(0)
    failure = None
    try:
        write_identity(connection, identity)
    except apsw.Error as error:
        failure = translated(error, Path(connection.filename), connection=connection)
    finally:
        connection.set_busy_timeout(WAIT_MILLISECONDS)
    if failure is not None:
        raise failure


def note_revision(connection: apsw.Connection, newest: InnerIdentity) -> None:
    """Let the row know newer metadata, without waiting for another writer.

    It never goes back, and all but generation, master key and revision stay: since it was read,
    another process may have noted more. Raises `Busy`, `NoSpace` or `Unreadable`.
    """
    connection.set_busy_timeout(0)
    failure = None
    try:
        connection.execute(
            f"UPDATE {IDENTITY_TABLE} SET generation = ?1, revision = ?2, master_public_key = ?3"  # noqa: S608
            " WHERE only = 1 AND generation <= ?1 AND revision <= ?2",
            (newest.generation, newest.revision, newest.master_public_key),
        )
    except apsw.Error as error:
        failure = translated(error, Path(connection.filename), connection=connection)
    finally:
        connection.set_busy_timeout(WAIT_MILLISECONDS)
    if failure is not None:
        raise failure


def write_anchor(connection: apsw.Connection, audit: AuditHead) -> bool:
    """Note how far the audit log has come, unless somebody is writing; whether it was noted.

    Never waits, never goes back, and raises nothing for a database that cannot be written.
    """
    if connection.in_transaction:
        return False
    connection.set_busy_timeout(0)
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(
                f"UPDATE {IDENTITY_TABLE} SET audit_entries = ?, audit_head = ?"  # noqa: S608
                " WHERE only = 1 AND audit_entries < ?",
                (audit.entries, audit.head, audit.entries),
            )
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except apsw.Error:
        return False
    finally:
        connection.set_busy_timeout(WAIT_MILLISECONDS)
    return True


def read_identity(connection: apsw.Connection) -> InnerIdentity:
    """Read the row.

    Raises `DamagedDatabase` where there is none or it was not written here, `Busy`, `Unreadable`.
    """
    try:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM {IDENTITY_TABLE} LIMIT 2"  # noqa: S608
        ).fetchall()
    except (apsw.SQLError, apsw.CorruptError):
        rows = []
    except apsw.Error as error:
        raise translated(error, Path(connection.filename)) from None
    match rows:
        case [
            (
                bytes() as database_id,
                int() as generation,
                int() as revision,
                bytes() as public_key,
                int() as entries,
                bytes() as head,
            )
        ] if (
            len(database_id) == _ID_BYTES
            and len(public_key) == _PUBLIC_KEY_BYTES
            and generation >= 1
            and revision >= 1
            and entries >= 0
            and len(head) == (_HEAD_BYTES if entries else 0)
        ):
            audit = AuditHead(entries, head)
            return InnerIdentity(database_id, generation, public_key, revision, audit)
    raise DamagedDatabase(
        f"The key opens the database, but its table {IDENTITY_TABLE} cannot be read: "
        "it was removed, or the page it is on is damaged."
    )
