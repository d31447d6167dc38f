"""The scratch databases of the crash test: small, cheap to derive, and every row of them is known."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw

from wizard import engine

DATABASE = "node.db"
PASSPHRASE = "scratch passphrase of the crash test 1"  # noqa: S105 - of a scratch database
NEW_PASSPHRASE = "another scratch passphrase of the crash test 2"  # noqa: S105
OPERATOR = "Ada"
BACKUP = "saved"
COPY = "copy.db"
ROWS = 120

_SHEET = "recovery sheet.txt"
_NEW_SHEET = "new recovery sheet.txt"


def rows() -> list[tuple[int, str, bytes]]:
    """What is in the database, and has to be in it whatever happens."""
    return [(number, f"event {number}", bytes([number]) * 400) for number in range(ROWS)]


def plain(directory: Path) -> None:
    """The database as an application made it."""
    with contextlib.closing(apsw.Connection(str(directory / DATABASE))) as connection, connection:
        connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, what TEXT, data BLOB)")
        connection.execute("CREATE INDEX event_by_what ON event (what)")
        connection.executemany("INSERT INTO event VALUES (?, ?, ?)", rows())


def protect(directory: Path) -> None:
    """Encrypt it, or make a new one where there is none; the sheet is kept beside the directory."""
    engine.initialize(
        directory / DATABASE,
        PASSPHRASE,
        params=engine.FLOOR,
        confirm_kit=keeping(directory),
        original=engine.OriginalPolicy.REMOVE,
        minimum_score=0,
    )


def protected(directory: Path) -> None:
    """Protected, and nothing else."""
    plain(directory)
    protect(directory)


def add_operator(directory: Path) -> None:
    """Let somebody else open it, too."""
    engine.add_operator(
        directory / DATABASE,
        PASSPHRASE,
        label=OPERATOR,
        operator_passphrase=NEW_PASSPHRASE,
        params=engine.FLOOR,
        minimum_score=0,
    )


def with_operator(directory: Path) -> None:
    """Protected, and somebody else may open it, too."""
    protected(directory)
    add_operator(directory)


def backup(directory: Path) -> None:
    """Save it into one file."""
    engine.backup(directory / DATABASE, PASSPHRASE, to=directory / BACKUP)


def backed_up(directory: Path) -> None:
    """A backup, and nothing else."""
    protected(directory)
    backup(directory)
    for each in directory.iterdir():
        if each.name != BACKUP:
            each.unlink()


def without_sidecar(directory: Path) -> None:
    """A backup, and the database, whose sidecar is lost."""
    protected(directory)
    backup(directory)
    engine.sidecar_path(directory / DATABASE).unlink()


def renew(directory: Path, pristine: Path) -> None:
    """Let ``directory`` hold what ``pristine`` holds, second names included, and nothing else."""
    shutil.rmtree(directory, ignore_errors=True)
    names: dict[int, str] = {}

    def copy(old: str, new: str) -> str:
        first = names.setdefault(Path(old).lstat().st_ino, new)
        if first != new:
            os.link(first, new)
            return new
        return shutil.copy2(old, new, follow_symlinks=False)

    shutil.copytree(pristine, directory, symlinks=True, copy_function=copy)


def keeping(directory: Path, *, new: bool = False) -> Callable[[engine.RecoveryKit], list[str]]:
    """What keeps a kit's sheets beside the directory, as its owner would, and reads them aloud."""

    def keep(kit: engine.RecoveryKit) -> list[str]:
        texts = [sheet.text() for sheet in kit.sheets]
        directory.with_name(_NEW_SHEET if new else _SHEET).write_text(texts[0], encoding="utf-8")
        return texts

    return keep


def sheet(directory: Path) -> str:
    """The recovery sheet that the database was protected with."""
    return directory.with_name(_SHEET).read_text(encoding="utf-8")


def sheets(directory: Path) -> list[str]:
    """Every recovery sheet that somebody keeps, whether it came into force or not."""
    names = (_SHEET, _NEW_SHEET)
    kept = (directory.with_name(name) for name in names)
    return [each.read_text(encoding="utf-8") for each in kept if each.exists()]
