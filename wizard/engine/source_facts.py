"""What is known of a database once it is held, before anything is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from wizard.engine.content import IDENTITY_TABLE, TableRows, table_rows
from wizard.engine.errors import UnsupportedDatabase
from wizard.engine.hold import Held
from wizard.engine.verification import Header, header_of


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The source as it was when it was locked; sizes in bytes.

    ``notes`` says what the encrypted database will not carry over, and what could not be checked.
    """

    path: Path
    size: int
    page_size: int
    page_count: int
    free_pages: int
    header: Header
    tables: tuple[TableRows, ...]
    notes: tuple[str, ...]


def facts_of(held: Held) -> SourceFacts:
    """Read them. Raises what SQLite raises for a damaged file."""
    connection = held.connection
    return SourceFacts(
        path=held.path,
        size=held.status.st_size,
        page_size=connection.pragma("page_size"),
        page_count=connection.pragma("page_count"),
        free_pages=connection.pragma("freelist_count"),
        header=header_of(connection),
        tables=table_rows(connection),
        notes=_notes(held),
    )


def check_has_no_identity(held: Held) -> None:
    """Raise `UnsupportedDatabase` where a plaintext database has a table of the name we need."""
    if held.connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE name = ? COLLATE NOCASE", (IDENTITY_TABLE,)
    ).get:
        raise UnsupportedDatabase(
            f"{held.path} has a table {IDENTITY_TABLE} already, a name that this program uses. "
            "It may be the decrypted copy of a protected database; drop the table to go on."
        )


def _notes(held: Held) -> tuple[str, ...]:
    notes = []
    attributes = ", ".join(sorted(os.listxattr(held.path)))
    if attributes:
        notes.append(f"Extended attributes are not carried over: {attributes}.")
    if not held.everybody_seen:
        notes.append(
            "Processes of other users could not be looked into; one that has the database open "
            "but idle would not have been noticed."
        )
    return tuple(notes)
