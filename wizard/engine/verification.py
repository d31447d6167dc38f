"""An encrypted copy counts only after it was read back from the disk and found to say the same.

- Its key opens it; another key and no key do not.
- SQLite's integrity check has no complaint that the original does not have.
- Schema and header fields are those of the original, and every table has the same rows: compared
  value by value, or, where that finds no end or a difference, by the digests of their content.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import apsw

from wizard.engine.comparing import Attach, attached, same_table
from wizard.engine.content import IDENTITY_TABLE, RowsReport, TableRows, table_rows
from wizard.engine.digests import table_content
from wizard.engine.errors import DamagedDatabase, UnsupportedDatabase, VerificationFailed
from wizard.engine.keyed import Cipher, attach_keyed, attach_plain, open_keyed, sqlite_name
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.secret import Secret
from wizard.engine.sqlite import damage_among, integrity_complaints, prove_sealed
from wizard.engine.sqlite_refusals import KeyRefused, translated

_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Header:
    """What a database says in its header, apart from page size and counters."""

    user_version: int
    application_id: int
    encoding: str
    auto_vacuum: int
    wal: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found equal. ``own_rules_broken``: rows that the original's schema forbids."""

    tables: tuple[TableRows, ...]
    own_rules_broken: int


def header_of(connection: apsw.Connection) -> Header:
    """Read the header fields that a copy has to keep."""
    return Header(
        user_version=connection.pragma("user_version"),
        application_id=connection.pragma("application_id"),
        encoding=connection.pragma("encoding"),
        auto_vacuum=connection.pragma("auto_vacuum"),
        wal=connection.pragma("journal_mode") == "wal",
    )


def verify_copy(
    original: apsw.Connection,
    staged: Path,
    *,
    key: Secret,
    cipher: Cipher,
    page_size: int,
    counted: tuple[TableRows, ...],
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Verified:
    """Compare ``staged`` with ``original``, which nobody else may write to meanwhile.

    ``counted`` is what `table_rows` says of the original; it is not believed. Progress counts the
    rows read on both sides. Raises `VerificationFailed` naming what differs, `UnsupportedDatabase`
    if it is the original that is damaged, `Busy` or `Cancelled`.
    """
    try:
        prove_sealed(staged, key=key, cipher=cipher, page_size=page_size)

        def opened() -> closing[apsw.Connection]:
            return closing(open_keyed(staged, key=key, cipher=cipher, page_size=page_size))

        attach = partial(attach_keyed, path=staged, key=key, cipher=cipher, page_size=page_size)
        with opened() as copy, opened() as checked:
            if copy.pragma("page_size") != page_size:
                raise VerificationFailed(f"The copy has pages of {copy.pragma('page_size')} bytes.")
            return _compare(original, copy, checked, attach, counted, progress, cancel)
    except (KeyRefused, DamagedDatabase) as error:
        raise VerificationFailed(f"The encrypted copy cannot be read back: {error}") from None


def verify_plaintext_copy(
    original: apsw.Connection,
    staged: Path,
    *,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Verified:
    """Like `verify_copy`, for a copy without a key."""
    name = sqlite_name(staged)
    try:
        with closing(apsw.Connection(name)) as copy, closing(apsw.Connection(name)) as checked:
            attach = partial(attach_plain, path=staged)
            counted = table_rows(original)
            return _compare(original, copy, checked, attach, counted, progress, cancel)
    except (apsw.NotADBError, apsw.CorruptError, DamagedDatabase):
        raise VerificationFailed("The plaintext copy cannot be read back.") from None


def _compare(  # noqa: PLR0917 - one call each for two kinds of copy
    original: apsw.Connection,
    copy: apsw.Connection,
    checked: apsw.Connection,
    attach: Attach,
    counted: tuple[TableRows, ...],
    progress: ProgressSink,
    cancel: CancelToken | None,
) -> Verified:
    """Compare by ``copy`` while ``checked``, a second connection to the same file, is checked."""
    _compare_headers(header_of(original), header_of(copy))
    _compare_schemas(_schema(original), _schema(copy))
    with _in_background(checked, cancel) as complaints:
        total = 2 * sum(table.rows for table in counted)
        with attached(original, attach):
            tables = _compare_tables(original, copy, counted, total, progress, cancel)
        ours = _waited_for(complaints, total, progress)
    return Verified(tables, own_rules_broken=_compare_complaints(original, ours, cancel))


@contextmanager
def _in_background(
    connection: apsw.Connection, cancel: CancelToken | None
) -> Iterator[Future[tuple[str, ...]]]:
    """Check integrity in a second thread; SQLite works without Python's lock. Never outlives this."""
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(integrity_complaints, connection, cancel=cancel)
        except BaseException:
            connection.interrupt()
            raise


def _waited_for(
    complaints: Future[tuple[str, ...]], total: int, progress: ProgressSink
) -> tuple[str, ...]:
    while True:
        try:
            return complaints.result(timeout=_LOOK_SECONDS)
        except NotYet:
            progress(Progress(Stage.VERIFY, total, total, "rows", "pages and indexes"))


def _compare_headers(original: Header, copy: Header) -> None:
    for field in fields(Header):
        before, after = getattr(original, field.name), getattr(copy, field.name)
        if before != after:
            raise VerificationFailed(
                f"{field.name} is {before} in the original, {after} in the copy."
            )


def _schema(connection: apsw.Connection) -> set[tuple[str, ...]]:
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name <> ?",
        (IDENTITY_TABLE,),
    )
    return set(rows)


def _compare_schemas(original: set[tuple[str, ...]], copy: set[tuple[str, ...]]) -> None:
    different = sorted(original ^ copy, key=str)
    if different:
        kind, name = different[0][:2]
        raise VerificationFailed(f"The {kind} {name} differs between the original and the copy.")


def _compare_tables(  # noqa: PLR0917 - one call
    original: apsw.Connection,
    copy: apsw.Connection,
    tables: tuple[TableRows, ...],
    total: int,
    progress: ProgressSink,
    cancel: CancelToken | None,
) -> tuple[TableRows, ...]:
    def report(before: int, sides: int, rows: int, name: str) -> None:
        progress(Progress(Stage.VERIFY, min(before + sides * rows, total), total, "rows", name))

    found = []
    before = 0
    for table in tables:
        both = partial(report, before, 2)
        rows = table.rows
        if not same_table(original, table, report=both, cancel=cancel):
            first, second = partial(report, before, 1), partial(report, before + table.rows, 1)
            rows = _compare_digests(original, copy, table.name, (first, second), cancel)
        found.append(TableRows(table.name, rows))
        both(table.rows, table.name)
        before += 2 * table.rows
    return tuple(found)


def _compare_digests(
    original: apsw.Connection,
    copy: apsw.Connection,
    name: str,
    reports: tuple[RowsReport, RowsReport],
    cancel: CancelToken | None,
) -> int:
    """Return how many rows both have, or raise what stands in the way of their being the same."""
    try:
        expected = table_content(original, name, report=reports[0], cancel=cancel)
    except apsw.CorruptError:
        raise _damaged_original("a page cannot be read") from None
    except apsw.Error as error:
        raise translated(error, Path(original.filename)) from None
    try:
        found = table_content(copy, name, report=reports[1], cancel=cancel)
    except apsw.Error as error:
        raise translated(error, Path(copy.filename)) from None
    if expected.rows != found.rows:
        raise VerificationFailed(
            f"Table {name} has {expected.rows:,} rows, and {found.rows:,} in the copy."
        )
    if expected.digest != found.digest:
        raise VerificationFailed(f"The content of table {name} differs in the copy.")
    return expected.rows


def _compare_complaints(
    original: apsw.Connection, ours: tuple[str, ...], cancel: CancelToken | None
) -> int:
    """Judge the complaints about the copy by those about the original. Returns how many are kept."""
    if not ours:
        return 0
    theirs = integrity_complaints(original, cancel=cancel)
    if ours != theirs and not theirs:
        raise VerificationFailed(f"The copy is damaged: {ours[0]}.")
    damage = damage_among(theirs)
    if damage:
        raise _damaged_original(damage[0])
    if sorted(ours) != sorted(theirs):
        raise VerificationFailed(f"The integrity of the copy differs from the original: {ours[0]}.")
    return len(ours)


def _damaged_original(how: str) -> UnsupportedDatabase:
    return UnsupportedDatabase(
        f"The original is damaged itself ({how}). Repair it first, for example with REINDEX or the "
        ".recover command of the sqlite3 shell."
    )
