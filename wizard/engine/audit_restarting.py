"""A new audit log where the old one is gone or damaged, and somebody knows why.

- Only the master passphrase vouches for that; nothing is deleted: what there is gets a dated name.
- The first entry of the new log is signed, and names the last line of the old one.
- The anchors in the sidecar and inside the database name the new log from then on.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wizard.engine import audit
from wizard.engine.audit_entry import audit_path
from wizard.engine.authority import Authority, Changed, authorised
from wizard.engine.changing import publish, revised
from wizard.engine.dated_names import free_name
from wizard.engine.errors import AuditUnavailable, Interrupted, NameNotConfirmed, WizardError
from wizard.engine.identity import write_identity_now
from wizard.engine.inspection import look, resolve
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.metadata import AuditHead
from wizard.engine.moving_aside import put_aside
from wizard.engine.opening import open_database
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.progress import ProgressSink, ignore_progress
from wizard.engine.sidecar import sync_directory

_BUSY = (
    "The database is in use or cannot be written, so it still remembers the old log, and warns of it: "
    "do this again when nobody has it open."
)


@dataclass(frozen=True, slots=True)
class RestartedLog(Changed):
    """``kept``: the old log under its dated name. The change is one of the sidecar."""

    kept: Path


def restart_log(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    confirm: str,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
) -> RestartedLog:
    """Put the audit log aside and begin a new one that the signed metadata name.

    ``confirm`` is the name of the database file. Raises `NameNotConfirmed` and what `authorised`
    raises, `AuditUnavailable` for a log that cannot be continued even by one entry, and
    `Unreadable`; each leaves the state of before. Raises `Interrupted` where that is not possible:
    the old log is there in any case, under its own name or the dated one.
    """
    if confirm != resolve(path).name:
        raise NameNotConfirmed(resolve(path).name)
    with authorised(
        path,
        passphrase,
        "restart_log",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        progress=progress,
    ) as held:
        log = audit_path(held.target)
        kept = free_name(log, "replaced")
        entry = audit.Audited(held.target, "restart_log")
        entry.details |= {
            "using": "passphrase",
            "entries": held.entry.head.entries,
            "head": held.entry.head.head.hex(),
        }
        metadata = held.metadata
        try:
            put_aside(log, kept)
            _begin(entry, held)
            metadata = revised(metadata, audit=entry.head)
            publish(held.target, metadata, held.signing, entry=entry)
        except BaseException:
            if look(held.target).metadata == metadata != held.metadata:
                held.entry.ended = True
            else:
                _put_back(kept, log)
            raise
        held.entry.ended = True  # the attempt is in the log that was put aside
        noted = _note(replace(held, metadata=metadata), entry.head)
        return RestartedLog(
            path=held.target,
            metadata=metadata,
            settled=held.settled,
            warnings=() if noted else (_BUSY,),
            kept=kept,
        )


def _begin(entry: audit.Audited, held: Authority) -> None:
    """The first entry of the new log. Raises `AuditUnavailable`."""
    entry.concerns(held.metadata)
    entry.signer = held.signing
    entry.done()
    if entry.warning:
        raise AuditUnavailable(entry.warning)


def _put_back(kept: Path, log: Path) -> None:
    """The old log gets its name back; what was begun under that meanwhile is named by nothing."""
    try:
        if os.path.lexists(kept):
            kept.replace(log)
    except OSError as error:
        raise Interrupted(
            f"The old audit log is kept as {kept.name}, and the new one that was begun is not in the "
            f"signed metadata yet ({error.strerror}): restart the log again when the disk works."
        ) from None
    with suppress(WizardError):
        sync_directory(log.parent)


def _note(held: Authority, head: AuditHead) -> bool:
    """Let the database remember the new log, whatever it remembers of the old one."""
    try:
        with open_database(held.target, held.data_key, held.metadata, readonly=False) as database:
            write_identity_now(database.connection, replace(database.identity, audit=head))
    except WizardError:
        return False
    return True
