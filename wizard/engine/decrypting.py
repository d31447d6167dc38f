"""Protection undone on purpose: a plaintext copy beside an original that stays as it is.

- The copy is asked for by the name of the database, and never takes the place of a file.
- It gets its name only when it was read back and said the same as the original, row by row.
- Other writers wait meanwhile, so that the two can be compared.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from wizard.engine import audit, inspection, sqlite
from wizard.engine.copying import available_in, vacuum_into_plaintext
from wizard.engine.errors import Interrupted, NameNotConfirmed, NoSpace, OutputExists, WizardError
from wizard.engine.inspection import Inspection, resolve
from wizard.engine.keyed import (
    create_private,
    discard_database,
    open_keyed,
    remove_database,
    sqlite_name,
)
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.leftovers import sync_path
from wizard.engine.master_only import master_keys
from wizard.engine.opening import open_by_kit, open_database
from wizard.engine.outputs import give_name
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.progress import CancelToken, ProgressSink, ignore_progress
from wizard.engine.rescue import open_kit
from wizard.engine.secret import Secret
from wizard.engine.sidecar import write_error
from wizard.engine.sqlite import Cipher
from wizard.engine.sqlite_refusals import translated
from wizard.engine.unlocking import openable
from wizard.engine.verification import header_of, verify_plaintext_copy


@dataclass(frozen=True, slots=True)
class Decrypted:
    """A plaintext copy, equal to the original. ``warnings``: what was not recorded."""

    path: Path
    copy: Path
    tables: int
    rows: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Opened:
    """What opens the file, whoever has opened it. The data key belongs to the block around."""

    data_key: Secret
    cipher: str
    page_size: int


def decrypt(
    path: str | os.PathLike[str],
    to: str | os.PathLike[str],
    passphrase: PassphraseSource | None = None,
    *,
    confirm: str,
    keyfile: KeyfileInput | None = None,
    recovery: Sequence[str] | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Decrypted:
    """Write a plaintext copy to ``to``, readable by its owner only. The original is not touched.

    ``confirm`` is the name of the database file. With ``recovery``, the text of each sheet, also
    a database without its sidecar is copied. Raises `NameNotConfirmed`, `OutputExists`, `NoSpace`,
    `NotPermitted` for an operator, `Busy`, `VerificationFailed`, `Cancelled` and what opening
    raises; no file is left then. Raises `Interrupted` where one had to be left.
    """
    target = resolve(path)
    copy = Path(os.path.abspath(to))  # noqa: PTH100 - a link of that name is one that exists
    if confirm != target.name:
        raise NameNotConfirmed(target.name)
    if os.path.lexists(copy):
        raise OutputExists(copy)
    with audit.attempt(target, "decrypt") as entry, ExitStack() as keys:
        opened = keys.enter_context(
            _opened(entry, passphrase, keyfile, recovery, allow_high_cost=allow_high_cost)
        )
        source = keys.enter_context(closing(_connected(target, opened)))
        keys.enter_context(_other_writers_waiting(target, opened))
        tables, rows = _copy(source, copy, progress, cancel)
    return Decrypted(target, copy, tables, rows, (entry.warning,) if entry.warning else ())


def _copy(
    source: apsw.Connection, copy: Path, progress: ProgressSink, cancel: CancelToken | None
) -> tuple[int, int]:
    size = source.pragma("page_count") * source.pragma("page_size")
    available = available_in(copy.parent) if copy.parent.is_dir() else size
    if available < size:
        raise NoSpace(directory=copy.parent, needed=size, available=available)
    staged = copy.with_name(f".{copy.name}.datafold-plaintext")
    remove_database(staged)  # of a run that was killed
    create_private(staged)
    try:
        vacuum_into_plaintext(source, staged, expected=size, progress=progress, cancel=cancel)
        _finish(staged, wal=header_of(source).wal)
        verified = verify_plaintext_copy(source, staged, progress=progress, cancel=cancel)
        give_name(staged, copy)
    except BaseException as error:
        discard_database(staged)
        if isinstance(error, WizardError) and os.path.lexists(staged):
            raise Interrupted(
                f"{error} The copy was not finished, and the disk does not let {staged} be removed: it "
                "holds data in plaintext. Remove it yourself."
            ) from None
        raise
    return len(verified.tables), sum(table.rows for table in verified.tables)


def _finish(staged: Path, *, wal: bool) -> None:
    """Take our own table out, and make it durable."""
    with closing(apsw.Connection(sqlite_name(staged))) as connection:
        try:
            connection.pragma("secure_delete", 1)
            connection.execute(f"DROP TABLE {sqlite.IDENTITY_TABLE}").close()
            if wal:
                connection.pragma("journal_mode", "wal")
        except apsw.Error as error:
            raise translated(error, staged, connection=connection) from None
    try:
        sync_path(staged)
    except OSError as error:
        raise write_error(staged, 0, error, what="written") from None


@contextmanager
def _opened(
    entry: audit.Audited,
    passphrase: PassphraseSource | None,
    keyfile: KeyfileInput | None,
    recovery: Sequence[str] | None,
    *,
    allow_high_cost: bool,
) -> Iterator[_Opened]:
    """The data key of a database that agrees with what opened it."""
    target = entry.target
    found = inspection.inspect(target)
    if recovery is not None:
        entry.details["using"] = "recovery"
        with _opened_by_kit(found, recovery, entry) as opened:
            yield opened
        return
    metadata = openable(found)
    entry.concerns(metadata)
    if passphrase is None:
        raise TypeError("decrypt() needs a passphrase or recovery sheets")
    entry.details["using"] = "passphrase"
    with master_keys(metadata, passphrase, keyfile, allow_high_cost=allow_high_cost) as keys:
        open_database(target, keys.data_key, metadata, readonly=True).close()
        yield _Opened(keys.data_key, metadata.cipher, metadata.page_size)
        entry.signer = keys.master
        entry.done()


@contextmanager
def _opened_by_kit(
    found: Inspection, sheets: Sequence[str], entry: audit.Audited
) -> Iterator[_Opened]:
    metadata = found.metadata if found.opens else None
    with open_by_kit(found.path, sheets, metadata=metadata, readonly=True) as database:
        entry.is_of(database_id=database.identity.database_id, generation=database.generation)
    salt = sqlite.file_salt(found.path)
    with open_kit(sheets, metadata=metadata, file_salt=salt) as rescue:
        yield _Opened(rescue.data_key, rescue.cipher, rescue.page_size)


def _connected(target: Path, opened: _Opened, *, readonly: bool = True) -> apsw.Connection:
    return open_keyed(
        target,
        key=opened.data_key,
        cipher=Cipher(opened.cipher),
        page_size=opened.page_size,
        readonly=readonly,
        uris=True,
    )


@contextmanager
def _other_writers_waiting(target: Path, opened: _Opened) -> Iterator[None]:
    """Hold the one place of a writer. On a medium that nobody writes to, nothing is to be held."""
    with closing(_connected(target, opened, readonly=False)) as guard:
        try:
            guard.execute("BEGIN IMMEDIATE").close()
        except (apsw.ReadOnlyError, apsw.CantOpenError):
            yield
            return
        except apsw.Error as error:
            raise translated(error, target) from None
        yield
        guard.execute("ROLLBACK").close()
