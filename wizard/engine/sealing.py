"""Slots: the data key, wrapped so that no field of a slot can be moved, swapped or weakened.

The associated data of every seal name database, cipher, slot, generation and cost (FORMAT.md, 5).
Whoever opens a slot gets the data key or None; nothing in between.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from wizard.engine import sodium
from wizard.engine.encoding import Json, Malformed, Reader, canonical, printable
from wizard.engine.kdf import KdfParams
from wizard.engine.masterkey import recovery_wrapping_key, wrapping_key
from wizard.engine.secret import Secret

DATA_KEY_BYTES = 32
SALT_BYTES = 16
SLOT_ID_BYTES = 8
MAXIMUM_SHARES = 16
_SEALED_BYTES = DATA_KEY_BYTES + sodium.TAG_BYTES
_CONTEXT = b"datafold-wizard/v1/slot\n"


@dataclass(frozen=True, slots=True)
class Binding:
    """What a slot is bound to besides its own fields."""

    database_id: bytes
    cipher: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """XChaCha20-Poly1305 of a data key."""

    nonce: bytes
    ciphertext: bytes

    def as_json(self) -> dict[str, Json]:
        """As in the document."""
        return {"ciphertext": self.ciphertext.hex(), "nonce": self.nonce.hex()}

    @classmethod
    def read(cls, reader: Reader) -> Sealed:
        """Take both members. Raises `Malformed`."""
        sealed = cls(
            nonce=reader.hex("nonce", sodium.NONCE_BYTES),
            ciphertext=reader.hex("ciphertext", _SEALED_BYTES),
        )
        reader.finish()
        return sealed


@dataclass(frozen=True, slots=True)
class MasterSlot:
    """Opened by what the passphrase derives."""

    slot_id: bytes
    generation: int
    salt: bytes
    params: KdfParams
    keyfile: bool
    sealed: Sealed | None = None

    def public_fields(self) -> dict[str, Json]:
        """Everything but the sealed key."""
        return {
            "generation": self.generation,
            "id": self.slot_id.hex(),
            "kdf": {
                "algorithm": "argon2id",
                "keyfile": self.keyfile,
                "lanes": self.params.lanes,
                "memory_kib": self.params.memory_kib,
                "passes": self.params.passes,
                "salt": self.salt.hex(),
                "version": 19,
            },
            "kind": "master",
        }

    def as_json(self) -> dict[str, Json]:
        """As in the document."""
        return {**self.public_fields(), "sealed": _sealed_json(self.sealed)}


@dataclass(frozen=True, slots=True)
class RecoverySlot:
    """Opened by ``threshold`` of ``shares`` recovery sheets; ``holders`` says who has them."""

    slot_id: bytes
    generation: int
    identifier: int
    threshold: int
    shares: int
    holders: tuple[str, ...]
    authority_public_key: bytes
    sealed: Sealed | None = None

    def public_fields(self) -> dict[str, Json]:
        """Everything but the sealed key and the holders, who may be corrected later."""
        return {
            "authority_public_key": self.authority_public_key.hex(),
            "generation": self.generation,
            "id": self.slot_id.hex(),
            "identifier": self.identifier,
            "kind": "recovery",
            "scheme": "slip39",
            "shares": self.shares,
            "threshold": self.threshold,
        }

    def as_json(self) -> dict[str, Json]:
        """As in the document."""
        return {
            **self.public_fields(),
            "holders": list(self.holders),
            "sealed": _sealed_json(self.sealed),
        }


Slot = MasterSlot | RecoverySlot


def seal_under_root(slot: MasterSlot, root: Secret, data_key: Secret, binding: Binding) -> Sealed:
    """Wrap the data key for the master slot."""
    with wrapping_key(root) as key:
        return _seal(slot, key, data_key, binding)


def open_with_root(slot: MasterSlot, root: Secret, binding: Binding) -> Secret | None:
    """The data key, or None where root secret or slot are not what was sealed."""
    with wrapping_key(root) as key:
        return _open(slot, key, binding)


def seal_under_recovery(
    slot: RecoverySlot, recovery: Secret, data_key: Secret, binding: Binding
) -> Sealed:
    """Wrap the data key for the recovery slot."""
    with recovery_wrapping_key(recovery) as key:
        return _seal(slot, key, data_key, binding)


def open_with_recovery(slot: RecoverySlot, recovery: Secret, binding: Binding) -> Secret | None:
    """The data key, or None where recovery secret or slot are not what was sealed."""
    with recovery_wrapping_key(recovery) as key:
        return _open(slot, key, binding)


def read_slots(items: list[Json]) -> tuple[MasterSlot, RecoverySlot | None]:
    """Parse; exactly one master slot first, then at most one recovery slot. Raises `Malformed`."""
    master = _read_master(Reader(items[0], "slots[1]"))
    if len(items) == 1:
        return master, None
    return master, _read_recovery(Reader(items[1], "slots[2]"))


def _read_master(reader: Reader) -> MasterSlot:
    reader.choice("kind", ("master",))
    slot_id = reader.hex("id", SLOT_ID_BYTES)
    generation = reader.integer("generation", least=1, most=2**31)
    kdf = reader.object("kdf")
    kdf.choice("algorithm", ("argon2id",))
    kdf.integer("version", least=19, most=19)
    # The ranges that matter are those of KdfParams.check(); these only bound the arithmetic.
    params = KdfParams(
        memory_kib=kdf.integer("memory_kib", least=0, most=2**53 - 1),
        passes=kdf.integer("passes", least=0, most=2**53 - 1),
        lanes=kdf.integer("lanes", least=0, most=2**53 - 1),
    )
    slot = MasterSlot(
        slot_id=slot_id,
        generation=generation,
        salt=kdf.hex("salt", SALT_BYTES),
        params=params,
        keyfile=kdf.boolean("keyfile"),
        sealed=Sealed.read(reader.object("sealed")),
    )
    kdf.finish()
    reader.finish()
    return slot


def _read_recovery(reader: Reader) -> RecoverySlot:
    reader.choice("kind", ("recovery",))
    reader.choice("scheme", ("slip39",))
    shares = reader.integer("shares", least=1, most=MAXIMUM_SHARES)
    least = 1 if shares == 1 else 2
    slot = RecoverySlot(
        slot_id=reader.hex("id", SLOT_ID_BYTES),
        generation=reader.integer("generation", least=1, most=2**31),
        identifier=reader.integer("identifier", least=0, most=2**15 - 1),
        threshold=reader.integer("threshold", least=least, most=shares),
        shares=shares,
        holders=tuple(
            printable(holder, where="slots[2].holders")
            for holder in reader.array("holders", least=shares, most=shares)
        ),
        authority_public_key=reader.hex("authority_public_key", sodium.PUBLIC_KEY_BYTES),
        sealed=Sealed.read(reader.object("sealed")),
    )
    reader.finish()
    return slot


def _associated(slot: Slot, binding: Binding) -> bytes:
    fields = {
        **slot.public_fields(),
        "cipher": binding.cipher,
        "database_id": binding.database_id.hex(),
    }
    return _CONTEXT + canonical(fields)


def _seal(slot: Slot, key: Secret, data_key: Secret, binding: Binding) -> Sealed:
    # A random 24-byte nonce: 2^96 seals before a collision is likely, and each key seals one.
    nonce = os.urandom(sodium.NONCE_BYTES)
    ciphertext = sodium.seal(
        key, plaintext=data_key, associated=_associated(slot, binding), nonce=nonce
    )
    return Sealed(nonce=nonce, ciphertext=ciphertext)


def _open(slot: Slot, key: Secret, binding: Binding) -> Secret | None:
    if slot.sealed is None:
        raise Malformed("the slot holds no key")
    return sodium.unseal(
        key,
        ciphertext=slot.sealed.ciphertext,
        associated=_associated(slot, binding),
        nonce=slot.sealed.nonce,
    )


def _sealed_json(sealed: Sealed | None) -> dict[str, Json]:
    if sealed is None:
        raise Malformed("the slot holds no key")
    return sealed.as_json()
