"""The recovery phrase at work: a new passphrase where the old one is lost, and a new phrase.

- Recovering is authorised by the recovery authority, renewing by the master key; both make a new
  master key, because a chain's link names the authority that may follow it.
- A phrase that was used or replaced is refused from then on, wherever the sidecar is.
- Nothing is replaced before the new kit has opened the database.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from wizard.engine import audit, sqlite
from wizard.engine.authority import authorised, check_nobodys
from wizard.engine.changing import Change, changing
from wizard.engine.errors import NoRecovery, NotOpened, NotProved, NotVerified
from wizard.engine.initialization import DEFAULT_MINIMUM_SCORE, measured
from wizard.engine.inspection import inspect
from wizard.engine.kdf import KdfParams
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.kit import parse_sheets
from wizard.engine.kit_change import PendingChange
from wizard.engine.kit_making import kit_of, new_recovery_slot
from wizard.engine.masterkey import SigningKey
from wizard.engine.memory import check_cost
from wizard.engine.metadata import Metadata, read_metadata
from wizard.engine.opening import open_database
from wizard.engine.passphrase import PassphraseSource, check_strength, new_passphrase_from
from wizard.engine.progress import CancelToken, ProgressSink, ignore_progress
from wizard.engine.recovery import RecoveryPlan, combine
from wizard.engine.rescue import open_kit
from wizard.engine.secret import Secret
from wizard.engine.slots import RecoverySlot
from wizard.engine.succession import Credentials, Successor, check_room
from wizard.engine.unlocking import openable


def prepare_recovery(
    path: str | os.PathLike[str],
    sheets: Sequence[str],
    new_passphrase: PassphraseSource,
    *,
    new_keyfile: KeyfileInput | None = None,
    params: KdfParams | str | None = None,
    recovery: RecoveryPlan | None = None,
    minimum_score: int = DEFAULT_MINIMUM_SCORE,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> PendingChange:
    """Phase one of setting a new passphrase by the recovery phrase; replaces nothing.

    ``sheets``: the text of each, or bare phrases of 33 words. A callable ``new_passphrase`` is called
    only after they were found right. ``params`` and ``recovery`` (the new kit's sheets) are as they
    are now unless given; the old keyfile is needed no more. Raises `NoRecovery`,
    `InvalidRecoveryPhrase`, `WrongRecoveryPhrase`, `ForeignMetadata`, `WeakPassphrase` and what
    `changing` raises; each leaves the state of before.
    """
    token = cancel or CancelToken()
    with ExitStack() as stack:
        change = stack.enter_context(changing(path))
        check_room(change.metadata)
        old_slot = _recovery_slot(change.metadata)
        entry = audit.begin(
            change.target, "recover", metadata=change.metadata, details={"using": "recovery"}
        )
        stack.push(lambda _kind, error, _traceback: entry.failed(error))
        metadata = replace(change.metadata, audit=entry.head)
        data_key, authority = _opened(change, sheets, stack)
        chosen = metadata.master_slot.params if params is None else measured(params)
        check_cost(chosen, allow_high_cost=allow_high_cost)
        secret = stack.enter_context(new_passphrase_from(new_passphrase))
        check_strength(secret, minimum_score, context=(change.target.stem,))
        check_nobodys(metadata, secret)
        token.check()
        file = stack.enter_context(keyfile_from(new_keyfile))
        successor = stack.enter_context(
            Successor(metadata, Credentials(secret, file), chosen, progress=progress, cancel=token)
        )
        slot, mnemonics = new_recovery_slot(
            recovery or _plan(old_slot),
            data_key,
            metadata.binding,
            generation=metadata.generation + 1,
        )
        new = successor.document(
            metadata,
            data_key,
            authority,
            authorised_by="recovery",
            recovery_slot=slot,
            # The forgotten passphrase's slot, and that of the phrase that was used.
            retired=2,
        )

        def prove(written: bytes) -> None:
            successor.prove(change.target, written, refused=None, progress=progress)
            _see_refused(sheets, read_metadata(written))
            token.check()

        return PendingChange(
            new,
            kit_of(new, mnemonics, database_name=change.target.name),
            entry=entry,
            data_key=data_key,
            signing=successor.signing,
            settled=change.settled,
            prove=prove,
            undo_stack=stack.pop_all(),
        )
    raise AssertionError("nothing above is swallowed")


def prepare_renewal(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None = None,
    recovery: RecoveryPlan | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> PendingChange:
    """Phase one of a new recovery phrase, or of the first one; the passphrase stays.

    ``recovery``: the new kit's sheets; as they are now unless given, one sheet where there was
    none. Raises what `authorised` raises; each leaves the state of before.
    """
    token = cancel or CancelToken()
    check_room(openable(inspect(path)))
    with ExitStack() as stack:
        held = stack.enter_context(
            authorised(
                path,
                passphrase,
                "renew_recovery",
                keyfile=keyfile,
                allow_high_cost=allow_high_cost,
                progress=progress,
            )
        )
        metadata, old_slot = held.metadata, held.metadata.recovery_slot
        successor = stack.enter_context(
            Successor(
                metadata,
                Credentials(held.passphrase, held.keyfile),
                metadata.master_slot.params,
                progress=progress,
                cancel=token,
            )
        )
        plan = recovery or (RecoveryPlan() if old_slot is None else _plan(old_slot))
        slot, mnemonics = new_recovery_slot(
            plan, held.data_key, metadata.binding, generation=metadata.generation + 1
        )
        new = successor.document(
            metadata,
            held.data_key,
            held.signing,
            authorised_by="master",
            recovery_slot=slot,
            retired=0 if old_slot is None else 1,
        )

        def prove(written: bytes) -> None:
            successor.prove(held.target, written, refused=None, progress=progress)
            token.check()

        return PendingChange(
            new,
            kit_of(new, mnemonics, database_name=held.target.name),
            entry=held.entry,
            data_key=held.data_key,
            signing=successor.signing,
            settled=held.settled,
            prove=prove,
            undo_stack=stack.pop_all(),
        )
    raise AssertionError("nothing above is swallowed")


def _opened(change: Change, sheets: Sequence[str], stack: ExitStack) -> tuple[Secret, SigningKey]:
    """The data key and the recovery authority, both closed with ``stack``."""
    salt = sqlite.file_salt(change.target)
    rescue = stack.enter_context(open_kit(sheets, metadata=change.metadata, file_salt=salt))
    with combine(parse_sheets(sheets).mnemonics) as recovery:
        authority = stack.enter_context(SigningKey.authority(recovery))
    # The database must agree with its sidecar before anything is built on that.
    open_database(change.target, rescue.data_key, change.metadata, readonly=True).close()
    return rescue.data_key, authority


def _recovery_slot(metadata: Metadata) -> RecoverySlot:
    if metadata.recovery_slot is None:
        raise NoRecovery("This database was protected without a recovery phrase.")
    return metadata.recovery_slot


def _plan(slot: RecoverySlot) -> RecoveryPlan:
    return RecoveryPlan(slot.threshold, slot.shares, slot.holders)


def _see_refused(sheets: Sequence[str], metadata: Metadata) -> None:
    try:
        open_kit(sheets, metadata=metadata, file_salt=metadata.file_salt).data_key.close()
    except (NotOpened, NotVerified):
        return
    raise NotProved("The old recovery phrase would still open the database.")
