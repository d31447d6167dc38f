"""From recovery sheets to the data key, with the sidecar or without it.

- Where a sound sidecar is there, its recovery slot counts: sheets that were replaced are refused.
- Without one, the compact slot on the sheets stands in, and the database's inner table must agree.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from wizard.engine import sodium
from wizard.engine.binding import Binding
from wizard.engine.boxing import Boxed, BoxKeys
from wizard.engine.chain import Link
from wizard.engine.errors import (
    ForeignMetadata,
    InvalidRecoveryPhrase,
    WizardError,
    WrongRecoveryPhrase,
)
from wizard.engine.kit import CompactSlot, parse_sheets
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import Metadata
from wizard.engine.recovery import combine
from wizard.engine.sealing import open_box
from wizard.engine.secret import Secret
from wizard.engine.slots import RecoverySlot
from wizard.engine.sqlite import InnerIdentity


@dataclass(frozen=True, slots=True)
class Rescue:
    """A data key that recovery sheets have opened; a context manager that wipes it."""

    data_key: Secret
    cipher: str
    page_size: int
    file_salt: bytes
    database_id: bytes
    generation: int
    master_public_key: bytes

    def check(self, identity: InnerIdentity) -> None:
        """Raise `ForeignMetadata` unless the database is the one the sheets were made for."""
        same_key = identity.master_public_key == self.master_public_key
        if (
            identity.database_id != self.database_id
            or identity.generation < self.generation
            or (identity.generation == self.generation and not same_key)
        ):
            raise ForeignMetadata("The recovery kit is that of another database.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.data_key.close()


def open_kit(sheets: Sequence[str], *, metadata: Metadata | None, file_salt: bytes) -> Rescue:
    """Open the data key. ``file_salt``: the first 16 bytes of the database file.

    Raises `InvalidRecoveryPhrase` (the sheets fail their own checks), `WrongRecoveryPhrase` (they
    are sound but not this database's) or `ForeignMetadata` (they fit the database file, but not the
    sidecar beside it).
    """
    parsed = parse_sheets(sheets)
    facts = parsed.slot
    if metadata is not None and metadata.recovery_slot is not None:
        facts = compact(metadata)
    if facts is None:
        raise InvalidRecoveryPhrase(
            "The sidecar is missing or damaged, and without it the words alone do not open the "
            "database: the lines below the words on the sheet are needed too."
        )
    with combine(parsed.mnemonics) as recovery:
        data_key = _open(facts, recovery)
        if data_key is None:
            raise _refusal(parsed.slot, recovery, metadata, file_salt)
    return Rescue(
        data_key=data_key,
        cipher=facts.cipher,
        page_size=facts.page_size,
        file_salt=facts.file_salt,
        database_id=facts.database_id,
        generation=facts.generation,
        master_public_key=facts.master_public_key,
    )


def compact(metadata: Metadata) -> CompactSlot:
    """The recovery slot as it stands on the sheets. The metadata must have one."""
    slot = metadata.recovery_slot
    if slot is None or slot.box is None:
        raise ValueError("no recovery slot")
    return CompactSlot(
        database_id=metadata.database_id,
        generation=slot.generation,
        cipher=metadata.cipher,
        page_size=metadata.page_size,
        file_salt=metadata.file_salt,
        slot_id=slot.slot_id,
        share_identifier=slot.identifier,
        threshold=slot.threshold,
        shares=slot.shares,
        authority_public_key=slot.authority_public_key,
        master_public_key=metadata.chain[slot.generation - 1].master_public_key,
        ephemeral=slot.box.sealed.ephemeral,
        ciphertext=slot.box.sealed.ciphertext,
    )


def _slot_of(compact_slot: CompactSlot) -> RecoverySlot:
    return RecoverySlot(
        slot_id=compact_slot.slot_id,
        generation=compact_slot.generation,
        identifier=compact_slot.share_identifier,
        threshold=compact_slot.threshold,
        shares=compact_slot.shares,
        holders=(),
        authority_public_key=compact_slot.authority_public_key,
    )


def _open(facts: CompactSlot, recovery: Secret) -> Secret | None:
    slot = _slot_of(facts)
    binding = Binding(database_id=facts.database_id, cipher=facts.cipher)
    with SigningKey.authority(recovery) as authority:
        known = sodium.equal(authority.public.raw, slot.authority_public_key)
    boxed = Boxed(ephemeral=facts.ephemeral, ciphertext=facts.ciphertext)
    with BoxKeys.recovery(recovery) as keys:
        data_key = open_box(slot, boxed, keys, binding)
    if data_key is not None and not known:
        data_key.close()
        return None
    return data_key


def _replaced_in(metadata: Metadata, recovery: Secret) -> Link | None:
    """The link that put another authority in the place of this phrase's, if it ever had one."""
    with SigningKey.authority(recovery) as authority:
        mine = authority.public.raw
    links = metadata.chain
    for earlier, later in itertools.pairwise(links):
        if earlier.recovery_authority == mine != later.recovery_authority:
            return later
    return None


def _refusal(
    on_sheet: CompactSlot | None, recovery: Secret, metadata: Metadata | None, file_salt: bytes
) -> WizardError:
    """Tell sheets of another database from sheets whose sidecar was exchanged.

    They are not used silently in the second case: that would revive sheets that were replaced.
    The chain remembers what was replaced: it names the authority of each generation.
    """
    replaced = None if metadata is None else _replaced_in(metadata, recovery)
    if replaced is not None:
        return WrongRecoveryPhrase(
            f"This recovery phrase was replaced by another one in generation {replaced.generation}, "
            f"on {replaced.created_at}."
        )
    if metadata is not None and on_sheet is not None and on_sheet.file_salt == file_salt:
        data_key = _open(on_sheet, recovery)
        if data_key is not None:
            data_key.close()
            return ForeignMetadata(
                "The recovery sheets were made for this database file, but the sidecar names "
                "others: the sheets were replaced, or the sidecar was. If the fingerprint "
                f"{metadata.public_key.fingerprint} is not the one you noted, move the sidecar "
                "aside and try again."
            )
    return WrongRecoveryPhrase(
        "The recovery phrase is well formed, but it is not the current one of this database."
    )
