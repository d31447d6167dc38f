"""Unlocking a protected database: everything is verified before the first row can be read.

- Metadata, chain and cost are checked before a secret is asked for; a callable passphrase is
  called only then.
- What cannot be verified is not opened, whatever the secret.
- Every attempt goes into the audit log, signed where the passphrase was right; a log that cannot be
  written is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from wizard.engine import audit, audit_reading, sqlite
from wizard.engine.errors import (
    AuditUnavailable,
    Busy,
    DamagedMetadata,
    ForeignMetadata,
    InvalidInput,
    NoRecovery,
    NotVerified,
    WrongPassphrase,
)
from wizard.engine.identity import write_anchor
from wizard.engine.inspection import Inspection, State, inspect, look, resolve
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.masterkey import SigningKey
from wizard.engine.memory import check_cost, runs_unasked
from wizard.engine.metadata import Metadata
from wizard.engine.nobody import nobodys_slot
from wizard.engine.opening import (
    Database,
    open_by_kit,
    open_data_key,
    open_database,
    open_operator,
    open_root,
)
from wizard.engine.passphrase import PassphraseSource, passphrase_from
from wizard.engine.secret import Secret
from wizard.engine.slots import OperatorSlot
from wizard.engine.sqlite import Cipher, FileKind


def unlock(
    path: str | Path,
    passphrase: PassphraseSource | None = None,
    *,
    keyfile: KeyfileInput | None = None,
    recovery: Sequence[str] | None = None,
    operator: str | None = None,
    readonly: bool = False,
    allow_high_cost: bool = False,
) -> Database:
    """Open a protected database by its passphrase, an operator's, or its recovery sheets.

    With ``operator``, a label, only that operator's slot is tried; a label that is in no slot costs
    as much before `InvalidInput` says so. Without, the master's is, and then those of all operators: a wrong passphrase costs a derivation for each. An operator's slot
    that takes more memory than is used without asking is then passed over unless
    ``allow_high_cost``, and `WrongPassphrase` says so. ``recovery`` takes the text of each sheet,
    or bare phrases of 33 words. What was not recorded in the audit log, or is no longer there, is
    told in the database's ``warnings``. Raises a subclass of `NotVerified` (metadata or database
    are not sound), `NotOpened` (the secret is not the right one), or the error of the target's
    state; the database is not touched then.
    """
    with ExitStack() as keys, audit.attempt(resolve(path), "unlock") as entry:
        database = open_recorded(
            entry,
            keys,
            passphrase,
            keyfile=keyfile,
            recovery=recovery,
            operator=operator,
            readonly=readonly,
            allow_high_cost=allow_high_cost,
        )
    compare_log(database, entry)
    if entry.signer is not None and not readonly and not database.warnings:
        # Only now is it sure that the log holds what the last anchor vouches for.
        write_anchor(database.connection, entry.head)
    return database


def openable(found: Inspection) -> Metadata:
    """The metadata that a secret opens; raises the error of the target's state if there are none."""
    if found.metadata is None or not (found.opens or _only_salt_differs(found)):
        raise found.error or DamagedMetadata("The crypto metadata are missing.")
    return found.metadata


def _operators(metadata: Metadata, operator: str | None) -> tuple[OperatorSlot, ...]:
    if operator is None:
        return metadata.operator_slots
    return (metadata.operator(operator) or nobodys_slot(metadata, operator),)


def _refusal(
    metadata: Metadata, only: str | None, keyfile: KeyfileInput | None
) -> InvalidInput | WrongPassphrase:
    """What to say where no slot opens. An unknown operator is told so only now, for the same work."""
    if only is not None and metadata.operator(only) is None:
        return InvalidInput("This database has no operator of that name.")
    return WrongPassphrase(
        metadata.public_key.fingerprint, keyfile_expected=False, keyfile_given=keyfile is not None
    )


@contextmanager
def _opened(
    found: Inspection,
    metadata: Metadata,
    passphrase: Secret,
    keyfile: KeyfileInput | None,
    slots: tuple[OperatorSlot, ...],
    *,
    only: str | None,
    untried: tuple[str, ...],
    entry: audit.Audited,
    keys: ExitStack,
) -> Iterator[tuple[Secret, str]]:
    """The data key, and the label of the operator whose passphrase it was, or "".

    The master key stays open as long as ``keys``, for the signature of ``entry``.
    """
    refused = _refusal(metadata, only, keyfile)
    if only is None:
        try:
            root = _open_master(metadata, passphrase, keyfile)
        except WrongPassphrase as error:
            refused = WrongPassphrase(
                error.fingerprint,
                keyfile_expected=error.keyfile_expected,
                keyfile_given=error.keyfile_given,
                # With a keyfile it is not meant as an operator's.
                untried=untried if keyfile is None else (),
            )
        else:
            with root, open_data_key(metadata, root) as data_key:
                entry.signer = keys.enter_context(SigningKey.master(root))
                yield data_key, ""
            return
    for slot in slots if keyfile is None else ():
        operator_key = open_operator(metadata, slot, passphrase)
        if operator_key is not None:
            entry.details |= {"operator": slot.label, "using": "operator"}
            with operator_key:
                yield operator_key, slot.label
            return
    # With the sidecar of another database every passphrase is wrong: that is the news.
    raise found.error if isinstance(found.error, ForeignMetadata) else refused


def _open_master(metadata: Metadata, passphrase: Secret, keyfile: KeyfileInput | None) -> Secret:
    """The root secret. Raises `WrongPassphrase`, and what reading the keyfile raises."""
    with keyfile_from(keyfile) as file:
        return open_root(metadata, passphrase, file)


def _only_salt_differs(found: Inspection) -> bool:
    """Whether the first 16 bytes may just be damaged: `aegis` under a raw key does not use them."""
    return (
        isinstance(found.error, ForeignMetadata)
        and found.metadata is not None
        and found.metadata.cipher == Cipher.AEGIS
    )


def open_recorded(
    entry: audit.Audited,
    keys: ExitStack,
    passphrase: PassphraseSource | None,
    *,
    keyfile: KeyfileInput | None,
    recovery: Sequence[str] | None,
    operator: str | None,
    readonly: bool,
    allow_high_cost: bool,
) -> Database:
    """Open the database that ``entry`` is about, and tell it what it has to record."""
    entry.details["using"] = "passphrase" if recovery is None else "recovery"
    if recovery is not None:
        return _open_by_kit(entry, recovery, readonly=readonly)
    found = inspect(entry.target)
    metadata = openable(found)
    entry.concerns(metadata)
    if passphrase is None:
        raise TypeError("unlock() needs a passphrase or recovery sheets")
    slots = _operators(metadata, operator)
    if operator is None:
        check_cost(metadata.master_slot.params, allow_high_cost=allow_high_cost)
        # One operator's dear slot keeps nobody else out.
        tried = tuple(slot for slot in slots if allow_high_cost or runs_unasked(slot.params))
    else:
        tried = slots
        check_cost(slots[0].params, allow_high_cost=allow_high_cost)
    untried = tuple(slot.label for slot in slots if slot not in tried)
    with (
        passphrase_from(passphrase) as secret,
        _opened(
            found,
            metadata,
            secret,
            keyfile,
            tried,
            only=operator,
            untried=untried,
            entry=entry,
            keys=keys,
        ) as (data_key, label),
    ):
        try:
            return open_database(found.path, data_key, metadata, readonly=readonly, operator=label)
        except NotVerified:
            # A derivation takes a second, in which the keys may have been changed.
            if _newer(look(found.path).metadata, metadata):
                raise Busy(
                    f"The keys of {found.path.name} were changed while it was being opened."
                ) from None
            raise


def _newer(now: Metadata | None, before: Metadata) -> bool:
    return now is not None and (
        now.database_id == before.database_id and now.revision > before.revision
    )


def compare_log(database: Database, entry: audit.Audited) -> None:
    """Warn of what was not recorded, or is no longer there."""
    if entry.warning:
        database.warnings = (entry.warning,)
        return
    anchors = [database.identity.audit]
    if database.metadata is not None:
        anchors.append(database.metadata.audit)
    try:
        sound = all(audit_reading.holds(database.path, anchor) for anchor in anchors)
    except AuditUnavailable as error:
        database.warnings = (str(error),)
        return
    if not sound:
        database.warnings = (
            (
                "Entries of the audit log that the database remembers were removed or changed. If "
                "you know why, begin a new log: audit restart"
            ),
        )


def _open_by_kit(entry: audit.Audited, sheets: Sequence[str], *, readonly: bool) -> Database:
    found = inspect(entry.target)
    # Without its sidecar an `sqlcipher` file looks like anybody's: the kit decides whose it is.
    possible = found.opens or found.state in (State.DAMAGED, State.FOREIGN)
    if not possible or sqlite.classify(found.path) is not FileKind.OPAQUE:
        raise found.error or DamagedMetadata("The crypto metadata are missing.")
    # Only a sidecar that fits the file may say that these sheets were replaced by others.
    metadata = found.metadata if found.opens else None
    if metadata is not None and metadata.recovery_slot is None:
        raise NoRecovery("This database was protected without a recovery phrase.")
    if metadata is not None:
        entry.concerns(metadata)
    database = open_by_kit(found.path, sheets, metadata=metadata, readonly=readonly)
    entry.is_of(database_id=database.identity.database_id, generation=database.generation)
    return database
