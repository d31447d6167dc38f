"""Whether a table and its copy hold the same, value by value, at the speed of reading them.

- Only "the same" is an answer: anything else, an error included, is for the digests of
  `wizard.engine.digests`, which say what differs and where.
- The same means: as many rows, each under the same rowid or primary key, and each value equal in
  its bytes and in its type. What a column's collation or affinity takes for equal does not count.
- The copy is attached to the connection of the original, which may hold its lock meanwhile; so
  SQLite compares in C, without a value ever being hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import apsw

from wizard.engine.content import (
    RowsReport,
    TableRows,
    column_groups,
    quoted,
    row_identity,
    stored_columns,
)
from wizard.engine.progress import CancelToken
from wizard.engine.watching import watch

_COPY = "datafold_copy"
# Two values are equal in their bytes (unary plus takes the column's affinity away). Numbers, which
# sort before the empty text, can still differ in type, and zero in its sign: atan2 sees that.
_SAME = (
    "+a.{0} IS +b.{0} COLLATE BINARY AND (+a.{0} >= '' OR typeof(a.{0}) = typeof(b.{0})"
    " AND (a.{0} IS NOT 0 OR atan2(a.{0}, -1) = atan2(b.{0}, -1)))"
)
# Steps of SQLite's virtual machine (see EXPLAIN) for a row and for a value, by its type.
_STEPS_OF_ROW = 10
_STEPS_OF_VALUE = {"text": 5, "blob": 5, "real": 18, "integer": 12, "null": 12}

Attach = Callable[[apsw.Connection, str], None]
"""Attaches the copy to a connection, under a name."""


@contextmanager
def attached(original: apsw.Connection, attach: Attach) -> Iterator[None]:
    """Attach the copy for a block; where it cannot be, `same_table` finds no table the same."""
    try:
        attach(original, _COPY)
    except apsw.Error:
        yield
        return
    try:
        yield
    finally:
        original.execute(f"DETACH {_COPY}").close()


def same_table(
    original: apsw.Connection,
    table: TableRows,
    *,
    report: RowsReport,
    cancel: CancelToken | None,
) -> bool:
    """Whether ``table`` was found to be the same in the attached copy, with all of its rows.

    ``report`` gets the rows compared so far and the table's name. Raises `Cancelled`.
    """
    name, rows = table.name, table.rows
    try:
        keys = row_identity(original, name)
        if not keys:
            return False
        # Through an index perhaps: the integrity check of the copy counts those against the table.
        counted = original.execute(f"SELECT count(*) FROM {_COPY}.{quoted(name)}").get  # noqa: S608
        groups = column_groups(stored_columns(original, name))
        for number, group in enumerate(groups):
            steps = _steps_of_row(original, name, group) * len(groups)
            start = rows * number // len(groups)
            done = partial(_rows_done, report, name, start, rows, steps)
            with watch(original, done, cancel):
                found = original.execute(_statement(name, keys, group)).get
            if found != (counted, counted) or counted != rows:
                return False
    except apsw.Error:
        return False
    return True


def _rows_done(  # noqa: PLR0917 - bound one after the other
    report: RowsReport, name: str, start: int, rows: int, per_row: int, steps: int
) -> None:
    report(min(start + steps // per_row, rows), name)


def _steps_of_row(connection: apsw.Connection, name: str, columns: list[str]) -> int:
    """An estimate, by the types of the first row."""
    types = ", ".join(f"typeof({quoted(column)})" for column in columns)
    first = connection.execute(f"SELECT {types} FROM main.{quoted(name)} NOT INDEXED LIMIT 1").get  # noqa: S608
    found = first if isinstance(first, tuple) else (first or "null",)
    return _STEPS_OF_ROW + sum(_STEPS_OF_VALUE[each] for each in found)


def _statement(name: str, keys: list[str], columns: list[str]) -> str:
    """How many rows there are, and how many of them are the same in the copy."""
    joined = " AND ".join(f"b.{quoted(key)} = a.{quoted(key)}" for key in keys)
    same = " AND ".join(_SAME.format(quoted(column)) for column in columns)
    table = quoted(name)
    # A row that the copy lacks is joined to NULLs, and its key is not NULL.
    return (
        f"SELECT count(*), count(*) FILTER (WHERE b.{quoted(keys[0])} IS NOT NULL AND {same})"  # noqa: S608
        f" FROM main.{table} AS a NOT INDEXED"
        f" LEFT JOIN {_COPY}.{table} AS b NOT INDEXED ON {joined}"
    )
