"""Operators: people who open the data with passphrases of their own, and can change nothing.

- An operator's slot is in force only when it was read back from the disk and opened with his
  passphrase.
- Removing one takes his slot away, not what he has seen: the data key stays the same, and the slot
  is counted until the data key is changed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime

from wizard.engine.authority import Authority, Changed, authorised, operator_of
from wizard.engine.boxing import BoxKeys
from wizard.engine.changing import publish, revised
from wizard.engine.encoding import Malformed, printable, timestamp
from wizard.engine.errors import InvalidInput, InvalidPassphrase, NotProved
from wizard.engine.initialization import DEFAULT_MINIMUM_SCORE, measured
from wizard.engine.kdf import SALT_BYTES, KdfParams, derive
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.memory import check_cost
from wizard.engine.metadata import read_metadata
from wizard.engine.opening import open_database, open_operator
from wizard.engine.passphrase import PassphraseSource, check_strength, new_passphrase_from
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.sealing import fill
from wizard.engine.secret import Secret
from wizard.engine.slots import MAXIMUM_OPERATORS, SLOT_ID_BYTES, OperatorSlot


def add_operator(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    label: str,
    operator_passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None = None,
    params: KdfParams | str | None = None,
    minimum_score: int = DEFAULT_MINIMUM_SCORE,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Changed:
    """Let somebody open the data with ``operator_passphrase``; ``label`` says who it is.

    ``passphrase`` is the master's; ``params`` are the operator's own, as in `initialize`. A callable
    ``operator_passphrase`` is called only after the master's was found right. Raises
    `InvalidInput` for a label that cannot be used, `InvalidPassphrase`, `WeakPassphrase`, and what
    `authorised` raises; each leaves the state of before.
    """
    token = cancel or CancelToken()
    _check_label(label)
    chosen = measured(params)
    check_cost(chosen, allow_high_cost=allow_high_cost)
    with authorised(
        path,
        passphrase,
        "add_operator",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        progress=progress,
        details={"operator": label},
    ) as held:
        _check_free(held, label)
        if len(held.metadata.operator_slots) >= MAXIMUM_OPERATORS:
            raise InvalidInput(f"There are {MAXIMUM_OPERATORS} operators; there can be no more.")
        token.check()
        with new_passphrase_from(operator_passphrase) as secret:
            check_strength(secret, minimum_score, context=(held.target.stem, label))
            if secret.equals(held.passphrase):
                raise InvalidPassphrase(
                    "masters", "This is the master passphrase; an operator needs another one."
                )
            _check_his_alone(held, secret, progress=progress)
            token.check()
            return _add(held, _slot(held, label, chosen), secret, progress=progress, cancel=token)


def remove_operator(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    label: str,
    *,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
) -> Changed:
    """Take an operator's slot away. The data key that he has seen stays the same.

    Raises `InvalidInput` if there is none of that label, and what `authorised` raises.
    """
    with authorised(
        path,
        passphrase,
        "remove_operator",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        progress=progress,
        details={"operator": label},
    ) as held:
        gone = _find(held, label)
        facts = held.metadata.data_key
        return held.publish(
            revised(
                held.metadata,
                operator_slots=tuple(
                    slot for slot in held.metadata.operator_slots if slot is not gone
                ),
                data_key=replace(facts, retired_slots=facts.retired_slots + 1),
            )
        )


def rename_operator(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    label: str,
    new_label: str,
    *,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
) -> Changed:
    """Correct an operator's label. Raises as `remove_operator` does."""
    _check_label(new_label)
    with authorised(
        path,
        passphrase,
        "rename_operator",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        progress=progress,
        details={"operator": label, "new_label": new_label},
    ) as held:
        old = _find(held, label)
        _check_free(held, new_label)
        return held.publish(
            revised(
                held.metadata,
                operator_slots=tuple(
                    replace(slot, label=new_label) if slot is old else slot
                    for slot in held.metadata.operator_slots
                ),
            )
        )


def _check_his_alone(held: Authority, secret: Secret, *, progress: ProgressSink) -> None:
    """Refuse another operator's passphrase: it would still open the database after one was removed."""
    if not held.metadata.operator_slots:
        return
    progress(Progress(Stage.DERIVE, 0, 0, detail="to see that it is no other operator's"))
    other = operator_of(held.metadata, secret)
    if other is not None:
        raise InvalidPassphrase(
            "operators",
            f"This is the passphrase of the operator {other}: whichever of the two is removed, it "
            "would open the database still.",
        )


def _slot(held: Authority, label: str, params: KdfParams) -> OperatorSlot:
    return OperatorSlot(
        slot_id=os.urandom(SLOT_ID_BYTES),
        label=label,
        created_at=timestamp(datetime.now(UTC)),
        generation=held.metadata.generation,
        salt=os.urandom(SALT_BYTES),
        params=params,
    )


def _add(
    held: Authority,
    slot: OperatorSlot,
    secret: Secret,
    *,
    progress: ProgressSink,
    cancel: CancelToken,
) -> Changed:
    progress(Progress(Stage.DERIVE, 0, 0, detail="of the operator's passphrase"))
    with derive(secret, salt=slot.salt, params=slot.params) as root, BoxKeys.operator(root) as keys:
        slot = fill(slot, keys, held.data_key, held.metadata.binding)
    cancel.check()
    metadata = revised(held.metadata, operator_slots=(*held.metadata.operator_slots, slot))

    def prove(written: bytes) -> None:
        progress(Progress(Stage.DERIVE, 0, 0, detail="once more, from what is on the disk"))
        read = read_metadata(written)
        data_key = open_operator(read, read.operator_slots[-1], secret)
        if data_key is None:
            raise NotProved("The operator's passphrase does not open the slot that was written.")
        with data_key:
            open_database(held.target, data_key, read, readonly=True).close()
        cancel.check()

    publish(held.target, metadata, held.signing, entry=held.entry, prove=prove)
    return held.done(metadata)


def _check_label(label: str) -> None:
    try:
        printable(label, where="the label")
    except Malformed:
        raise InvalidInput(
            "An operator is named with 1 to 64 characters that can be seen."
        ) from None


def _check_free(held: Authority, label: str) -> None:
    if held.metadata.operator(label) is not None:
        raise InvalidInput("There is an operator of that name already.")


def _find(held: Authority, label: str) -> OperatorSlot:
    found = held.metadata.operator(label)
    if found is not None:
        return found
    labels = ", ".join(slot.label for slot in held.metadata.operator_slots)
    raise InvalidInput(
        f"This database has no operator of that name; it has {labels or 'none at all'}."
    )
