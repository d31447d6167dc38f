"""Which tables and columns a database stores, and how many rows: what there is to be compared.

- Every stored value counts, and every rowid: full-text search with external content leans on rowids
  that `VACUUM INTO` keeps but does not promise to keep.
- Tables without a tree of their own (views, virtual tables) are what their shadow tables say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import apsw

IDENTITY_TABLE = "datafold_crypto"
_ROWID_NAMES = ("rowid", "_rowid_", "oid")
_COLUMNS_AT_ONCE = 200
_VIRTUAL_GENERATED = 2

RowsReport = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class TableRows:
    """How many rows a table has."""

    name: str
    rows: int


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def table_names(connection: apsw.Connection) -> tuple[str, ...]:
    """Every table with a tree of its own: also shadow tables and SQLite's; not our identity table."""
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name <> ?"
        " ORDER BY name",
        (IDENTITY_TABLE,),
    )
    return tuple(name for (name,) in rows)


def table_rows(connection: apsw.Connection) -> tuple[TableRows, ...]:
    """Count the rows of every table."""
    return tuple(
        TableRows(name, connection.execute(f"SELECT count(*) FROM {quoted(name)}").get)  # noqa: S608
        for name in table_names(connection)
    )


def stored_columns(connection: apsw.Connection, name: str) -> list[str]:
    """The stored columns, after a name of the rowid if there is one that no column hides."""
    columns = _columns(connection, name)
    stored = [each for each, hidden, _key in columns if hidden != _VIRTUAL_GENERATED]
    return _rowid_name(connection, name) + stored


def column_groups(columns: list[str]) -> list[list[str]]:
    """As many columns at once as one statement takes."""
    return [columns[at : at + _COLUMNS_AT_ONCE] for at in range(0, len(columns), _COLUMNS_AT_ONCE)]


def row_identity(connection: apsw.Connection, name: str) -> list[str]:
    """What tells a table's rows apart: a name of the rowid, else the primary key; or nothing."""
    if _without_rowid(connection, name):
        return [each for each, _hidden, key in _columns(connection, name) if key]
    return _rowid_name(connection, name)


def _rowid_name(connection: apsw.Connection, name: str) -> list[str]:
    if _without_rowid(connection, name):
        return []
    taken = {column.lower() for column, *_ in _columns(connection, name)}
    return [each for each in _ROWID_NAMES if each not in taken][:1]


def _columns(connection: apsw.Connection, name: str) -> list[tuple[str, int, int]]:
    """Name, hidden, and place in the primary key of every column."""
    rows = connection.execute("SELECT name, hidden, pk FROM pragma_table_xinfo(?)", (name,))
    return list(rows)


def _without_rowid(connection: apsw.Connection, name: str) -> bool:
    found = connection.execute(
        "SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'", (name,)
    ).get
    return bool(found)
