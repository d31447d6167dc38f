"""Another data key, and with it every page encrypted anew; the passphrase stays as it is.

- The database is held exclusively from before it is copied until the copy has its name: what
  nobody could write meanwhile cannot be lost.
- The copy is compared with the original, opened with its own key, refused with the old one, and
  opened by the passphrase through the new document, before anything is replaced.
- The sidecar says what both files need before the copy takes the database's name, and the old file
  goes only after the new one was opened under it. So the file of that name always opens.
- A run that is cut off is finished or undone by the next one, without a secret (`settle`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wizard.engine import inspection, sqlite
from wizard.engine.authority import Authority, Changed, authorised, in_force
from wizard.engine.binding import Binding
from wizard.engine.changing import read_back, record_in_force
from wizard.engine.encoding import timestamp
from wizard.engine.errors import Interrupted, WizardError
from wizard.engine.hold import check_replaceable
from wizard.engine.initialization import measured
from wizard.engine.inspection import State
from wizard.engine.kdf import KdfParams
from wizard.engine.keyed import SQLCIPHER_PAGE_SIZE
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.memory import check_cost
from wizard.engine.metadata import DataKeyFacts, Metadata, sign_metadata
from wizard.engine.opening import open_database
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.reencryption import EncryptedSource
from wizard.engine.replacement import settled, with_pending
from wizard.engine.sealing import refill
from wizard.engine.secret import Secret
from wizard.engine.settling import settle
from wizard.engine.sidecar import read_sidecar, replace_sidecar, sidecar_path, staged_path
from wizard.engine.slots import DATA_KEY_BYTES
from wizard.engine.source import ConversionReport
from wizard.engine.sqlite import Cipher, FileKind, InnerIdentity
from wizard.engine.succession import Credentials, Successor, check_room
from wizard.engine.unlocking import openable


@dataclass(frozen=True, slots=True)
class Rotated(Changed):
    """A database under a new data key. ``seconds`` is the time of all that needed no person."""

    previous: Metadata
    copied: ConversionReport
    seconds: float

    @property
    def sheets_outdated(self) -> bool:
        """Whether there are sheets whose words open it, but whose slot lines are of the old key."""
        return self.metadata.recovery_slot is not None


def rotate(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None = None,
    cipher: Cipher | str | None = None,
    params: KdfParams | str | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Rotated:
    """Encrypt the database anew under a new data key; cipher and parameters as they are unless given.

    Passphrase, keyfile, recovery words and operators' passphrases stay. A callable ``passphrase``
    is called only when nothing else stands against it. Raises `Busy` (also where an application
    has the database open), `NoSpace`, `WrongPassphrase`, `NotPermitted`, `InvalidParameters`,
    `ResourceLimit`, `UnsupportedDatabase`, `DamagedDatabase`, `VerificationFailed`, `Unreadable`,
    `Cancelled`, or the error of the target's state; each leaves the state of before.
    `Interrupted`: the new file is in place, and the next command ends what is left.
    """
    token = cancel or CancelToken()
    progress(Progress(Stage.CHECK, 0, 1))
    target = inspection.resolve(path)
    found = inspection.inspect(target)
    metadata = openable(found)
    check_room(metadata)
    chosen = metadata.master_slot.params if params is None else measured(params)
    check_cost(chosen, allow_high_cost=allow_high_cost)
    # Not while somebody changes the keys, and not before what a killed run left has been ended.
    if found.error is None and found.state is State.PROTECTED:
        check_replaceable(target, FileKind.OPAQUE)
    with authorised(
        target,
        passphrase,
        "rotate",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        progress=progress,
    ) as held:
        begun = time.monotonic()
        wanted = Cipher(held.metadata.cipher) if cipher is None else Cipher(cipher)
        run = _Rotation(held, wanted, chosen, progress, token)
        with _undone_whatever_happens(target):
            changed, copied = run.carry_out()
        return Rotated(
            path=target,
            metadata=changed.metadata,
            settled=changed.settled,
            warnings=changed.warnings + copied.notes + _sqlcipher_note(changed.metadata),
            previous=held.metadata,
            copied=copied,
            seconds=time.monotonic() - begun,
        )


def _sqlcipher_note(metadata: Metadata) -> tuple[str, ...]:
    size = metadata.page_size
    if metadata.cipher != Cipher.SQLCIPHER or size == SQLCIPHER_PAGE_SIZE:
        return ()
    return (
        (
            f"Its pages have {size} bytes as before; SQLCipher needs PRAGMA cipher_page_size = {size} "
            "after the key."
        ),
    )


@contextmanager
def _undone_whatever_happens(target: Path) -> Iterator[None]:
    """Leave one database, one document and nothing else, also where the run is cut off."""
    try:
        yield
    except BaseException:
        # If this fails too, the next command does it: what there is opens in any case.
        with suppress(WizardError, OSError):
            settle(target)
        raise


@dataclass(frozen=True, slots=True)
class _Rotation:
    """One run, with its database held for changes of keys."""

    held: Authority
    cipher: Cipher
    params: KdfParams
    progress: ProgressSink
    cancel: CancelToken

    def carry_out(self) -> tuple[Changed, ConversionReport]:
        """Copy, verify, describe, prove, and let the copy take the database's name."""
        held = self.held
        staged = staged_path(held.target)
        with ExitStack() as secrets:
            data_key = secrets.enter_context(Secret.random(DATA_KEY_BYTES))
            source = secrets.enter_context(
                EncryptedSource(
                    held.target,
                    key=held.data_key,
                    cipher=Cipher(held.metadata.cipher),
                    page_size=held.metadata.page_size,
                )
            )
            source.check_space(held.target.parent)
            successor = secrets.enter_context(
                Successor(
                    held.metadata,
                    Credentials(held.passphrase, held.keyfile),
                    self.params,
                    progress=self.progress,
                    cancel=self.cancel,
                )
            )
            copied = self._copy(source, staged, data_key, successor)
            metadata = self._describe(data_key, successor, copied)
            self._commit(source, staged, data_key, successor, metadata)
            changed = in_force(
                held.entry,
                metadata,
                data_key=data_key,
                settled=held.settled,
            )
        return changed, copied

    def _copy(
        self, source: EncryptedSource, staged: Path, data_key: Secret, successor: Successor
    ) -> ConversionReport:
        before = self.held.metadata
        copied = source.encrypt_into(
            staged,
            key=data_key,
            cipher=self.cipher,
            identity=InnerIdentity(
                database_id=before.database_id,
                generation=before.generation + 1,
                master_public_key=successor.signing.public.raw,
                revision=before.revision + 1,
                audit=before.audit,
            ),
            progress=self.progress,
            cancel=self.cancel,
        )
        source.verify(
            staged, key=data_key, cipher=self.cipher, progress=self.progress, cancel=self.cancel
        )
        source.check_old_key_refused(staged, self.cipher, copied.page_size)
        return copied

    def _describe(
        self, data_key: Secret, successor: Successor, copied: ConversionReport
    ) -> Metadata:
        """The next document: every slot holds the new data key, none of the old ones is left."""
        held, before = self.held, self.held.metadata
        binding = Binding(database_id=before.database_id, cipher=self.cipher.value)
        generation = before.generation + 1
        keys = {"old": (held.data_key, before.binding), "new": (data_key, binding)}
        recovery = before.recovery_slot
        following = replace(
            before,
            cipher=self.cipher.value,
            page_size=copied.page_size,
            file_salt=sqlite.file_salt(staged_path(held.target)),
            data_key=DataKeyFacts(created_at=timestamp(datetime.now(UTC))),
            operator_slots=tuple(
                refill(slot, generation=generation, **keys) for slot in before.operator_slots
            ),
        )
        return successor.document(
            following,
            data_key,
            held.signing,
            authorised_by="master",
            recovery_slot=recovery and refill(recovery, generation=generation, **keys),
            retired=0,
        )

    def _commit(
        self,
        source: EncryptedSource,
        staged: Path,
        data_key: Secret,
        successor: Successor,
        metadata: Metadata,
    ) -> None:
        target = self.held.target
        following = sign_metadata(metadata, successor.signing)

        def prove(written: bytes) -> None:
            document = settled(written, take_pending=True)
            successor.prove(staged, document, refused=None, progress=self.progress)
            self.cancel.check()

        current = read_sidecar(sidecar_path(target)) or b""
        replace_sidecar(target, with_pending(current, following), prove=prove)
        self.progress(Progress(Stage.COMMIT, 0, 2))
        try:
            source.exchange(staged)
            try:
                open_database(target, data_key, metadata, readonly=True).close()
            except BaseException:
                source.put_back()
                raise
            self.progress(Progress(Stage.COMMIT, 1, 2))
            source.close()
            settle(target)
            read_back(target, following)
            record_in_force(self.held.entry, metadata, successor.signing)
        except BaseException as error:
            source.close()
            if not _in_place(target, metadata):
                raise
            # Whatever the error says, also a signal, or a disk that did not let it be undone.
            with suppress(WizardError, OSError):
                settle(target)
            record_in_force(self.held.entry, metadata, successor.signing)
            if not isinstance(error, WizardError):
                raise
            raise Interrupted(
                f"{target.name} has its new data key and opens with the same passphrase, but the "
                f"last step failed: {error} The next command that changes its keys ends it."
            ) from None
        self.progress(Progress(Stage.COMMIT, 2, 2))


def _in_place(target: Path, metadata: Metadata) -> bool:
    """Whether the file that has the database's name is that of the document."""
    try:
        return sqlite.begins_with(target, metadata.file_salt)
    except WizardError:
        return False
