"""Slots are filled and opened here, each so that no field of it can be moved, swapped or weakened.

The associated data of every seal name database, cipher, slot, generation and cost (FORMAT.md, 5).
Whoever opens a slot gets the data key or None; nothing in between.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TypeVar

from wizard.engine import sodium
from wizard.engine.binding import Binding
from wizard.engine.boxing import Boxed, BoxKeys, seal_box
from wizard.engine.encoding import Json, Malformed, canonical
from wizard.engine.masterkey import wrapping_key
from wizard.engine.secret import Secret
from wizard.engine.slots import Box, BoxedSlot, MasterSlot, OperatorSlot, RecoverySlot, Sealed

_SLOT_CONTEXT = b"datafold-wizard/v1/slot\n"
_PRESHARED_CONTEXT = b"datafold-wizard/v1/preshared\n"
_DATA_CONTEXT = b"dfw-data"
_SlotType = TypeVar("_SlotType", RecoverySlot, OperatorSlot)


def seal_under_root(slot: MasterSlot, root: Secret, data_key: Secret, binding: Binding) -> Sealed:
    """Wrap the data key for the master slot."""
    with wrapping_key(root) as key:
        return _seal(key, data_key, _associated(slot.public_fields(), binding))


def open_with_root(slot: MasterSlot, root: Secret, binding: Binding) -> Secret | None:
    """The data key, or None where root secret or slot are not what was sealed."""
    if slot.sealed is None:
        raise Malformed("the slot holds no key")
    with wrapping_key(root) as key:
        return _open(key, slot.sealed, _associated(slot.public_fields(), binding))


def fill(slot: _SlotType, keys: BoxKeys, data_key: Secret, binding: Binding) -> _SlotType:
    """The slot with the data key boxed in it, for whoever has ``keys``."""
    return _filled(slot, keys.public, keys.shared, data_key, binding)


def refill(
    slot: _SlotType,
    *,
    generation: int,
    old: tuple[Secret, Binding],
    new: tuple[Secret, Binding],
) -> _SlotType:
    """The slot with a new data key, without the secret of whoever opens it.

    ``old`` and ``new`` are the data key and what it is bound to. Raises `Malformed` where the old
    data key does not open what the slot keeps for this.
    """
    if slot.box is None:
        raise Malformed("the slot holds no key")
    data_key, binding = old
    fields = slot.public_fields(slot.box.public_key)
    associated = _associated(fields, binding, context=_PRESHARED_CONTEXT)
    with _escrow(data_key) as escrow:
        shared = _open(escrow, slot.box.preshared, associated)
    if shared is None:
        raise Malformed("the slot keeps another shared secret than its own")
    with shared:
        return _filled(
            replace(slot, generation=generation), slot.box.public_key, shared, new[0], new[1]
        )


def open_box(slot: BoxedSlot, boxed: Boxed, keys: BoxKeys, binding: Binding) -> Secret | None:
    """The data key, or None where keys or slot are not what was sealed."""
    # The public key is that of the opener: on paper there is no other.
    return keys.open(boxed, associated=_associated(slot.public_fields(keys.public), binding))


def _filled(
    slot: _SlotType, public_key: bytes, shared: Secret, data_key: Secret, binding: Binding
) -> _SlotType:
    fields = slot.public_fields(public_key)
    with _escrow(data_key) as escrow:
        preshared = _seal(escrow, shared, _associated(fields, binding, context=_PRESHARED_CONTEXT))
    sealed = seal_box(
        public_key, shared, data_key=data_key, associated=_associated(fields, binding)
    )
    return replace(slot, box=Box(public_key=public_key, preshared=preshared, sealed=sealed))


def _escrow(data_key: Secret) -> Secret:
    return sodium.subkey(data_key, context=_DATA_CONTEXT, number=1)


def _associated(
    fields: dict[str, Json], binding: Binding, *, context: bytes = _SLOT_CONTEXT
) -> bytes:
    bound = {**fields, "cipher": binding.cipher, "database_id": binding.database_id.hex()}
    return context + canonical(bound)


def _seal(key: Secret, plaintext: Secret, associated: bytes) -> Sealed:
    # A random 24-byte nonce: 2^96 seals before a collision is likely.
    nonce = os.urandom(sodium.NONCE_BYTES)
    ciphertext = sodium.seal(key, plaintext=plaintext, associated=associated, nonce=nonce)
    return Sealed(nonce=nonce, ciphertext=ciphertext)


def _open(key: Secret, sealed: Sealed, associated: bytes) -> Secret | None:
    return sodium.unseal(
        key, ciphertext=sealed.ciphertext, associated=associated, nonce=sealed.nonce
    )
