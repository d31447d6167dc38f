"""A recovery phrase is drawn, its slot filled, and its sheets are written, all in one go.

The recovery secret exists only while the slot is filled; what is left of it are the words.
"""

from __future__ import annotations

import os

from wizard.engine.binding import Binding
from wizard.engine.boxing import BoxKeys
from wizard.engine.kit import KitSheet, RecoveryKit
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import VERSION, Metadata
from wizard.engine.recovery import SECRET_BYTES, Mnemonic, RecoveryPlan, share_parameters, split
from wizard.engine.rescue import compact
from wizard.engine.sealing import fill
from wizard.engine.secret import Secret
from wizard.engine.slots import SLOT_ID_BYTES, RecoverySlot


def new_recovery_slot(
    plan: RecoveryPlan, data_key: Secret, binding: Binding, *, generation: int
) -> tuple[RecoverySlot, tuple[Mnemonic, ...]]:
    """A slot with a phrase of its own, and the words of each sheet in the order of its holders."""
    with Secret.random(SECRET_BYTES) as recovery, SigningKey.authority(recovery) as authority:
        mnemonics = split(recovery, plan)
        slot = RecoverySlot(
            slot_id=os.urandom(SLOT_ID_BYTES),
            generation=generation,
            identifier=share_parameters(mnemonics[0]).identifier,
            threshold=plan.threshold,
            shares=plan.shares,
            holders=plan.holders,
            authority_public_key=authority.public.raw,
        )
        with BoxKeys.recovery(recovery) as keys:
            return fill(slot, keys, data_key, binding), mnemonics


def kit_of(
    metadata: Metadata, mnemonics: tuple[Mnemonic, ...], *, database_name: str
) -> RecoveryKit:
    """The sheets of the recovery slot that ``metadata`` has."""
    slot = compact(metadata)
    holders = metadata.recovery_slot.holders if metadata.recovery_slot else ()
    sheets = tuple(
        KitSheet(
            database_name=database_name,
            database_id=metadata.database_id.hex(),
            fingerprint=metadata.public_key.fingerprint,
            format_version=VERSION,
            cipher=metadata.cipher,
            created_at=metadata.written_at,
            tool=metadata.tool,
            number=number,
            of=slot.shares,
            threshold=slot.threshold,
            holder=holder,
            words=words,
            slot=slot,
        )
        for number, (holder, words) in enumerate(zip(holders, mnemonics, strict=True), 1)
    )
    return RecoveryKit(sheets)
