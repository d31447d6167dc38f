"""What the crash test does to a small database: every command that changes keys or makes files.

A case prepares a directory, acts in it, and looks at what a killed act has left there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw

from wizard import engine
from wizard.selftest import looking, scratch
from wizard.selftest.looking import Lost, opens_with, opens_with_a_sheet
from wizard.selftest.scratch import BACKUP, COPY, DATABASE, NEW_PASSPHRASE, OPERATOR, PASSPHRASE


@dataclass(frozen=True, slots=True)
class Case:
    """One verb. ``prepare`` makes a directory, ``act`` runs in one, ``look`` judges what is left.

    ``look`` raises `Lost`, or what opening raises.
    """

    verb: str
    prepare: Callable[[Path], object]
    act: Callable[[Path], object]
    look: Callable[[Path], object]


def _nothing(_directory: Path) -> None:
    """A new database begins where nothing is."""


def _change_passphrase(directory: Path) -> None:
    engine.change_passphrase(directory / DATABASE, PASSPHRASE, NEW_PASSPHRASE, minimum_score=0)


def _retune(directory: Path) -> None:
    dearer = engine.KdfParams(
        memory_kib=engine.FLOOR.memory_kib, passes=engine.FLOOR.passes + 1, lanes=1
    )
    engine.retune(directory / DATABASE, PASSPHRASE, params=dearer)


def _remove_operator(directory: Path) -> None:
    engine.remove_operator(directory / DATABASE, PASSPHRASE, OPERATOR)


def _rotate(directory: Path) -> None:
    engine.rotate(directory / DATABASE, PASSPHRASE)


def _restore(directory: Path) -> None:
    engine.restore(directory / BACKUP, to=directory / DATABASE)


def _restore_metadata(directory: Path) -> None:
    engine.restore_metadata(directory / BACKUP, directory / DATABASE, passphrase=PASSPHRASE)


def _recover(directory: Path) -> None:
    sheet = scratch.sheet(directory)
    with engine.prepare_recovery(
        directory / DATABASE, [sheet], NEW_PASSPHRASE, params=engine.FLOOR, minimum_score=0
    ) as pending:
        _commit(pending, directory)


def _renew_recovery(directory: Path) -> None:
    with engine.prepare_renewal(directory / DATABASE, PASSPHRASE) as pending:
        _commit(pending, directory)


def _commit(pending: engine.PendingChange, directory: Path) -> None:
    pending.rehearse(scratch.keeping(directory, new=True)(pending.kit))
    pending.commit()


def _start_over(directory: Path) -> None:
    with engine.prepare_reinitialization(
        directory / DATABASE,
        NEW_PASSPHRASE,
        confirm=DATABASE,
        params=engine.FLOOR,
        recovery=None,
        minimum_score=0,
    ) as pending:
        pending.start_over()


def _decrypt(directory: Path) -> None:
    engine.decrypt(directory / DATABASE, directory / COPY, PASSPHRASE, confirm=DATABASE)


def _restart_log(directory: Path) -> None:
    engine.restart_log(directory / DATABASE, PASSPHRASE, confirm=DATABASE)


def _copied_or_can_be(directory: Path) -> None:
    copy = directory / COPY
    if not copy.exists():
        _decrypt(directory)
    plain = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    with contextlib.closing(plain):
        if looking.all_of(plain) != scratch.rows():
            raise Lost("the copy has not all rows")
    copy.unlink()
    opens_with(PASSPHRASE)(directory)


def _backup_is_whole_or_absent(directory: Path) -> None:
    saved = directory / BACKUP
    if saved.exists():
        engine.verify_backup(saved)
        saved.unlink()
    scratch.backup(directory)
    engine.verify_backup(saved)
    opens_with(PASSPHRASE)(directory)


def _restored_or_can_be(directory: Path) -> None:
    engine.verify_backup(directory / BACKUP)
    if engine.inspect(directory / DATABASE).state is not engine.State.PROTECTED:
        _restore(directory)
    opens_with(PASSPHRASE)(directory)


def _sidecar_is_back_or_can_be(directory: Path) -> None:
    if not engine.inspect(directory / DATABASE).opens:
        _restore_metadata(directory)
    opens_with(PASSPHRASE)(directory)


_OLD_OR_NEW = (PASSPHRASE, NEW_PASSPHRASE)

CASES = (
    Case("init-new", _nothing, scratch.protect, looking.new_or_absent),
    Case("init", scratch.plain, scratch.protect, opens_with_a_sheet(PASSPHRASE)),
    Case("passwd", scratch.protected, _change_passphrase, opens_with(*_OLD_OR_NEW)),
    Case("retune", scratch.protected, _retune, opens_with(PASSPHRASE)),
    Case("operator", scratch.protected, scratch.add_operator, opens_with(PASSPHRASE)),
    Case("operator-remove", scratch.with_operator, _remove_operator, opens_with(PASSPHRASE)),
    Case("rotate", scratch.protected, _rotate, opens_with(PASSPHRASE)),
    Case("backup", scratch.protected, scratch.backup, _backup_is_whole_or_absent),
    Case("restore", scratch.backed_up, _restore, _restored_or_can_be),
    Case(
        "restore-metadata", scratch.without_sidecar, _restore_metadata, _sidecar_is_back_or_can_be
    ),
    Case("recover", scratch.protected, _recover, opens_with_a_sheet(*_OLD_OR_NEW)),
    Case("recovery-new", scratch.protected, _renew_recovery, opens_with_a_sheet(PASSPHRASE)),
    Case("reinit", scratch.protected, _start_over, looking.old_or_aside),
    Case("decrypt", scratch.protected, _decrypt, _copied_or_can_be),
    Case("audit-restart", scratch.protected, _restart_log, looking.every_entry_is_kept),
)
