"""How the crash test finds out whether anything was lost.

Looking means opening the database as its owner would: with a passphrase that must work, reading
every row. Then what was cut off is ended as the next command would, and looked at again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import apsw

from wizard import engine
from wizard.selftest.scratch import BACKUP, DATABASE, PASSPHRASE, ROWS, rows, sheets

_PUBLIC = (".json", ".jsonl")
_KEPT = (".plaintext-", ".replaced-")


class Lost(Exception):
    """What a killed act has left does not open, or not everything is in it."""


def opens_with(*passphrases: str) -> Callable[[Path], None]:
    """All rows are there, before and after what was cut off is ended; then nothing is left over."""

    def look(directory: Path) -> None:
        database = directory / DATABASE
        _check_rows(database, passphrases)
        engine.undo_interrupted(database)
        _check_rows(database, passphrases)
        state = engine.inspect(database).state
        if state not in (engine.State.PROTECTED, engine.State.PLAINTEXT):
            raise Lost(f"the database is {state} after the next command")
        check_names(directory)

    return look


def opens_with_a_sheet(*passphrases: str) -> Callable[[Path], None]:
    """As `opens_with`, and once it is protected a recovery sheet that was kept opens it, too."""

    def look(directory: Path) -> None:
        opens_with(*passphrases)(directory)
        database = directory / DATABASE
        if engine.inspect(database).opens and not any(
            _opens(database, sheet) for sheet in sheets(directory)
        ):
            raise Lost("no recovery sheet opens it")

    return look


def new_or_absent(directory: Path) -> None:
    """There is a new database that opens, or none and nothing left of it."""
    database = directory / DATABASE
    engine.undo_interrupted(database)
    state = engine.inspect(database).state
    if state is engine.State.PROTECTED:
        engine.unlock(database, PASSPHRASE).close()
    elif state is not engine.State.ABSENT:
        raise Lost(f"the new database is {state} after the next command")
    check_names(directory)


def old_or_aside(directory: Path) -> None:
    """The rows are under the database's name, or under a dated one beside a new database."""
    database = directory / DATABASE
    engine.undo_interrupted(database)
    aside = [
        path for path in directory.glob(f"{DATABASE}{_KEPT[1]}*") if path.suffix not in _PUBLIC
    ]
    if not aside:
        opens_with(PASSPHRASE)(directory)
        return
    if not any(_holds_all(path) for path in (database, *aside)):
        raise Lost("the old database opens under no name")
    if engine.inspect(database).state is not engine.State.PROTECTED:
        raise Lost("there is no database of that name after the next command")
    check_names(directory)


def every_entry_is_kept(directory: Path) -> None:
    """It opens, and the audit log that was there is there, under its name or a dated one."""
    opens_with(PASSPHRASE)(directory)
    logs = directory.glob(f"{DATABASE}.audit.jsonl*")
    if not any('"event":"initialize"' in log.read_text(encoding="utf-8") for log in logs):
        raise Lost("the old audit log is gone")


def all_of(connection: apsw.Connection) -> list[tuple[object, ...]]:
    """Every row of the table."""
    return list(connection.execute("SELECT id, what, data FROM event ORDER BY id"))


def check_names(directory: Path) -> None:
    """Nothing is left over but the database, its public files, SQLite's, and a plaintext original."""
    endings = ("", ".crypto.json", ".audit.jsonl", "-journal", "-wal", "-shm")
    known = [DATABASE + ending for ending in endings]
    strange = sorted(
        each.name
        for each in directory.iterdir()
        if each.name not in (*known, BACKUP) and not any(kept in each.name for kept in _KEPT)
    )
    if strange:
        raise Lost(f"left over: {', '.join(strange)}")


def _check_rows(database: Path, passphrases: tuple[str, ...]) -> None:
    found = _read(database, passphrases)
    if found != rows():
        raise Lost(f"{len(found)} of {ROWS} rows are there")


def _read(database: Path, passphrases: tuple[str, ...]) -> list[tuple[object, ...]]:
    found = engine.inspect(database)
    if found.state is engine.State.DAMAGED and found.error is not None:
        raise found.error
    if not found.opens:
        # Not protected yet: the plaintext database has to be there as it was.
        plain = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
        with contextlib.closing(plain):
            return all_of(plain)
    for passphrase in passphrases[:-1]:
        with contextlib.suppress(engine.WrongPassphrase):
            return _unlocked(database, passphrase)
    return _unlocked(database, passphrases[-1])


def _unlocked(database: Path, passphrase: str) -> list[tuple[object, ...]]:
    with engine.unlock(database, passphrase, readonly=True) as opened:
        return all_of(opened.connection)


def _holds_all(path: Path) -> bool:
    with contextlib.suppress(engine.WizardError):
        return _unlocked(path, PASSPHRASE) == rows()
    return False


def _opens(database: Path, sheet: str) -> bool:
    with (
        contextlib.suppress(engine.NotOpened, engine.NotVerified),
        engine.unlock(database, recovery=[sheet], readonly=True) as opened,
    ):
        return all_of(opened.connection) == rows()
    return False
