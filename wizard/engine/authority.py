"""Who may change the keys: the master passphrase, proved against a database that agrees with it.

- Nothing is changed on the word of a sidecar alone: the database that it opens must agree with it,
  or an older sidecar could be made the newest one again.
- An operator's passphrase is told apart from a wrong one, and changes nothing.
- What cannot be recorded in the audit log is not begun; how it ended is recorded under the master
  key that is valid then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from wizard.engine import audit, inspection
from wizard.engine.changing import changing, publish, remember
from wizard.engine.errors import InvalidPassphrase, NotPermitted, WrongPassphrase
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.masterkey import SigningKey
from wizard.engine.memory import check_cost, runs_unasked
from wizard.engine.metadata import Metadata
from wizard.engine.opening import open_data_key, open_database, open_root, whose_passphrase
from wizard.engine.passphrase import PassphraseSource, passphrase_from
from wizard.engine.progress import Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.secret import Secret
from wizard.engine.unlocking import openable

_NOT_REMEMBERED = (
    "The database is in use or cannot be written, so it has not noted this change yet; it does when "
    "it is next opened for writing. Until then an older .crypto.json file that is put back would not be noticed."
)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of keys that is in force. ``settled`` says what was ended before it, if anything."""

    path: Path
    metadata: Metadata
    settled: str | None
    warnings: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Of the master key now."""
        return self.metadata.public_key.fingerprint


@dataclass(frozen=True, slots=True)
class Authority:
    """A database held for a change, opened by its master passphrase. The secrets are not kept.

    ``metadata`` is what a new document is made from: it knows how far the audit log has come.
    """

    target: Path
    metadata: Metadata
    settled: str | None
    entry: audit.Audited
    passphrase: Secret
    keyfile: Secret | None
    root: Secret
    data_key: Secret
    signing: SigningKey

    def publish(self, metadata: Metadata) -> Changed:
        """Put a document in force that the present master key signs."""
        publish(self.target, metadata, self.signing, entry=self.entry)
        return self.done(metadata)

    def done(self, metadata: Metadata) -> Changed:
        """Let the database note a document that is in force, and say how that went."""
        return in_force(self.entry, metadata, data_key=self.data_key, settled=self.settled)


def in_force(
    entry: audit.Audited,
    metadata: Metadata,
    *,
    data_key: Secret,
    settled: str | None,
) -> Changed:
    """Let the database note a document that is in force, and say how that and recording it went."""
    known = remember(entry.target, metadata, data_key)
    warnings = ("" if known else _NOT_REMEMBERED, entry.warning)
    return Changed(entry.target, metadata, settled, tuple(each for each in warnings if each))


@contextmanager
def authorised(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    event: str,
    *,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    details: Mapping[str, str | int] | None = None,
) -> Iterator[Authority]:
    """Hold a protected database and prove the master passphrase.

    ``event`` and ``details`` go into the audit log. Raises what `changing` raises,
    `AuditUnavailable`, `WrongPassphrase`, `NotPermitted` for an operator's passphrase,
    and a subclass of `NotVerified` where the database does not agree with its sidecar. A callable
    ``passphrase`` is called only when the state allows a change.
    """
    check_cost(
        openable(inspection.inspect(path)).master_slot.params, allow_high_cost=allow_high_cost
    )
    with changing(path) as change, ExitStack() as secrets:
        metadata = change.metadata
        check_cost(metadata.master_slot.params, allow_high_cost=allow_high_cost)
        secret = secrets.enter_context(passphrase_from(passphrase))
        file = secrets.enter_context(keyfile_from(keyfile))
        entry = secrets.enter_context(
            audit.auditing(change.target, event, metadata=metadata, details=details)
        )
        progress(Progress(Stage.DERIVE, 0, 0, detail="of the present passphrase"))
        root = secrets.enter_context(master_root(metadata, secret, file))
        data_key = secrets.enter_context(open_data_key(metadata, root))
        open_database(change.target, data_key, metadata, readonly=True).close()
        entry.details["using"] = "passphrase"
        yield Authority(
            target=change.target,
            metadata=replace(metadata, audit=entry.head),
            settled=change.settled,
            entry=entry,
            passphrase=secret,
            keyfile=file,
            root=root,
            data_key=data_key,
            signing=secrets.enter_context(SigningKey.master(root)),
        )


def master_root(metadata: Metadata, passphrase: Secret, keyfile: Secret | None) -> Secret:
    """The root secret. Raises `WrongPassphrase`, and `NotPermitted` for an operator's passphrase."""
    try:
        return open_root(metadata, passphrase, keyfile)
    except WrongPassphrase:
        label = operator_of(metadata, passphrase)
        if label is not None:
            raise NotPermitted(label) from None
        raise


def check_nobodys(metadata: Metadata, passphrase: Secret) -> None:
    """Refuse an operator's passphrase as a new master passphrase: he would be the master then.

    Raises `InvalidPassphrase`. Slots that this machine does not run without asking are not tried.
    """
    label = operator_of(metadata, passphrase)
    if label is not None:
        raise InvalidPassphrase(
            "operators",
            f"This is the passphrase of the operator {label}, who could change everything with it. "
            "The master passphrase has to be another one.",
        )


def operator_of(metadata: Metadata, passphrase: Secret) -> str | None:
    """The operator whose passphrase it is, or None; slots that are too dear here are passed over.

    It is only to refuse, or to word a refusal: a sidecar that was exchanged must not have hours of
    memory spent on that.
    """
    affordable = [slot for slot in metadata.operator_slots if runs_unasked(slot.params)]
    return whose_passphrase(metadata, passphrase, affordable)
