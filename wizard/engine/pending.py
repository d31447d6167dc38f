"""A staged database that waits for its recovery kit to be proved, and then takes its place.

- Nothing is replaced before `rehearse` has opened the staged database with the kit alone.
- Committing makes the metadata durable first; the plaintext original keeps a name of its own until
  the encrypted database has been opened under its final name.
- Whatever fails before the swap leaves the state of before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from wizard.engine import sqlite
from wizard.engine.audit import Audited
from wizard.engine.conversion import PlaintextSource
from wizard.engine.dated_names import free_name
from wizard.engine.errors import DamagedMetadata, Interrupted, NotProved, WizardError
from wizard.engine.kit_proof import KitProof, WordChallenge
from wizard.engine.metadata import Metadata, read_metadata
from wizard.engine.opening import open_by_kit, open_database
from wizard.engine.progress import Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.sidecar import publish, read_sidecar, sidecar_path, staged_path, sync_directory
from wizard.engine.staging import Staged, staged_sidecar


class OriginalPolicy(StrEnum):
    """What becomes of the plaintext original once the encrypted database has taken its place."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Initialized:
    """A protected database. ``plaintext_left``: files beside it that still hold its content.

    ``warnings``: what has to be said although it is protected, one sentence each.
    """

    path: Path
    sidecar: Path
    fingerprint: str
    metadata: Metadata
    original_kept: Path | None
    plaintext_left: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


class PendingInitialization:
    """A staged database that has replaced nothing yet; a context manager that undoes unless committed.

    ``kit`` is None if no recovery was asked for; ``conversion`` is None for a new database.
    """

    def __init__(
        self,
        path: Path,
        staged: Staged,
        *,
        source: PlaintextSource | None,
        entry: Audited,
        undo_stack: ExitStack,
    ) -> None:
        self.path = path
        self.metadata = staged.metadata
        self.kit = staged.kit
        self.conversion = staged.conversion
        self._proof = None if staged.kit is None else KitProof(staged.kit, self._open_staged)
        self._data_key = staged.data_key
        self._master = staged.master
        self._entry = entry
        self._source = source
        self._undo = undo_stack
        self._committed = False
        self._staged_as = staged_path(path).lstat()

    def challenge(self) -> tuple[WordChallenge, ...]:
        """Which words to ask for: three, or one of each sheet if there are more. Drawn once."""
        return () if self._proof is None else self._proof.challenge()

    def check_words(self, answers: Sequence[str]) -> None:
        """Compare the words asked for. Raises `InvalidRecoveryPhrase`; ``where`` names each wrong one."""
        if self._proof is not None:
            self._proof.check_words(answers)

    def rehearse(
        self, sheet_texts: Sequence[str] | None = None, *, progress: ProgressSink = ignore_progress
    ) -> None:
        """Open the staged database with the kit alone, as if the sidecar were gone.

        ``sheet_texts``: every sheet as it was read back from where it was saved; None takes the kit
        as it is printed. Every sheet takes part in one opening. Raises `NotProved`.
        """
        if self._proof is not None:
            self._proof.rehearse(sheet_texts, progress=progress)

    @property
    def proved(self) -> bool:
        """Whether there is no kit, or it has opened the staged database."""
        return self._proof is None or self._proof.rehearsed

    def commit(
        self,
        original: OriginalPolicy | str = OriginalPolicy.KEEP,
        *,
        progress: ProgressSink = ignore_progress,
    ) -> Initialized:
        """Phase two: metadata first, then the database, then (if asked) the original is removed.

        Raises `NotProved` before the rehearsal. Whatever fails or interrupts up to the exchange of
        the files leaves the state of before, and `commit` may be tried again; after the exchange
        the database is protected and the plaintext original has a name of its own, and a disk that
        fails then is told as `Interrupted`.
        """
        policy = OriginalPolicy(original)
        if not self.proved:
            raise NotProved(
                "The recovery kit has not opened the staged database yet, so nothing is replaced."
            )
        if self._committed:
            raise ValueError("already committed")
        sidecar = sidecar_path(self.path)
        progress(Progress(Stage.COMMIT, 0, 3))
        try:
            publish(staged_sidecar(self.path), sidecar)
            self._check_sidecar(sidecar)
            progress(Progress(Stage.COMMIT, 1, 3))
            kept = self._replace(staged_path(self.path))
        except BaseException as error:
            # Also for a signal: a dropped line raises SystemExit anywhere in here.
            self._settle(sidecar)
            if self._committed and isinstance(error, WizardError | OSError):
                raise Interrupted(
                    f"{self.path.name} is encrypted, but the disk did not confirm it: "
                    f"{_why(error)} After a power failure it may be as it was before."
                ) from None
            raise
        self._committed = True
        progress(Progress(Stage.COMMIT, 2, 3))
        self._check_sidecar(sidecar)
        # No return code is believed: only an opening from its final name counts.
        open_database(self.path, self._data_key, self.metadata, readonly=True).close()
        if kept is not None and policy is OriginalPolicy.REMOVE:
            _remove_for_good(kept)
            kept = None
        self._record(policy)
        self._undo.close()
        progress(Progress(Stage.COMMIT, 3, 3))
        return Initialized(
            path=self.path,
            sidecar=sidecar,
            fingerprint=self.metadata.public_key.fingerprint,
            metadata=self.metadata,
            original_kept=kept,
            plaintext_left=sqlite.plaintext_left(self.path),
            warnings=(self._entry.warning,) if self._entry.warning else (),
        )

    def abort(self) -> None:
        """Remove everything that was written, and release the source. Harmless after a commit."""
        if self._committed:
            self._record(OriginalPolicy.KEEP)
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not self._committed:
            self._entry.failed(error)
        self.abort()

    def _record(self, policy: OriginalPolicy) -> None:
        """Nothing is undone for the log's sake: what it could not take is a warning."""
        if self._entry.ended:
            return
        self._entry.concerns(self.metadata)
        self._entry.signer = self._master
        self._entry.details["original"] = policy.value if self._source else "none"
        self._entry.done()
        if self._proof is not None and self._proof.rehearsed:
            proved = Audited(self.path, "kit_proved")
            proved.concerns(self.metadata)
            proved.signer = self._master
            proved.done()

    def _open_staged(self, texts: Sequence[str]) -> None:
        open_by_kit(staged_path(self.path), texts, metadata=None, readonly=True).close()

    def _check_sidecar(self, sidecar: Path) -> None:
        written = read_sidecar(sidecar)
        if written is None or read_metadata(written) != self.metadata:
            raise DamagedMetadata("The crypto metadata did not read back from the disk.")

    def _settle(self, sidecar: Path) -> None:
        """Leave the sidecar where its database is, whatever the error said."""
        waiting = staged_sidecar(self.path)
        if os.path.lexists(waiting):
            return  # It was never published: a sidecar of that name is somebody else's.
        try:
            in_place = _is_file(self.path, self._staged_as)
            is_staged = _is_file(staged_path(self.path), self._staged_as)
        except OSError:
            return  # Nobody knows what is in place, and it may need the sidecar.
        if in_place:
            self._committed = True  # Without its sidecar it would be lost.
            return
        if is_staged:
            with suppress(OSError):
                sidecar.rename(waiting)
                return
        # It belongs to no file that is there: left behind, it would pass for damage.
        with suppress(OSError):
            sidecar.unlink()

    def _replace(self, staged: Path) -> Path | None:
        if self._source is None:
            publish(staged, self.path)
            return None
        kept = free_name(self.path, "plaintext")
        self._source.replace(staged, keep_as=kept)
        return kept


def _remove_for_good(kept: Path) -> None:
    """Remove the plaintext original, durably. Raises `Interrupted`: what is encrypted stays so."""
    try:
        kept.unlink()
        sync_directory(kept.parent)
    except (WizardError, OSError) as error:
        raise Interrupted(
            f"The database is encrypted, but the plaintext original {kept.name} may still be "
            f"there: {_why(error)}"
        ) from None


def _why(error: WizardError | OSError) -> str:
    return f"{error.strerror}." if isinstance(error, OSError) else str(error)


def _is_file(path: Path, expected: os.stat_result) -> bool:
    """Raises `OSError` where that cannot be seen."""
    try:
        return os.path.samestat(path.lstat(), expected)
    except FileNotFoundError:
        return False
