"""A backup becomes a protected database again, where there is none.

- All of the backup is checked before a byte is written, and what was written is checked again as
  it is read back, before anything gets its name: the file could have changed meanwhile.
- Nothing is overwritten: neither database nor sidecar, nor may a log or journal lie there that
  SQLite would apply to the restored database.
- The sidecar gets its name before the database; a run that was killed is undone by the next one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from wizard.engine import audit, backup_reading, transfer
from wizard.engine.audit_entry import audit_path
from wizard.engine.backing_up import BackupFacts, facts_of
from wizard.engine.backup_reading import Contents
from wizard.engine.beside import BESIDE
from wizard.engine.claiming import claim_target, discard_staged, remove_staged
from wizard.engine.copying import available_in
from wizard.engine.encoding import Malformed
from wizard.engine.errors import (
    AlreadyProtected,
    Interrupted,
    InvalidInput,
    NoSpace,
    OutputExists,
    WizardError,
)
from wizard.engine.inspection import State, look, resolve
from wizard.engine.keyed import open_private
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.sidecar import (
    create_file,
    publish,
    read_sidecar,
    sidecar_path,
    staged_path,
    sync_directory,
    write_error,
)
from wizard.engine.staging import staged_sidecar
from wizard.engine.tidying import tidy
from wizard.engine.writerlock import WriterLock


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that was put back; it opens with what opened it when ``backup`` was made."""

    path: Path
    sidecar: Path
    backup: BackupFacts
    notes: tuple[str, ...]


def restore(
    file: str | os.PathLike[str],
    *,
    to: str | os.PathLike[str],
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Restored:
    """Put the database and the crypto metadata of a backup where nothing is yet. No secret is needed.

    Raises `DamagedBackup`, `UnsupportedVersion`, `OutputExists`, `NoSpace`, `Busy`, `Unreadable`,
    `FileNotFoundError`, `Cancelled`, and `InvalidInput` for a backup of crypto metadata alone; nothing is
    left then. Only after `Interrupted` everything is, and may not be on the disk for good.
    """
    token = cancel or CancelToken()
    source, target = resolve(file), resolve(to)
    _check_free(target)
    with audit.attempt(target, "restore") as entry:
        with backup_reading.opened(source) as descriptor:
            contents = backup_reading.read_contents(descriptor)
            if contents.database is None:
                raise InvalidInput(
                    f"{source} holds crypto metadata alone, and no database. It is for a database "
                    "whose own .crypto.json file is lost or damaged: restore --metadata FILE PATH"
                )
            backup_reading.check_digests(descriptor, contents, progress=progress, cancel=token)
            sync_directory(target.parent)  # tells now whether it can be used
            with WriterLock(target):
                _claim(target, contents.database.size)
                try:
                    _stage(descriptor, contents, target, progress, token)
                    _stage_log(descriptor, contents, target)
                    token.check()
                    _publish(target, progress)
                except Interrupted:
                    entry.concerns(contents.metadata)
                    entry.done()
                    raise
                finally:
                    discard_staged(target)
        # Not before: a failed restoration leaves nothing, and so no log either.
        entry.concerns(contents.metadata)
    notes = (entry.warning,) if entry.warning else ()
    return Restored(target, sidecar_path(target), facts_of(source, contents), notes)


def _check_free(target: Path) -> None:
    """Raise `OutputExists`, but not for what a killed restoration or initialization has left."""
    beside = tuple(target.with_name(target.name + suffix) for suffix in BESIDE)
    found = look(target)
    unfinished = found.state is State.INTERRUPTED and not found.opens
    sidecar = () if unfinished else (sidecar_path(target),)
    for name in (target, *sidecar, *beside):
        if os.path.lexists(name):
            raise OutputExists(name)


def _claim(target: Path, size: int) -> None:
    claim_target(target)
    _check_free(target)
    available = available_in(target.parent)
    if available < size:
        raise NoSpace(directory=target.parent, needed=size, available=available)


def _stage(
    source: int, contents: Contents, target: Path, progress: ProgressSink, cancel: CancelToken
) -> None:
    """Database and sidecar under staged names, on the disk, and read back from there."""
    member, manifest = contents.database, contents.manifest
    if member is None or manifest is None:
        raise ValueError("a backup of crypto metadata alone")
    staged, size = staged_path(target), member.size
    remove_staged(target)
    descriptor = open_private(staged)
    try:
        found = transfer.copy_with_digest(
            source,
            descriptor,
            source_offset=member.offset,
            size=size,
            report=lambda done: progress(Progress(Stage.COPY, done, size, "bytes", target.name)),
            cancel=cancel,
        )
        os.fsync(descriptor)
    except OSError as error:
        raise write_error(staged, size, error) from None
    finally:
        os.close(descriptor)
    if found != manifest.database.digest:
        raise Malformed("the database in it is not the one of its manifest")
    create_file(staged_sidecar(target), contents.metadata_bytes, public=True)
    if read_sidecar(staged_sidecar(target)) != contents.metadata_bytes:
        raise Malformed("its crypto metadata did not read back from the disk")


def _stage_log(source: int, contents: Contents, target: Path) -> None:
    member, staged = contents.audit, audit_path(staged_path(target))
    if member is None or not member.size or os.path.lexists(audit_path(target)):
        return
    log = open_private(staged)
    try:
        transfer.copy(source, log, source_offset=member.offset, size=member.size)
        os.fsync(log)
    except OSError as error:
        raise write_error(staged, member.size, error) from None
    finally:
        os.close(log)


def _publish(target: Path, progress: ProgressSink) -> None:
    """Sidecar, audit log, database; all of them or none.

    Raises `Interrupted` where all of them are there, but the disk may not have them for good.
    """
    names = [
        (staged, final)
        for staged, final in (
            (staged_sidecar(target), sidecar_path(target)),
            (audit_path(staged_path(target)), audit_path(target)),
            (staged_path(target), target),
        )
        if os.path.lexists(staged)
    ]
    progress(Progress(Stage.COMMIT, 0, 2))
    try:
        for staged, final in names:
            publish(staged, final)
    except BaseException as error:
        # A database that still has its staged name was not put back, so nor is what belongs to it.
        # What has lost its staged name has the final one, also if `publish` failed after that.
        if os.path.lexists(staged_path(target)):
            for staged, final in names:
                if not os.path.lexists(staged):
                    tidy(final)
        if isinstance(error, AlreadyProtected):
            raise OutputExists(target) from None
        if isinstance(error, WizardError) and not os.path.lexists(staged_path(target)):
            raise Interrupted(
                f"{target.name} is restored, but the disk did not confirm it: {error} After a power "
                "failure it may be gone again: keep the backup."
            ) from None
        raise
    progress(Progress(Stage.COMMIT, 2, 2))
