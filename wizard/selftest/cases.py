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
_PUBLIC = (".json", ".jsonl")
_KEPT = (".plaintext-", ".replaced-")
_BACKUP = "saved"
_COPY = "copy.db"
_SHEET = "recovery sheet.txt"


class Lost(Exception):
    """What a killed act has left does not open, or not everything is in it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One verb. ``prepare`` makes a directory, ``act`` runs in one, ``look`` judges what is left.

    ``look`` raises `Lost`, or what opening raises.
    """

    verb: str
    prepare: Callable[[Path], object]
    act: Callable[[Path], object]
    look: Callable[[Path], object]


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


def _add_operator(directory: Path) -> None:
    engine.add_operator(
        directory / DATABASE,
        _PASSPHRASE,
        label="Ada",
        operator_passphrase=_NEW_PASSPHRASE,
        params=engine.FLOOR,
        minimum_score=0,
    )


def _backup(directory: Path) -> None:
    engine.backup(directory / DATABASE, _PASSPHRASE, to=directory / _BACKUP)


def _backed_up(directory: Path) -> None:
    """A backup, and nothing else."""
    _protected(directory)
    _backup(directory)
    for each in directory.iterdir():
        if each.name != _BACKUP:
            each.unlink()


def _restore(directory: Path) -> None:
    engine.restore(directory / _BACKUP, to=directory / DATABASE)


def _with_sheet(directory: Path) -> None:
    """Protected, with the recovery sheet beside the directory."""
    _plain(directory)

    def keep(kit: engine.RecoveryKit) -> list[str]:
        texts = [sheet.text() for sheet in kit.sheets]
        directory.with_name(_SHEET).write_text(texts[0])
        return texts

    engine.initialize(
        directory / DATABASE,
        _PASSPHRASE,
        params=engine.FLOOR,
        confirm_kit=keep,
        original=engine.OriginalPolicy.REMOVE,
        minimum_score=0,
    )


def _recover(directory: Path) -> None:
    sheet = directory.with_name(_SHEET).read_text()
    with engine.prepare_recovery(
        directory / DATABASE, [sheet], _NEW_PASSPHRASE, params=engine.FLOOR, minimum_score=0
    ) as pending:
        pending.rehearse()
        pending.commit()


def _start_over(directory: Path) -> None:
    with engine.prepare_reinitialization(
        directory / DATABASE,
        _NEW_PASSPHRASE,
        confirm=DATABASE,
        params=engine.FLOOR,
        recovery=None,
        minimum_score=0,
    ) as pending:
        pending.start_over()


def _old_or_aside(directory: Path) -> None:
    """The rows are under the database's name, or under a dated one beside a new database."""
    database = directory / DATABASE
    engine.undo_interrupted(database)
    aside = [
        path for path in directory.glob(f"{DATABASE}{_KEPT[1]}*") if path.suffix not in _PUBLIC
    ]
    if not aside:
        _opens_with(_PASSPHRASE)(directory)
        return
    if not any(_holds_all(path) for path in (database, *aside)):
        raise Lost("the old database opens under no name")
    if engine.inspect(database).state is not engine.State.PROTECTED:
        raise Lost("there is no database of that name after the next command")
    _check_names(directory)


def _holds_all(path: Path) -> bool:
    with contextlib.suppress(engine.WizardError):
        return _unlocked(path, _PASSPHRASE) == _rows()
    return False


def _decrypt(directory: Path) -> None:
    engine.decrypt(directory / DATABASE, directory / _COPY, _PASSPHRASE, confirm=DATABASE)


def _copied_or_can_be(directory: Path) -> None:
    copy = directory / _COPY
    if not copy.exists():
        _decrypt(directory)
    plain = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    with contextlib.closing(plain):
        if _all_of(plain) != _rows():
            raise Lost("the copy has not all rows")
    copy.unlink()
    _opens_with(_PASSPHRASE)(directory)


def _opens_with(*passphrases: str) -> Callable[[Path], None]:
    """All rows are there, before and after what was cut off is ended; then nothing is left over."""

    def look(directory: Path) -> None:
        database = directory / DATABASE
        _check_rows(database, passphrases)
        engine.undo_interrupted(database)
        _check_rows(database, passphrases)
        state = engine.inspect(database).state
        if state not in (engine.State.PROTECTED, engine.State.PLAINTEXT):
            raise Lost(f"the database is {state} after the next command")
        _check_names(directory)

    return look


def _backup_is_whole_or_absent(directory: Path) -> None:
    saved = directory / _BACKUP
    if saved.exists():
        engine.verify_backup(saved)
        saved.unlink()
    _backup(directory)
    engine.verify_backup(saved)
    _opens_with(_PASSPHRASE)(directory)


def _restored_or_can_be(directory: Path) -> None:
    engine.verify_backup(directory / _BACKUP)
    if engine.inspect(directory / DATABASE).state is not engine.State.PROTECTED:
        _restore(directory)
    _opens_with(_PASSPHRASE)(directory)


CASES = (
    Case("init", _plain, _protect, _opens_with(_PASSPHRASE)),
    Case("passwd", _protected, _change_passphrase, _opens_with(_PASSPHRASE, _NEW_PASSPHRASE)),
    Case("operator", _protected, _add_operator, _opens_with(_PASSPHRASE)),
    Case("rotate", _protected, _rotate, _opens_with(_PASSPHRASE)),
    Case("backup", _protected, _backup, _backup_is_whole_or_absent),
    Case("restore", _backed_up, _restore, _restored_or_can_be),
    Case("recover", _with_sheet, _recover, _opens_with(_PASSPHRASE, _NEW_PASSPHRASE)),
    Case("reinit", _protected, _start_over, _old_or_aside),
    Case("decrypt", _protected, _decrypt, _copied_or_can_be),
)


def _check_rows(database: Path, passphrases: tuple[str, ...]) -> None:
    found = _read(database, passphrases)
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
        if each.name not in (*known, _BACKUP) and not any(kept in each.name for kept in _KEPT)
    )
    if strange:
        raise Lost(f"left over: {', '.join(strange)}")
