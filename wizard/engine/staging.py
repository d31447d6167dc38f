"""The staged files of an initialization: written beside the database, proved, and removable.

- Nothing here touches a file that existed before, but for reading it.
- The passphrase counts as working only after the metadata were read back from the disk, the root
  secret derived once more from them, and the staged database opened with what that unwraps.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wizard.engine import sqlite
from wizard.engine.binding import Binding
from wizard.engine.chain import first_link
from wizard.engine.conversion import PlaintextSource
from wizard.engine.encoding import timestamp
from wizard.engine.errors import DamagedMetadata
from wizard.engine.kdf import SALT_BYTES, KdfParams, derive
from wizard.engine.kit import RecoveryKit
from wizard.engine.kit_making import kit_of, new_recovery_slot
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import (
    AuditHead,
    DataKeyFacts,
    Metadata,
    read_metadata,
    sign_metadata,
)
from wizard.engine.opening import open_data_key, open_database, open_root
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage
from wizard.engine.recovery import Mnemonic, RecoveryPlan
from wizard.engine.sealing import seal_under_root
from wizard.engine.secret import Secret
from wizard.engine.sidecar import (
    create_file,
    read_sidecar,
    staged_path,
)
from wizard.engine.slots import DATA_KEY_BYTES, SLOT_ID_BYTES, MasterSlot, RecoverySlot
from wizard.engine.source import ConversionReport
from wizard.engine.sqlite import Cipher, InnerIdentity
from wizard.engine.working_memory import one_memory
from wizard.version import TOOL

NEW_PAGE_SIZE = 4096
_DATABASE_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Staged:
    """What phase one has made. The data key and the master key are the caller's to close."""

    metadata: Metadata
    kit: RecoveryKit | None
    conversion: ConversionReport | None
    data_key: Secret
    master: SigningKey


@dataclass(frozen=True, slots=True)
class Staging:
    """Everything about a staged database that is not secret."""

    target: Path
    source: PlaintextSource | None
    cipher: Cipher
    params: KdfParams
    recovery: RecoveryPlan | None
    audit: AuditHead
    progress: ProgressSink
    cancel: CancelToken

    def write(self, passphrase: Secret, keyfile: Secret | None) -> Staged:
        """Derive, encrypt, verify, describe and prove. Raises what `prepare_initialization` does."""
        salt = os.urandom(SALT_BYTES)
        self._report(Stage.DERIVE, 0)
        self.cancel.check()
        with ExitStack() as keys, self._memory():
            data_key = keys.enter_context(Secret.random(DATA_KEY_BYTES))
            with derive(passphrase, salt=salt, params=self.params, keyfile=keyfile) as root:
                self._report(Stage.DERIVE, 1)
                self.cancel.check()
                # Kept until the commit, which signs its entry in the audit log.
                master = keys.enter_context(SigningKey.master(root))
                metadata, mnemonics, conversion = self._write_under(
                    root, master, data_key, salt=salt, keyfile=keyfile is not None
                )
            self._prove(metadata, passphrase, keyfile)
            self.cancel.check()
            kit = None
            if self.recovery is not None:
                kit = kit_of(metadata, mnemonics, database_name=self.target.name)
            keys.pop_all()
        return Staged(metadata, kit, conversion, data_key, master)

    def _memory(self) -> AbstractContextManager[None]:
        """One memory for both derivations; given back between them where a copy takes its time."""
        return one_memory() if self.source is None else nullcontext()

    def _write_under(
        self, root: Secret, master: SigningKey, data_key: Secret, *, salt: bytes, keyfile: bool
    ) -> tuple[Metadata, tuple[Mnemonic, ...], ConversionReport | None]:
        database_id = os.urandom(_DATABASE_ID_BYTES)
        binding = Binding(database_id=database_id, cipher=self.cipher.value)
        slot = MasterSlot(
            slot_id=os.urandom(SLOT_ID_BYTES),
            generation=1,
            salt=salt,
            params=self.params,
            keyfile=keyfile,
        )
        slot = replace(slot, sealed=seal_under_root(slot, root, data_key, binding))
        recovery_slot, mnemonics = self._recovery_slot(data_key, binding)
        self._report(Stage.KEYS, 1)
        identity = InnerIdentity(
            database_id=database_id,
            generation=1,
            master_public_key=master.public.raw,
            audit=self.audit,
        )
        conversion, page_size = self._encrypt(data_key, identity)
        now = timestamp(datetime.now(UTC))
        authority = recovery_slot.authority_public_key if recovery_slot else b""
        link = first_link(
            master, database_id=database_id, created_at=now, recovery_authority=authority
        )
        metadata = Metadata(
            tool=TOOL,
            created_at=now,
            written_at=now,
            database_id=database_id,
            file_salt=sqlite.file_salt(staged_path(self.target)),
            cipher=self.cipher.value,
            page_size=page_size,
            chain=(link,),
            master_slot=slot,
            recovery_slot=recovery_slot,
            data_key=DataKeyFacts(created_at=now),
            audit=self.audit,
        )
        create_file(staged_sidecar(self.target), sign_metadata(metadata, master), public=True)
        return metadata, mnemonics, conversion

    def _recovery_slot(
        self, data_key: Secret, binding: Binding
    ) -> tuple[RecoverySlot | None, tuple[Mnemonic, ...]]:
        if self.recovery is None:
            return None, ()
        return new_recovery_slot(self.recovery, data_key, binding, generation=1)

    def _encrypt(
        self, data_key: Secret, identity: InnerIdentity
    ) -> tuple[ConversionReport | None, int]:
        staged = staged_path(self.target)
        if self.source is None:
            sqlite.create_encrypted(
                staged, key=data_key, cipher=self.cipher, identity=identity, page_size=NEW_PAGE_SIZE
            )
            return None, NEW_PAGE_SIZE
        report = self.source.encrypt_into(
            staged,
            key=data_key,
            cipher=self.cipher,
            identity=identity,
            progress=self.progress,
            cancel=self.cancel,
        )
        self.source.verify(
            staged, key=data_key, cipher=self.cipher, progress=self.progress, cancel=self.cancel
        )
        return report, report.page_size

    def _prove(self, metadata: Metadata, passphrase: Secret, keyfile: Secret | None) -> None:
        self.cancel.check()
        self._report(Stage.REHEARSE, 0)
        written = read_sidecar(staged_sidecar(self.target))
        if written is None or read_metadata(written) != metadata:
            raise DamagedMetadata("The crypto metadata did not read back from the disk.")
        with (
            open_root(metadata, passphrase, keyfile) as root,
            open_data_key(metadata, root) as data_key,
        ):
            open_database(staged_path(self.target), data_key, metadata, readonly=True).close()
        self._report(Stage.REHEARSE, 1)

    def _report(self, stage: Stage, done: int) -> None:
        self.progress(Progress(stage, done, 1))


def staged_sidecar(target: Path) -> Path:
    """Where the metadata of a staged database wait."""
    staged = staged_path(target)
    return staged.with_name(staged.name + ".crypto.json")
