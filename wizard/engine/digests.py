"""What a database says, as one digest per table; two databases with the same digests say the same.

- Every stored value counts, with its type, and every rowid.
- Rows are read in the order of the table's own tree (NOT INDEXED), never through an index.
- A value that cannot be read raises; the digest of what could be read is never returned.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import apsw
import apsw.sqlite_extra

from wizard.engine.content import (
    RowsReport,
    column_groups,
    quoted,
    stored_columns,
    table_names,
)
from wizard.engine.progress import CancelToken
from wizard.engine.watching import watch

_NO_ROWS = bytes(32)
# SQLite's virtual machine takes one step to count a row and one to go on to the next, and two
# for each value: read it, add it (see EXPLAIN).
_STEPS_OF_ROW = 2
_STEPS_OF_VALUE = 2


@dataclass(frozen=True, slots=True)
class TableContent:
    """All that one table holds. ``digest``: 32 bytes, SHA3-256 of the SHA3-256 of each column."""

    name: str
    rows: int
    digest: bytes


def contents(
    connection: apsw.Connection,
    *,
    report: RowsReport | None = None,
    cancel: CancelToken | None = None,
) -> tuple[TableContent, ...]:
    """Read everything. ``report`` gets the rows read so far and the table's name.

    Raises `Cancelled`, or what SQLite raises for a page that cannot be read.
    """
    found = []
    before = 0
    for name in table_names(connection):
        table = table_content(connection, name, before=before, report=report, cancel=cancel)
        before += table.rows
        found.append(table)
        if report is not None:
            report(before, name)
    return tuple(found)


def table_content(
    connection: apsw.Connection,
    name: str,
    *,
    before: int = 0,
    report: RowsReport | None = None,
    cancel: CancelToken | None = None,
) -> TableContent:
    """Read one table. The ``before`` rows read earlier are added to what is reported.

    Raises what `contents` raises.
    """
    _provide_digest(connection)
    columns = stored_columns(connection, name)
    digest = hashlib.sha3_256()
    groups = column_groups(columns)
    rows = 0
    for number, group in enumerate(groups):
        per_row = (_STEPS_OF_ROW + _STEPS_OF_VALUE * len(group)) * len(groups)
        start = before + rows * number // len(groups)
        done = None if report is None else partial(_rows_done, report, name, start, per_row)
        with watch(connection, done, cancel):
            values = connection.execute(_statement(name, group)).get
        rows = values[0]
        for column, value in zip(group, values[1:], strict=True):
            label = column.encode()
            digest.update(len(label).to_bytes(4, "big") + label + (value or _NO_ROWS))
    return TableContent(name, rows, digest.digest())


def _rows_done(report: RowsReport, name: str, start: int, per_row: int, steps: int) -> None:
    report(start + steps // per_row, name)


def _statement(name: str, columns: Sequence[str]) -> str:
    digests = "".join(f", sha3_agg({quoted(column)})" for column in columns)
    return f"SELECT count(*){digests} FROM {quoted(name)} NOT INDEXED"  # noqa: S608 - quoted


def _provide_digest(connection: apsw.Connection) -> None:
    """Register ``sha3_agg``: SQLite's own extension, or the same in Python where it is not shipped."""
    if apsw.sqlite_extra.has("shathree"):
        apsw.sqlite_extra.load(connection, "shathree")
    else:
        connection.create_aggregate_function("sha3_agg", SlowDigest, 1)


class SlowDigest:
    """``sha3_agg`` of SQLite's extension shathree.c, in Python: the same bytes, ten times slower."""

    def __init__(self) -> None:
        self._digest = hashlib.sha3_256()
        self._empty = True

    def step(self, *values: apsw.SQLiteValue) -> None:
        """Add values, each framed by its type and length."""
        self._empty = False
        for value in values:
            self._digest.update(_framed(value))

    def final(self) -> bytes | None:
        """The digest; None if there was no value."""
        return None if self._empty else self._digest.digest()


def _framed(value: apsw.SQLiteValue) -> bytes:
    match value:
        case None:
            return b"N"
        case int():
            return b"I" + struct.pack(">q", value)
        case float():
            return b"F" + struct.pack(">d", value)
        case str():
            text = value.encode()
            return b"T%d:" % len(text) + text
        case _:
            return b"B%d:" % len(value) + bytes(value)
