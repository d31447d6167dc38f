"""Starting over where passphrase and recovery are gone: the old files aside, a new empty database.

- Confirmed by the name of the database, typed in full; nothing is ever deleted.
- The new database is staged and its kit proved as in an initialization, and only then does any old
  file get another name.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from wizard.engine import audit, inspection
from wizard.engine.claiming import discard_staged, remove_staged
from wizard.engine.cut_off import is_cut_off
from wizard.engine.errors import (
    Busy,
    ForeignTarget,
    Interrupted,
    NameNotConfirmed,
    NotProtected,
    NotProved,
    TargetAbsent,
    WizardError,
)
from wizard.engine.initialization import DEFAULT_MINIMUM_SCORE, measured, write_staged
from wizard.engine.kdf import KdfParams
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.memory import check_cost
from wizard.engine.metadata import Metadata
from wizard.engine.moving_aside import (
    finish,
    keep_replaced,
    link_aside,
    unlink_aside,
)
from wizard.engine.opening import open_database
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.pending import OriginalPolicy, PendingInitialization
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.recovery import RecoveryPlan
from wizard.engine.settling import settle
from wizard.engine.sidecar import sidecar_path, staged_path, sync_directory
from wizard.engine.sqlite import Cipher, FileKind, classify, recommended_cipher
from wizard.engine.staging import Staging, staged_sidecar
from wizard.engine.swap import dress
from wizard.engine.usage import usage_of
from wizard.engine.writerlock import WriterLock


@dataclass(frozen=True, slots=True)
class Reinitialized:
    """A new, empty, encrypted database; ``moved``: the old files under their dated names."""

    path: Path
    sidecar: Path
    fingerprint: str
    metadata: Metadata
    moved: tuple[Path, ...]
    settled: str | None
    warnings: tuple[str, ...]


class PendingReinitialization(PendingInitialization):
    """A staged empty database that waits for its kit; leaving without `commit` changes nothing."""

    settled: str | None = None

    def start_over(self, *, progress: ProgressSink = ignore_progress) -> Reinitialized:
        """Give the old files their dated names, and let the new ones take their places.

        Raises `NotProved` before the rehearsal. What fails before the new sidecar is in place
        leaves the state of before; after it the change is finished, now or by the next run, and a
        disk that fails then is told as `Interrupted`.
        """
        if not self.proved:
            raise NotProved("The recovery kit has not opened the new database: nothing is moved.")
        _check_unused(self.path)
        progress(Progress(Stage.COMMIT, 0, 3))
        moved = link_aside(self.path)
        try:
            dress(staged_path(self.path), self.path.lstat(), self._staged_as)
            staged_sidecar(self.path).replace(sidecar_path(self.path))
            self._entry.details["moved"] = moved[0].name
            sync_directory(self.path.parent)
            progress(Progress(Stage.COMMIT, 1, 3))
            # Before the database follows, which it does now or at the next run: a log without this
            # entry would speak of two databases and not say why.
            self._record(OriginalPolicy.KEEP)
            finish(self.path)
        except BaseException as error:
            self._after_failure(error)
            raise
        self._committed = True
        progress(Progress(Stage.COMMIT, 2, 3))
        self._check_sidecar(sidecar_path(self.path))
        open_database(self.path, self._data_key, self.metadata, readonly=True).close()
        self._undo.close()
        progress(Progress(Stage.COMMIT, 3, 3))
        return Reinitialized(
            path=self.path,
            sidecar=sidecar_path(self.path),
            fingerprint=self.metadata.public_key.fingerprint,
            metadata=self.metadata,
            moved=moved,
            settled=self.settled,
            warnings=(self._entry.warning,) if self._entry.warning else (),
        )

    def _after_failure(self, error: BaseException) -> None:
        """Finish where the new sidecar is in place, else take the second names back.

        Raises `Interrupted` where a disk that fails has not kept the new one from being in force.
        """
        waits = is_cut_off(self.path)
        if not waits and os.path.lexists(staged_path(self.path)):
            unlink_aside(self.path)
            return
        self._committed = True  # It is in force, and can only be finished.
        if waits:
            try:
                finish(self.path)
            except WizardError as again:
                error = again
        if isinstance(error, WizardError):
            what = "the disk did not confirm it"
            if is_cut_off(self.path):
                what = "the new database could not take its place, which the next command lets it"
            raise Interrupted(
                f"Starting over with {self.path.name} is in force, but {what}: {error} "
                "The old files are beside it under a dated name."
            ) from None


def prepare_reinitialization(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    confirm: str,
    params: KdfParams | str | None = None,
    cipher: Cipher | str | None = None,
    keyfile: KeyfileInput | None = None,
    recovery: RecoveryPlan | None = RecoveryPlan(),  # noqa: B008 - frozen
    minimum_score: int = DEFAULT_MINIMUM_SCORE,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> PendingReinitialization:
    """Phase one: stage a new empty database; nothing that exists is touched.

    ``confirm`` is the name of the database file. Where an earlier start over was cut off it is
    finished, and `Interrupted` says so: then there is a new database already. Raises `NameNotConfirmed`, `TargetAbsent`,
    `NotProtected` for plaintext, `Busy` while anybody uses the old database, and what
    `prepare_initialization` raises.
    """
    target = inspection.resolve(path)
    chosen = measured(params)
    check_cost(chosen, allow_high_cost=allow_high_cost)
    check_reinitializable(target, confirm=confirm)
    with ExitStack() as stack:
        stack.enter_context(WriterLock(target))
        if is_cut_off(target):
            raise Interrupted(settle(target))
        settled = settle(target)
        unlink_aside(target)
        keep_replaced(target)
        remove_staged(target)
        stack.callback(_discard_staged, target)
        found = inspection.look(target)
        details: dict[str, str | int] = {"state": found.state.value}
        staged, entry = write_staged(
            target,
            stack,
            passphrase,
            keyfile=keyfile,
            minimum_score=minimum_score,
            begin=lambda: audit.begin(
                target, "reinitialize", metadata=found.metadata, details=details
            ),
            staging=lambda head: Staging(
                target=target,
                source=None,
                cipher=Cipher(cipher) if cipher else recommended_cipher(),
                params=chosen,
                recovery=recovery,
                audit=head,
                progress=progress,
                cancel=cancel or CancelToken(),
            ),
        )
        pending = PendingReinitialization(
            target, staged, source=None, entry=entry, undo_stack=stack.pop_all()
        )
        pending.settled = settled
        return pending
    raise AssertionError("nothing above is swallowed")


def _discard_staged(target: Path) -> None:
    """Remove what was staged, but not the database that the sidecar in place is waiting for."""
    if not is_cut_off(target):
        discard_staged(target)


def check_reinitializable(path: str | os.PathLike[str], *, confirm: str) -> None:
    """Refuse before anything is asked for. Raises as `prepare_reinitialization` does."""
    target = inspection.resolve(path)
    _check_replaceable(target)
    if confirm != target.name:
        raise NameNotConfirmed(target.name)


def _check_replaceable(target: Path) -> None:
    kind = classify(target)
    if kind is FileKind.ABSENT:
        raise TargetAbsent(f"There is no file {target}; a new database is made with init.")
    if kind in (FileKind.PLAINTEXT, FileKind.EMPTY):
        raise NotProtected(f"{target} is not encrypted: there is nothing to start over from.")
    if kind is not FileKind.OPAQUE:
        raise ForeignTarget(f"{target} is not a file that can be replaced.")
    _check_unused(target)


def _check_unused(target: Path) -> None:
    usage = usage_of(target)
    if usage.holders:
        names = tuple(str(holder) for holder in usage.holders)
        raise Busy(f"{target} is in use by {', '.join(names)}.", holders=names)
