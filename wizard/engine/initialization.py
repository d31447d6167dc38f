"""Protecting a database for the first time, in two phases.

- Phase one (`prepare_initialization`) writes only staged files, and proves from the disk that the
  passphrase opens them.
- Between the phases the recovery kit has to open the staged database (`rehearse`).
- Phase two (`commit`) makes the metadata durable, then lets the new database take the old one's
  place; the plaintext original keeps a name of its own until the new one has been opened there.
- Leaving without a commit removes everything that was written but the audit log. The source stays locked throughout,
  so nothing that an application writes meanwhile can be lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from wizard.engine import audit, inspection
from wizard.engine.claiming import check_target, claim_target, discard_staged, undo
from wizard.engine.conversion import PlaintextSource
from wizard.engine.inspection import State
from wizard.engine.kdf import KdfParams
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.kit import RecoveryKit
from wizard.engine.memory import check_cost
from wizard.engine.metadata import AuditHead
from wizard.engine.passphrase import PassphraseSource, check_strength, new_passphrase_from
from wizard.engine.pending import Initialized, OriginalPolicy, PendingInitialization
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.recovery import RecoveryPlan
from wizard.engine.sqlite import Cipher, recommended_cipher
from wizard.engine.staging import Staged, Staging
from wizard.engine.writerlock import WriterLock

DEFAULT_MINIMUM_SCORE = 3


def prepare_initialization(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    params: KdfParams,
    cipher: Cipher | str | None = None,
    keyfile: KeyfileInput | None = None,
    recovery: RecoveryPlan | None = RecoveryPlan(),  # noqa: B008 - frozen
    minimum_score: int = DEFAULT_MINIMUM_SCORE,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> PendingInitialization:
    """Phase one: write and prove a staged encrypted database; replace nothing.

    A callable ``passphrase`` is called only after the target and the parameters have been checked.
    ``recovery=None`` makes no recovery phrase. What an unfinished earlier run has left is removed
    first. Raises the error of the target's state, `InvalidParameters`, `ResourceLimit`,
    `InvalidPassphrase`, `WeakPassphrase`, `Busy`, `NoSpace`, `UnsupportedDatabase`,
    `AuditUnavailable`, `VerificationFailed` or `Cancelled`; each leaves the state of before, but
    for the audit log, which keeps every attempt that began.
    """
    target = inspection.resolve(path)
    progress(Progress(Stage.CHECK, 0, 1))
    check_cost(params, allow_high_cost=allow_high_cost)
    check_target(target)
    stack = ExitStack()
    with stack:
        stack.enter_context(WriterLock(target))
        state = claim_target(target)
        stack.callback(discard_staged, target)
        source = None
        if state is State.PLAINTEXT:
            source = stack.enter_context(PlaintextSource(target))
            source.check_space(target.parent)
        progress(Progress(Stage.CHECK, 1, 1))
        chosen = Cipher(cipher) if cipher else recommended_cipher()
        staged, entry = write_staged(
            target,
            stack,
            passphrase,
            keyfile=keyfile,
            minimum_score=minimum_score,
            begin=lambda: audit.begin(
                target, "initialize", details=_details(state, chosen, params, recovery)
            ),
            staging=lambda head: Staging(
                target=target,
                source=source,
                cipher=chosen,
                params=params,
                recovery=recovery,
                audit=head,
                progress=progress,
                cancel=cancel or CancelToken(),
            ),
        )
        undo_stack = stack.pop_all()
    return PendingInitialization(target, staged, source=source, entry=entry, undo_stack=undo_stack)


def write_staged(
    target: Path,
    stack: ExitStack,
    passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None,
    minimum_score: int,
    begin: Callable[[], audit.Audited],
    staging: Callable[[AuditHead], Staging],
) -> tuple[Staged, audit.Audited]:
    """Ask for the secrets, ``begin`` the entry in the audit log, and write what it is about.

    ``stack`` gets the keys that stay, and the entry's end where the rest of its block fails.
    """
    with ExitStack() as secrets:
        secret = secrets.enter_context(new_passphrase_from(passphrase))
        check_strength(secret, minimum_score, context=(target.stem,))
        file = secrets.enter_context(keyfile_from(keyfile))
        entry = begin()
        stack.push(lambda _kind, error, _traceback: entry.failed(error))
        staged = staging(entry.head).write(secret, file)
    stack.enter_context(staged.data_key)
    stack.enter_context(staged.master)
    return staged, entry


def initialize(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    confirm_kit: Callable[[RecoveryKit], Sequence[str]] | None = None,
    original: OriginalPolicy | str = OriginalPolicy.KEEP,
    params: KdfParams | str | None = None,
    cipher: Cipher | str | None = None,
    keyfile: KeyfileInput | None = None,
    recovery: RecoveryPlan | None = RecoveryPlan(),  # noqa: B008 - frozen
    minimum_score: int = DEFAULT_MINIMUM_SCORE,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Initialized:
    """Protect a database in one call.

    ``confirm_kit`` gets the kit, stores it where it will be kept, and returns the text of every
    sheet as read back from there; it is required unless ``recovery`` is None. ``params`` may be
    the name of a preset ("balanced" is the default), which is then measured on this machine.
    Raises what `prepare_initialization` and `commit` raise.
    """
    if recovery is not None and confirm_kit is None:
        raise TypeError("initialize() needs confirm_kit, or recovery=None to go without")
    with prepare_initialization(
        path,
        passphrase,
        params=measured(params),
        cipher=cipher,
        keyfile=keyfile,
        recovery=recovery,
        minimum_score=minimum_score,
        allow_high_cost=allow_high_cost,
        progress=progress,
        cancel=cancel,
    ) as pending:
        if pending.kit is not None and confirm_kit is not None:
            pending.rehearse(confirm_kit(pending.kit), progress=progress)
        return pending.commit(original, progress=progress)


def undo_interrupted(path: str | os.PathLike[str]) -> str | None:
    """Remove what a killed initialization has left, and say so; None if there is nothing.

    The plaintext database, or the absence of one, is what it was before that run. Raises `Busy`
    while the initialization is still under way.
    """
    target = inspection.resolve(path)
    with WriterLock(target):
        return undo(target)


def _details(
    state: State, cipher: Cipher, params: KdfParams, recovery: RecoveryPlan | None
) -> dict[str, str | int]:
    """What the audit log says about an initialization."""
    return {
        "cipher": cipher.value,
        "found": state.value,
        "lanes": params.lanes,
        "memory_kib": params.memory_kib,
        "passes": params.passes,
        "recovery": "none" if recovery is None else f"{recovery.threshold}of{recovery.shares}",
    }


def measured(params: KdfParams | str | None) -> KdfParams:
    """Parameters as they are, or those of a preset, measured here; "balanced" where none is named."""
    if isinstance(params, KdfParams):
        return params
    from wizard.engine.tuning import preset  # noqa: PLC0415 - measuring is not always needed

    return preset(params or "balanced").params
