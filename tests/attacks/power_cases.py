"""More to kill, and to do on a failing disk, than ``selftest`` does: ends of what was cut off, too."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from tests.killing import Operation, killed, operations, renew
from wizard import engine
from wizard.cli import program
from wizard.selftest import looking, scratch
from wizard.selftest.cases import CASES, Case
from wizard.selftest.looking import Lost, opens_with
from wizard.selftest.scratch import BACKUP, DATABASE, PASSPHRASE

KIT = "kit.txt"
_ACTS = {case.verb: case.act for case in CASES}


def _plain_with_log(directory: Path) -> None:
    scratch.plain(directory)
    with contextlib.closing(apsw.Connection(str(directory / DATABASE))) as connection:
        connection.pragma("journal_mode", "wal")


def _protect_and_keep(directory: Path) -> None:
    engine.initialize(
        directory / DATABASE,
        PASSPHRASE,
        params=engine.FLOOR,
        confirm_kit=scratch.keeping(directory),
        original=engine.OriginalPolicy.KEEP,
        minimum_score=0,
    )


def _the_original_is_kept(directory: Path) -> None:
    looking.opens_with_a_sheet(PASSPHRASE)(directory)
    if engine.inspect(directory / DATABASE).opens:
        (kept,) = directory.glob(f"{DATABASE}.plaintext-*")
        with contextlib.closing(apsw.Connection(str(kept))) as connection:
            if looking.all_of(connection) != scratch.rows():
                raise Lost("the original has not all rows")


def _with_older_sidecar(directory: Path) -> None:
    scratch.protected(directory)
    engine.backup_metadata(directory / DATABASE, to=directory / BACKUP)
    scratch.add_operator(directory)


def _restore_older(directory: Path) -> None:
    engine.restore_metadata(
        directory / BACKUP, directory / DATABASE, passphrase=PASSPHRASE, allow_older=True
    )


def _init_by_command(directory: Path) -> None:
    words = ["init", str(directory / DATABASE), "--passphrase", f"file:{_secret(directory)}"]
    words += ["--recovery-out", str(directory / KIT), "--original", "remove", "--json"]
    words += ["--memory", "19MiB", "--passes", "2", "--lanes", "1", "--min-score", "0"]
    program._made_and_invoked(words, {})


def _secret(directory: Path) -> Path:
    """Beside the directory: it is the administrator's, and the disk of the database is another."""
    secret = directory.with_name("passphrase")
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(PASSPHRASE)
    return secret


def _the_written_kit_opens(directory: Path) -> None:
    kit, database = directory / KIT, directory / DATABASE
    text = kit.read_text() if kit.exists() else ""
    kit.unlink(missing_ok=True)
    opens_with(PASSPHRASE)(directory)
    if engine.inspect(database).opens:
        engine.unlock(database, recovery=[text], readonly=True).close()
        kit.write_text(text)


Where = Callable[[Sequence[Operation]], int]


def _cut_off(prepare: Callable[[Path], object], verb: str, where: Where) -> Callable[[Path], None]:
    """A directory in which ``verb`` was killed just before the operation that ``where`` picks."""

    def prepared(directory: Path) -> None:
        prepare(directory)
        tried = directory.with_name("tried")
        renew(tried, directory)
        number = where(operations(lambda: _ACTS[verb](tried), tried))
        shutil.rmtree(tried)
        assert killed(lambda: _ACTS[verb](directory), directory, number) is not None
        assert engine.inspect(directory / DATABASE).state is engine.State.INTERRUPTED

    return prepared


def _last_rename_of(name: str, *, after: int = 0) -> Where:
    def where(seen: Sequence[Operation]) -> int:
        renamed = [each for each in seen if each.call.startswith("rename") and each.name == name]
        return renamed[-1].number + after

    return where


def _undo(directory: Path) -> None:
    engine.undo_interrupted(directory / DATABASE)


_STAGED, _REPLACED = f".{DATABASE}.datafold-staged", f".{DATABASE}.datafold-replaced"

MORE_CASES = (
    Case("init-kept", _plain_with_log, _protect_and_keep, _the_original_is_kept),
    Case("init-by-command", scratch.plain, _init_by_command, _the_written_kit_opens),
    Case("metadata-older", _with_older_sidecar, _restore_older, opens_with(PASSPHRASE)),
    Case(
        "undo-init",
        _cut_off(scratch.plain, "init", _last_rename_of(_STAGED)),
        _undo,
        opens_with(PASSPHRASE),
    ),
    Case(
        "undo-rotate",
        _cut_off(scratch.protected, "rotate", _last_rename_of(_REPLACED)),
        _undo,
        opens_with(PASSPHRASE),
    ),
    Case(
        "finish-rotate",
        _cut_off(scratch.protected, "rotate", _last_rename_of(_REPLACED, after=1)),
        _undo,
        opens_with(PASSPHRASE),
    ),
    Case(
        "finish-reinit",
        _cut_off(scratch.protected, "reinit", _last_rename_of(_STAGED)),
        _undo,
        looking.old_or_aside,
    ),
)
