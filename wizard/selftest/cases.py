"""What the crash test does to a small database, and how it finds out whether anything was lost.

- A case prepares a directory, acts in it, and looks at what a killed act has left there.
- Looking means opening the database as its owner would: with a passphrase that must work, reading
  every row. Then what was cut off is ended as the next command would, and looked at again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw

from wizard import engine

DATABASE = "node.db"
_PASSPHRASE = "scratch passphrase of the crash test 1"  # noqa: S105 - of a scratch database
_NEW_PASSPHRASE = "another scratch passphrase of the crash test 2"  # noqa: S105
_ROWS = 120
_KEPT = ".plaintext-"


class Lost(Exception):
    """What a killed act has left does not open, or not everything is in it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One verb. ``prepare`` makes a directory, ``act`` runs in one, ``look`` judges it."""

    verb: str
    prepare: Callable[[Path], object]
    act: Callable[[Path], object]
    passphrases: tuple[str, ...]

    def look(self, directory: Path) -> None:
        """Raise `Lost` unless all rows are there, before and after what was cut off is ended."""
        database = directory / DATABASE
        _check_rows(database, self.passphrases)
        engine.undo_interrupted(database)
        _check_rows(database, self.passphrases)
        state = engine.inspect(database).state
        if state not in (engine.State.PROTECTED, engine.State.PLAINTEXT):
            raise Lost(f"the database is {state} after the next command")
        _check_names(directory)


def _plain(directory: Path) -> None:
    with contextlib.closing(apsw.Connection(str(directory / DATABASE))) as connection, connection:
        connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, what TEXT, data BLOB)")
        connection.execute("CREATE INDEX event_by_what ON event (what)")
        connection.executemany("INSERT INTO event VALUES (?, ?, ?)", _rows())


def _rows() -> list[tuple[int, str, bytes]]:
    return [(number, f"event {number}", bytes([number]) * 400) for number in range(_ROWS)]


def _protect(directory: Path) -> None:
    engine.initialize(
        directory / DATABASE,
        _PASSPHRASE,
        params=engine.FLOOR,
        confirm_kit=lambda kit: [sheet.text() for sheet in kit.sheets],
        original=engine.OriginalPolicy.REMOVE,
        minimum_score=0,
    )


def _protected(directory: Path) -> None:
    _plain(directory)
    _protect(directory)


def _change_passphrase(directory: Path) -> None:
    engine.change_passphrase(directory / DATABASE, _PASSPHRASE, _NEW_PASSPHRASE, minimum_score=0)


def _rotate(directory: Path) -> None:
    engine.rotate(directory / DATABASE, _PASSPHRASE)


CASES = (
    Case("init", _plain, _protect, (_PASSPHRASE,)),
    Case("passwd", _protected, _change_passphrase, (_PASSPHRASE, _NEW_PASSPHRASE)),
    Case("rotate", _protected, _rotate, (_PASSPHRASE,)),
)


def _check_rows(database: Path, passphrases: tuple[str, ...]) -> None:
    try:
        found = _read(database, passphrases)
    except (engine.WizardError, apsw.Error) as error:
        raise Lost(f"{type(error).__name__}: {error}") from None
    if found != _rows():
        raise Lost(f"{len(found)} of {_ROWS} rows are there")


def _read(database: Path, passphrases: tuple[str, ...]) -> list[tuple[object, ...]]:
    found = engine.inspect(database)
    if found.state is engine.State.DAMAGED and found.error is not None:
        raise found.error
    if not found.opens:
        # Not protected yet: the plaintext database has to be there as it was.
        plain = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
        with contextlib.closing(plain):
            return _all_of(plain)
    for passphrase in passphrases[:-1]:
        with contextlib.suppress(engine.WrongPassphrase):
            return _unlocked(database, passphrase)
    return _unlocked(database, passphrases[-1])


def _unlocked(database: Path, passphrase: str) -> list[tuple[object, ...]]:
    with engine.unlock(database, passphrase, readonly=True) as opened:
        return _all_of(opened.connection)


def _all_of(connection: apsw.Connection) -> list[tuple[object, ...]]:
    return list(connection.execute("SELECT id, what, data FROM event ORDER BY id"))


def _check_names(directory: Path) -> None:
    """Nothing is left over but the database, its public files, SQLite's, and a plaintext original."""
    endings = ("", ".crypto.json", ".audit.jsonl", "-journal", "-wal", "-shm")
    known = [DATABASE + ending for ending in endings]
    strange = sorted(
        each.name
        for each in directory.iterdir()
        if each.name not in known and _KEPT not in each.name
    )
    if strange:
        raise Lost(f"left over: {', '.join(strange)}")
