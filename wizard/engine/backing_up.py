"""One file that brings a protected database back, made while applications write to it.

- The file gets its name when it is whole, on the disk, and has been read back and verified; a file
  that exists is never overwritten, and what fails leaves none.
- The keys cannot be changed meanwhile, so database, metadata and manifest are of one moment.
- Only the master key signs a manifest. Crypto metadata alone are signed already: no secret is
  needed to save them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from wizard.engine import audit, audit_file, backup_reading
from wizard.engine.backup_manifest import MAXIMUM_AUDIT_BYTES
from wizard.engine.backup_reading import Contents
from wizard.engine.changing import Change, held_to_read
from wizard.engine.errors import (
    AuditUnavailable,
    OutputExists,
    VerificationFailed,
)
from wizard.engine.inspection import resolve
from wizard.engine.keyed import discard_database, remove_database
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.master_only import master_keys
from wizard.engine.metadata import Metadata
from wizard.engine.outputs import give_name
from wizard.engine.packing import Packing
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.sidecar import (
    create_file,
    read_sidecar,
    remove,
    sidecar_path,
    sync_directory,
)
from wizard.engine.snapshot import Snapshot, SnapshotTaker, checked
from wizard.engine.tidying import tidy
from wizard.engine.writerlock import WriterLock

_WORTH_TELLING_SECONDS = 0.5


class BackupKind(StrEnum):
    """A database with its crypto metadata, or these alone."""

    DATABASE = "database"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What a verified backup is; sizes in bytes, ``database_size`` 0 for crypto metadata alone.

    ``created_at`` is when it was made; for crypto metadata alone, when they were written.
    """

    path: Path
    kind: BackupKind
    database_id: str
    fingerprint: str
    generation: int
    revision: int
    created_at: str
    tool: str
    size: int
    database_size: int
    notes: tuple[str, ...] = ()


def backup(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    to: str | os.PathLike[str],
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> BackupFacts:
    """Save database and crypto metadata into the new file ``to``, readable by its owner only.

    Applications may read and write meanwhile. In WAL mode they do not notice; in the other journal
    modes a commit waits while the file is copied (``notes`` says how long). Needs free space for
    two copies. Raises the error of the target's state, `OutputExists`, `NotPermitted` (an
    operator's passphrase), `NotOpened`, `NoSpace`, `Busy`, `DamagedDatabase`, `Unreadable` or
    `Cancelled`; no file is left then.
    """
    token = cancel or CancelToken()
    output = _free(to)
    with held_to_read(path) as change, ExitStack() as secrets:
        entry = secrets.enter_context(audit.attempt(change.target, "backup"))
        metadata = change.metadata
        entry.concerns(metadata)
        entry.details |= {"kind": BackupKind.DATABASE.value}
        progress(Progress(Stage.DERIVE, 0, 1))
        keys = secrets.enter_context(
            master_keys(metadata, passphrase, keyfile, allow_high_cost=allow_high_cost)
        )
        entry.details["using"] = "passphrase"
        progress(Progress(Stage.DERIVE, 1, 1))
        copy, packed = secrets.enter_context(_scratch(output, metadata))
        token.check()
        snapshot = SnapshotTaker(
            path=change.target,
            copy=copy,
            metadata=metadata,
            data_key=keys.data_key,
            progress=progress,
            cancel=token,
        ).take()
        with (
            _log(change.target) as (log, notes),
            checked(copy, keys.data_key, metadata, cancel=token),
        ):
            Packing(
                copy=copy,
                log=log,
                metadata=metadata,
                sidecar=_sidecar(change),
                master=keys.master,
                progress=progress,
                cancel=token,
            ).into(packed)
            progress(Progress(Stage.CHECK, 0, 0, "steps", "every page"))
        discard_database(copy)
        token.check()
        facts = _published(packed, output, metadata)
        entry.signer = keys.master
        entry.details["bytes"] = facts.size
        entry.done()
        notes = (*_settled(change), *_waited(snapshot), *notes, *_unrecorded(entry))
        return replace(facts, notes=notes)


def backup_metadata(path: str | os.PathLike[str], *, to: str | os.PathLike[str]) -> BackupFacts:
    """Save the crypto metadata alone into the new file ``to``. They are public and signed: no secret.

    Raises the error of the target's state, `OutputExists`, `NoSpace`, `Busy` or `Unreadable`.
    """
    output = _free(to)
    with held_to_read(path) as change, _scratch(output, change.metadata) as (_copy, packed):
        with audit.attempt(change.target, "backup") as entry:
            entry.concerns(change.metadata)
            entry.details |= {"kind": BackupKind.METADATA.value}
            create_file(packed, _sidecar(change))
            facts = _published(packed, output, change.metadata)
        return replace(facts, notes=(*_settled(change), *_unrecorded(entry)))


def verify_backup(
    path: str | os.PathLike[str],
    *,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> BackupFacts:
    """Check all of a backup without any secret: structure, digests, and the master key's signature.

    Raises `DamagedBackup`, `UnsupportedVersion`, `FileNotFoundError`, `Unreadable` or `Cancelled`. It
    shows that the backup is the one which the holder of that master key made; compare the
    fingerprint to know whose it is.
    """
    source = resolve(path)
    with backup_reading.opened(source) as descriptor:
        contents = backup_reading.read_contents(descriptor)
        backup_reading.check_digests(descriptor, contents, progress=progress, cancel=cancel)
    return facts_of(source, contents)


def facts_of(path: Path, contents: Contents) -> BackupFacts:
    """The facts of a backup whose contents were verified."""
    metadata, manifest = contents.metadata, contents.manifest
    return BackupFacts(
        path=path,
        kind=BackupKind.METADATA if manifest is None else BackupKind.DATABASE,
        database_id=metadata.database_id.hex(),
        fingerprint=metadata.public_key.fingerprint,
        generation=metadata.generation,
        revision=metadata.revision,
        created_at=metadata.written_at if manifest is None else manifest.created_at,
        tool=metadata.tool if manifest is None else manifest.tool,
        size=contents.size,
        database_size=0 if manifest is None else manifest.database.size,
    )


@contextmanager
def _scratch(output: Path, metadata: Metadata) -> Iterator[tuple[Path, Path]]:
    """Names for a copy and for the backup in the making, free of what a killed run has left."""
    copy = output.with_name(f".datafold-backup-{metadata.database_id.hex()}")
    packed = copy.with_name(f"{copy.name}.tar")

    # Another copy of this database may just be backed up into the same directory.
    with WriterLock(copy):
        try:
            remove_database(copy)
            remove(packed)
            yield copy, packed
        finally:
            discard_database(copy)
            tidy(packed)


def _published(made: Path, output: Path, metadata: Metadata) -> BackupFacts:
    """Read back what was made, all but the database, which was compared; then give it its name."""
    with backup_reading.opened(made) as descriptor:
        contents = backup_reading.read_contents(descriptor)
    if contents.metadata != metadata:
        raise VerificationFailed("The backup that was read back is not the one just made.")
    give_name(made, output)
    return facts_of(output, contents)


def _free(to: str | os.PathLike[str]) -> Path:
    """The real directory and the name of a file to be made. Raises `OutputExists`, `Unreadable`."""
    given = Path(os.path.abspath(to))  # noqa: PTH100 - a link under that name stays in the way
    if os.path.lexists(given):
        raise OutputExists(given)
    output = resolve(given.parent) / given.name
    sync_directory(output.parent)  # tells now whether it is a directory that can be used
    return output


@contextmanager
def _log(target: Path) -> Iterator[tuple[tuple[int, int] | None, tuple[str, ...]]]:
    """The audit log and how far it has come, or None; and what has to be said about it."""
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(audit_file.open_to_read(target))
        except FileNotFoundError:
            yield None, ()
            return
        except AuditUnavailable as error:
            yield None, (f"The backup is without the audit log. {error}",)
            return
        size = os.fstat(descriptor).st_size
        if size > MAXIMUM_AUDIT_BYTES:
            yield None, ("The backup is without the audit log, which is over 1 GiB long.",)
        else:
            yield (descriptor, size), ()


def _sidecar(change: Change) -> bytes:
    return read_sidecar(sidecar_path(change.target)) or b""


def _settled(change: Change) -> tuple[str, ...]:
    return () if change.settled is None else (change.settled,)


def _unrecorded(entry: audit.Audited) -> tuple[str, ...]:
    return (entry.warning,) if entry.warning else ()


def _waited(snapshot: Snapshot) -> tuple[str, ...]:
    seconds = snapshot.writers_waited
    if seconds < _WORTH_TELLING_SECONDS:
        return ()
    told = f"Applications could read, but not commit, for {seconds:.1f} s. In WAL mode none waits."
    return (told,)
