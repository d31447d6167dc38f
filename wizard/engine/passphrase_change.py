"""Another passphrase, or the same one at another cost: a new master key, and the data as they are.

Nothing is replaced before the new sidecar has been read back from the disk and opened with the new
passphrase, and the old passphrase has been refused by it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from enum import Enum

from wizard.engine.authority import Authority, Changed, authorised, check_nobodys
from wizard.engine.changing import publish
from wizard.engine.errors import InvalidPassphrase
from wizard.engine.initialization import DEFAULT_MINIMUM_SCORE, measured
from wizard.engine.inspection import inspect
from wizard.engine.kdf import KdfParams
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.memory import check_cost
from wizard.engine.passphrase import PassphraseSource, check_strength, new_passphrase_from
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.secret import Secret
from wizard.engine.succession import Credentials, Successor, check_room
from wizard.engine.unlocking import openable


class KeyfileChange(Enum):
    """What becomes of the keyfile where no new one is given."""

    KEEP = "keep"
    DROP = "drop"


def change_passphrase(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    new_passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None = None,
    new_keyfile: KeyfileInput | KeyfileChange = KeyfileChange.KEEP,
    params: KdfParams | str | None = None,
    minimum_score: int = DEFAULT_MINIMUM_SCORE,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Changed:
    """Replace the passphrase; ``params`` as they are unless given, or the name of a preset.

    A callable ``new_passphrase`` is called only after the present one was found right. The old
    passphrase opens nothing afterwards but copies made before. Raises `WrongPassphrase`,
    `NotPermitted`, `Busy`, `WeakPassphrase`, `InvalidPassphrase` (also where nothing would
    change, and for an operator's passphrase), `InvalidParameters`, `ResourceLimit`, `Cancelled`, or
    the error of the target's state; each leaves the state of before.
    """
    token = cancel or CancelToken()
    check_room(openable(inspect(path)))
    with (
        authorised(
            path,
            passphrase,
            "change_passphrase",
            keyfile=keyfile,
            allow_high_cost=allow_high_cost,
            progress=progress,
        ) as held,
        ExitStack() as secrets,
    ):
        chosen = held.metadata.master_slot.params if params is None else measured(params)
        check_cost(chosen, allow_high_cost=allow_high_cost)
        token.check()
        new = secrets.enter_context(new_passphrase_from(new_passphrase))
        check_strength(new, minimum_score, context=(held.target.stem,))
        file = _new_keyfile(new_keyfile, held, secrets)
        if new.equals(held.passphrase) and _same(file, held.keyfile):
            raise InvalidPassphrase(
                "unchanged",
                "The new passphrase is the old one. To change only what guessing it costs, "
                "re-tune it.",
            )
        if held.metadata.operator_slots:
            progress(Progress(Stage.DERIVE, 0, 0, detail="to see that it is no operator's"))
            check_nobodys(held.metadata, new)
            token.check()
        return _succeed(held, Credentials(new, file), chosen, progress=progress, cancel=token)


def retune(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None = None,
    params: KdfParams | str | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Changed:
    """Keep the passphrase, and change what guessing it costs; ``params`` as in `initialize`.

    Raises as `change_passphrase` does.
    """
    token = cancel or CancelToken()
    check_room(openable(inspect(path)))
    chosen = measured(params)
    check_cost(chosen, allow_high_cost=allow_high_cost)
    with authorised(
        path,
        passphrase,
        "retune",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        progress=progress,
    ) as held:
        same = Credentials(held.passphrase, held.keyfile)
        return _succeed(held, same, chosen, progress=progress, cancel=token, changes_secret=False)


def _succeed(
    held: Authority,
    credentials: Credentials,
    params: KdfParams,
    *,
    progress: ProgressSink,
    cancel: CancelToken,
    changes_secret: bool = True,
) -> Changed:
    old = Credentials(held.passphrase, held.keyfile) if changes_secret else None
    with Successor(
        held.metadata, credentials, params, progress=progress, cancel=cancel
    ) as successor:
        metadata = successor.document(
            held.metadata,
            held.data_key,
            held.signing,
            authorised_by="master",
            recovery_slot=held.metadata.recovery_slot,
            # Who knew the old passphrase may have kept the data key.
            retired=1 if changes_secret else 0,
        )

        def prove(written: bytes) -> None:
            successor.prove(held.target, written, refused=old, progress=progress)
            cancel.check()

        progress(Progress(Stage.COMMIT, 0, 1))
        publish(held.target, metadata, successor.signing, entry=held.entry, prove=prove)
        return held.done(metadata)


def _new_keyfile(
    wanted: KeyfileInput | KeyfileChange, held: Authority, secrets: ExitStack
) -> Secret | None:
    if wanted is KeyfileChange.KEEP:
        return held.keyfile
    if isinstance(wanted, KeyfileChange):
        return None
    return secrets.enter_context(keyfile_from(wanted))


def _same(one: Secret | None, other: Secret | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.equals(other)
