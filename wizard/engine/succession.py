"""One master key follows another: a new salt, a new link in the chain, the data key wrapped anew.

- The data and all other slots stay as they are; only the master slot and the chain are new.
- The document counts when it was read back from the disk and its passphrase, derived once more,
  opened the database with what that document says. What is to open no longer is tried, too.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from wizard.engine.chain import MAXIMUM_LINKS, next_link
from wizard.engine.changing import revised
from wizard.engine.errors import InvalidInput, NotProved, WrongPassphrase
from wizard.engine.kdf import SALT_BYTES, KdfParams, derive
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import Metadata, read_metadata
from wizard.engine.opening import open_data_key, open_database, open_root
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage
from wizard.engine.sealing import seal_under_root
from wizard.engine.secret import Secret
from wizard.engine.slots import SLOT_ID_BYTES, MasterSlot, RecoverySlot


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is typed or given: a passphrase and, where one belongs to it, a keyfile. Not owned."""

    passphrase: Secret
    keyfile: Secret | None


def check_room(metadata: Metadata) -> None:
    """Raise `InvalidInput` where no further master key can follow; asked before any secret is."""
    if len(metadata.chain) >= MAXIMUM_LINKS:
        raise InvalidInput(
            f"The keys were changed {MAXIMUM_LINKS - 1:,} times, as often as this format can hold. "
            "The database opens as always. To change them again, begin a new chain: decrypt it to a "
            "copy, and protect that with init."
        )


class Successor:
    """The master key that is to follow; a context manager that wipes it."""

    def __init__(
        self,
        metadata: Metadata,
        credentials: Credentials,
        params: KdfParams,
        *,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> None:
        cancel.check()
        progress(Progress(Stage.DERIVE, 0, 0, detail="of the new master key"))
        self._credentials = credentials
        self._slot = MasterSlot(
            slot_id=os.urandom(SLOT_ID_BYTES),
            generation=metadata.generation + 1,
            salt=os.urandom(SALT_BYTES),
            params=params,
            keyfile=credentials.keyfile is not None,
        )
        self._root = derive(
            credentials.passphrase, salt=self._slot.salt, params=params, keyfile=credentials.keyfile
        )
        self.signing = SigningKey.master(self._root)
        cancel.check()

    def document(
        self,
        metadata: Metadata,
        data_key: Secret,
        authoriser: SigningKey,
        *,
        authorised_by: str,
        recovery_slot: RecoverySlot | None,
        retired: int,
    ) -> Metadata:
        """The next document. ``retired``: how many slots that had the data key are no more."""
        new = revised(metadata)
        link = next_link(
            metadata.chain[-1],
            authoriser,
            authorised_by=authorised_by,
            master_public_key=self.signing.public.raw,
            created_at=new.written_at,
            recovery_authority=recovery_slot.authority_public_key if recovery_slot else b"",
        )
        facts = metadata.data_key
        return replace(
            new,
            chain=(*metadata.chain, link),
            master_slot=replace(
                self._slot,
                sealed=seal_under_root(self._slot, self._root, data_key, metadata.binding),
            ),
            recovery_slot=recovery_slot,
            data_key=replace(facts, retired_slots=facts.retired_slots + retired),
            revoked_grants=(),  # grants end with their generation
        )

    def prove(
        self,
        target: Path,
        written: bytes,
        *,
        refused: Credentials | None,
        progress: ProgressSink,
    ) -> None:
        """Open ``target`` by what the disk gave back; see ``refused`` not open it any more.

        Raises `NotProved`, or what opening raises.
        """
        metadata = read_metadata(written)
        progress(Progress(Stage.DERIVE, 0, 0, detail="once more, from what is on the disk"))
        mine = self._credentials
        with (
            open_root(metadata, mine.passphrase, mine.keyfile) as root,
            open_data_key(metadata, root) as data_key,
        ):
            open_database(target, data_key, metadata, readonly=True).close()
        if refused is not None:
            progress(Progress(Stage.DERIVE, 0, 0, detail="of the old passphrase, to see it fail"))
            _see_refused(metadata, refused)

    def close(self) -> None:
        """Wipe it."""
        self.signing.close()
        self._root.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _see_refused(metadata: Metadata, old: Credentials) -> None:
    try:
        open_root(metadata, old.passphrase, old.keyfile).close()
    except WrongPassphrase:
        return
    raise NotProved("The old passphrase would still open the database.")
